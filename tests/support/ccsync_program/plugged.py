"""The plugin in the real client, and the daemon that its hooks start: nobody starts it by hand."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.ccsync_program.program import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from support.claude_client.client import ClaudeHome

ROOT = Path(__file__).parents[3]
PLUGIN = ROOT / "plugin"
_BIN = Path(sys.executable).parent


def program_path() -> str:
    """Return a PATH on which the installed `ccsync-watch` is the first."""
    return f"{_BIN}{os.pathsep}{os.environ['PATH']}"


@dataclass
class Plugged:
    """A home of the client's, with the plugin loaded by `plugin_dir`, or installed."""

    claude: ClaudeHome

    @property
    def args(self) -> tuple[str, ...]:
        """The client's arguments that load the plugin, and let it work unasked."""
        return ("--plugin-dir", str(PLUGIN), "--dangerously-skip-permissions")

    @property
    def state(self) -> Path:
        """The state folder, where it is when nobody says otherwise."""
        return self.claude.home / ".local" / "state" / "ccsync-watch"

    def configure(self, **settings: object) -> None:
        """Write the settings file."""
        (self.claude.home / ".claude-code-sync.json").write_text(json.dumps(settings))

    def call(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run `ccsync-watch` in this home, as the user would in a terminal."""
        return subprocess.run(
            [_BIN / "ccsync-watch", *words],
            env=self.claude.env,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def status(self) -> dict[str, Any]:
        """Return `status --json`."""
        made = self.call("status", "--json")
        assert made.stdout, made.stderr
        status: dict[str, Any] = json.loads(made.stdout)
        return status

    def session(self, session_id: str) -> dict[str, Any]:
        """Return a session's row of the status, an empty one while it is not there."""
        rows = self.status()["sessions"]
        return next((dict(row) for row in rows if row["session_id"] == session_id), {})

    def note(self) -> dict[str, Any]:
        """Return what the daemon says of itself, nothing while there is none."""
        try:
            note: dict[str, Any] = json.loads((self.state / "daemon.json").read_text())
        except (OSError, ValueError):
            return {}
        return note

    def wait_for_daemon(self) -> int:
        """Wait until a daemon listens; return its process id."""
        wait_until(lambda: bool(self.note().get("socket")), "the daemon listens", WAIT_SECONDS)
        return int(self.note()["pid"])

    def daemons(self) -> list[int]:
        """Return the processes that run a daemon for this home."""
        mark = f"HOME={self.claude.home}".encode()
        return [pid for pid in _pids() if _is_daemon(pid) and mark in _environ(pid).split(b"\0")]

    def close(self) -> None:
        """Kill what the hooks started."""
        for pid in self.daemons():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def environ(pid: int) -> dict[str, str]:
    """Return a process's environment."""
    pairs = (each.partition(b"=") for each in _environ(pid).split(b"\0") if each)
    return {name.decode(): value.decode("utf-8", "replace") for name, _, value in pairs}


def _pids() -> list[int]:
    return [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit()]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it has ended meanwhile
        return b""


def _environ(pid: int) -> bytes:
    return _read(Path(f"/proc/{pid}/environ"))


def _is_daemon(pid: int) -> bool:
    words = _read(Path(f"/proc/{pid}/cmdline")).split(b"\0")
    return b"run" in words and b"ccsync_watch" in words

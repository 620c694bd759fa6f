"""A client's home with the plugin, whose hooks start the daemon."""

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

from ccsync_watch.control.client import ControlClient
from ccsync_watch.errors import DaemonUnavailable
from support.claude_client.client import SKIP_PERMISSIONS
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from support.claude_client.client import ClaudeHome

ROOT = Path(__file__).parents[3]
PLUGIN = ROOT / "plugin"
_BIN = Path(sys.executable).parent


def hook_commands() -> dict[str, str]:
    """Return the command line of each hook by its event, as the client passes it to `sh -c`."""
    return {
        event: groups[0]["hooks"][0]["command"]
        for path in sorted((PLUGIN / "hooks").glob("*.json"))
        for event, groups in json.loads(path.read_text())["hooks"].items()
    }


def program_path() -> str:
    """Return a PATH that finds the installed `ccsync-watch` first."""
    return f"{_BIN}{os.pathsep}{os.environ['PATH']}"


@dataclass
class PluginHome:
    """A client's home with the plugin, loaded from its folder or installed."""

    claude: ClaudeHome

    @property
    def args(self) -> tuple[str, ...]:
        """The client's arguments that load the plugin and skip permission prompts."""
        return ("--plugin-dir", str(PLUGIN), SKIP_PERMISSIONS)

    @property
    def state(self) -> Path:
        """The default state folder."""
        return self.claude.home / ".local" / "state" / "ccsync-watch"

    def program(self) -> str:
        """Return what start.sh wrote of the program that it found, and of uv's failure."""
        files = (self.state / "hook.program", self.state / "program" / "log")
        return "\n".join(f"{path}: {_read(path).decode()}" for path in files)

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
            timeout=WAIT_SECONDS,
            check=False,
        )

    def status(self) -> dict[str, Any]:
        """Return `status --json`."""
        completed = self.call("status", "--json")
        assert completed.stdout, completed.stderr
        status: dict[str, Any] = json.loads(completed.stdout)
        return status

    def session(self, session_id: str) -> dict[str, Any]:
        """Return a session's row of the status, empty until there is one.

        Asks the daemon, if one runs, without a process for it: tests wait for sessions.
        """
        with contextlib.suppress(DaemonUnavailable):
            return self._row(ControlClient(self.state).status(), session_id)
        return self._row(self.status(), session_id)

    @staticmethod
    def _row(figures: dict[str, Any], session_id: str) -> dict[str, Any]:
        rows = figures["sessions"]
        return next((dict(row) for row in rows if row["session_id"] == session_id), {})

    def pidfile(self) -> dict[str, Any]:
        """Return the content of the daemon's pidfile, empty while there is none."""
        try:
            content: dict[str, Any] = json.loads((self.state / "daemon.json").read_text())
        except (OSError, ValueError):
            return {}
        return content

    def wait_for_daemon(self) -> int:
        """Wait until a daemon listens; return its process id."""
        wait_until(lambda: bool(self.pidfile().get("socket")), "the daemon listens")
        return int(self.pidfile()["pid"])

    def daemons(self) -> list[int]:
        """Return the processes that run a daemon for this home."""
        mark = f"HOME={self.claude.home}".encode()
        return [pid for pid in _pids() if _is_daemon(pid) and mark in _environ(pid).split(b"\0")]

    def close(self) -> None:
        """Kill the daemons that the hooks started."""
        for pid in self.daemons():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def environ(pid: int) -> dict[str, str]:
    """Return a process's environment."""
    pairs = (entry.partition(b"=") for entry in _environ(pid).split(b"\0") if entry)
    return {name.decode(): value.decode("utf-8", "replace") for name, _, value in pairs}


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # the process has exited
        return b""


def _environ(pid: int) -> bytes:
    return _read(Path(f"/proc/{pid}/environ"))


def _is_daemon(pid: int) -> bool:
    words = _read(Path(f"/proc/{pid}/cmdline")).split(b"\0")
    return b"run" in words and b"ccsync_watch" in words

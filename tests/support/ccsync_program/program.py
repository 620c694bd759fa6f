"""Start, query, stop and kill the real program."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ccsync_watch.control.client import ControlClient
from ccsync_watch.errors import DaemonUnavailable
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_INHERITED = ("COVERAGE_PROCESS_START", "XDG_CACHE_HOME")
_PROGRAM = Path(sys.executable).with_name("ccsync-watch")


@dataclass(frozen=True)
class Completed:
    """The exit code and output of one command."""

    code: int
    out: str
    err: str


@dataclass
class Program:
    """`ccsync-watch` with its own HOME and state folder under `root`.

    `env` is added to a minimal environment; `claude_dir` is the folder that it watches. The
    daemon's command line begins with `prefix`, a program that becomes the one behind it.
    """

    root: Path
    claude_dir: Path
    env: Mapping[str, str] = field(default_factory=dict)
    path: Path = _PROGRAM
    prefix: Sequence[str] = ()
    _daemon: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        """Create the home."""
        self.home.mkdir(parents=True, exist_ok=True)

    @property
    def home(self) -> Path:
        """The program's HOME."""
        return self.root / "home"

    @property
    def state(self) -> Path:
        """The program's state folder."""
        return self.root / "state"

    @property
    def config_file(self) -> Path:
        """The settings file."""
        return self.home / ".claude-code-sync.json"

    @property
    def environment(self) -> dict[str, str]:
        """The whole environment of the program."""
        return {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "CLAUDE_CONFIG_DIR": str(self.claude_dir),
            "CCSYNC_WATCH_HOME": str(self.state),
            # The tests share compiled rules; coverage is measured when the test run measures it.
            **{name: os.environ[name] for name in _INHERITED if name in os.environ},
            **self.env,
        }

    @property
    def words(self) -> list[str]:
        """The command line that the others begin with."""
        return [str(self.path)]

    def configure(self, **settings: object) -> None:
        """Write the settings file."""
        self.config_file.write_text(json.dumps(settings))

    def call(self, *words: str, stdin: str = "", seconds: float = WAIT_SECONDS) -> Completed:
        """Run one command until it exits."""
        completed = subprocess.run(
            [*self.words, *words],
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        return Completed(completed.returncode, completed.stdout, completed.stderr)

    def start(self, *words: str) -> None:
        """Start the daemon and wait until it answers."""
        self.start_unready(*words)
        wait_until(self.is_ready, "the daemon answers")

    def start_unready(self, *words: str) -> None:
        """Start the daemon and return at once."""
        assert self._daemon is None
        with (self.root / "output").open("ab") as output:
            self._daemon = subprocess.Popen(
                [*self.prefix, *self.words, *words],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def is_running(self) -> bool:
        """Return whether the daemon was started and has not ended."""
        return self._daemon is not None and self._daemon.poll() is None

    def has_announced(self) -> bool:
        """Return whether the daemon has written where it listens."""
        try:
            written = (self.folder / "daemon.json").read_bytes()
        except OSError:
            return False
        return f'"pid":{self.pid},'.encode() in written and b'"socket":null' not in written

    def is_ready(self) -> bool:
        """Return whether the daemon answers; it must not have ended."""
        assert self._daemon is not None
        assert self._daemon.poll() is None, f"the daemon exited: {self.output()}"
        # A command would slow the start of the daemon. It says hello a moment before it has all.
        with suppress(DaemonUnavailable):
            # Not read as a status: an earlier release, whose turn it may be, lacks some fields.
            ControlClient(self.folder).request("/v1/status?sessions=0")
            return True
        return False

    @property
    def folder(self) -> Path:
        """The state folder in use, which `env` may have changed."""
        return Path(self.env.get("CCSYNC_WATCH_HOME", self.state))

    def output(self) -> str:
        """Return what the daemon has printed."""
        path = self.root / "output"
        return path.read_text() if path.exists() else ""

    @property
    def pid(self) -> int:
        """The daemon's process id."""
        assert self._daemon is not None
        return self._daemon.pid

    def stop(self, number: int = signal.SIGTERM, seconds: float = WAIT_SECONDS) -> int:
        """Stop the daemon by a signal, as a user does; return its exit code."""
        assert self._daemon is not None
        self._daemon.send_signal(number)
        code = self._daemon.wait(seconds)
        self._daemon = None
        return code

    def kill(self) -> None:
        """Kill the daemon, as a crash would."""
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon.wait()
            self._daemon = None

    def status(self) -> dict[str, Any]:
        """Return `status --json`."""
        completed = self.call("status", "--json")
        assert completed.out, completed.err
        status: dict[str, Any] = json.loads(completed.out)
        return status

    def session(self, session_id: str) -> dict[str, Any] | None:
        """Return a session's row of the status, None until there is one.

        Asks the daemon, if one runs, without a process for it: tests wait for sessions.
        """
        for row in self._figures()["sessions"]:
            if row["session_id"] == session_id:
                return dict(row)
        return None

    def _figures(self) -> dict[str, Any]:
        with suppress(DaemonUnavailable):
            return ControlClient(self.folder).status()
        return self.status()

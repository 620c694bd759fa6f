"""Start, ask, stop and kill the real program; nothing of it is imported here."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

WAIT_SECONDS = 60.0
_PASSED_ON = ("COVERAGE_PROCESS_START", "XDG_CACHE_HOME")
_PROGRAM = Path(sys.executable).with_name("ccsync-watch")


@dataclass(frozen=True)
class Completed:
    """How one command ended."""

    code: int
    out: str
    err: str


def wait_until(condition: Callable[[], bool], what: str, seconds: float = WAIT_SECONDS) -> float:
    """Poll until `condition` holds; return the seconds it took, or fail and say `what`."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds, f"after {seconds} s still not: {what}"
        time.sleep(0.02)
    return time.monotonic() - start


@dataclass
class Program:
    """`ccsync-watch` with its own HOME and state folder under `root`.

    `env` is laid over a scrubbed environment; `claude_dir` is the folder that it watches.
    """

    root: Path
    claude_dir: Path
    env: Mapping[str, str] = field(default_factory=dict)
    _daemon: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        """Make the home."""
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
        """Everything that the program sees of the world's settings."""
        return {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "CLAUDE_CONFIG_DIR": str(self.claude_dir),
            "CCSYNC_WATCH_HOME": str(self.state),
            # Compiled rules are shared, and coverage is gathered when the test run gathers any.
            **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            **self.env,
        }

    def configure(self, **settings: object) -> None:
        """Write the settings file."""
        self.config_file.write_text(json.dumps(settings))

    def call(self, *words: str, stdin: str = "", seconds: float = 60.0) -> Completed:
        """Run one command to its end."""
        made = subprocess.run(
            [str(_PROGRAM), *words],
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        return Completed(made.returncode, made.stdout, made.stderr)

    def start(self, *words: str) -> None:
        """Start the daemon and wait until it answers."""
        self.start_unready(*words)
        wait_until(self._answers, f"daemon answers: {self.output()}")

    def start_unready(self, *words: str) -> None:
        """Start the daemon and return at once."""
        assert self._daemon is None
        with (self.root / "output").open("ab") as output:
            self._daemon = subprocess.Popen(
                [str(_PROGRAM), *words],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def _answers(self) -> bool:
        assert self._daemon is not None
        assert self._daemon.poll() is None, f"the daemon ended: {self.output()}"
        # Cheaper than a command, which would take the daemon's time for starting.
        note = self.folder / "daemon.json"
        if not note.exists() or b'"socket":null' in note.read_bytes():
            return False
        return bool(self.status()["daemon"]["running"])

    @property
    def folder(self) -> Path:
        """The state folder in use, which a test's own environment may have moved."""
        return Path(self.env.get("CCSYNC_WATCH_HOME", self.state))

    def output(self) -> str:
        """Return everything that the daemon printed so far."""
        path = self.root / "output"
        return path.read_text() if path.exists() else ""

    @property
    def pid(self) -> int:
        """The daemon's process id."""
        assert self._daemon is not None
        return self._daemon.pid

    def stop(self, number: int = signal.SIGTERM, seconds: float = 20.0) -> int:
        """End the daemon as a user would; return its exit code."""
        assert self._daemon is not None
        self._daemon.send_signal(number)
        code = self._daemon.wait(seconds)
        self._daemon = None
        return code

    def kill(self) -> None:
        """End the daemon as a crash would."""
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon.wait()
            self._daemon = None

    def status(self) -> dict[str, Any]:
        """Return `status --json`."""
        made = self.call("status", "--json")
        assert made.out, made.err
        status: dict[str, Any] = json.loads(made.out)
        return status

    def session(self, session_id: str) -> dict[str, Any] | None:
        """Return a session's row of the status, None while it is not there."""
        for row in self.status()["sessions"]:
            if row["session_id"] == session_id:
                return dict(row)
        return None

"""Notice that the files of this program were replaced while it runs, as an upgrade does.

Parts of it are loaded when they are needed first, such as the dashboard: those would come from
another version, or not at all.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import ccsync_watch
from ccsync_watch.daemon.changed_files import state_of
from ccsync_watch.problem import Problem

if TYPE_CHECKING:
    from ccsync_watch.clock import Clock

# An installer writes for so long, on a busy machine.
SETTLE_SECONDS = 3.0
# How long after new files that did not start they are tried once more.
RETRY_SECONDS = 30.0
_PROBE = ["-m", "ccsync_watch", "--version"]


class ProgramFiles:
    """Compares the file that has the version with what it was at the start.

    `problem` is what to show until the program was started again.
    """

    def __init__(self, clock: Clock, path: Path | None = None) -> None:
        self._clock = clock
        self._path = path or Path(ccsync_watch.__file__)
        self._before = self._state = state_of(self._path)
        self._next_at = 0.0
        self._probe: subprocess.Popen[bytes] | None = None
        self.problem: Problem | None = None

    def turn(self) -> bool:
        """Return whether to start again, as there are other files, and they work.

        That is tried in a process of its own; nothing is waited for.
        """
        state, now = state_of(self._path), self._clock.monotonic()
        if state != self._state:
            self._state, self._next_at = state, now + SETTLE_SECONDS
            self.close()
        if state == self._before:
            self.problem = None
            return False
        self.problem = _REPLACED if os.name == "posix" else _REPLACED_ELSEWHERE
        if self._probe is None:
            if now >= self._next_at and os.name == "posix" and self._path.exists():
                self._probe = self._start_probe()
            return False
        if self._probe.poll() is None:
            return False
        does_start = self._probe.returncode == 0
        self.close()
        self._next_at = now + RETRY_SECONDS
        return does_start

    def _start_probe(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, *_PROBE],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def close(self) -> None:
        """End the process that tries the new files, if there is one."""
        probe, self._probe = self._probe, None
        if probe is not None:
            probe.kill()
            probe.wait()


_TITLE = "Program replaced"
_DETAIL = "the files of the program were replaced or removed while it runs"
_REPLACED = Problem(
    "program-replaced",
    _TITLE,
    _DETAIL,
    "nothing to do after an upgrade: it starts again with them within seconds, if they work",
    "warning",
)
_REPLACED_ELSEWHERE = Problem(
    "program-replaced",
    _TITLE,
    _DETAIL,
    "run `ccsync-watch stop`, then `ccsync-watch start`",
    "warning",
)

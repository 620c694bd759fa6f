"""The program's commands in forked processes: they start in milliseconds."""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import importlib
import os
import signal
import sys
import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ccsync_watch.cli import main
from ccsync_watch.privacy import READY, Redactor
from support.waiting import POLL_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from support.fault_cycles.places import Places

UNHANDLED = 70
"""The exit code of a command that raised."""
_DUMP = signal.SIGUSR1
_MOST_REPORTED = 60_000  # so much fits into a pipe that nobody reads yet


def run_forked(report: Callable[[], Iterable[str]]) -> tuple[list[str], int]:
    """Call a function in a process of its own; return the lines it returns, and the exit code.

    No line, if the process ended before.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reading)
        text = "".join(f"{line}\n" for line in report())
        os.write(writing, text[:_MOST_REPORTED].encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        lines = file.read().decode().splitlines()
    return lines, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@dataclass
class ForkedCommand:
    """A command that waits in its process until it is let go."""

    pid: int
    _gate: int
    code: int | None = None

    @classmethod
    def fork(
        cls, places: Places, words: list[str], before: Callable[[], None] = lambda: None
    ) -> ForkedCommand:
        """Fork a process for a command; `before` is called in it when it is let go.

        To be called while this process has one thread.
        """
        reading, writing = os.pipe()
        pid = os.fork()
        if pid:
            os.close(reading)
            return cls(pid, writing)
        os.close(writing)
        code = UNHANDLED
        try:
            is_let_go = os.read(reading, 1)
            os.close(reading)
            if is_let_go:
                code = _run(places, words, before)
        finally:
            os._exit(code)

    def let_go(self) -> None:
        """Have it run."""
        os.write(self._gate, b"g")
        os.close(self._gate)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it still runs."""
        if not self.has_ended():
            os.kill(self.pid, number)

    def has_ended(self) -> bool:
        """Return whether it has ended; then `code` is its exit code, or minus a signal."""
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code is not None

    def wait(self, seconds: float) -> bool:
        """Wait for its end; one that takes longer prints what it does, and is killed."""
        until = time.monotonic() + seconds
        while not self.has_ended():
            if time.monotonic() > until:
                os.kill(self.pid, _DUMP)
                time.sleep(0.5)
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                self.code = -signal.SIGKILL
                return False
            time.sleep(POLL_SECONDS)
        return True


def _run(places: Places, words: list[str], before: Callable[[], None]) -> int:
    output = os.open(places.output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for number in (1, 2):
        os.dup2(output, number)
    os.close(output)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - a descriptor
    sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115 - a descriptor
    faulthandler.enable(sys.stderr)
    faulthandler.register(_DUMP, file=sys.stderr)
    os.umask(0o077)
    os.environ.update(places.environment)
    os.chdir("/")
    try:
        before()
        return main(words, os.environ)
    except SystemExit as end:
        return int(end.code or 0)
    except BaseException:  # noqa: BLE001 - reported as what it is
        traceback.print_exc()
        return UNHANDLED
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        if not places.modules.exists():
            places.modules.write_text("\n".join(sorted(sys.modules)))


def load_modules(names: Iterable[str]) -> None:
    """Load what commands loaded when they ran before: forked processes have it at once."""
    for name in names:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    Redactor(key=bytes(32), engine=READY)
    # Collected objects would be copied to each forked process.
    gc.collect()
    gc.freeze()

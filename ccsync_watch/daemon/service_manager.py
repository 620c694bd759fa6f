"""Report to systemd that the daemon has started and works, by its protocol of datagrams.

systemd restarts a daemon that reports nothing for a while. A large migration or repair takes long,
and is not a reason: what counts as working is a loop that comes around, or a processor in use.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from ccsync_watch.clock import Clock

_SOCKET, _MICROSECONDS, _PID = "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"
# So long may the loop take to come around while nothing uses the processor.
_LOOP_SECONDS = 120.0
_LEAST_CPU_SHARE = 0.01


class ServiceManager:
    """What the daemon's `env` says of its service manager; without one, nothing is reported.

    While it is entered, a thread reports as often as systemd asks for.
    """

    def __init__(self, env: Mapping[str, str], clock: Clock) -> None:
        self._address = env.get(_SOCKET, "")
        own = env.get(_PID) in {None, "", str(os.getpid())}
        digits = env.get(_MICROSECONDS, "")
        # Twice as often as necessary, as its manual asks for, and once more.
        self._seconds = int(digits) / 1e6 / 3 if own and digits.isdecimal() else None
        self._clock = clock
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._looped_at = clock.monotonic()
        self._cpu_seconds = 0.0
        self.is_restarting = False
        """Whether this process is about to become a new daemon, so that nothing stops."""

    def __enter__(self) -> ServiceManager:  # noqa: PYI034 - `Self` is of Python 3.11
        """Begin to report that the daemon works."""
        if self._address and self._seconds:
            self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Report that the daemon stops."""
        self._stopping.set()
        if not self.is_restarting:
            self._send("STOPPING=1")
        if self._thread is not None:
            self._thread.join()

    def report_ready(self) -> None:
        """Report that the daemon has started."""
        self._send("READY=1")

    def record_loop(self) -> None:
        """Know that the main loop came around."""
        self._looped_at = self._clock.monotonic()

    def is_working(self) -> bool:
        """Return whether the daemon did anything since the last call, or waits as it should."""
        before, self._cpu_seconds = self._cpu_seconds, time.process_time()
        used = self._cpu_seconds - before >= _LEAST_CPU_SHARE * (self._seconds or 0)
        return used or self._clock.monotonic() - self._looped_at <= _LOOP_SECONDS

    def _watch(self) -> None:
        while self._seconds and not self._clock.wait(self._stopping, self._seconds):
            if self.is_working():
                self._send("WATCHDOG=1")

    def _send(self, text: str) -> None:
        if not self._address or not hasattr(socket, "AF_UNIX"):
            return
        # A name that begins with @ is not one of a file.
        address = f"\0{self._address[1:]}" if self._address[0] == "@" else self._address
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
            to.sendto(text.encode(), address)

"""Ctrl+C, SIGTERM and a closed terminal end the program in order, and within 5 s in any case.

Stopping takes locks, which a signal handler must not: it may have interrupted their holder. So the
signal wakes a thread through a socket. Exiting at once is safe at any moment, since every commit
is; the forced exit relies on that when something hangs.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from ccsync_watch.clock import Clock

log = logging.getLogger(__name__)

FORCE_EXIT_SECONDS = 4.8
# A second Ctrl+C this long after the first asks for an immediate exit; an earlier one is an echo.
_REPEAT_SECONDS = 1.0
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


class Shutdown:
    """While it is entered, the signals call `on_request`'s function, once, in another thread."""

    def __init__(self, clock: Clock) -> None:
        self.requested = threading.Event()
        self._clock = clock
        self._lock = threading.Lock()
        self._stop: Callable[[], None] | None = None
        self._since = 0.0
        self._reader, self._writer = socket.socketpair()
        self._writer.settimeout(0)
        self._previous: dict[int, Callable[[int, FrameType | None], object] | int | None] = {}
        self._previous_fd = -1
        self._thread = threading.Thread(target=self._listen, name="shutdown", daemon=True)

    def __enter__(self) -> Shutdown:  # noqa: PYI034 - Self needs Python 3.11
        for name in _SIGNALS:
            number = getattr(signal, name)
            # `nohup` ignores it on purpose.
            if name != "SIGHUP" or signal.getsignal(number) is not signal.SIG_IGN:
                self._previous[number] = signal.signal(number, _ignore)
        self._previous_fd = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        signal.set_wakeup_fd(self._previous_fd)
        for number, handler in self._previous.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        self._writer.close()
        self._thread.join(1.0)
        self._reader.close()

    def on_request(self, stop: Callable[[], None]) -> None:
        """Call `stop` when a signal comes; at once if one came before."""
        with self._lock:
            self._stop = stop
            is_late = self.requested.is_set()
        if is_late:
            stop()

    def _listen(self) -> None:
        while True:
            timeout = None
            if self.requested.is_set():
                exit_at = self._since + FORCE_EXIT_SECONDS
                timeout = max(0.001, exit_at - self._clock.monotonic())
            self._reader.settimeout(timeout)
            try:
                data = self._reader.recv(16)
            except TimeoutError:
                log.warning("exiting now: stopping took too long; no data is lost")
                os._exit(0)
            if not data:
                return
            self._handle_signal()

    def _handle_signal(self) -> None:
        if self.requested.is_set():
            if self._clock.monotonic() - self._since >= _REPEAT_SECONDS:
                os._exit(0)
            return
        self._since = self._clock.monotonic()
        with self._lock:
            self.requested.set()
            stop = self._stop
        if stop is not None:
            stop()


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Do nothing here: the wakeup descriptor has the signal."""

"""Ctrl+C, SIGTERM and a closed terminal end the program in order, and within 5 s in any case.

What they set off takes locks, which a signal handler must not: it may have interrupted their
holder. So a byte goes through a socket to a thread. Shutdown at once is safe at any moment, as
every commit is; the last resort relies on it when something hangs.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

log = logging.getLogger(__name__)

FORCE_EXIT_SECONDS = 4.8
# A second Ctrl+C this long after the first is impatience, not an echo of it.
_IMPATIENT_SECONDS = 1.0
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


class Shutdown:
    """From `with` on, the signals call what `call` was given; once, also if they came before."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self._lock = threading.Lock()
        self._stop: Callable[[], None] | None = None
        self._since = 0.0
        self._reader, self._writer = socket.socketpair()
        self._writer.settimeout(0)
        self._before: dict[int, Callable[[int, FrameType | None], object] | int | None] = {}
        self._fd_before = -1
        self._thread = threading.Thread(target=self._listen, name="ending", daemon=True)

    def __enter__(self) -> Shutdown:  # noqa: PYI034 - Self needs Python 3.11
        for name in _SIGNALS:
            number = getattr(signal, name)
            # `nohup` means it.
            if name != "SIGHUP" or signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, _noted)
        self._fd_before = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        signal.set_wakeup_fd(self._fd_before)
        for number, handler in self._before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        self._writer.close()
        self._thread.join(1.0)
        self._reader.close()

    def call(self, stop: Callable[[], None]) -> None:
        """Call `stop` when the end is asked for; at once when it was already."""
        with self._lock:
            self._stop = stop
            is_late = self.asked.is_set()
        if is_late:
            stop()

    def _listen(self) -> None:
        while True:
            left = None
            if self.asked.is_set():
                left = max(0.001, self._since + FORCE_EXIT_SECONDS - time.monotonic())
            self._reader.settimeout(left)
            try:
                data = self._reader.recv(16)
            except TimeoutError:
                log.warning("ending at once: something did not end in time; nothing is lost")
                os._exit(0)
            if not data:
                return
            self._end()

    def _end(self) -> None:
        if self.asked.is_set():
            if time.monotonic() - self._since >= _IMPATIENT_SECONDS:
                os._exit(0)
            return
        self._since = time.monotonic()
        with self._lock:
            self.asked.set()
            stop = self._stop
        if stop is not None:
            stop()


def _noted(_number: int, _frame: FrameType | None) -> None:
    """Do nothing here: the byte is on its way."""

"""What a command says while it waits for the daemon."""

from __future__ import annotations

import contextlib
import sys
import threading
from typing import TYPE_CHECKING

from ccsync_watch.cli.console import announce, shows_progress

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOTICE_SECONDS = 2.0
_WAITING = (
    "Waiting for the daemon, which is starting or importing; `ccsync-watch status` shows how far"
    " it is."
)


@contextlib.contextmanager
def waiting_for_daemon(*, notice_seconds: float = _NOTICE_SECONDS) -> Iterator[None]:
    """Say on a terminal what is waited for in this block, if that takes longer than a moment."""
    if not shows_progress(sys.stderr):
        yield
        return
    timer = threading.Timer(notice_seconds, announce, (_WAITING,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()

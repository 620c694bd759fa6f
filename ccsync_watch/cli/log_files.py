"""The daemon's log: short lines on stderr, the same in the state folder, secrets removed."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import os
import sys
import threading
from typing import TYPE_CHECKING

from ccsync_watch.disk_faults import state_error

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import TextIOWrapper
    from pathlib import Path

    from ccsync_watch.privacy import Redactor

LOG_NAME = "log"
_MAX_BYTES = 1 << 20
_MAX_CHARS = 8 << 10
_QUIET_LIBRARIES = ("httpx", "httpcore", "uvicorn", "watchdog", "asyncio", "filelock")


class _PrivateFile(logging.handlers.RotatingFileHandler):
    """Makes every file it opens private to the user, after a rotation too."""

    def _open(self) -> TextIOWrapper:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        # A pipe of this name that nobody reads is an error: opening it would wait for a reader.
        handle = os.open(self.baseFilename, flags | getattr(os, "O_NONBLOCK", 0), 0o600)
        return os.fdopen(handle, "a", encoding="utf-8", errors="backslashreplace")

    def shouldRollover(self, record: logging.LogRecord) -> bool:  # noqa: N802 - as inherited
        """Return whether the file is full; open it again first where it was deleted or renamed."""
        try:
            status = os.stat(self.baseFilename)  # noqa: PTH116 - as the handler has it
        except FileNotFoundError:
            status = None
        if self.stream is not None:
            own = os.fstat(self.stream.fileno())
            if status is None or not os.path.samestat(status, own):
                self.stream.close()
                self.stream = None
        return bool(super().shouldRollover(record))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - as inherited
        """Continue without the line: a full disk is reported on stderr and in `status`."""

    def close(self) -> None:
        """Close the file, whatever could not be written to it."""
        with contextlib.suppress(OSError):
            super().close()


class _Stderr(logging.Handler):
    """Writes to what stderr is at that moment: progress bars replace it while they are shown."""

    def emit(self, record: logging.LogRecord) -> None:
        # When the terminal is closed, the file still has the line.
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(f"{self.format(record)}\n")
            sys.stderr.flush()


class _OneLine(logging.Filter):
    """Says in one line what the system did not let an event loop do: it tries again by itself."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, OSError):
            record.msg = f"{record.getMessage().splitlines()[0]}: {error.strerror}"
            record.args, record.exc_info, record.exc_text = (), None, None
        return True


_ONE_LINE = _OneLine()


class _RedactingFormatter(logging.Formatter):
    """Redacts the finished text, a traceback's included: an error may quote what it failed on."""

    def __init__(self, make_redactor: Callable[[], Redactor]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S")
        self._make_redactor = make_redactor
        self._redactor: Redactor | None = None
        self._lock = threading.Lock()

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        if len(text) > _MAX_CHARS:
            # An error may quote a whole line of a transcript. No word is cut: the redactor does
            # not detect half a secret.
            text = " ".join([*text[:_MAX_CHARS].split(" ")[:-1], "…"])
        # Two handlers and many threads come here; only one thread at a time may use a redactor.
        with self._lock:
            try:
                if self._redactor is None:
                    self._redactor = self._make_redactor()
                return self._redactor.redact(text)
            except Exception as error:  # noqa: BLE001 - logging must not fail
                return f"{record.levelname} a line that could not be redacted ({error})"


def stderr_handler(make_redactor: Callable[[], Redactor]) -> logging.Handler:
    """Return what writes redacted lines to standard error."""
    handler = _Stderr()
    handler.setFormatter(_RedactingFormatter(make_redactor))
    return handler


def log_to(
    folder: Path, make_redactor: Callable[[], Redactor], *, max_bytes: int = _MAX_BYTES
) -> None:
    """Log to stderr and to the state folder from now on, in this process. Raises StateError.

    The redactor is built for the first line: most runs do not log any. What Python would print of
    a crash, in any thread, and of warnings is logged as well: it quotes what it failed on.
    """
    try:
        file = _PrivateFile(folder / LOG_NAME, maxBytes=max_bytes, backupCount=2)
    except OSError as error:
        raise state_error(folder / LOG_NAME, error, doing="write") from None
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
    formatter = _RedactingFormatter(make_redactor)
    for handler in (file, _Stderr()):
        handler.setFormatter(formatter)
        root.addHandler(handler)
    root.setLevel(logging.INFO)
    for name in _QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("asyncio").addFilter(_ONE_LINE)
    _log_crashes()


def _log_crashes() -> None:
    def log_error(title: str, error: BaseException | None) -> None:
        logging.getLogger(__name__).critical(title, exc_info=error)

    sys.excepthook = lambda _type, error, _trace: log_error("ended by a defect", error)
    sys.unraisablehook = lambda event: log_error("a defect while ending", event.exc_value)
    threading.excepthook = lambda event: log_error("a thread ended by a defect", event.exc_value)
    logging.captureWarnings(True)  # noqa: FBT003 - as it is declared

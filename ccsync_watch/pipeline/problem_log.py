"""Which transcripts cannot be read at present, and why; each problem is logged once."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

from ccsync_watch.errors import RedactorUnavailable
from ccsync_watch.pipeline.pump_config import display_name
from ccsync_watch.privacy.clean import Redacting, clean_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ccsync_watch.transcripts.discovery import TranscriptScan

log = logging.getLogger(__name__)


class ProblemLog:
    """The current reason for each path that has a problem; paths are never logged unredacted."""

    def __init__(self, redactor: Redacting) -> None:
        self._redactor = redactor
        self.reasons: dict[str, str] = {}

    def __contains__(self, path: str) -> bool:
        return path in self.reasons

    def record(self, path: str, reason: str) -> None:
        """Set the problem of a path; log it unless it is the one known already."""
        if self.reasons.get(path) == reason:
            return
        self.reasons[path] = reason
        try:
            name = clean_text(display_name(path), self._redactor).value
        except RedactorUnavailable:
            name = "a transcript"
        log.warning("%s %s", name, reason)

    def record_unreadable(self, path: str, reason: str | None) -> None:
        """Set the problem of a path that the system does not let us read."""
        self.record(path, f"cannot be read: {reason}")

    @contextlib.contextmanager
    def recording(self, path: str) -> Iterator[None]:
        """Record an error of the block as this path's problem; without one, clear its problem.

        It is an OSError, or RedactorUnavailable, which is raised again.

        A file that does not exist is not a problem: it was deleted, or moved, and then it is found
        under its new path.
        """
        try:
            yield
        except FileNotFoundError:
            return
        except OSError as error:
            self.record_unreadable(path, error.strerror)
            return
        except RedactorUnavailable as error:
            self.record(path, error.message)
            raise
        self.reasons.pop(path, None)

    def update(self, scan: TranscriptScan, *, is_present: Callable[[str], bool]) -> None:
        """Record what a scan could not list; clear the problems of paths that no longer exist."""
        for path, reason in scan.unread.items():
            self.record_unreadable(path, reason)
        for path in [path for path in self.reasons if path not in scan.unread]:
            if scan.is_certainly_gone(path) and not is_present(path):
                del self.reasons[path]

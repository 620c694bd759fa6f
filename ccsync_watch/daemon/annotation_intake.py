"""Changes of what a person says of sessions: added by any thread, stored by the one that reads.

That thread has the redactor that every text passes before it is stored.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from ccsync_watch.errors import CcsyncError, NotRunning, StateError
from ccsync_watch.model import Redacted
from ccsync_watch.privacy.clean import Redacting, clean_text
from ccsync_watch.store.annotation_writer import MarkChange, SessionChange, save_change

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.clock import Clock
    from ccsync_watch.store.database import Database

log = logging.getLogger(__name__)

Change: TypeAlias = SessionChange | MarkChange


@dataclass(slots=True, eq=False)
class _Request:
    change: Change
    done: threading.Event = field(default_factory=threading.Event)
    error: CcsyncError | None = None


class AnnotationIntake:
    """The changes that are to be stored. `wake` has the reading thread call `serve` soon."""

    def __init__(
        self,
        database: Database,
        *,
        redactor: Redacting,
        clock: Clock,
        wake: Callable[[], None],
    ) -> None:
        self._database = database
        self._redactor = redactor
        self._clock = clock
        self._wake = wake
        self._lock = threading.Lock()
        self._pending: list[_Request] = []
        self._is_closed = False

    def submit(self, change: Change, *, seconds: float) -> None:
        """Store a change, and return once it is stored.

        Raises NotRunning after `close`, StateError when it cannot be stored or not within so many
        seconds, RedactorUnavailable; then nothing is changed.
        """
        request = _Request(change)
        with self._lock:
            if self._is_closed:
                raise _stopping()
            self._pending.append(request)
        self._wake()
        if not self._clock.wait(request.done, seconds) and self._withdraw(request):
            raise StateError("ccsync-watch is busy: nothing was changed", hint="try again")
        request.done.wait()  # it is being stored
        if request.error is not None:
            raise request.error

    def _withdraw(self, request: _Request) -> bool:
        """Remove a request; return whether nobody has begun with it."""
        with self._lock:
            is_pending = request in self._pending
            if is_pending:
                self._pending.remove(request)
        return is_pending

    def serve(self) -> None:
        """Store what was added, in the reading thread."""
        if not self._pending:
            return
        with self._lock:
            pending, self._pending = self._pending, []
        for request in pending:
            try:
                cleaned = clean_change(request.change, self._redactor)
                save_change(self._database, cleaned, now_ms=self._clock.wall_ms())
            except Exception as error:
                request.error = self._database.note_failure(error)
                if request.error is None:
                    log.exception("a change could not be stored")
                    name = type(error).__name__
                    request.error = StateError(
                        f"the change could not be stored ({name})", hint="see the log; report this"
                    )
            finally:
                request.done.set()

    def close(self) -> None:
        """Reject what was added and is not stored, and what is added later."""
        with self._lock:
            self._is_closed = True
            rejected, self._pending = self._pending, []
        for request in rejected:
            request.error = _stopping()
            request.done.set()


def _stopping() -> NotRunning:
    return NotRunning("ccsync-watch is stopping: nothing was changed", hint="try again soon")


def clean_change(change: Change, redactor: Redacting) -> Redacted[Change]:
    """Return a change with its texts redacted. Raises RedactorUnavailable."""

    def clean(text: str | None) -> str | None:
        return None if text is None else clean_text(text, redactor).value

    if isinstance(change, MarkChange):
        return Redacted(replace(change, note=clean(change.note)))
    return Redacted(
        replace(change, name=clean(change.name), note=clean(change.note), tags=clean(change.tags))
    )

"""Handle hook events: store what they report, and flush the sessions that they name at once.

Everything here runs in the thread that reads. A hook event's file is removed only after its effect
is stored; handling it twice does no harm.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ccsync_watch.config import add_hook_folder
from ccsync_watch.daemon.flush_answer import release_rows
from ccsync_watch.daemon.hook_event_folders import folders_to_save
from ccsync_watch.daemon.runtime import projects_of
from ccsync_watch.privacy.hook_event import clean_hook_event
from ccsync_watch.store.hook_event_writer import save_hook_event

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ccsync_watch.clock import Clock
    from ccsync_watch.config import Settings
    from ccsync_watch.daemon.flushes import Flush, Flushes
    from ccsync_watch.hook_events import HookEvent, Spool
    from ccsync_watch.privacy.clean import Redacting
    from ccsync_watch.store.database import Database
    from ccsync_watch.store.outbox import Outbox
    from ccsync_watch.uploader import Uploader

log = logging.getLogger(__name__)

# The last rows of an ended session (its cost) are written after its SessionEnd hook.
SECOND_FLUSH_SECONDS = 2.0
# More sessions than this at once are flushed as all: each flush of one costs a scan of its own.
MAX_SINGLE_FLUSHES = 20
# The spool is polled this often even where events do not work and times do not change.
POLL_SECONDS = 1.0
_PENDING_SECONDS = 0.05
# Within that time the settings are loaded again, with a Claude folder that was saved for them.
_RELOAD_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class _PendingFlush:
    session_id: str | None
    flush: Flush


class HookEventIntake:
    """Reads the spool between two pieces of the pump's work."""

    def __init__(
        self,
        spool: Spool,
        settings: Settings,
        *,
        database: Database,
        outbox: Outbox,
        uploader: Uploader | None,
        flushes: Flushes,
        redactor: Redacting,
        clock: Clock,
    ) -> None:
        self._spool = spool
        self._settings = settings
        self._projects = projects_of(settings)
        self._database = database
        self._outbox = outbox
        self._uploader = uploader
        self._flushes = flushes
        self._redactor = redactor
        self._clock = clock
        self._pending: list[_PendingFlush] = []
        # The file of a session's `SyncNow`, which is removed when its rows are released.
        self._requests: dict[str, str] = {}
        self._second_flush_at: dict[str, float] = {}
        self._next_poll = 0.0
        self._reported_unexpected = 0
        self._saved_at: dict[Path, float] = {}

    def turn(self) -> bool:
        """Handle what is due now; return whether there is more.

        Raises StateError or RedactorUnavailable: the hook events then stay in the spool.
        """
        now = self._clock.monotonic()
        has_more = False
        if now >= self._next_poll or self._spool.is_changed():
            # Set first: when the store fails, the next poll then comes after a pause.
            self._next_poll = now + POLL_SECONDS
            has_more = self._handle_events(now)
        for session_id in [name for name, at in self._second_flush_at.items() if at <= now]:
            del self._second_flush_at[session_id]
            self._flush([session_id])
        self._finish_flushes()
        return has_more

    def next_seconds(self) -> float | None:
        """Return how long hook events allow the loop to sleep, None for as long as it likes."""
        if self._pending:
            return _PENDING_SECONDS
        if not self._second_flush_at:
            return None
        return max(0.0, min(self._second_flush_at.values()) - self._clock.monotonic())

    def _handle_events(self, now: float) -> bool:
        batch = self._spool.read()
        self._save_folders([event for _name, event in batch.events], now)
        for name, event in batch.events:
            if event.name == "SyncNow":
                self._requests[event.session_id] = name
                continue
            if event.is_read:
                self._store(event)
            elif self._is_awaited(event, now):
                continue  # with the next settings it can be handled
            self._spool.remove(name)
        if self._spool.unexpected > self._reported_unexpected:
            log.warning("files in the spool that are not hook events: %d", self._spool.unexpected)
            self._reported_unexpected = self._spool.unexpected
        events = [event for _name, event in batch.events if event.is_read]
        ended = {event.session_id for event in events if event.name == "SessionEnd"}
        stopped = {event.session_id for event in events if event.name == "Stop"}
        for session_id in sorted(ended)[:MAX_SINGLE_FLUSHES]:
            self._second_flush_at[session_id] = now + SECOND_FLUSH_SECONDS
        self._flush(sorted(ended | stopped | self._requests.keys()))
        return batch.has_more

    def _save_folders(self, events: Iterable[HookEvent], now: float) -> None:
        """Save the Claude folders that events name, for the next settings.

        Where the environment names one account's folder, that is saved too: the next daemon may
        be started with another one.
        """
        for folder in folders_to_save(events, self._settings) - self._saved_at.keys():
            self._saved_at[folder] = now
            try:
                is_new = add_hook_folder(self._settings.state_dir, folder)
            except OSError as error:
                log.warning("a Claude folder cannot be saved: %s", error.strerror)
                continue
            if is_new:
                log.info("a hook named another Claude folder")

    def _is_awaited(self, event: HookEvent, now: float) -> bool:
        """Return whether the folder of an event may be read soon, after it was saved."""
        saved_at = self._saved_at.get(event.claude_dir) if event.claude_dir else None
        return saved_at is not None and now < saved_at + _RELOAD_SECONDS

    def _store(self, event: HookEvent) -> None:
        if event.name == "Stop" or self._is_excluded(event):
            return
        save_hook_event(
            self._database,
            clean_hook_event(event, self._redactor),
            now_ms=self._clock.steady_ms(),
            is_released=self._settings.auto_sync,
        )
        if self._uploader is not None:
            self._uploader.wake_all()

    def _is_excluded(self, event: HookEvent) -> bool:
        cwd = event.detail.get("cwd")
        return cwd is not None and self._projects.policy(cwd) == "off"

    def _flush(self, session_ids: list[str]) -> None:
        is_many = len(session_ids) > MAX_SINGLE_FLUSHES
        targets: list[str | None] = [None] if is_many else list(session_ids)
        pending = {flush.session_id for flush in self._pending}
        for session_id in targets:
            # A pending flush scans once more before it ends.
            if session_id not in pending:
                self._pending.append(_PendingFlush(session_id, self._flushes.add(session_id)))

    def _finish_flushes(self) -> None:
        """Have what a flush has read uploaded at once, unless uploading is manual."""
        ended = [pending for pending in self._pending if pending.flush.done.is_set()]
        if not ended:
            return
        self._pending = [pending for pending in self._pending if not pending.flush.done.is_set()]
        self._release_requested(ended)
        if self._uploader is None or not self._settings.auto_sync:
            return
        for pending in ended:
            self._outbox.make_due_now(None if pending.session_id is None else [pending.session_id])
        self._uploader.wake_all()

    def _release_requested(self, ended: Iterable[_PendingFlush]) -> None:
        """Have what was read for `SyncNow` uploaded, also where uploading is manual."""
        read = {pending.session_id for pending in ended if pending.flush.is_read}
        for session_id, name in list(self._requests.items()):
            if session_id in read or None in read:
                if self._uploader is not None:
                    release_rows(self._outbox, [session_id])
                    self._uploader.wake_all()
                del self._requests[session_id]
                self._spool.remove(name)

"""Take the hooks' signals: keep what they tell, and flush the sessions that they name at once.

Everything here is the pumping thread's. A signal's file goes only after its effect is certain;
taken twice, it does no harm.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ccsync_watch.daemon.runtime import projects_of
from ccsync_watch.privacy.hook_event import clean_hook_event
from ccsync_watch.store.hook_event_writer import save_hook_event

if TYPE_CHECKING:
    from ccsync_watch.clock import Clock
    from ccsync_watch.config import Settings
    from ccsync_watch.daemon.flushes import Flush, Flushes
    from ccsync_watch.hook_events import HookEvent, Spool
    from ccsync_watch.privacy.clean import Redacting
    from ccsync_watch.store.database import Database
    from ccsync_watch.store.outbox import Outbox
    from ccsync_watch.uploader import Uploader

log = logging.getLogger(__name__)

# An ended session's last rows (its cost) come after its SessionEnd hook.
SECOND_LOOK_SECONDS = 2.0
# More sessions than this at once are flushed as all: each one alone costs a look at the disk.
MAX_SINGLE = 20
# The folder is looked at this often even where events do not work and times do not tell.
LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Pending:
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
        self._pending: list[_Pending] = []
        self._again: dict[str, float] = {}
        self._next_look = 0.0
        self._foreign = 0

    def turn(self) -> bool:
        """Do what there is to do now; return whether more waits.

        Raises StateError or RedactorUnavailable: then the signals wait where they are.
        """
        now = self._clock.monotonic()
        is_more = False
        if now >= self._next_look or self._spool.is_changed():
            # Also when the store refuses: the next look then comes after a pause.
            self._next_look = now + LOOK_SECONDS
            is_more = self._take(now)
        for session_id in [each for each, at in self._again.items() if at <= now]:
            del self._again[session_id]
            self._flush([session_id])
        self._finish()
        return is_more

    def next_seconds(self) -> float | None:
        """Return how long the pump may sleep for our sake."""
        if self._pending:
            return 0.05
        if not self._again:
            return None
        return max(0.0, min(self._again.values()) - self._clock.monotonic())

    def _take(self, now: float) -> bool:
        taken = self._spool.take()
        for name, signal in taken.signals:
            self._keep(signal)
            self._spool.done(name)
        if self._spool.foreign > self._foreign:
            log.warning("files that are no signals of ours: %d", self._spool.foreign)
            self._foreign = self._spool.foreign
        ended = {each.session_id for _, each in taken.signals if each.event == "SessionEnd"}
        paused = {each.session_id for _, each in taken.signals if each.event == "Stop"}
        for session_id in sorted(ended)[:MAX_SINGLE]:
            self._again[session_id] = now + SECOND_LOOK_SECONDS
        self._flush(sorted(ended | paused))
        return taken.is_more

    def _keep(self, signal: HookEvent) -> None:
        if signal.event == "Stop" or self._is_excluded(signal):
            return
        save_hook_event(
            self._database,
            clean_hook_event(signal, self._redactor),
            now_ms=self._clock.wall_ms(),
            is_released=self._settings.auto_sync,
        )
        if self._uploader is not None:
            self._uploader.wake_all()

    def _is_excluded(self, signal: HookEvent) -> bool:
        cwd = signal.detail.get("cwd")
        return cwd is not None and self._projects.policy(cwd) == "off"

    def _flush(self, session_ids: list[str]) -> None:
        chosen: list[str | None] = list(session_ids) if len(session_ids) <= MAX_SINGLE else [None]
        under_way = {each.session_id for each in self._pending}
        for session_id in chosen:
            # One that is under way looks once more before it ends.
            if session_id not in under_way:
                self._pending.append(_Pending(session_id, self._flushes.ask(session_id)))

    def _finish(self) -> None:
        """Send at once, where sending is allowed, what a flush has read."""
        ended = [each for each in self._pending if each.flush.done.is_set()]
        if not ended:
            return
        self._pending = [each for each in self._pending if not each.flush.done.is_set()]
        if self._uploader is None or not self._settings.auto_sync:
            return
        for each in ended:
            self._outbox.make_due_now(None if each.session_id is None else [each.session_id])
        self._uploader.wake_all()

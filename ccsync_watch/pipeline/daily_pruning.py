"""Apply the setting `retention` once a day, a bounded piece at a time, between other work."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import orjson

from ccsync_watch.pipeline.pruning import (
    DAY_MS,
    PrunePlan,
    PruneResult,
    growing_sessions,
    plan_steps,
    prune_steps,
)
from ccsync_watch.store.meta import LAST_RETENTION, last_retention, set_meta
from ccsync_watch.units import plural, size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccsync_watch.clock import Clock
    from ccsync_watch.model import JsonValue
    from ccsync_watch.pipeline.files import Files
    from ccsync_watch.pipeline.pruning import PruneRequest
    from ccsync_watch.store.database import Database

log = logging.getLogger(__name__)

# What is removed does not come back: a clock that was set ahead is believed once it stayed so.
_BELIEF_SECONDS = 86_400.0
_SMALL_STEP_MS = 3_600_000


class Retention:
    """Prunes what the setting says; used by the thread that reads, while nothing is to be read."""

    def __init__(
        self,
        database: Database,
        request: PruneRequest,
        *,
        files: Files,
        roots: tuple[str, ...],
        install_key: bytes,
        has_backend: bool,
        clock: Clock,
    ) -> None:
        self._database = database
        self._request = request
        self._files = files
        self._roots = roots
        self._install_key = install_key
        self._has_backend = has_backend
        self._clock = clock
        self._steps: Iterator[int] | None = None
        self._next_ms: int | None = None
        # By how much the clock is ahead of steady time, as far as it is believed to be.
        self._believed_ms = clock.wall_ms() - clock.steady_ms()
        self._doubted_at: float | None = None

    def step(self) -> bool:
        """Remove the texts of the next messages; return whether there was anything to do.

        Raises StateError; then it begins again later.
        """
        if self._steps is None:
            if self._now_ms() < self._due_ms():
                return False
            self._steps = self._run()
        try:
            next(self._steps)
        except StopIteration:
            self._steps = None
        except BaseException:
            self._steps = None
            raise
        return True

    def _now_ms(self) -> int:
        """Return the time; not by a clock that was set ahead by hours, until a day has passed."""
        steady_ms, now = self._clock.steady_ms(), self._clock.monotonic()
        ahead_ms = self._clock.wall_ms() - steady_ms
        if ahead_ms - self._believed_ms <= _SMALL_STEP_MS:
            self._believed_ms, self._doubted_at = ahead_ms, None
        elif self._doubted_at is None:
            self._doubted_at = now
            log.warning("the clock was set ahead: retention goes by the earlier time for a day")
        elif now - self._doubted_at >= _BELIEF_SECONDS:
            self._believed_ms, self._doubted_at = ahead_ms, None
        return steady_ms + self._believed_ms

    def _due_ms(self) -> int:
        """Return when it is due; what the clock cannot have shown yet counts for nothing."""
        now_ms = self._now_ms()
        if self._next_ms is None or self._next_ms > now_ms + DAY_MS:
            last = last_retention(self._database.read())
            last_ms = None if last is None or last["request"] != self._mark() else last["at_ms"]
            is_past = isinstance(last_ms, int) and last_ms <= now_ms
            self._next_ms = int(str(last_ms)) + DAY_MS if is_past else now_ms
        return self._next_ms

    def _mark(self) -> list[JsonValue]:
        return [self._request.max_age_days, self._request.max_bytes]

    def _run(self) -> Iterator[int]:
        now_ms = self._now_ms()
        plan = PrunePlan()
        yield from plan_steps(
            self._database,
            self._request,
            plan,
            growing=growing_sessions(
                self._database, self._files, self._roots, key=self._install_key, now_ms=now_ms
            ),
            has_backend=self._has_backend,
            now_ms=now_ms,
        )
        result = PruneResult()
        if plan.items:
            yield from prune_steps(
                self._database,
                plan,
                has_backend=self._has_backend,
                clock=self._clock,
                result=result,
            )
        freed = 0
        if result.messages:
            shrunk = self._database.shrink(removed_bytes=result.texts_bytes)
            freed = shrunk.before_bytes - shrunk.after_bytes
            log.info(
                "retention: removed the texts of %s of %s, %s; freed %s",
                plural(result.messages, "message"),
                plural(result.sessions, "session"),
                size(result.texts_bytes),
                size(freed),
            )
        value: dict[str, JsonValue] = {
            "at_ms": now_ms,
            "request": self._mark(),
            "sessions": result.sessions,
            "messages": result.messages,
            "texts_bytes": result.texts_bytes,
            "freed_bytes": freed,
            "left_alone": dict(plan.kept),
        }
        with self._database.write() as connection:
            set_meta(connection, LAST_RETENTION, orjson.dumps(value).decode())
        self._next_ms = now_ms + DAY_MS

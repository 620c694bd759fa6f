"""Choose which sessions lose their texts, by age, project and size, and remove these step by step.

Left alone are sessions that still grow, and those of which something is still to be sent.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ccsync_watch.accounting.selections import matches_project
from ccsync_watch.model import Redacted
from ccsync_watch.privacy.policy.pruned import pruned_content
from ccsync_watch.store import pruned_texts
from ccsync_watch.store.install_keys import path_key
from ccsync_watch.store.offsets import load_offsets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ccsync_watch.clock import Clock
    from ccsync_watch.model import JsonValue, Part
    from ccsync_watch.pipeline.files import Files
    from ccsync_watch.store.database import Database
    from ccsync_watch.store.pruned_texts import PrunableSession

IDLE_MS = 3_600_000
"""A session that was written to since then still grows."""
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class PruneRequest:
    """Which sessions: those of some projects (as `stats` selects them), of all by default.

    Of them those whose last message is older than `max_age_days`, and the oldest until the database
    is of `max_bytes`; without age and size all of them.
    """

    max_age_days: int | None = None
    max_bytes: int | None = None
    projects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PruneItem:
    """A session to prune: of how many messages, how many bytes of texts are removed.

    `index_bytes` is what the search index has of them.
    """

    session: PrunableSession
    messages: int
    texts_bytes: int
    index_bytes: int = 0


@dataclass(slots=True)
class PrunePlan:
    """What to prune, the oldest first; `kept` counts the sessions that are left alone, by reason.

    `used_bytes` is the database's size before, without unused pages.
    """

    items: list[PruneItem] = field(default_factory=list)
    kept: Counter[str] = field(default_factory=Counter)
    used_bytes: int = 0

    @property
    def messages(self) -> int:
        """Return how many messages would lose their texts."""
        return sum(item.messages for item in self.items)

    @property
    def texts_bytes(self) -> int:
        """Return how many bytes of texts would be removed, as they are stored."""
        return sum(item.texts_bytes for item in self.items)

    @property
    def index_bytes(self) -> int:
        """Return how many bytes the search index has of those texts."""
        return sum(item.index_bytes for item in self.items)


@dataclass(slots=True)
class PruneResult:
    """What was removed."""

    sessions: int = 0
    messages: int = 0
    texts_bytes: int = 0


def growing_sessions(
    database: Database, files: Files, roots: tuple[str, ...], *, key: bytes, now_ms: int
) -> frozenset[str]:
    """Return the sessions with a transcript that was written to, or that is not read to its end."""
    known = load_offsets(database)
    growing = set()
    for transcript in files.scan(roots).transcripts:
        _offset, size = known.get(path_key(key, transcript.path), (0, None))
        is_written = transcript.mtime_ns // 1_000_000 > now_ms - IDLE_MS
        if is_written or size != transcript.size:
            growing.add(transcript.stream.session_id)
    return frozenset(growing)


def plan_pruning(
    database: Database,
    request: PruneRequest,
    *,
    growing: frozenset[str],
    has_backend: bool,
    now_ms: int,
) -> PrunePlan:
    """Return which sessions to prune. Reads all their texts."""
    plan = PrunePlan()
    for _ in plan_steps(
        database, request, plan, growing=growing, has_backend=has_backend, now_ms=now_ms
    ):
        pass
    return plan


def plan_steps(
    database: Database,
    request: PruneRequest,
    plan: PrunePlan,
    *,
    growing: frozenset[str],
    has_backend: bool,
    now_ms: int,
) -> Iterator[int]:
    """Fill a plan with the sessions to prune; yield 0 whenever some messages were measured."""
    size, unused = database.file_bytes()
    plan.used_bytes = size - unused
    is_all = request.max_age_days is None and request.max_bytes is None
    before_ms = None if request.max_age_days is None else now_ms - request.max_age_days * DAY_MS
    left_bytes = plan.used_bytes
    for session in pruned_texts.prunable_sessions(
        database, before_ms=now_ms + 1, has_backend=has_backend
    ):
        if request.projects and not any(
            matches_project(session.project_path, pattern) for pattern in request.projects
        ):
            continue
        is_old = before_ms is not None and session.updated_ms < before_ms
        is_too_much = request.max_bytes is not None and left_bytes > request.max_bytes
        if not (is_all or is_old or is_too_much):
            break
        is_recent = session.updated_ms >= now_ms - IDLE_MS
        is_growing = is_recent or session.session_id in growing
        reason = "growing" if is_growing else session.kept_because
        if reason is not None:
            plan.kept[reason] += 1
            continue
        messages = texts_bytes = 0
        after_seq: int | None = -1
        while after_seq is not None:
            step = pruned_texts.measure_step(
                database, session.session_id, _reduce, after_seq=after_seq
            )
            messages, texts_bytes = messages + step.messages, texts_bytes + step.texts_bytes
            after_seq = step.last_seq
            yield 0
        if messages:
            index_bytes = pruned_texts.index_bytes(database, session.session_id)
            plan.items.append(PruneItem(session, messages, texts_bytes, index_bytes))
            left_bytes -= texts_bytes + index_bytes


def prune(
    database: Database,
    plan: PrunePlan,
    *,
    has_backend: bool,
    clock: Clock,
    on_progress: Callable[[int], None] = lambda _messages: None,
) -> PruneResult:
    """Prune what is planned; `on_progress` is called with the messages of each step."""
    result = PruneResult()
    for messages in prune_steps(
        database, plan, has_backend=has_backend, clock=clock, result=result
    ):
        on_progress(messages)
    return result


def prune_steps(
    database: Database,
    plan: PrunePlan,
    *,
    has_backend: bool,
    clock: Clock,
    result: PruneResult,
) -> Iterator[int]:
    """Prune what is planned, a commit at a time; yield the messages of each, and count them.

    An interruption loses nothing: what is left is chosen again. Raises StateError.
    """
    pruned_texts.forget_index(database, plan.index_bytes)
    for item in plan.items:
        after_seq: int | None = -1
        removed = 0
        while after_seq is not None:
            step = pruned_texts.prune_step(
                database,
                item.session,
                _reduce,
                after_seq=after_seq,
                now_ms=clock.wall_ms(),
                has_backend=has_backend,
            )
            if step is None:
                plan.kept["growing"] += 1
                break
            after_seq = step.last_seq
            removed += step.messages
            result.messages += step.messages
            result.texts_bytes += step.texts_bytes
            yield step.messages
        result.sessions += bool(removed)
    if result.messages:
        database.checkpoint()  # SQLite's log may still hold what was just removed


def _reduce(message_kind: str, part: Part) -> Redacted[JsonValue]:
    return Redacted(pruned_content(message_kind, part))

"""The ingest transaction: rows, outbox entries and the offset up to which they were read.

After it, every line before the offset is in the store exactly once; before it, none of the batch
is. Which writer saves what: `message_writer`, `session_writer`, `usage_writer`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ccsync_watch.model import Message, Part
from ccsync_watch.store import (
    changed_calls,
    hand_offs,
    hook_notices,
    queued_prompts,
    repeated_calls,
    session_facts,
    session_policy,
    session_projects,
    session_writer,
    subagent_calls,
    subagent_links,
    summary_titles,
    titles,
    usage_writer,
    withdrawn,
)
from ccsync_watch.store.copies import CopyMarker
from ccsync_watch.store.file_order import FileOrder, last_date
from ccsync_watch.store.message_writer import MessageWriter
from ccsync_watch.store.requeueing import requeue_agents
from ccsync_watch.transcripts.fields import plausible_ms
from ccsync_watch.transcripts.inferred_times import infer_times
from ccsync_watch.transcripts.project_folders import find_windows_root

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from ccsync_watch.model import (
        AgentLink,
        Batch,
        Checkpoint,
        Fact,
        QueueOperation,
        Redacted,
        SessionObservation,
        Subagent,
        UncountedUsage,
        Usage,
    )
    from ccsync_watch.store.database import Database


@dataclass(frozen=True, slots=True)
class Ingested:
    """What a batch changed: new and changed messages, and the sessions touched."""

    inserted: int
    updated: int
    sessions: frozenset[str]


@dataclass(frozen=True, slots=True)
class IngestContext:
    """What a commit needs besides its batch. `is_released`: rows may be sent without a sync-now.

    `excluded` and `metadata_only` are the sessions with such a policy; `disclosures` are the lines,
    as `(start, end)`, that disclosed secrets. `windows_root` is the drive that the transcript's
    folder is named after. `is_compared`: what is before the batch in its file is as it was read.
    """

    now_ms: int
    host: Redacted[str]
    is_released: bool = True
    excluded: frozenset[str] = field(default_factory=frozenset)
    metadata_only: frozenset[str] = field(default_factory=frozenset)
    disclosures: frozenset[tuple[int, int]] = field(default_factory=frozenset)
    windows_root: str | None = None
    is_compared: bool = True


def ingest(
    database: Database, batch: Redacted[Batch], checkpoint: Checkpoint, context: IngestContext
) -> Ingested:
    """Commit a batch and the checkpoint after it. Raises StateError; then nothing changed."""
    (ingested,) = ingest_all(database, [(batch, checkpoint, context)])
    return ingested


def ingest_all(
    database: Database,
    batches: Iterable[tuple[Redacted[Batch], Checkpoint, IngestContext]],
    *,
    waits_for_disk: bool = True,
) -> list[Ingested]:
    """Commit batches, each with the checkpoint after it, in one transaction.

    `waits_for_disk` as in `Database.write`. Raises StateError; then nothing changed.
    """
    with database.write(waits_for_disk=waits_for_disk) as connection:
        return [
            _ingest(connection, batch.value, checkpoint, context)
            for batch, checkpoint, context in batches
        ]


def _ingest(
    connection: sqlite3.Connection, value: Batch, checkpoint: Checkpoint, context: IngestContext
) -> Ingested:
    transcript_id = _save_checkpoint(
        connection, checkpoint, value.lines, is_compared=context.is_compared
    )
    value = infer_times(
        value,
        before_ms=last_date(connection, transcript_id) if value.start else None,
        # Without any date it would be in no list.
        changed_ms=plausible_ms(checkpoint.mtime_ns // 1_000_000) or context.now_ms,
    )
    touched = _save_rows(connection, value, transcript_id, context)
    # Ranges recorded at or after this start belong to contents that were rewritten since.
    connection.execute(
        "DELETE FROM unreadable WHERE transcript_id = ? AND start >= ?",
        (transcript_id, value.start),
    )
    connection.executemany(
        "INSERT INTO unreadable VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
        " end = excluded.end, reason = excluded.reason",
        [(transcript_id, item.start, item.end, item.reason) for item in value.unreadable],
    )
    connection.execute(
        "DELETE FROM disclosures WHERE path_key = ? AND start >= ?",
        (checkpoint.path_key, value.start),
    )
    connection.executemany(
        "INSERT INTO disclosures VALUES (?, ?, ?)",
        [(checkpoint.path_key, start, end) for start, end in context.disclosures],
    )
    connection.executemany(
        "INSERT INTO line_types VALUES (?, ?) ON CONFLICT DO UPDATE SET"
        " lines = lines + excluded.lines",
        list(value.counted.items()),
    )
    return touched


def _save_rows(
    connection: sqlite3.Connection, batch: Batch, transcript_id: int, context: IngestContext
) -> Ingested:
    session_policy.mark_excluded(
        connection, context.excluded, now_ms=context.now_ms, is_released=context.is_released
    )
    session_policy.mark_metadata_only(connection, context.metadata_only)
    if batch.sidechains:
        batch = subagent_links.assign_sidechains(connection, batch)
    items: tuple[
        Message | Usage | UncountedUsage | Fact | Subagent | AgentLink | SessionObservation
        | QueueOperation, ...,
    ] = (
        *batch.messages, *batch.usages, *batch.uncounted, *batch.facts, *batch.subagents,
        *batch.links, *batch.observations, *batch.queue,
    )  # fmt: skip
    session_ids = {item.session_id for item in items}
    touched = session_ids - session_policy.excluded_among(connection, session_ids)
    messages, calls = changed_calls.take_changed_calls(
        connection, (message for message in batch.messages if message.session_id in touched)
    )
    messages = repeated_calls.without_repeated(connection, messages)
    messages = hook_notices.without_repeated(connection, messages)
    moved_by_roots = _save_windows_roots(connection, batch, context)
    new, moved_by_rows = session_writer.save_observations(
        connection,
        [observation for observation in batch.observations if observation.session_id in touched],
        context.host.value,
    )
    messages = queued_prompts.settle_prompts(
        connection,
        [operation for operation in batch.queue if operation.session_id in touched],
        messages,
        transcript_id=transcript_id,
        is_at_start=batch.start == 0,
    )
    unknown = touched - session_writer.known_among(connection, touched)
    unqueued = unknown | set(new)
    writer = MessageWriter(
        connection,
        now_ms=context.now_ms,
        is_released=context.is_released,
        unqueued=unqueued,
    )
    facts = [fact for fact in batch.facts if fact.session_id in touched]
    session_facts.save_facts(connection, facts)
    noted = {fact.session_id for fact in facts if fact.name in session_facts.LISTED} - unknown
    # Those of excluded sessions too: other sessions may begin in such a worktree.
    moved_by_worktrees = session_projects.save_worktrees(connection, batch.facts)
    moved_by_worktrees |= session_projects.remove_failed_worktrees(connection, batch.messages)
    replaced = _shown_among(connection, moved_by_roots | moved_by_rows | moved_by_worktrees)
    touched |= replaced
    usage_writer.save_cost_states(connection, facts)
    usages = [usage for usage in batch.usages if usage.session_id in touched]
    usage_writer.save_usage(connection, usages)
    usage_writer.complete_searches(connection, usages)
    usage_writer.save_uncounted(
        connection, [item for item in batch.uncounted if item.session_id in touched]
    )
    session_writer.save_models(connection, messages)
    for session_id in replaced | noted | {message.session_id for message in messages}:
        writer.save([_header(connection, session_id)], FileOrder(connection))
    order = FileOrder(connection, transcript_id, is_at_start=batch.start == 0)
    inserted, updated = writer.save(messages, order)
    order.save()
    changed_calls.save_changed_calls(connection, calls, writer)
    withdrawn.mark_withdrawn(connection, messages, writer)
    writer.queue_stored(new)
    titles.save_titles(connection, messages)
    # Which session asked for a response is decided by the messages of all that claim it.
    moved = usage_writer.settle_usage(connection, usages, touched)
    touched |= moved
    copies = CopyMarker(connection, now_ms=context.now_ms, is_released=context.is_released)
    handed_off = hand_offs.mark_hand_offs(connection, facts, new)
    copies.update(messages, batch.start, moved | writer.placed | handed_off)
    for session_id, agent_ids in subagent_calls.save(connection, batch, touched).items():
        if session_id not in unqueued:
            requeue_agents(
                connection, session_id, agent_ids,
                now_ms=context.now_ms, is_released=context.is_released,
            )  # fmt: skip
    touched |= summary_titles.save_summaries(connection, facts, messages)
    touched -= unknown
    session_writer.mark_due(connection, touched, is_released=context.is_released)
    return Ingested(inserted, updated, frozenset(touched))


def _save_windows_roots(
    connection: sqlite3.Connection, batch: Batch, context: IngestContext
) -> set[str]:
    cwds = {observation.cwd for observation in batch.observations if observation.cwd}
    roots = {root for cwd in cwds if (root := find_windows_root(cwd))}
    if context.windows_root:
        roots.add(context.windows_root)
    return session_projects.save_windows_roots(connection, roots)


def _shown_among(connection: sqlite3.Connection, session_ids: set[str]) -> set[str]:
    """Return which sessions have messages, and so a header, and are not excluded."""
    query = "SELECT 1 FROM messages WHERE session_id = ? LIMIT 1"
    return {
        session_id
        for session_id in session_ids - session_policy.excluded_among(connection, session_ids)
        if connection.execute(query, (session_id,)).fetchone()
    }


def _save_checkpoint(
    connection: sqlite3.Connection, checkpoint: Checkpoint, lines: int, *, is_compared: bool
) -> int:
    fingerprint = checkpoint.fingerprint
    (transcript_id,) = connection.execute(
        "INSERT INTO transcripts (path_key, stream, session_id, agent_id, shown_path, offset,"
        " device, inode, head, marker, prefix, size, mtime_ns, lines, problem)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (path_key) DO UPDATE SET offset = excluded.offset,"
        " device = excluded.device, inode = excluded.inode, head = excluded.head,"
        " marker = excluded.marker, prefix = excluded.prefix, size = excluded.size,"
        " mtime_ns = excluded.mtime_ns,"
        " restarts = restarts + (excluded.offset < offset), lines = lines + excluded.lines,"
        " problem = excluded.problem, missing_since_ms = NULL RETURNING id",
        (
            checkpoint.path_key,
            checkpoint.stream.name,
            checkpoint.stream.session_id,
            checkpoint.stream.agent_id,
            checkpoint.shown_path,
            checkpoint.offset,
            fingerprint.device,
            fingerprint.inode,
            fingerprint.head,
            fingerprint.marker,
            fingerprint.prefix,
            checkpoint.size,
            # With none, the next start opens the file, and has it compared: see `prefix_audit`.
            checkpoint.mtime_ns if is_compared else 0,
            lines,
            checkpoint.problem,
        ),
    ).fetchone()
    return int(transcript_id)


def save_header(
    connection: sqlite3.Connection, session_id: str, *, now_ms: int, is_released: bool
) -> None:
    """Update a known session's header message; inside a transaction in progress."""
    writer = MessageWriter(connection, now_ms=now_ms, is_released=is_released)
    writer.save([_header(connection, session_id)], FileOrder(connection))


def _header(connection: sqlite3.Connection, session_id: str) -> Message:
    """Return the session's header: a `system` message with what the backend has no field for."""
    text, started_ms = session_writer.header_text(connection, session_id)
    return Message(
        id=f"{session_id}:session",
        session_id=session_id,
        agent_id=None,
        uuid="session",
        parent_uuid=None,
        start=0,
        end=0,
        role="system",
        kind="session",
        timestamp_ms=started_ms,
        model=None,
        usage_id=None,
        parts=(Part("text", text),),
    )

"""The client's queue of what is typed while Claude works; in the ingest transaction.

The queue of a transcript is kept between batches: what enters it may be read long before the row
that says how it left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from ccsync_watch.model import Message, Part
from ccsync_watch.store.packed_texts import unpack
from ccsync_watch.store.prompt_sources import words_of_message

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from ccsync_watch.model import JsonValue, QueueOperation


@dataclass(slots=True)
class WaitingPrompt:
    """What is in the queue. `prompt` is None where the row does not have its words.

    `is_dequeued`: it left the queue to become a row of its own, which was not read yet.
    """

    session_id: str
    start: int
    key: str
    prompt: Message | None
    is_dequeued: bool = False


class PromptQueue:
    """The queue of one transcript; `save` it at the end of the batch."""

    def __init__(self, connection: sqlite3.Connection, transcript_id: int) -> None:
        self._connection = connection
        self._transcript_id = transcript_id
        self._entries = list(_load(connection, transcript_id))
        self._is_changed = False

    def enqueue(self, operation: QueueOperation) -> None:
        """Add what a row adds; reports of tasks are left out."""
        prompt = operation.prompts[0] if operation.prompts else None
        is_known = any(
            entry.key == operation.key and entry.session_id == operation.session_id
            for entry in self._entries
        )
        if not is_known and (prompt is not None or operation.is_blank):
            self._add(operation, prompt)

    def take(self, operation: QueueOperation) -> WaitingPrompt | None:
        """Remove what a row means, None if that is not known."""
        entry = self._find(operation)
        if entry is not None:
            self._remove(entry)
        return entry

    def clear(self, session_id: str) -> None:
        """Remove all that waits."""
        for entry in self._in_queue(session_id):
            self._remove(entry)

    def dequeue(self, operation: QueueOperation) -> None:
        """Expect a row of its own for what left the queue."""
        entry = self._find(operation)
        if entry is None and operation.is_blank:
            entry = self._add(operation, None)
        if entry is not None:
            entry.is_dequeued = self._is_changed = True

    def take_for_row(self, row: Message) -> tuple[bool, bool]:
        """Remove what became a prompt's row; return whether it was in the queue.

        The second value says whether something else left the queue, of which nothing is known.
        """
        dequeued = self._dequeued(row.session_id)
        words = words_of_message(row)
        expected = _first_with(dequeued, words)
        waiting = expected or _first_with(self._in_queue(row.session_id), words)
        if waiting is not None:
            self._remove(waiting)
            if expected is None and dequeued:
                # Another one than the oldest left the queue.
                dequeued[0].is_dequeued = False
            return True, False
        if not dequeued:
            return False, False
        # The client writes some prompts in another form, such as commands.
        self._remove(dequeued[0])
        return dequeued[0].prompt is not None, dequeued[0].prompt is None

    def take_report(self, session_id: str) -> None:
        """Remove a task's report, which was what left the queue: what was taken for it waits."""
        dequeued = self._dequeued(session_id)
        if dequeued and dequeued[0].prompt is None:
            self._remove(dequeued[0])
        elif dequeued:
            dequeued[0].is_dequeued = False
            self._is_changed = True

    def save(self) -> None:
        """Write the queue as it is now."""
        if not self._is_changed:
            return
        forget_queue(self._connection, self._transcript_id)
        self._connection.executemany(
            "INSERT INTO waiting_prompts VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    self._transcript_id,
                    number,
                    entry.start,
                    entry.session_id,
                    entry.key,
                    entry.is_dequeued,
                    entry.prompt and entry.prompt.timestamp_ms,
                    entry.prompt and _encode(entry.prompt),
                )
                for number, entry in enumerate(self._entries)
            ],
        )

    def _add(self, operation: QueueOperation, prompt: Message | None) -> WaitingPrompt:
        entry = WaitingPrompt(operation.session_id, operation.start, operation.key, prompt)
        self._entries.append(entry)
        self._is_changed = True
        return entry

    def _remove(self, entry: WaitingPrompt) -> None:
        self._entries.remove(entry)
        self._is_changed = True

    def _in_queue(self, session_id: str) -> list[WaitingPrompt]:
        return [
            entry
            for entry in self._entries
            if entry.session_id == session_id and not entry.is_dequeued
        ]

    def _dequeued(self, session_id: str) -> list[WaitingPrompt]:
        return [
            entry for entry in self._entries if entry.session_id == session_id and entry.is_dequeued
        ]

    def _find(self, operation: QueueOperation) -> WaitingPrompt | None:
        """Return what a row means: by its id or its words, the oldest if it has none.

        Reports of tasks are queued too, but only leave the queue when no prompt waits.
        """
        entries = self._in_queue(operation.session_id)
        if operation.command_id:
            named = [entry for entry in entries if _id_of(entry) == operation.command_id]
            entries = named or [entry for entry in entries if _id_of(entry) is None]
        if operation.is_blank:
            return entries[0] if entries else None
        if not operation.prompts:
            return None
        entries += self._dequeued(operation.session_id)
        return _first_with(entries, words_of_message(operation.prompts[0]))


def _id_of(entry: WaitingPrompt) -> JsonValue:
    """Return the client's id of what is in the queue, None if its row has none."""
    return entry.prompt.facts.get("command_id") if entry.prompt else None


def forget_queue(connection: sqlite3.Connection, transcript_id: int) -> None:
    """Remove the queue of a transcript, which is read again from its start."""
    connection.execute("DELETE FROM waiting_prompts WHERE transcript_id = ?", (transcript_id,))


def has_waiting(connection: sqlite3.Connection, transcript_id: int) -> bool:
    """Return whether anything is in the queue of a transcript."""
    query = "SELECT 1 FROM waiting_prompts WHERE transcript_id = ? LIMIT 1"
    return connection.execute(query, (transcript_id,)).fetchone() is not None


def load_unanswered(
    connection: sqlite3.Connection, transcript_id: int, session_id: str, before: int
) -> list[Message]:
    """Return the prompts of a session since its last answer before an offset of a transcript."""
    rows = connection.execute(
        "SELECT seq, uuid, start, timestamp_ms, facts FROM messages m"
        " WHERE transcript_id = ?1 AND session_id = ?2 AND agent_id IS NULL AND start < ?3"
        " AND kind = 'prompt' AND start > coalesce((SELECT max(n.start) FROM messages n"
        "   WHERE n.transcript_id = ?1 AND n.session_id = ?2 AND n.agent_id IS NULL"
        "   AND n.kind = 'answer' AND n.start < ?3), -1) ORDER BY start",
        (transcript_id, session_id, before),
    ).fetchall()
    query = "SELECT kind, content FROM parts WHERE message_seq = ? ORDER BY position"
    unanswered = []
    for seq, uuid, start, timestamp_ms, facts in rows:
        parts = connection.execute(query, (seq,)).fetchall()
        prompt = _prompt(
            session_id,
            uuid,
            start=start,
            timestamp_ms=timestamp_ms,
            parts=tuple(Part(kind, orjson.loads(unpack(content))) for kind, content in parts),
            facts=orjson.loads(facts),
        )
        unanswered.append(prompt)
    return unanswered


def _first_with(entries: Sequence[WaitingPrompt], words: bytes) -> WaitingPrompt | None:
    return next(
        (item for item in entries if item.prompt and words_of_message(item.prompt) == words), None
    )


def _load(connection: sqlite3.Connection, transcript_id: int) -> Iterator[WaitingPrompt]:
    rows = connection.execute(
        "SELECT session_id, start, key, is_dequeued, timestamp_ms, prompt FROM waiting_prompts"
        " WHERE transcript_id = ? ORDER BY number",
        (transcript_id,),
    )
    for session_id, start, key, is_dequeued, timestamp_ms, text in rows:
        prompt = _decode(session_id, key, start, timestamp_ms, text) if text else None
        yield WaitingPrompt(session_id, start, key, prompt, bool(is_dequeued))


def _encode(prompt: Message) -> str:
    parts = [[part.kind, part.content, part.styles] for part in prompt.parts]
    return orjson.dumps({"parts": parts, "facts": prompt.facts}).decode()


def _decode(session_id: str, key: str, start: int, timestamp_ms: int | None, text: str) -> Message:
    values = orjson.loads(text)
    return _prompt(
        session_id,
        key,
        start=start,
        timestamp_ms=timestamp_ms,
        parts=tuple(
            Part(kind, content, styles=tuple(map(tuple, styles)))
            for kind, content, styles in values["parts"]
        ),
        facts=values["facts"],
    )


def _prompt(
    session_id: str,
    uuid: str,
    *,
    start: int,
    timestamp_ms: int | None,
    parts: tuple[Part, ...],
    facts: dict[str, JsonValue],
) -> Message:
    return Message(
        id=f"{session_id}:{uuid}",
        session_id=session_id,
        agent_id=None,
        uuid=uuid,
        parent_uuid=None,
        start=start,
        end=start,
        role="user",
        kind="prompt",
        timestamp_ms=timestamp_ms,
        model=None,
        usage_id=None,
        parts=parts,
        facts=facts,
    )

"""Prompts typed while Claude worked, each stored once; in the ingest transaction.

Clients write one into their queue, and, some of them, also as an attachment, as a row of its own or
into a tool's result: in any order, and maybe in different batches.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ccsync_watch.model import Message
from ccsync_watch.store.prompt_queue import (
    PromptQueue,
    forget_queue,
    has_waiting,
    load_unanswered,
)
from ccsync_watch.store.prompt_sources import PromptSources, words_of_message
from ccsync_watch.store.session_writer import known_among
from ccsync_watch.transcripts.mid_turn_texts import IN_RESULT

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from ccsync_watch.model import QueueOperation
    from ccsync_watch.store.prompt_sources import RowKind

_ROW_KINDS = frozenset({"prompt", "command", "plan"})


def settle_prompts(
    connection: sqlite3.Connection,
    queue: Sequence[QueueOperation],
    messages: list[Message],
    *,
    transcript_id: int,
    is_at_start: bool,
) -> list[Message]:
    """Return the messages to store: with prompts of the queue, without rows that repeat one."""
    if is_at_start:
        forget_queue(connection, transcript_id)
    session_ids = {message.session_id for message in messages}
    session_ids.update(operation.session_id for operation in queue)
    if not (
        queue
        or any("queued" in message.facts for message in messages)
        or has_waiting(connection, transcript_id)
        or PromptSources(connection).has_any(session_ids)
    ):
        return messages
    settling = _Settling(connection, transcript_id, known_among(connection, session_ids))
    return settling.settle(queue, messages)


class _Settling:
    """Goes through one batch in the order of its file."""

    def __init__(
        self, connection: sqlite3.Connection, transcript_id: int, session_ids: set[str]
    ) -> None:
        self._connection = connection
        self._transcript_id = transcript_id
        # What is queued before a session is known is its first prompt, which has a row of its own.
        self._session_ids = session_ids
        self._queue = PromptQueue(connection, transcript_id)
        self._sources = PromptSources(connection)
        self._messages: dict[str, Message] = {}
        # The prompts since the last answer, by session.
        self._since_answer: dict[str, list[Message]] = {}
        self._start = 0

    def settle(self, queue: Sequence[QueueOperation], messages: list[Message]) -> list[Message]:
        """Return the messages to store, in the order of the file."""
        rows: list[Message | QueueOperation] = [*messages, *queue]
        for row in sorted(rows, key=lambda row: row.start):
            self._start = row.start
            if not isinstance(row, Message):
                if row.session_id in self._session_ids:
                    self._apply(row)
            elif row.agent_id is None and row.facts.get("queued"):
                self._add(row, "result" if row.facts["queued"] == IN_RESULT else "attachment")
            elif row.agent_id is None and row.kind in _ROW_KINDS and row.role == "user":
                self._add_row(row)
            else:
                self._pass(row)
        self._queue.save()
        return list(self._messages.values())

    def _pass(self, message: Message) -> None:
        """Keep a message that is not a prompt."""
        self._messages[message.id] = message
        if message.agent_id is not None:
            return
        if message.kind == "answer":
            self._since_answer[message.session_id] = []
        elif message.kind == "notification":
            self._queue.take_report(message.session_id)

    def _apply(self, operation: QueueOperation) -> None:
        """Change the queue as one of its rows says."""
        if operation.operation == "enqueue":
            self._queue.enqueue(operation)
        elif operation.operation == "deliver":
            self._deliver(operation)
        elif operation.operation == "dequeue":
            self._queue.dequeue(operation)
        else:
            self._drop(operation)

    def _drop(self, operation: QueueOperation) -> None:
        """Remove what Claude never got; without its words, or in other ones, all that waits."""
        entry = None if operation.is_all and operation.is_blank else self._queue.take(operation)
        if operation.is_all and entry is None:
            self._queue.clear(operation.session_id)

    def _deliver(self, operation: QueueOperation) -> None:
        """Add the prompt that Claude got at this place, unless other rows hold it."""
        entry = self._queue.take(operation)
        prompt = entry.prompt if entry else next(iter(operation.prompts), None)
        if prompt is None:
            return
        session_id = operation.session_id
        known = [self._sources.message_of(session_id, key) for key in (prompt.uuid, operation.key)]
        uuid = (
            next(filter(None, known), None)
            or self._sources.find(prompt, "queue", operation.command_id)
            or self._said_now(prompt)
            or prompt.uuid
        )
        for source in (prompt.uuid, operation.key):
            self._sources.link(prompt, source, "queue", uuid, operation.command_id)
        if uuid == prompt.uuid and not self._sources.has_better(session_id, uuid, "queue"):
            at_ms = operation.timestamp_ms or prompt.timestamp_ms
            start, end = operation.start, operation.end
            self._keep(replace(prompt, start=start, end=end, timestamp_ms=at_ms))

    def _add(self, message: Message, kind: RowKind, uuid: str | None = None) -> None:
        """Add what a row holds of a queued prompt: as its own, or to the message `uuid`."""
        session_id, command_id = message.session_id, _command_of(message)
        uuid = (
            self._sources.message_of(session_id, message.uuid)
            or uuid
            or self._sources.find(message, kind, command_id)
            or message.uuid
        )
        self._sources.link(message, message.uuid, kind, uuid, command_id)
        if self._sources.has_better(session_id, uuid, kind):
            return
        message_id = f"{session_id}:{uuid}"
        if message_id == message.id:
            self._keep(message)
            return
        # What stands for a prompt has its place already.
        place = self._messages.get(message_id, message)
        start, end = place.start, place.end
        self._messages[message_id] = replace(
            message, id=message_id, uuid=uuid, start=start, end=end
        )

    def _add_row(self, message: Message) -> None:
        """Add a prompt that has a row of its own, unless it was taken for a delivered one."""
        if self._sources.message_of(message.session_id, message.uuid):
            self._add(message, "row")
            return
        was_queued, is_unexplained = self._queue.take_for_row(message)
        uuid = None if was_queued else self._sources.find_unconfirmed(message)
        if uuid is not None and not is_unexplained:
            unanswered = self._unanswered(message.session_id)
            uuid = uuid if uuid in {said.uuid for said in unanswered} else None
        if uuid is not None:
            self._add(message, "row", uuid)
            return
        self._messages[message.id] = message
        self._unanswered(message.session_id).append(message)

    def _keep(self, message: Message) -> None:
        self._messages[message.id] = message
        self._unanswered(message.session_id).append(message)

    def _said_now(self, prompt: Message) -> str | None:
        """Return the row of an equal prompt to which nothing was answered yet."""
        words = words_of_message(prompt)
        for said in self._unanswered(prompt.session_id):
            if words_of_message(said) == words and not said.facts.get("queued"):
                self._sources.link(said, said.uuid, "row", said.uuid, None)
                return said.uuid
        return None

    def _unanswered(self, session_id: str) -> list[Message]:
        """Return the prompts of a session to which nothing was answered yet."""
        if session_id not in self._since_answer:
            self._since_answer[session_id] = load_unanswered(
                self._connection, self._transcript_id, session_id, self._start
            )
        return self._since_answer[session_id]


def _command_of(message: Message) -> str | None:
    command_id = message.facts.get("command_id")
    return command_id if isinstance(command_id, str) else None

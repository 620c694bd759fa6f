"""Of each message whether it has left this machine: when and where to, or why not.

A message that is in the outbox has not arrived, as far as this store knows. Every other one of a
session that was sent has; the ledger says by which request, since its entries name their messages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from ccsync_watch.store.conversations import conversation_name
from ccsync_watch.store.id_keys import key_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ccsync_watch.outgoing import StoredMessage
    from ccsync_watch.store.database import Database

UploadKind: TypeAlias = Literal["sent", "waiting", "held", "unconfirmed", "rejected", "local"]


@dataclass(frozen=True, slots=True)
class UploadState:
    """What is known of one message's upload.

    `sent`: the backend has acknowledged it. `waiting`: it is to be sent. `held`: it is sent when
    somebody asks for it. `unconfirmed`: it may have arrived, and is sent again. `rejected`: the
    backend never accepts it, for that `reason`. `local`: it is not to be sent. `at_ms` and `host`
    are None where they are not known.
    """

    kind: UploadKind
    host: str | None = None
    at_ms: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class SessionUpload:
    """The messages of a session by their state, and when and where to it was last sent.

    `waiting` are without those that are `held`.
    """

    sent: int
    waiting: int
    held: int
    rejected: int
    host: str | None
    at_ms: int | None


@dataclass(frozen=True, slots=True)
class RejectedMessage:
    """A message that the backend never accepts."""

    name: str
    agent_id: str | None
    kind: str
    timestamp_ms: int | None
    reason: str


def was_sent(database: Database, session_id: str) -> bool:
    """Return whether any request of a session was sent, whatever became of it."""
    query = "SELECT 1 FROM ledger WHERE session_id = ? LIMIT 1"
    return database.read().execute(query, (session_id,)).fetchone() is not None


def document_id(database: Database, session_id: str) -> str | None:
    """Return the id that a session has at the present destination, None where it is not known."""
    query = "SELECT document_id FROM remote WHERE session_id = ? AND ack_ms IS NOT NULL"
    row = database.read().execute(query, (session_id,)).fetchone()
    return row[0] if row else None


def session_upload(database: Database, session_id: str) -> SessionUpload:
    """Return how much of a session has left this machine."""
    read = database.read()
    messages, pending, held, rejected = read.execute(
        "SELECT messages, pending, held, rejected FROM session_counts WHERE session_id = ?",
        (session_id,),
    ).fetchone() or (0, 0, 0, 0)
    host, at_ms = read.execute(
        "SELECT host, at_ms FROM ledger WHERE session_id = ? AND is_acked ORDER BY id DESC LIMIT 1",
        (session_id,),
    ).fetchone() or (None, None)
    # The header of a session is a row of the outbox, and not a message.
    (headers,) = read.execute(
        "SELECT count(*) FROM outbox o JOIN compact_messages m USING (seq)"  # noqa: S608 - a constant
        f" WHERE o.session_key = {key_of('?')} AND m.kind = 'session'",
        (session_id,),
    ).fetchone()
    outstanding = max(0, pending + rejected - headers)
    sent = max(0, messages - outstanding) if host is not None else 0
    return SessionUpload(sent, pending - held, held, rejected, host, at_ms)


def upload_states(
    database: Database, session_id: str, messages: Sequence[StoredMessage]
) -> dict[int, UploadState]:
    """Return the states of some messages of a session, by their numbers."""
    if not messages:
        return {}
    read = database.read()
    first, last = messages[0].seq, messages[-1].seq
    queued = {
        row["seq"]: row
        for row in read.execute(
            "SELECT seq, is_certain, is_released, rejected FROM outbox"  # noqa: S608 - a constant
            f" WHERE session_key = {key_of('?')} AND seq BETWEEN ? AND ?",
            (session_id, first, last),
        )
    }
    requests = read.execute(
        "SELECT at_ms, host, first_seq, last_seq FROM ledger"
        " WHERE session_id = ? AND is_acked AND kind = 'messages' ORDER BY id",
        (session_id,),
    ).fetchall()
    sent = UploadState("sent", requests[-1]["host"] if requests else None)
    states: dict[int, UploadState] = {}
    for request in requests:
        if request["first_seq"] is None or request["first_seq"] > last:
            continue
        state = UploadState("sent", request["host"], request["at_ms"])
        for message in messages:
            if request["first_seq"] <= message.seq <= request["last_seq"]:
                states[message.seq] = state
    for message in messages:
        row = queued.get(message.seq)
        if row is not None:
            states[message.seq] = _queued_state(
                row["rejected"], is_released=row["is_released"], is_certain=row["is_certain"]
            )
        elif message.seq not in states:
            states[message.seq] = sent if requests else UploadState("local")
    return states


def _queued_state(reason: str | None, *, is_released: bool, is_certain: bool) -> UploadState:
    if reason is not None:
        return UploadState("rejected", reason=reason)
    if not is_certain:
        return UploadState("unconfirmed")
    return UploadState("waiting" if is_released else "held")


def rejected_messages(database: Database, session_id: str, limit: int) -> list[RejectedMessage]:
    """Return messages of a session that the backend never accepts, in their order."""
    rows = database.read().execute(
        "SELECT m.id, m.agent_id, m.kind, m.timestamp_ms, o.rejected FROM outbox o"  # noqa: S608 - a constant
        f" JOIN messages m USING (seq) WHERE o.session_key = {key_of('?')}"
        " AND o.rejected IS NOT NULL ORDER BY o.seq LIMIT ?",
        (session_id, limit),
    )
    return [
        RejectedMessage(conversation_name(row[0], session_id, row[1]), *row[1:]) for row in rows
    ]

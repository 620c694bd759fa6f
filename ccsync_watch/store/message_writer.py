"""Write messages and their parts in the ingest transaction; queue each new or changed one.

A message that is read again (a copy of the file, a re-read after a rewrite) changes nothing unless
its content changed; then it is sent again by the path that can send twice without harm.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import orjson

from ccsync_watch.outgoing import PRUNED
from ccsync_watch.store.id_keys import save_ids, uuid_key
from ccsync_watch.store.id_queries import select_among
from ccsync_watch.store.packed_texts import pack_json
from ccsync_watch.store.requeueing import is_pruned, requeue
from ccsync_watch.transcripts.call_ids import is_own

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Mapping

    from ccsync_watch.model import Message, Part
    from ccsync_watch.store.file_order import FileOrder

# The facts that the store adds to those of a row, see `withdrawn` and `pruned_texts`.
_ADDED_FACTS = frozenset({"withdrawn", PRUNED})


class _Stored(NamedTuple):
    """A stored message; `is_elsewhere`: it was read from the transcript of another session."""

    seq: int
    digest: bytes
    is_elsewhere: bool | None
    is_undated: bool
    transcript_id: int
    start: int
    facts: str
    agent_id: str | None


class MessageWriter:
    """Writes messages in one transaction. `is_released`: they may be sent without a sync-now.

    Messages of `unqueued` sessions are queued by `queue_stored`, all at once and in their order,
    when their session begins.
    `placed` are the sessions of messages that were found in their own transcript at last.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        now_ms: int,
        is_released: bool,
        unqueued: Collection[str] = (),
    ) -> None:
        self._connection = connection
        self._unqueued = unqueued
        self._now_ms = now_ms
        self._is_released = is_released
        self.placed: set[str] = set()

    def save(self, messages: Iterable[Message], order: FileOrder) -> tuple[int, int]:
        """Save messages of one file in its order; return how many are new, and how many changed."""
        latest = {message.id: message for message in messages}
        known = _known(self._connection, latest)
        next_seq = _next_seq(self._connection)
        keys = save_ids(self._connection, _ids_of(latest.values()))
        new: list[tuple[int, Message]] = []
        rows: list[tuple[object, ...]] = []
        parts: list[tuple[object, ...]] = []
        updated = 0
        for message in latest.values():
            encoded = [(part.kind, orjson.dumps(part.content)) for part in message.parts]
            digest = content_digest(message.role, message.kind, encoded)
            dated_ms = order.next_date(message.timestamp_ms)
            stored = known.get(message.id)
            if stored is None:
                message_seq, next_seq = next_seq, next_seq + 1
                order.last_seq = message_seq
                new.append((message_seq, message))
                rows.append(
                    _message_row(message, message_seq, order.transcript_id, dated_ms, digest, keys)
                )
            else:
                message_seq = stored.seq
                is_found = stored.is_elsewhere and order.session_id == message.session_id
                is_same_row = (stored.transcript_id, stored.start) == (
                    order.transcript_id,
                    message.start,
                )
                if is_found or (is_same_row and stored.seq < order.last_seq):
                    message_seq, next_seq = next_seq, next_seq + 1
                    self._place(stored.seq, message_seq, message, order.transcript_id, dated_ms)
                if is_found:
                    self.placed.add(message.session_id)
                if is_found or is_same_row:
                    order.last_seq = max(order.last_seq, message_seq)
                if is_same_row and stored.agent_id != message.agent_id:
                    # A migration that knew only what follows what took it for a subagent's.
                    self._connection.execute(
                        "UPDATE compact_messages SET agent_id = ? WHERE seq = ?",
                        (message.agent_id, message_seq),
                    )
                # Whatever the text of a pruned one is now: it does not come back.
                is_gone = is_pruned(stored.facts)
                is_dated_now = (
                    stored.is_undated and message.timestamp_ms is not None and not is_gone
                )
                if is_dated_now:
                    self._date(message_seq, message, dated_ms)
                if is_gone or (stored.digest == digest and not is_dated_now):
                    self._save_facts(message_seq, message, stored.facts)
                    self._save_call_ids(message_seq, message)
                    continue
                updated += 1
                self.queue_again(message_seq, message.session_id)
                if stored.digest == digest:
                    continue
                self._replace(message_seq, message, digest)
            parts.extend(
                _part_row(message_seq, position, part, content)
                for position, (part, (_, content)) in enumerate(
                    zip(message.parts, encoded, strict=True)
                )
            )
        self._connection.executemany(
            f"INSERT INTO compact_messages VALUES (?{', ?' * 16})",  # noqa: S608 - question marks only
            rows,
        )
        self._connection.executemany("INSERT INTO parts VALUES (?, ?, ?, ?, ?, ?, ?)", parts)
        self._queue(new, keys)
        return len(new), updated

    def _place(
        self, old: int, new: int, message: Message, transcript_id: int, dated_ms: int | None
    ) -> None:
        """Give a message its place in its session's own transcript, behind all others.

        Some clients left the source's id in rows that a fork copied: if the fork is read first,
        they are stored before the others of their session, and as rows of the fork's transcript.
        When a file is read again by a version that understands more of its rows, those that follow
        one that is new are put behind it.
        """
        self._connection.execute(
            "UPDATE compact_messages SET seq = ?, transcript_id = ?, start = ?, dated_ms = ?"
            " WHERE seq = ?",
            (new, transcript_id, message.start, dated_ms, old),
        )
        tables = (("parts", "message_seq"), ("outbox", "seq"), ("earlier_outbox", "seq"))
        for table, column in tables:
            self._connection.execute(
                f"UPDATE {table} SET {column} = ? WHERE {column} = ?",  # noqa: S608 - constants
                (new, old),
            )
        self._connection.execute(
            "UPDATE compact_usage SET carrier_seq = ?1 WHERE carrier_seq = ?2"
            " AND key = (SELECT usage_key FROM compact_messages WHERE seq = ?1)",
            (new, old),
        )
        self._connection.execute(
            "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'compact_messages'",
            (new,),
        )

    def queue_stored(self, session_ids: Iterable[str]) -> None:
        """Queue the messages that were stored before their sessions began."""
        self._connection.executemany(
            "INSERT OR IGNORE INTO outbox (seq, session_key, is_certain, is_released)"
            " SELECT seq, session_key, 1, ? FROM messages WHERE session_id = ?",
            [(self._is_released, session_id) for session_id in sorted(session_ids)],
        )

    def _queue(self, new: list[tuple[int, Message]], keys: Mapping[str, int]) -> None:
        self._connection.executemany(
            "INSERT INTO outbox (seq, session_key, is_certain, is_released) VALUES (?, ?, 1, ?)",
            [
                (seq, keys[message.session_id], self._is_released)
                for seq, message in new
                if message.session_id not in self._unqueued
            ],
        )
        # The tokens of a response are sent with the first of its messages.
        self._connection.executemany(
            "UPDATE compact_usage SET carrier_seq = ? WHERE key = ? AND session_key = ?"
            " AND carrier_seq IS NULL",
            [
                (seq, keys[message.usage_id], keys[message.session_id])
                for seq, message in new
                if message.usage_id
            ],
        )

    def _date(self, seq: int, message: Message, dated_ms: int | None) -> None:
        """Date a message that had no readable time until now."""
        self._connection.execute(
            "UPDATE compact_messages SET timestamp_ms = ?, dated_ms = ?, facts = ? WHERE seq = ?",
            (message.timestamp_ms, dated_ms, orjson.dumps(message.facts).decode(), seq),
        )

    def _replace(self, seq: int, message: Message, digest: bytes) -> None:
        """Delete a message's parts; the caller writes the new ones."""
        self._connection.execute(
            "UPDATE compact_messages SET role = ?, kind = ?, facts = ?, digest = ? WHERE seq = ?",
            (message.role, message.kind, orjson.dumps(message.facts).decode(), digest, seq),
        )
        self._connection.execute("DELETE FROM parts WHERE message_seq = ?", (seq,))

    def _save_facts(self, seq: int, message: Message, stored: str) -> None:
        """Save what is now understood of a row whose content is the same."""
        facts = orjson.loads(stored)
        merged = {**message.facts, **{name: facts[name] for name in _ADDED_FACTS & facts.keys()}}
        if merged != facts:
            self._connection.execute(
                "UPDATE compact_messages SET facts = ? WHERE seq = ?",
                (orjson.dumps(merged).decode(), seq),
            )

    def _save_call_ids(self, seq: int, message: Message) -> None:
        """Save the own ids of calls whose rows an earlier version stored as gateways number them.

        They are not part of a message's digest: what was sent has none.
        """
        self._connection.executemany(
            "UPDATE parts SET tool_use_id = ?1 WHERE message_seq = ?2 AND position = ?3"
            " AND kind = ?4 AND tool_use_id <> ?1",
            [
                (part.tool_use_id, seq, position, part.kind)
                for position, part in enumerate(message.parts)
                if is_own(part.tool_use_id)
            ],
        )

    def queue_again(self, seq: int, session_id: str) -> None:
        """Queue a stored message whose content changed, unless its session did not begin yet."""
        if session_id in self._unqueued:
            return
        requeue(
            self._connection,
            seq,
            session_id,
            now_ms=self._now_ms,
            is_released=self._is_released,
        )


def content_digest(role: str, kind: str, parts: Iterable[tuple[str, bytes]]) -> bytes:
    """Return a hash that changes with a message's role, kind or parts, each a kind and its JSON."""
    digest = hashlib.blake2b(f"{role}\0{kind}".encode(), digest_size=16)
    for name, content in parts:
        digest.update(f"\0{name}\0".encode())
        digest.update(content)
    return digest.digest()


def _known(connection: sqlite3.Connection, messages: Mapping[str, Message]) -> dict[str, _Stored]:
    uuids: defaultdict[str, list[str | bytes | None]] = defaultdict(list)
    for message in messages.values():
        uuids[message.session_id].append(uuid_key(message.uuid))
    known: dict[str, _Stored] = {}
    for session_id, keys in uuids.items():
        row = connection.execute("SELECT key FROM ids WHERE id = ?", (session_id,)).fetchone()
        if row is None:
            continue
        # Of most sessions of a first import nothing but the header is stored.
        first = connection.execute(
            "SELECT uuid_key FROM compact_messages WHERE session_key = ? LIMIT 2", row
        ).fetchall()
        wanted = keys if len(first) > 1 else [row["uuid_key"] for row in first]
        query = (
            "SELECT m.id, m.seq, m.digest, m.agent_id IS NULL AND t.session_id <> m.session_id,"
            " m.timestamp_ms IS NULL, m.transcript_id, m.start, m.facts, m.agent_id"
            " FROM messages m LEFT JOIN transcripts t ON t.id = m.transcript_id"
            " WHERE m.session_key = ? AND m.uuid_key IN ({ids})"
        )
        for stored in select_among(connection, query, wanted, row[0]):
            if stored[0] in messages:
                known[stored[0]] = _Stored(*stored[1:])
    return known


def _ids_of(messages: Iterable[Message]) -> set[str]:
    """Return the ids of messages that are stored once and have keys."""
    return {
        name
        for message in messages
        for name in (message.session_id, message.model, message.usage_id)
        if name is not None
    }


def _next_seq(connection: sqlite3.Connection) -> int:
    row = connection.execute(
        "SELECT seq FROM sqlite_sequence WHERE name = 'compact_messages'"
    ).fetchone()
    return (row[0] if row else 0) + 1


def _part_row(message_seq: int, position: int, part: Part, content: bytes) -> tuple[object, ...]:
    styles = orjson.dumps(part.styles).decode() if part.styles else None
    names = (part.kind, part.tool_use_id, part.tool_name)
    return (message_seq, position, *names, pack_json(content), styles)


def _own_id(message: Message) -> str | int | None:
    """Return what the table has of a message's id."""
    if message.id == f"{message.session_id}:{message.uuid}":
        return None
    is_agents = message.id == f"{message.session_id}:{message.agent_id}:{message.uuid}"
    return 1 if is_agents and message.agent_id is not None else message.id


def _message_row(
    message: Message,
    seq: int,
    transcript_id: int,
    dated_ms: int | None,
    digest: bytes,
    keys: Mapping[str, int],
) -> tuple[object, ...]:
    return (
        seq,
        keys[message.session_id],
        message.agent_id,
        _own_id(message),
        uuid_key(message.uuid),
        uuid_key(message.parent_uuid),
        transcript_id,
        message.start,
        message.role,
        message.kind,
        message.timestamp_ms,
        dated_ms,
        None if message.model is None else keys[message.model],
        None if message.usage_id is None else keys[message.usage_id],
        message.is_inherited,
        orjson.dumps(message.facts).decode() if message.facts else "{}",
        digest,
    )

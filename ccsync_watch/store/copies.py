"""Mark the rows that a session copied from another one; in the ingest transaction.

A resume of older clients and every fork begin with the rows of another session. Newer clients mark
the answers among them, older ones none. The owner of a response decides: up to the last answer that
is another session's, before the first of its own, everything in a transcript is a copy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.store.id_keys import has_id, key_of
from ccsync_watch.store.id_queries import select_among
from ccsync_watch.store.requeueing import MARKED_UNSENT, requeue
from ccsync_watch.store.response_rows import RECORD_KEYS
from ccsync_watch.store.row_holders import find_holders, is_elsewhere, is_shared
from ccsync_watch.store.subagent_links import SIDECHAIN_PREFIX

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from ccsync_watch.model import Message

# A client that gave copies new ids wrote all of them within this time.
_COPY_MS = 1000
_SAID = ("prompt", "command")
# The values of `is_inherited` in rows that say it themselves, and in rows that do not: the latter
# may be taken back, and of some (`MARKED_UNSENT`) it is certain that they were never sent.
_MARKED_BY_CLIENT = 1
_MARKED_HERE = 2
# The row that a title names, in the session `?1`.
_IS_LEAF = has_id("json_extract(value, '$.leaf')", "?1")


class CopyMarker:
    """Marks copies in one transaction. `is_released`: rows may be sent without a sync-now."""

    def __init__(self, connection: sqlite3.Connection, *, now_ms: int, is_released: bool) -> None:
        self._connection = connection
        self._now_ms = now_ms
        self._is_released = is_released
        self._answers: dict[str, set[tuple[str, bytes]]] = {}
        self._contents: dict[str, set[tuple[str, bytes]]] = {}

    def update(self, messages: Sequence[Message], start: int, moved: Iterable[str]) -> None:
        """Mark copies in the sessions of new messages and of those whose responses moved.

        `start` is where the new messages' batch starts in its file.
        """
        pending = set(moved)
        first_messages: dict[str, Message] = {}
        for message in messages:
            first_messages.setdefault(message.session_id, message)
        copied = self._with_copied_answers(messages)
        for session_id, message in first_messages.items():
            if (
                session_id in copied
                or start == 0
                or not self._has_own_response(session_id)
                or self._is_behind(message)
            ):
                pending.add(session_id)
        pending |= self._copiers_of(messages)
        done: set[str] = set()
        while pending:
            session_id = min(pending)
            pending.discard(session_id)
            done.add(session_id)
            pending |= self._mark_session(session_id) - done

    def _with_copied_answers(self, messages: Sequence[Message]) -> set[str]:
        """Return the sessions of answers that are another session's responses."""
        answers = [(message.usage_id, message.session_id) for message in messages]
        ids = sorted({usage_id for usage_id, _session_id in answers if usage_id})
        query = "SELECT id, session_id FROM usage WHERE id IN ({ids})"
        owners = {row[0]: row[1] for row in select_among(self._connection, query, ids)}
        return {
            session_id
            for usage_id, session_id in answers
            if usage_id and owners.get(usage_id, session_id) != session_id
        }

    def _copiers_of(self, messages: Sequence[Message]) -> set[str]:
        """Return other sessions that have these rows: forks, or sharers of one of its responses."""
        query = (
            "SELECT 1 FROM contested WHERE session_id = ?1"
            " UNION ALL SELECT 1 FROM sessions WHERE forked_from = ?1 LIMIT 1"
        )
        shared = {
            session_id
            for session_id in {message.session_id for message in messages}
            if self._connection.execute(query, (session_id,)).fetchone()
        }
        return {
            holder
            for message in messages
            if message.session_id in shared
            for holder in find_holders(self._connection, message.uuid)
            if holder != message.session_id
        }

    def _has_own_response(self, session_id: str) -> bool:
        query = "SELECT 1 FROM usage WHERE session_id = ? AND agent_id IS NULL LIMIT 1"
        return self._connection.execute(query, (session_id,)).fetchone() is not None

    def _is_behind(self, message: Message) -> bool:
        """Return whether a row is stored before one that follows it in the file: a re-read."""
        query = (
            "SELECT (SELECT n.start FROM compact_messages n WHERE n.session_key = m.session_key"
            "  AND n.transcript_id = m.transcript_id AND n.seq < m.seq"
            "  ORDER BY n.seq DESC LIMIT 1) > m.start"
            " FROM messages m WHERE m.uuid_key = uuid_key(?2) AND m.id = ?1 AND m.session_id = ?3"
        )
        values = (message.id, message.uuid, message.session_id)
        row = self._connection.execute(query, values).fetchone()
        return bool(row and row[0])

    def _mark_session(self, session_id: str) -> set[str]:
        """Mark a session's copies; return the sessions that may have copied from it."""
        rows = self._connection.execute(
            "SELECT m.seq, m.uuid, m.agent_id, m.kind, m.transcript_id, m.start, m.timestamp_ms,"  # noqa: S608 - a constant
            " m.digest, m.is_inherited, m.usage_id, o.id AS owner, s.forked_from,"
            " iif(u.key IS NULL, NULL, coalesce(u.counted_in, m.usage_id)) AS response_id"
            " FROM messages m JOIN sessions s ON s.id = m.session_id"
            " LEFT JOIN compact_usage u ON u.key = m.usage_key"
            " LEFT JOIN ids o ON o.key = u.session_key"
            " WHERE m.session_id = ? AND m.kind <> 'session'"
            # Not a mark: SQLite would compile the statement again for each value.
            f" AND (m.agent_id IS NULL OR m.agent_id LIKE '{SIDECHAIN_PREFIX}%')"
            " ORDER BY m.transcript_id, m.start, m.seq",
            (session_id,),
        ).fetchall()
        copiers: set[str] = set()
        copied: set[int] = set()
        for transcript_id in sorted({row["transcript_id"] for row in rows}):
            prefix = [row for row in rows if row["transcript_id"] == transcript_id]
            copied |= self._copied_rows(session_id, prefix, copiers)
        is_marked = bool(rows and rows[0]["forked_from"])
        self._save(session_id, rows, copied, is_marked=is_marked)
        for row in rows:
            if row["seq"] in copied and not row["is_inherited"] and row["kind"] != "answer":
                copiers |= self._without_original(row["uuid"])
        return copiers - {session_id}

    def _without_original(self, uuid: str) -> set[str]:
        """Return the sessions that have a row, if it is marked in every one: one of them is wrong.

        While a fork's first answer was not read, its first prompt could be the original.
        """
        query = (
            "SELECT 1 FROM compact_messages WHERE uuid_key = uuid_key(?) AND NOT is_inherited"
            " LIMIT 1"
        )
        has_original = self._connection.execute(query, (uuid,)).fetchone()
        return set() if has_original else set(find_holders(self._connection, uuid))

    def _copied_rows(
        self, session_id: str, rows: Sequence[sqlite3.Row], copiers: set[str]
    ) -> set[int]:
        """Return the copies at the start of one transcript; add who copied from it."""
        last = -1
        end = len(rows)
        for index, row in enumerate(rows):
            if row["agent_id"] is None and row["kind"] == "answer" and row["owner"]:
                is_copy = row["is_inherited"] == _MARKED_BY_CLIENT or self._is_in(row["owner"], row)
                if row["owner"] == session_id or not is_copy:
                    end = index
                    break
                last = index
        copied = {row["seq"] for row in self._said_before(session_id, rows[: last + 1])}
        following = self._following(session_id, rows[last]) if last >= 0 else []
        owner = rows[last]["owner"] if last >= 0 else None
        response_id = rows[end]["response_id"] if end < len(rows) else None
        for row in rows[last + 1 : end]:
            original = self._original(session_id, row, owner, response_id)
            if original == session_id:
                copiers.update(find_holders(self._connection, row["uuid"]))
            elif original is not None:
                copied.add(row["seq"])
                continue
            source = following.pop(0) if following else None
            is_answered = end < len(rows) and row is rows[end - 1]
            if source is None or is_answered or not _is_copy_of(row, source, rows[last]):
                break
            copied.add(row["seq"])
        copiers.discard(session_id)
        return copied

    def _is_in(self, owner: str, row: sqlite3.Row) -> bool:
        """Return whether the owner of an answer's response has the answer: by its id or its words.

        An id that a gateway gave twice proves nothing, and all other answers must be sent.
        """
        query = f"SELECT 1 FROM compact_messages WHERE {has_id('?', '?')}"  # noqa: S608 - a constant
        if self._connection.execute(query, (row["uuid"], owner)).fetchone():
            return True
        if owner not in self._answers:
            answers = self._connection.execute(
                "SELECT coalesce(u.counted_in, u.id), m.digest FROM messages m"
                " JOIN usage u ON u.key = m.usage_key"
                " WHERE m.session_id = ? AND m.kind = 'answer'",
                (owner,),
            )
            self._answers[owner] = set(map(tuple, answers))
        return (row["response_id"], row["digest"]) in self._answers[owner]

    def _said_before(self, session_id: str, rows: Sequence[sqlite3.Row]) -> list[sqlite3.Row]:
        """Return the rows before a copied answer that are copies.

        Whatever ids a gateway gives: what a person said nowhere else is sent.
        """
        if rows and rows[0]["forked_from"]:
            return list(rows)
        owners = sorted({row["owner"] for row in rows if row["owner"]} - {session_id})
        return [
            row
            for row in rows
            if row["kind"] not in _SAID
            or is_elsewhere(self._connection, session_id, row["uuid"])
            or any((row["kind"], row["digest"]) in self._said_in(owner) for owner in owners)
        ]

    def _said_in(self, session_id: str) -> set[tuple[str, bytes]]:
        if session_id not in self._contents:
            rows = self._connection.execute(
                "SELECT kind, digest FROM messages WHERE session_id = ? AND kind IN (?, ?)",
                (session_id, *_SAID),
            )
            self._contents[session_id] = set(map(tuple, rows))
        return self._contents[session_id]

    def _original(
        self, session_id: str, row: sqlite3.Row, owner: str | None, response_id: str | None
    ) -> str | None:
        """Return the session in which a row is not a copy; None if only one has it.

        `owner` is that of the answer before the row, `response_id` is the answer after it.
        """
        if self._is_in_parent(row):
            return str(row["forked_from"])
        holders = find_holders(self._connection, row["uuid"])
        if len(holders) < 2:  # noqa: PLR2004 - a copy needs an original
            return None
        forks = {
            name: self._connection.execute(
                "SELECT forked_from FROM sessions WHERE id = ?", (name,)
            ).fetchone()
            for name in holders
        }
        if owner not in holders and is_shared(
            self._connection, response_id, holders.keys() - {session_id}
        ):
            owner = session_id

        def rank(name: str) -> tuple[bool, bool, float, str]:
            source = forks[name]
            at_ms = holders[name]
            is_fork = bool(source and source[0] in holders)
            return is_fork, name != owner, at_ms if at_ms is not None else 9e18, name

        return min(holders, key=rank) if session_id in holders else None

    def _is_in_parent(self, row: sqlite3.Row) -> bool:
        query = f"SELECT 1 FROM compact_messages WHERE {has_id('?', '?')}"  # noqa: S608 - a constant
        copied = (row["uuid"], row["forked_from"])
        return self._connection.execute(query, copied).fetchone() is not None

    def _following(self, session_id: str, last: sqlite3.Row) -> list[sqlite3.Row]:
        """Return the rows that follow a copied answer where it was copied from, until the copy.

        None if it was answered by then, as the copy would have the answer too, or if the client
        kept the ids of what it copied.
        """
        if is_elsewhere(self._connection, session_id, last["uuid"]):
            return []
        rows = self._connection.execute(
            "SELECT m.kind, m.digest FROM messages m WHERE m.session_id = ?2 AND m.agent_id IS NULL"  # noqa: S608 - a constant
            " AND m.kind <> 'session' AND m.timestamp_ms <= ?3"
            " AND m.start > (SELECT max(n.start) FROM compact_messages n"
            f"   WHERE n.session_key = m.session_key AND n.usage_key IN ({RECORD_KEYS}))"
            " ORDER BY m.start LIMIT 20",
            (last["response_id"], last["owner"], last["timestamp_ms"]),
        ).fetchall()
        return [] if any(row["kind"] == "answer" for row in rows) else rows

    def _save(
        self, session_id: str, rows: Sequence[sqlite3.Row], copied: set[int], *, is_marked: bool
    ) -> None:
        new = [(row["seq"],) for row in rows if row["seq"] in copied and not row["is_inherited"]]
        self._connection.executemany(
            "UPDATE compact_messages SET is_inherited = iif(?2 AND EXISTS"
            " (SELECT 1 FROM outbox WHERE seq = ?1 AND is_certain), ?3, ?4) WHERE seq = ?1",
            [(*seq, not is_marked, MARKED_UNSENT, _MARKED_HERE) for seq in new],
        )
        if new:
            # Older clients' title of a copied row is that of the session that has the original.
            self._connection.execute(
                "DELETE FROM session_facts WHERE session_id = ?1 AND name = 'summary' AND EXISTS"  # noqa: S608 - a constant
                f" (SELECT 1 FROM compact_messages WHERE is_inherited AND {_IS_LEAF})",
                (session_id,),
            )
        if not is_marked:
            # What is certainly not sent yet is sent once: in the session that it was copied from.
            self._connection.executemany("DELETE FROM outbox WHERE seq = ? AND is_certain", new)
        for row in rows:
            if row["is_inherited"] > _MARKED_BY_CLIENT and row["seq"] not in copied:
                self._release(session_id, row)

    def _release(self, session_id: str, row: sqlite3.Row) -> None:
        """Queue a row that turned out not to be a copy."""
        seq = row["seq"]
        self._connection.execute(
            "UPDATE compact_messages SET is_inherited = 0 WHERE seq = ?", (seq,)
        )
        if row["is_inherited"] == MARKED_UNSENT:
            self._connection.execute(
                "INSERT OR IGNORE INTO outbox (seq, session_key, is_certain, is_released)"  # noqa: S608 - a constant
                f" VALUES (?, {key_of('?')}, 1, ?)",
                (seq, session_id, self._is_released),
            )
            return
        now_ms, is_released = self._now_ms, self._is_released
        requeue(self._connection, seq, session_id, now_ms=now_ms, is_released=is_released)


def _is_copy_of(row: sqlite3.Row, source: sqlite3.Row, last: sqlite3.Row) -> bool:
    """Return whether a row, written with its predecessor, says what the source's row says."""
    at_ms, last_ms = row["timestamp_ms"], last["timestamp_ms"]
    is_together = at_ms is not None and last_ms is not None and abs(at_ms - last_ms) <= _COPY_MS
    is_same = (row["kind"], row["digest"]) == (source["kind"], source["digest"])
    return is_together and is_same

"""Combine the records of one response whose rows do not say enough, in the ingest transaction.

`Usage.id` differs between rows with other request ids or other prompt tokens: gateways give one
message id to responses of many requests. But a row may have no request id, or, written early, no
prompt tokens yet: then it counts as a part of the response that it fits. Where a row has nothing
but a gateway's message id, it is a record of its own, and its place in the conversation says with
which others it forms a response (`combine_rows`). A record that counts in another has that one's id
in `counted_in`; views leave it out.
"""

from __future__ import annotations

from bisect import bisect
from collections import defaultdict
from typing import TYPE_CHECKING

import orjson

from ccsync_watch.store.id_keys import key_of, uuid_key
from ccsync_watch.store.response_records import SEVERAL, Record, find_targets
from ccsync_watch.store.turns import STARTERS
from ccsync_watch.transcripts.usage import ROW_MARK

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Sequence

    from ccsync_watch.model import Usage

RECORDS_OF_RESPONSE = (
    "SELECT ?1 UNION ALL SELECT k.id FROM compact_usage c JOIN ids k ON k.key = c.key"
    " WHERE c.counted_in = ?1"
)
"""The records of the response that counts as `?1`: its own, earlier states, and those of copies."""
RECORD_KEYS = (
    "SELECT key FROM ids WHERE id = ?1"
    " UNION ALL SELECT key FROM compact_usage WHERE counted_in = ?1"
)
"""The keys of the same."""
_KEYS_OF_MESSAGE_ID = (
    "SELECT key FROM ids WHERE id = ?1"
    " UNION ALL SELECT key FROM ids WHERE id > ?1 || '#' AND id < ?1 || '$'"
    " UNION ALL SELECT key FROM compact_usage WHERE typeof(response) = 'text' AND response = ?1"
)
"""The keys of the records of a message id, and perhaps of other ids: no record is left out."""
_OF_MESSAGE_ID = f"u.key IN ({_KEYS_OF_MESSAGE_ID}) AND u.response_id = ?1"

_CHUNK_IDS = 400
_PROMPT = "input_tokens + cache_write_5m_tokens + cache_write_1h_tokens + cache_read_tokens"
_IS_ROW = f"(u.request_id = '' AND substr(u.id, -1) = '{ROW_MARK}')"
# A message's id has its subagent only if its transcript is the subagent's.
_MESSAGE = (
    "{m}.uuid_key = {uuid_key} AND {m}.session_key = r.session_key"
    " AND ({m}.own_id IS NULL OR {m}.own_id = 1 AND {m}.agent_id = r.agent_id)"
)
_ROWS_OF_RESPONSE = (
    "SELECT u.id, u.is_final, u.output_tokens, u.input_tokens + u.cache_write_5m_tokens"  # noqa: S608 - constants
    " + u.cache_write_1h_tokens + u.cache_read_tokens AS prompt_tokens, r.agent_id, r.uuid,"
    " r.start, m.seq IS NOT NULL AS is_stored, uuid_text(m.parent_key) AS parent_uuid,"
    " uuid_text(t.parent_key) AS call_uuid"
    " FROM usage u JOIN usage_rows r ON r.usage_key = u.key"
    f" LEFT JOIN compact_messages m ON {_MESSAGE.format(m='m', uuid_key='r.uuid_key')}"
    f" LEFT JOIN compact_messages t ON {_MESSAGE.format(m='t', uuid_key='m.parent_key')}"
    "   AND t.kind = 'tool_result'"
    f" WHERE {_OF_MESSAGE_ID} AND r.session_id = ?2 AND substr(u.id, -1) = '{ROW_MARK}'"
    " ORDER BY r.agent_id, r.start"
)


def combine(connection: sqlite3.Connection, usages: Iterable[Usage]) -> set[str]:
    """Combine the records of these message ids; return the records whose owner must be decided.

    A gateway may give the responses of thousands of sessions one id: of a record that is a response
    of its own, as it was before, nothing is written again.
    """
    new_ids = {usage.id for usage in usages}
    response_ids = {usage.response_id or usage.id for usage in usages}
    changed: set[str] = set()
    for response_id in _uncertain_ids(connection, sorted(response_ids)):
        rows = connection.execute(
            f"SELECT id, request_id, {_PROMPT}, is_final, output_tokens, counted_in"  # noqa: S608 - constants
            f" FROM usage u WHERE {_OF_MESSAGE_ID} AND NOT {_IS_ROW}",
            (response_id,),
        ).fetchall()
        records = [Record(row[0], row[1], row[2], (row[3], row[4])) for row in rows]
        settled = {row[0] for row in rows if row[5] is None}
        settled -= new_ids.union(row[5] for row in rows)
        changed |= _combine_records(connection, records, settled)
    return changed


def combine_rows(connection: sqlite3.Connection, usages: Sequence[Usage]) -> set[str]:
    """Combine the records that stand for one row; return those whose owner must be decided.

    The blocks of a response follow each other: each row is the child of the one before, or of the
    result of its call, and once one is final, all are. What a prompt separates is another response.
    A row without a message, such as thinking that is not stored, follows the one before it.
    """
    changed: set[str] = set()
    new_ids = {usage.id for usage in usages}
    responses = {
        (usage.response_id, usage.row_session_id) for usage in usages if usage.id.endswith(ROW_MARK)
    }
    for response_id, session_id in sorted(responses):
        records: dict[str, Record] = {}
        chains: dict[str, str] = {}
        links: list[tuple[str, str]] = []
        rows = connection.execute(_ROWS_OF_RESPONSE, (response_id, session_id)).fetchall()
        record_ids = {(row["agent_id"], row["uuid"]): row["id"] for row in rows}
        asked = _prompts_before(connection, session_id, rows)
        latest: tuple[str, int] | None = None
        latest_id = ""
        for row, turn in zip(rows, asked, strict=True):
            records[row["id"]] = Record(
                row["id"], "", row["prompt_tokens"], (row["is_final"], row["output_tokens"])
            )
            before = (
                record_ids.get((row["agent_id"], row["parent_uuid"]))
                or record_ids.get((row["agent_id"], row["call_uuid"]))
                if row["is_stored"]
                else latest_id * (turn == latest)
            )
            latest, latest_id = turn, row["id"]
            if before:
                links.append((row["id"], before))
        for usage_id, before in links:
            if records[before].may_continue_in(records[usage_id]):
                _join(chains, usage_id, before)
        members: defaultdict[str, list[Record]] = defaultdict(list)
        for usage_id, record in records.items():
            members[_first(chains, usage_id)].append(record)
        for response in members.values():
            # A gateway may give thousands of responses one id, most of which nothing can change.
            if any(record.id in new_ids for record in response):
                changed |= _combine_records(connection, response)
    return changed


def _prompts_before(
    connection: sqlite3.Connection, session_id: str, rows: Sequence[sqlite3.Row]
) -> list[tuple[str, int]]:
    """Return in which turn of which transcript each row stands, where a row has no message."""
    if all(row["is_stored"] for row in rows):
        return [(row["agent_id"], 0) for row in rows]
    starts: defaultdict[str, list[int]] = defaultdict(list)
    for agent_id, start in connection.execute(
        "SELECT coalesce(agent_id, ''), start FROM messages WHERE session_id = ?"  # noqa: S608 - a constant
        f" AND kind IN {STARTERS} ORDER BY start",
        (session_id,),
    ):
        starts[agent_id].append(start)
    return [(row["agent_id"], bisect(starts[row["agent_id"]], row["start"])) for row in rows]


def _combine_records(
    connection: sqlite3.Connection, records: Sequence[Record], settled: Collection[str] = ()
) -> set[str]:
    """Save which of some records form one response; return those that count.

    `settled` are known to count: where one of them is a response of its own, nothing changes.
    """
    members: defaultdict[str, list[Record]] = defaultdict(list)
    targets = find_targets(records)
    for record in records:
        members[targets[record.id]].append(record)
    _save_unclear(connection, members.pop(SEVERAL, []))
    changed: set[str] = set()
    for response in members.values():
        if len(response) == 1 and response[0].id in settled:
            continue
        counted = max(response, key=lambda record: record.rank)
        _save_members(connection, counted, response)
        changed.add(counted.id)
    return changed


def _first(chains: dict[str, str], name: str) -> str:
    while name in chains:
        name = chains[name]
    return name


def _join(chains: dict[str, str], one: str, other: str) -> None:
    first, last = sorted((_first(chains, one), _first(chains, other)))
    if first != last:
        chains[last] = first


def replace_older_records(connection: sqlite3.Connection, usages: Sequence[Usage]) -> None:
    """Remove what an earlier version stored of the same rows.

    That version kept one record for each message id. It goes when all of its rows were read again.
    """
    for start in range(0, len(usages), _CHUNK_IDS):
        response_ids = {usage.response_id for usage in usages[start : start + _CHUNK_IDS]}
        query = (
            "SELECT id FROM usage WHERE request_id IS NULL AND id IN"  # noqa: S608 - question marks only
            f" ({','.join('?' * len(response_ids))})"
        )
        old = {row[0] for row in connection.execute(query, sorted(response_ids))}
        for usage in usages if old else ():
            if usage.response_id in old:
                _replace_row(connection, usage)
        for usage_id in sorted(old):
            query = "SELECT 1 FROM usage_rows WHERE usage_id = ? LIMIT 1"
            if connection.execute(query, (usage_id,)).fetchone() is None:
                query = f"DELETE FROM compact_usage WHERE key = {key_of('?')}"  # noqa: S608 - a constant
                connection.execute(query, (usage_id,))
                connection.execute("DELETE FROM contested WHERE usage_id = ?", (usage_id,))


def _replace_row(connection: sqlite3.Connection, usage: Usage) -> None:
    """Give a row that was read again to its new record, and the record its first message."""
    agent = f"{usage.agent_id}:" if usage.agent_id else ""
    message_id = f"{usage.row_session_id}:{agent}{usage.uuid}"
    connection.execute(
        f"DELETE FROM compact_usage_rows WHERE usage_key = {key_of('?')}"  # noqa: S608 - a constant
        f" AND session_key = {key_of('?')} AND uuid_key = ?",
        (usage.response_id, usage.row_session_id, uuid_key(usage.uuid)),
    )
    ids = (message_id, usage.uuid, usage.row_session_id)
    row = connection.execute(
        "SELECT seq, usage_id FROM messages WHERE id = ? AND uuid_key = uuid_key(?)"
        " AND session_id = ?",
        ids,
    ).fetchone()
    if row is None or row["usage_id"] not in {usage.id, usage.response_id}:
        return
    connection.execute(
        f"UPDATE compact_messages SET usage_key = {key_of('?')} WHERE seq = ?",  # noqa: S608 - a constant
        (usage.id, row["seq"]),
    )
    connection.execute(
        f"UPDATE compact_usage SET carrier_seq = ? WHERE key = {key_of('?')}"  # noqa: S608 - constants
        f" AND session_key = {key_of('?')} AND carrier_seq IS NULL",
        (row["seq"], usage.id, usage.row_session_id),
    )


def _save_unclear(connection: sqlite3.Connection, records: list[Record]) -> None:
    """Save that some records count in no response, the same way in any order of reading."""
    for record in records:
        connection.execute(
            "UPDATE compact_usage SET counted_in = ?1, agent_id = NULL, carrier_seq = NULL,"  # noqa: S608 - a constant
            " session_key = coalesce((SELECT owner_key FROM usage_rows"
            "   WHERE usage_key = compact_usage.key ORDER BY owner LIMIT 1), session_key),"
            " timestamp_ms = (SELECT min(timestamp_ms) FROM compact_usage_rows"
            f"   WHERE usage_key = compact_usage.key) WHERE key = {key_of('?2')}",
            (SEVERAL, record.id),
        )
        connection.execute("DELETE FROM contested WHERE usage_id = ?", (record.id,))


def _save_members(connection: sqlite3.Connection, counted: Record, response: list[Record]) -> None:
    ids = [record.id for record in response]
    marks = ",".join("?" * len(ids))
    connection.execute(
        f"UPDATE compact_usage SET counted_in = iif(key = {key_of('?')}, NULL, ?),"  # noqa: S608 - question marks only
        " timestamp_ms = coalesce((SELECT min(timestamp_ms) FROM compact_usage_rows"
        f"  WHERE usage_key IN (SELECT key FROM ids WHERE id IN ({marks}))), timestamp_ms)"
        f" WHERE key IN (SELECT key FROM ids WHERE id IN ({marks}))",
        (counted.id, counted.id, *ids, *ids),
    )
    connection.executemany(
        "DELETE FROM contested WHERE usage_id = ?",
        [(record.id,) for record in response if record is not counted],
    )


def _uncertain_ids(connection: sqlite3.Connection, response_ids: list[str]) -> list[str]:
    """Return the message ids with several records, some of which could be parts of another.

    Most have one record: the keys alone say so, at a small part of the cost.
    """
    query = (
        "SELECT w.value FROM json_each(?) w WHERE"  # noqa: S608 - constants
        f" (SELECT count(*) > 1 FROM ({_KEYS_OF_MESSAGE_ID.replace('?1', 'w.value')} LIMIT 2))"
        " AND (SELECT count(*) > 1"
        f" AND (min({_PROMPT}) = 0 OR max(request_id IS NULL)"
        "   OR (min(request_id) = '' AND max(request_id) > '')"
        "   OR min(is_final) < max(is_final) OR max(counted_in IS NOT NULL))"
        f" FROM usage u WHERE {_OF_MESSAGE_ID.replace('?1', 'w.value')} AND NOT {_IS_ROW})"
    )
    rows = connection.execute(query, (orjson.dumps(response_ids).decode(),))
    return [row[0] for row in rows.fetchall()]

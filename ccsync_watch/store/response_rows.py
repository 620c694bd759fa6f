"""Combine the records of one response whose rows do not say enough, in the ingest transaction.

`Usage.id` differs between rows with other request ids or other prompt tokens: gateways give one
message id to responses of many requests. Without a request id it also differs between transcripts,
and between the ends of responses. But a row may be a copy of another one, have no request id, or,
written early, no prompt tokens yet: then it counts as a part of the response that it fits. A record
that counts in another has that one's id in `counted_in`; views leave it out.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.store.subagent_links import SIDECHAIN_PREFIX

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from ccsync_watch.model import Usage

_CHUNK_IDS = 400
_SEVERAL = ""
_UUID_CHARS = 36
_PROMPT = "input_tokens + cache_write_5m_tokens + cache_write_1h_tokens + cache_read_tokens"


class Record(NamedTuple):
    """A row of `usage`; `request_id` is None if an earlier version stored it, which kept none.

    `state` is whether the response had ended, and its output. `uuids` are those of the rows that
    report it, `places` the transcripts in which they are.
    """

    id: str
    request_id: str | None
    prompt_tokens: int
    state: tuple[int, int]
    counted_in: str | None = None
    places: frozenset[str] = frozenset()
    uuids: frozenset[str] = frozenset()

    @property
    def rank(self) -> tuple[bool, bool, tuple[int, int], str]:
        """Of the records of a response the greatest counts."""
        return self.request_id is not None, self.prompt_tokens > 0, self.state, self.id

    @property
    def is_complete(self) -> bool:
        """Whether it is certainly not an earlier state of a response that others report."""
        if self.request_id:
            return self.prompt_tokens > 0
        return (
            self.request_id == "" and self.state[0] > 0 and self.prompt_tokens + self.state[1] > 0
        )


def find_targets(records: Sequence[Record]) -> dict[str, str]:
    """Return, by id, the record with which each record of a message id forms one response; pure.

    A record that is certainly a response of its own is its own target. One that fits several
    responses has the target `_SEVERAL`: it counts in none, as each of them has a later state.
    """
    targets = {
        record.id: record.id for record in records if record.request_id and record.is_complete
    }
    unnamed = [record for record in records if record.request_id == ""]
    groups = _merge_copies(unnamed)
    groups += [
        [record] for record in records if record.request_id != "" and record.id not in targets
    ]
    for group in sorted(groups, key=_search_order):
        fitting = {targets[other.id] for other in _fitting(group, records, targets)}
        least = min(record.id for record in group)
        target = least if not fitting else min(fitting) if len(fitting) == 1 else _SEVERAL
        targets.update((record.id, target) for record in group)
    return targets


def _merge_copies(records: Sequence[Record]) -> list[list[Record]]:
    """Return groups of records of the same rows: a copy of a row has its uuid.

    The oldest clients gave copies new ones. But an id that only one response has identifies it.
    """
    complete = [record for record in records if record.is_complete] or records
    is_unique = len({(record.prompt_tokens, record.state[1]) for record in complete}) == 1
    unique = {record.id for record in complete if is_unique}
    groups: dict[str, list[Record]] = {}
    labels: dict[str, str] = {}
    for record in sorted(records):
        names = {*record.uuids, *({""} if record.id in unique else ())}
        earlier = sorted({labels[name] for name in names if name in labels})
        group = [record, *(member for label in earlier for member in groups.pop(label))]
        groups[record.id] = group
        labels.update(dict.fromkeys(names, record.id))
        labels.update((uuid, record.id) for member in group for uuid in member.uuids)
    return list(groups.values())


def combine(connection: sqlite3.Connection, response_ids: Iterable[str]) -> set[str]:
    """Combine the records of some message ids; return the records whose owner must be decided."""
    changed: set[str] = set()
    for response_id in _uncertain_ids(connection, sorted(response_ids)):
        records = _load_records(connection, response_id)
        members: defaultdict[str, list[Record]] = defaultdict(list)
        targets = find_targets(records)
        for record in records:
            members[targets[record.id]].append(record)
        unclear = members.pop(_SEVERAL, [])
        responses = [
            (max(response, key=lambda record: record.rank), response)
            for response in members.values()
        ]
        counted_in = {
            record.id: counted.id if record is not counted else None
            for counted, response in responses
            for record in response
        } | {record.id: _SEVERAL for record in unclear}
        is_same = all(record.counted_in == counted_in[record.id] for record in records)
        _save_unclear(connection, unclear)
        for counted, response in responses:
            # A gateway may give thousands of responses one id, most of which nothing can change.
            if len(response) > 1 or not is_same:
                _save_members(connection, counted, response)
                changed.add(counted.id)
    return changed


def _load_records(connection: sqlite3.Connection, response_id: str) -> list[Record]:
    places: defaultdict[str, set[str]] = defaultdict(set)
    uuids: defaultdict[str, set[str]] = defaultdict(set)
    for usage_id, session_id, agent_id, uuid in connection.execute(
        "SELECT usage_id, session_id, agent_id, uuid FROM usage_rows WHERE usage_id IN"
        " (SELECT id FROM usage WHERE response_id = ?)",
        (response_id,),
    ):
        # A sidechain's rows are in the session's own transcript.
        file_agent = "" if agent_id.startswith(SIDECHAIN_PREFIX) else agent_id
        places[usage_id].add(f"{session_id}:{file_agent}")
        if len(uuid) == _UUID_CHARS:
            uuids[usage_id].add(uuid)
    return [
        Record(
            row[0], row[1], row[2], (row[3], row[4]), row[5],
            frozenset(places[row[0]]), frozenset(uuids[row[0]]),
        )
        for row in connection.execute(
            f"SELECT id, request_id, {_PROMPT}, is_final, output_tokens, counted_in"  # noqa: S608 - a constant
            " FROM usage WHERE response_id = ?",
            (response_id,),
        )
    ]  # fmt: skip


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
                connection.execute("DELETE FROM usage WHERE id = ?", (usage_id,))
                connection.execute("DELETE FROM contested WHERE usage_id = ?", (usage_id,))


def _replace_row(connection: sqlite3.Connection, usage: Usage) -> None:
    """Give a row that was read again to its new record, and the record its first message."""
    agent = f"{usage.agent_id}:" if usage.agent_id else ""
    message_id = f"{usage.row_session_id}:{agent}{usage.uuid}"
    connection.execute(
        "DELETE FROM usage_rows WHERE usage_id = ? AND session_id = ? AND uuid = ?",
        (usage.response_id, usage.row_session_id, usage.uuid),
    )
    connection.execute(
        "UPDATE messages SET usage_id = ? WHERE id = ? AND usage_id = ?",
        (usage.id, message_id, usage.response_id),
    )
    connection.execute(
        "UPDATE usage SET carrier = ?1 WHERE id = ?2 AND session_id = ?3 AND carrier IS NULL"
        " AND EXISTS (SELECT 1 FROM messages WHERE id = ?1 AND usage_id = ?2)",
        (message_id, usage.id, usage.row_session_id),
    )


def _search_order(group: Sequence[Record]) -> tuple[bool, bool, bool, str]:
    """Return the order of groups: what is complete first, old records last."""
    is_complete = any(record.is_complete for record in group)
    first = min(group)
    return not is_complete, first.request_id is None, not first.request_id, first.id


def _fitting(
    group: Sequence[Record], records: Sequence[Record], targets: dict[str, str]
) -> list[Record]:
    """Return the records of which those of an uncertain group may be earlier states or copies."""
    record = max(group, key=lambda member: member.rank)
    places = frozenset().union(*(member.places for member in group))
    known = [other for other in records if targets.get(other.id, _SEVERAL) != _SEVERAL]
    if record.request_id is None:
        with_prompt = [other for other in known if other.prompt_tokens]
        same = [other for other in known if other.prompt_tokens == record.prompt_tokens]
        return same if record.prompt_tokens else with_prompt or known
    near = [other for other in known if not places.isdisjoint(other.places)]
    with_prompt = [other for other in near if other.prompt_tokens]
    if record.request_id:
        same = [other for other in known if other.request_id == record.request_id]
        unnamed = [other for other in with_prompt if targets[other.id] == other.id]
        return same or [other for other in unnamed if not other.request_id]
    if any(member.is_complete for member in group):
        near = [other for other in near if other.request_id]
    if record.prompt_tokens:
        return [other for other in near if other.prompt_tokens == record.prompt_tokens]
    if any(member.is_complete for member in group):
        return []
    return with_prompt or near


def _save_unclear(connection: sqlite3.Connection, records: list[Record]) -> None:
    """Save that some records count in no response, the same way in any order of reading."""
    for record in records:
        connection.execute(
            "UPDATE usage SET counted_in = ?1, agent_id = NULL, carrier = NULL,"
            " session_id = coalesce((SELECT min(owner) FROM usage_rows WHERE usage_id = ?2),"
            "   session_id), timestamp_ms = (SELECT min(timestamp_ms) FROM usage_rows"
            "   WHERE usage_id = ?2) WHERE id = ?2",
            (_SEVERAL, record.id),
        )
        connection.execute("DELETE FROM contested WHERE usage_id = ?", (record.id,))


def _save_members(connection: sqlite3.Connection, counted: Record, response: list[Record]) -> None:
    ids = [record.id for record in response]
    marks = ",".join("?" * len(ids))
    connection.execute(
        "UPDATE usage SET counted_in = iif(id = ?, NULL, ?), timestamp_ms = coalesce("  # noqa: S608 - question marks only
        f"(SELECT min(timestamp_ms) FROM usage_rows WHERE usage_id IN ({marks})), timestamp_ms)"
        f" WHERE id IN ({marks})",
        (counted.id, counted.id, *ids, *ids),
    )
    connection.executemany(
        "DELETE FROM contested WHERE usage_id = ?",
        [(record.id,) for record in response if record is not counted],
    )


def _uncertain_ids(connection: sqlite3.Connection, response_ids: list[str]) -> list[str]:
    """Return the message ids with several records, some of which could be parts of another."""
    uncertain: list[str] = []
    for start in range(0, len(response_ids), _CHUNK_IDS):
        chunk = response_ids[start : start + _CHUNK_IDS]
        query = (
            "SELECT response_id FROM usage WHERE response_id IN"  # noqa: S608 - question marks and a constant
            f" ({','.join('?' * len(chunk))}) GROUP BY response_id HAVING count(*) > 1"
            f" AND (min({_PROMPT}) = 0 OR max(request_id IS NULL)"
            "   OR min(request_id) = '')"
        )
        uncertain += [row[0] for row in connection.execute(query, chunk)]
    return uncertain

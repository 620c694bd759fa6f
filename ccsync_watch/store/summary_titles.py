"""Titles that older clients wrote into other sessions' files; in the ingest transaction.

A `summary` line names a row, its leaf: the session that holds this row gets the title, whichever of
the two is read first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from ccsync_watch.store.id_keys import has_id
from ccsync_watch.store.id_queries import select_among

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from ccsync_watch.model import Fact, Message

# Where the row of a summary stands in the file of the summary's session.
_LEAF = has_id("json_extract({}, '$.leaf')", "session_facts.session_id")
_START = f"(SELECT start FROM compact_messages WHERE {_LEAF})"  # noqa: S608 - a constant


def save_summaries(
    connection: sqlite3.Connection, facts: Iterable[Fact], messages: Iterable[Message]
) -> set[str]:
    """Save the summaries among some facts; return the sessions whose title may have changed.

    Call it when the messages are stored: one of them may be the leaf of an earlier summary.
    """
    summaries = [
        (fact.value["leaf"], fact.value["text"])
        for fact in facts
        if fact.name == "summary" and isinstance(fact.value, dict)
        if isinstance(fact.value.get("leaf"), str)
        and isinstance(fact.value.get("text"), str)
        and fact.value["text"]
    ]
    # Of several texts for one leaf the same one counts in any order.
    connection.executemany(
        "INSERT INTO summaries VALUES (?, ?)"
        " ON CONFLICT DO UPDATE SET text = max(text, excluded.text)",
        summaries,
    )
    leaves = {str(leaf) for leaf, _text in summaries}
    if connection.execute("SELECT 1 FROM summaries LIMIT 1").fetchone():
        leaves |= _leaves_among(connection, [message.uuid for message in messages])
    changed: set[str] = set()
    for leaf in sorted(leaves):
        changed |= _give_title(connection, leaf)
    return changed


def _leaves_among(connection: sqlite3.Connection, uuids: list[str]) -> set[str]:
    query = "SELECT leaf FROM summaries WHERE leaf IN ({ids})"
    return {row[0] for row in select_among(connection, query, uuids)}


def _give_title(connection: sqlite3.Connection, leaf: str) -> set[str]:
    """Give a summary to the sessions that hold its leaf, unless they have one of a later row.

    Clients summarized the chains of subagents too: these are not what the session is about.
    """
    (text,) = connection.execute("SELECT text FROM summaries WHERE leaf = ?", (leaf,)).fetchone()
    value = orjson.dumps({"text": text, "leaf": leaf}).decode()
    changed = connection.execute(
        "INSERT INTO session_facts SELECT m.session_id, 'summary', ? FROM messages m"  # noqa: S608 - constants
        " JOIN sessions s ON s.id = m.session_id AND NOT s.is_excluded AND NOT s.is_metadata_only"
        " WHERE m.uuid_key = uuid_key(?) AND NOT m.is_inherited AND m.agent_id IS NULL"
        " ON CONFLICT DO UPDATE SET value = excluded.value WHERE value <> excluded.value"
        f" AND coalesce({_START.format('excluded.value')}, -1)"
        f" >= coalesce({_START.format('session_facts.value')}, -1)"
        " RETURNING session_id",
        (value, leaf),
    ).fetchall()
    return {row[0] for row in changed}

"""What subagents did and what they said last, for the places where they were called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from ccsync_watch.store.conversations import IS_FAILED
from ccsync_watch.store.packed_texts import unpack

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ccsync_watch.store.database import Database

_MAX_EXCERPT_CHARS = 400


@dataclass(frozen=True, slots=True)
class SubagentWork:
    """How many tools a subagent called, how many calls failed, and how its last words begin."""

    calls: int = 0
    failed_calls: int = 0
    last_words: str = ""


def load_works(
    database: Database, session_id: str, agent_ids: Iterable[str]
) -> dict[str, SubagentWork]:
    """Return what some subagents of a session did, by their ids."""
    read = database.read()
    rows = read.execute(
        # With the LIMIT each text is unpacked once.
        "SELECT agent_id, sum(kind = 'tool-call'), coalesce(sum(failed), 0), max(said) FROM"  # noqa: S608 - constants
        f" (SELECT m.agent_id, p.kind, {IS_FAILED.format(p='p')} AS failed,"
        "   iif(m.kind = 'answer' AND p.kind = 'text', m.seq, NULL) AS said"
        "   FROM messages m JOIN parts p ON p.message_seq = m.seq WHERE m.session_id = ?"
        "   AND m.agent_id IN (SELECT value FROM json_each(?)) LIMIT -1) GROUP BY agent_id",
        (session_id, orjson.dumps(list(agent_ids)).decode()),
    ).fetchall()
    works = {}
    for agent_id, calls, failed, said in rows:
        row = read.execute(
            "SELECT content FROM parts WHERE message_seq = ? AND kind = 'text'"
            " ORDER BY position DESC LIMIT 1",
            (said,),
        ).fetchone()
        works[agent_id] = SubagentWork(calls, failed, _excerpt(unpack(row[0])) if row else "")
    return works


def _excerpt(content: bytes | str) -> str:
    """Return the beginning of a text; nothing of one that is withheld."""
    text = orjson.loads(content)
    if not isinstance(text, str):
        return ""
    is_long = len(text) > _MAX_EXCERPT_CHARS
    return f"{text[:_MAX_EXCERPT_CHARS].rstrip()}…" if is_long else text.strip()

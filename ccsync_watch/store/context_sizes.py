"""How large the context of each response of a session was, and where it was compacted."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from ccsync_watch.store.conversations import conversation_name
from ccsync_watch.store.hand_offs import IS_DRAWN
from ccsync_watch.store.id_keys import key_of
from ccsync_watch.store.stored_messages import CARRIED_USAGE, PROMPT_TOKENS

if TYPE_CHECKING:
    from ccsync_watch.store.database import Database

_COMPACTIONS = ("compaction", "summary")


@dataclass(frozen=True, slots=True)
class ContextSize:
    """The context of a response, or the largest one of several: the tokens sent to the model.

    `name` is that of the response's message in links. `is_after_compaction`: the conversation was
    compacted before it, and after the one before.
    """

    name: str
    tokens: int
    responses: int
    is_after_compaction: bool


def context_sizes(database: Database, session_id: str, *, most: int) -> list[ContextSize]:
    """Return the contexts of a session's main conversation in its order, at most about so many.

    Where there are more responses, each stands for several, none of them across a compaction.
    """
    read = database.read()
    rows = read.execute(
        f"SELECT m.seq, {PROMPT_TOKENS} AS tokens, m.kind IN {_COMPACTIONS} AS is_compaction"  # noqa: S608 - constants
        f" FROM (SELECT *, ?1 AS session_id FROM compact_messages"
        f"  WHERE session_key = {key_of('?1')}) m {CARRIED_USAGE}"
        f" WHERE m.agent_id IS NULL AND {IS_DRAWN}"
        f" AND (u.key IS NOT NULL OR m.kind IN {_COMPACTIONS}) ORDER BY m.seq",
        (session_id,),
    ).fetchall()
    responses = sum(not row["is_compaction"] for row in rows)
    step = -(-responses // most) or 1
    sizes: list[ContextSize] = []
    has_compaction = False
    for is_compaction, group in groupby(rows, key=lambda row: bool(row["is_compaction"])):
        if is_compaction:
            has_compaction = True
            continue
        steps = list(group)
        for start in range(0, len(steps), step):
            chunk = steps[start : start + step]
            largest = max(chunk, key=lambda row: row["tokens"])
            name = read.execute("SELECT id FROM messages WHERE seq = ?", (largest["seq"],))
            sizes.append(
                ContextSize(
                    conversation_name(name.fetchone()[0], session_id, None),
                    largest["tokens"],
                    len(chunk),
                    is_after_compaction=has_compaction and start == 0,
                )
            )
        has_compaction = False
    return sizes

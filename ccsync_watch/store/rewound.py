"""Which messages of a session a person took back, by rewinding the conversation.

Nothing is written when somebody rewinds: the next prompt follows an earlier row than the last, and
everything between the two no longer stands. If it follows none, nothing before it stands; only
clients that say what was typed are believed, since programs exist that write no parents at all.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ccsync_watch.store.database import Database


class RewoundRange(NamedTuple):
    """Messages of the main conversation that no longer stand; `end` is exclusive."""

    start: int
    end: int


def rewound_ranges(database: Database, session_id: str) -> list[RewoundRange]:
    """Return what was taken back in a session, in order; ranges do not overlap."""
    rows = database.read().execute(
        "SELECT m.seq, m.kind, m.parent_key, p.seq AS parent_seq FROM messages m"
        " LEFT JOIN compact_messages p ON p.uuid_key = m.parent_key"
        "  AND p.session_key = m.session_key AND p.own_id IS NULL"
        " WHERE m.session_id = ? AND m.agent_id IS NULL"
        " AND m.kind IN ('prompt', 'command', 'injected')"
        " AND (m.parent_key IS NOT NULL OR m.kind = 'prompt'"
        "  AND json_extract(m.facts, '$.promptSource') = 'typed')"
        " AND json_extract(m.facts, '$.queued') IS NULL"
        " ORDER BY m.seq",
        (session_id,),
    )
    first_of_parent: dict[bytes | str | None, int] = {}
    prompts: list[int] = []
    ranges: list[RewoundRange] = []
    for seq, kind, parent_key, parent_seq in rows:
        # Of two with one parent, the later one replaces the earlier one and what it led to.
        start = first_of_parent.get(parent_key, seq)
        if kind != "injected":
            first_of_parent.setdefault(parent_key, seq)
        if parent_seq is not None:
            after = bisect_right(prompts, parent_seq)
            start = min([start, *prompts[after : after + 1]])
        if start < seq:
            while ranges and ranges[-1].end > start:
                start = min(start, ranges.pop().start)
            ranges.append(RewoundRange(start, seq))
        if kind == "prompt":
            prompts.append(seq)
    return ranges


def is_rewound(ranges: Sequence[RewoundRange], seq: int) -> bool:
    """Return whether a message was taken back."""
    at = bisect_right(ranges, (seq, 1 << 62))
    return at > 0 and seq < ranges[at - 1].end

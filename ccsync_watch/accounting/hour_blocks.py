"""Tokens and cost by blocks of five hours, as the client's limits count them.

A block begins with the full hour of the first response after the last block, and lasts five hours.
When a limit was reached is known only where the client said so in a transcript.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from ccsync_watch.accounting.account import NO_TOKENS, Cost, Tokens
from ccsync_watch.accounting.spreading import cost_of
from ccsync_watch.accounting.usage_groups import load_groups
from ccsync_watch.store.packed_texts import unpack

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.accounting.prices import PriceList
    from ccsync_watch.accounting.spreading import RowSum
    from ccsync_watch.store.database import Database

BLOCK_MS = 5 * 3_600_000
_HOUR_MS = 3_600_000
_LIMIT = re.compile(
    r"\b(?:usage|session|5-hour|weekly|Opus|Sonnet) limit reached\b|\bhit your\b.{0,30}\blimit\b",
    re.IGNORECASE,
)
_MAX_LIMIT_CHARS = 120


@dataclass(slots=True)
class HourBlock:
    """What was used in five hours. `limits`: when a limit was reached, and what the client said."""

    start_ms: int
    responses: int = 0
    tokens: Tokens = NO_TOKENS
    cost: Cost | None = None
    sessions: set[str] = field(default_factory=set)
    limits: list[tuple[int, str]] = field(default_factory=list)

    @property
    def end_ms(self) -> int:
        """When the block ends; what is used then belongs to the next one."""
        return self.start_ms + BLOCK_MS


def load_blocks(
    database: Database,
    prices: PriceList,
    *,
    since_ms: int,
    pace: Callable[[], None] = lambda: None,
) -> list[HourBlock]:
    """Return the blocks since a time, the latest first; costs are those of rows.

    What began before `since_ms` is counted from there on.
    """
    hours: defaultdict[int, list[tuple[str, RowSum]]] = defaultdict(list)
    for group in load_groups(
        database,
        prices,
        f"timestamp_ms / {_HOUR_MS}",
        "session_id",
        condition="timestamp_ms >= ? AND session_id IN"
        " (SELECT id FROM sessions WHERE updated_ms >= ? AND NOT is_excluded)",
        values=(since_ms, since_ms),
        pace=pace,
    ):
        hour, session_id = group.key
        hours[int(hour or 0)].append((str(session_id), group.rows))
    blocks: list[HourBlock] = []
    rows: list[RowSum] = []
    for hour in sorted(hours):
        start_ms = hour * _HOUR_MS
        if not blocks or start_ms >= blocks[-1].end_ms:
            if blocks:
                blocks[-1].cost = cost_of(rows)
            rows = []
            blocks.append(HourBlock(start_ms))
        block = blocks[-1]
        for session_id, row in hours[hour]:
            block.sessions.add(session_id)
            block.responses += row.responses
            block.tokens += row.tokens
            rows.append(row)
    if blocks:
        blocks[-1].cost = cost_of(rows)
    _add_limits(database, blocks, since_ms)
    return blocks[::-1]


def _add_limits(database: Database, blocks: list[HourBlock], since_ms: int) -> None:
    """Add to each block what the client said of limits in it."""
    rows = database.read().execute(
        "SELECT m.timestamp_ms, p.content FROM messages m"
        " JOIN parts p ON p.message_seq = m.seq AND p.kind = 'text'"
        " WHERE m.kind = 'api_error' AND m.role = 'assistant' AND NOT m.is_inherited"
        " AND m.timestamp_ms >= ?1 AND m.session_id IN"
        "  (SELECT id FROM sessions WHERE updated_ms >= ?1 AND NOT is_excluded)"
        " ORDER BY m.timestamp_ms",
        (since_ms,),
    )
    for at_ms, stored in rows:
        said = orjson.loads(unpack(stored))
        if isinstance(said, str) and _LIMIT.search(said):
            line = " ".join(said.partition("|")[0].split())[:_MAX_LIMIT_CHARS]
            for block in blocks:
                if block.start_ms <= at_ms < block.end_ms:
                    block.limits.append((at_ms, line))

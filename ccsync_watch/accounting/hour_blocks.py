"""Tokens and cost by blocks of five hours, as the client's limits count them.

A block begins with the full hour of the first response after the last block, and lasts five hours.
When a limit was reached is known only where the client said so in a transcript.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from ccsync_watch.accounting.breakdowns import days_of
from ccsync_watch.accounting.calendars import UTC_HOURS
from ccsync_watch.accounting.periods import block_starts, block_times
from ccsync_watch.accounting.selections import Selection, no_pace, select_accounts
from ccsync_watch.store.packed_texts import unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ccsync_watch.accounting.account import SessionAccount
    from ccsync_watch.accounting.breakdowns import BreakdownLine
    from ccsync_watch.accounting.prices import PriceList
    from ccsync_watch.store.database import Database

_LIMIT = re.compile(
    r"\b(?:usage|session|5-hour|weekly|Opus|Sonnet) limit reached\b|\bhit your\b.{0,30}\blimit\b",
    re.IGNORECASE,
)
_MAX_LIMIT_CHARS = 120


BLOCK_CALENDAR = UTC_HOURS
"""What the accounts are divided by that blocks are made of."""


@dataclass(slots=True)
class HourBlock:
    """What was used in five hours. `limits`: when a limit was reached, and what the client said."""

    start_ms: int
    end_ms: int
    used: BreakdownLine
    limits: list[tuple[int, str]] = field(default_factory=list)


def blocks_of(
    accounts: Mapping[str, SessionAccount],
    pace: Callable[[], None] = no_pace,
    *,
    has_models: bool = False,
) -> list[BreakdownLine]:
    """Return the blocks of accounts by hour, by their first hour; what has no date last."""
    hours = {share.day for account in accounts.values() for share in account.shares}
    starts = block_starts(hour for hour in hours if hour is not None)
    return days_of(accounts, pace, period_of=starts.__getitem__, has_models=has_models)


def latest_blocks(
    database: Database,
    prices: PriceList,
    *,
    since_ms: int,
    most: int,
    pace: Callable[[], None] = no_pace,
) -> list[HourBlock]:
    """Return the last ones of the blocks since a time, at most so many: those of `load_blocks`.

    Sessions that were used before them are neither read nor priced.
    """
    hour = BLOCK_CALENDAR.key_sql("timestamp_ms")
    rows = database.read().execute(
        f"SELECT DISTINCT {hour} FROM usage_tokens WHERE timestamp_ms >= ?"  # noqa: S608 - a constant
        " AND session_id NOT IN (SELECT id FROM sessions WHERE is_excluded)",
        (since_ms,),
    )
    starts = sorted(set(block_starts(row[0] for row in rows if row[0]).values()))
    if len(starts) > most:
        expected = [block_times(start)[0] for start in reversed(starts[-most:])]
        blocks = load_blocks(database, prices, since_ms=expected[-1], pace=pace)
        # What has no date of its own, or no readable one, may be of other hours.
        if [block.start_ms for block in blocks] == expected:
            return blocks
    return load_blocks(database, prices, since_ms=since_ms, pace=pace)[:most]


def load_blocks(
    database: Database,
    prices: PriceList,
    *,
    since_ms: int,
    pace: Callable[[], None] = no_pace,
) -> list[HourBlock]:
    """Return the blocks since a time, the latest first, as `stats` counts them.

    What began before `since_ms` is counted from there on.
    """
    since = Selection(since_ms=since_ms, calendar=BLOCK_CALENDAR)
    accounts = select_accounts(database, prices, since, pace=pace)
    lines = blocks_of(accounts, pace)
    blocks = [HourBlock(*block_times(line.key), line) for line in lines if line.key is not None]
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

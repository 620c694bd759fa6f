"""Responses summed by whatever is asked for, each sum at its price; the source of every account.

Only prices that the list already knows are used; call `PriceList.ensure_known(used_models(...))`
before, where waiting a second does no harm.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from ccsync_watch.accounting import rates
from ccsync_watch.accounting.account import Tokens
from ccsync_watch.accounting.calendars import LOCAL_DAYS
from ccsync_watch.accounting.spreading import Day, RowSum
from ccsync_watch.transcripts.web_searches import SEARCH_PREFIX

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from ccsync_watch.accounting.calendars import Calendar
    from ccsync_watch.accounting.prices import PriceList
    from ccsync_watch.store.database import Database

EVER_MS = -(1 << 62)
"""Before any moment that a row has, however odd."""
NEVER_MS = 1 << 62
# The number of expressions that keep apart what has another price, or another source of a price.
_PRICE_KEYS = 11
_DAY_KEYS = 2
# What has no time of its own belongs to the day of its session's last row.
DATED_MS = (
    "coalesce(timestamp_ms, (SELECT coalesce(s.updated_ms, s.started_ms) FROM sessions s"
    " WHERE s.id = session_id))"
)


@dataclass(frozen=True, slots=True)
class UsageGroup:
    """Responses with the same values of the grouping expressions, and with the same price."""

    key: tuple[str | int | None, ...]
    rows: RowSum


def used_models(database: Database, session_id: str | None = None) -> list[str]:
    """Return the models of a session's responses, or of all."""
    query = "SELECT DISTINCT model FROM usage WHERE model IS NOT NULL"
    read = database.read()
    if session_id is None:
        return [row[0] for row in read.execute(query)]
    return [row[0] for row in read.execute(f"{query} AND session_id = ?", (session_id,))]


def load_groups(
    database: Database,
    prices: PriceList,
    *keys: str,
    condition: str = "true",
    values: Sequence[object] = (),
    after_ms: int = NEVER_MS,
    since_ms: int = 0,
    until_ms: int | None = None,
    calendar: Calendar = LOCAL_DAYS,
    pace: Callable[[], None] = lambda: None,
) -> list[UsageGroup]:
    """Return sums over the view `usage_requests` by the calendar's days and by SQL expressions.

    They are priced where a price is known. Rows dated at or after `after_ms` are marked as later
    ones, those before `since_ms`, or not before `until_ms`, as not counted. `pace` is called
    for every group.
    """
    steps = " + ".join(["0", *(f"(prompt_tokens > {step})" for step in prices.steps())])
    # Few models have prices that depend on the time of the day.
    second = "timestamp_ms / 1000 % 86400"
    times = ", ".join(["0", *(f"{start} * ({second} >= {start})" for start in prices.seconds())])
    by = ", ".join(
        [
            *keys, calendar.key_sql(DATED_MS), counted_sql(DATED_MS, until_ms),
            "model", "is_fast", "coalesce(tier, '') = 'batch'", "is_us_only",
            "date(timestamp_ms / 1000, 'unixepoch')", "coalesce(timestamp_ms >= ?, 0)",
            "cost_usd IS NOT NULL", f"substr(id, 1, {len(SEARCH_PREFIX)}) = '{SEARCH_PREFIX}'",
            "prompt_tokens + output_tokens + web_searches = 0",
            f"coalesce(max({times}, 0), 0)", steps,
        ]
    )  # fmt: skip
    key_count = len(keys) + _DAY_KEYS + _PRICE_KEYS
    query = (
        f"SELECT {by}, min(prompt_tokens), sum(responses), sum(responses AND NOT is_final),"  # noqa: S608 - expressions of this package
        " sum(cost_usd),"
        " sum(input_tokens), sum(output_tokens), sum(cache_write_5m_tokens),"
        " sum(cache_write_1h_tokens), sum(cache_read_tokens), sum(web_searches)"
        f" FROM usage_requests WHERE {condition}"
        f" GROUP BY {', '.join(str(number + 1) for number in range(key_count))}"
    )
    groups = []
    for row in database.read().execute(query, (since_ms or EVER_MS, after_ms, *values)):
        pace()
        groups.append(_group(row, len(keys), prices))
    return groups


def counted_sql(milliseconds: str, until_ms: int | None) -> str:
    """Return the SQL condition that a moment is counted; its parameter is the first such moment.

    What has no date counts, unless the window has an end: it is in one window then, not in two.
    """
    if until_ms is None:
        return f"coalesce({milliseconds} >= ?, 1)"
    return f"coalesce({milliseconds} >= ? AND {milliseconds} < {until_ms:d}, 0)"


def _group(row: sqlite3.Row, key_count: int, prices: PriceList) -> UsageGroup:
    day, is_counted = row[key_count : key_count + _DAY_KEYS]
    at = Day(day, bool(is_counted))
    first = key_count + _DAY_KEYS
    price_keys = row[first : first + _PRICE_KEYS]
    model, is_fast, is_batch, is_us_only, utc_day, is_later, is_client_priced = price_keys[:7]
    is_search, is_empty, second, _step = price_keys[7:]
    prompt_tokens, responses, unfinished, client_usd, *sums = row[first + _PRICE_KEYS :]
    tokens = Tokens(*sums)
    mode = rates.FAST if is_fast else rates.BATCH if is_batch else rates.STANDARD
    usd: Decimal | None = None
    if not is_client_priced or prices.own_rates(model, mode):
        model_rates = prices.rates(model, utc_day, mode, second)
        if model_rates:
            usd = model_rates.cost(tokens, prompt_tokens, is_us_only=bool(is_us_only))
            is_client_priced = is_client_priced and usd is None
    if is_client_priced:
        usd = Decimal(repr(client_usd)) * prices.own_multiplier
        if prices.own_multiplier != 1:
            # Still exact, but not the client's own figure any more.
            is_client_priced, unfinished = False, 0
    # No response is of nothing: some gateways report 0 for what they do not know.
    is_unreported = is_empty and not is_search and not usd
    return UsageGroup(
        tuple(row[:key_count]),
        RowSum(
            model,
            0 if is_search else responses,
            tokens,
            None if is_unreported else usd,
            is_later=bool(is_later),
            is_client_priced=bool(is_client_priced),
            at=at,
            unfinished=unfinished,
            is_search=bool(is_search),
            unreported=responses if is_unreported else 0,
        ),
    )

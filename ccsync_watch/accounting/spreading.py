"""Spread what the client counted over a session's days, by the prices of the rows of each; pure.

The client writes totals of a session, without days. Where they are more than the rows, or cost
more, each day gets its share of the difference. A day never has less than nothing.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.accounting.account import NO_TOKENS, UNPRICED, Cost, Share, Tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Day(NamedTuple):
    """A day (ISO; None = not known), and whether it is in the days that are asked for."""

    day: str | None
    is_counted: bool = True


NO_DAY = Day(None)


@dataclass(frozen=True, slots=True)
class RowSum:
    """The sum of rows of one model and day with one price; `usd` None = without a known price.

    `is_later` = written after the client's total. `is_client_priced` = the rows
    themselves carry the client's price. `unfinished` responses were written before they had ended:
    what they report is a lower bound. `unreadable` rows report tokens that are in no sum,
    `unreported` responses none at all.
    `is_search`: searches of the client's own tool, which its total contains already.
    """

    model: str | None
    responses: int
    tokens: Tokens
    usd: Decimal | None
    is_later: bool = False
    is_client_priced: bool = False
    at: Day = NO_DAY
    unfinished: int = 0
    unreadable: int = 0
    unreported: int = 0
    is_search: bool = False

    @property
    def has_cost(self) -> bool:
        """Whether anything was used that is paid for."""
        return any(self.tokens.billed) or self.is_unknown

    @property
    def is_unknown(self) -> bool:
        """Whether its tokens are not known."""
        return self.unreadable > 0 or self.unreported > 0


def cost_of(rows: Iterable[RowSum]) -> Cost:
    """Return the cost of rows by the prices that are known; nothing costs nothing."""
    billed = [row for row in rows if row.has_cost]
    if not billed:
        return Cost(0.0, "computed")
    priced = [row.usd for row in billed if row.usd is not None]
    if not priced:
        return UNPRICED
    usd = float(sum(priced, Decimal(0)))
    if len(priced) < len(billed) or count_unfinished(billed):
        return Cost(usd, "partial")
    return Cost(usd, "client" if all(row.is_client_priced for row in billed) else "computed")


def count_unfinished(rows: Iterable[RowSum]) -> int:
    """Return how many responses are known by a lower bound only; the client's price is exact."""
    return sum(row.unfinished for row in rows if not row.is_client_priced)


def count_unreadable(rows: Iterable[RowSum]) -> int:
    """Return how many rows report tokens that are in no sum."""
    return sum(row.unreadable for row in rows)


def count_unreported(rows: Iterable[RowSum]) -> int:
    """Return how many responses report no tokens."""
    return sum(row.unreported for row in rows)


def sum_tokens(rows: Iterable[RowSum]) -> Tokens:
    """Return the tokens of rows."""
    # Most sums are of one row, for which nothing is added.
    amounts = [row.tokens for row in rows]
    return sum(amounts[1:], amounts[0]) if amounts else NO_TOKENS


def shares_of_rows(rows: Iterable[RowSum]) -> list[Share]:
    """Return what rows used of each model on each day, at their own prices."""
    by_day_and_model: defaultdict[tuple[Day, str | None], list[RowSum]] = defaultdict(list)
    for row in rows:
        by_day_and_model[row.at, row.model].append(row)
    return [
        _build_share(at, model, group, sum_tokens(group), cost_of(group))
        for (at, model), group in by_day_and_model.items()
    ]


def spread(
    model: str | None,
    tokens: Tokens,
    cost: Cost,
    rows: Sequence[RowSum],
    *,
    days: Sequence[RowSum],
    fallback: Day,
) -> list[Share]:
    """Return the shares by day of what the client counted for a model.

    `rows` are the model's own. Without any, what it used is spread as the rows in `days` are, and
    without those it is all of the day `fallback`.
    """
    weights = _weights(rows or days) or {fallback: 1.0}
    by_day: defaultdict[Day, list[RowSum]] = defaultdict(list)
    for row in rows:
        by_day[row.at].append(row)
    keys = sorted(weights.keys() | by_day.keys(), key=lambda at: (at.day or "~", at.is_counted))
    parts = [weights.get(at, 0.0) for at in keys]
    counts = [sum_tokens(by_day[at]) for at in keys]
    amounts = _spread_tokens(tokens, counts, parts)
    whole = math.fsum(parts)
    return [
        _build_share(
            at,
            model,
            by_day[at],
            amount,
            cost if cost.usd is None else Cost(cost.usd * part / whole, cost.provenance),
        )
        for at, part, amount in zip(keys, parts, amounts, strict=True)
    ]


def _build_share(
    at: Day, model: str | None, rows: Sequence[RowSum], tokens: Tokens, cost: Cost
) -> Share:
    return Share(
        day=at.day,
        model=model or None,
        responses=sum(row.responses for row in rows),
        tokens=tokens,
        unrecorded=tokens - sum_tokens(rows),
        cost=cost,
        is_counted=at.is_counted,
    )


def _weights(rows: Sequence[RowSum]) -> dict[Day, float]:
    """Return what rows cost by day; their tokens where a price is not known."""
    is_priced = all(row.usd is not None for row in rows if any(row.tokens.billed))
    amounts: defaultdict[Day, list[float]] = defaultdict(list)
    is_dated = any(row.at.day is not None for row in rows)
    for row in rows:
        if row.at.day is not None or not is_dated:
            tokens = row.tokens.prompt + row.tokens.output
            amounts[row.at].append(float(row.usd or 0) if is_priced else float(tokens))
    weights = {at: math.fsum(values) for at, values in amounts.items()}
    return weights if any(weights.values()) else dict.fromkeys(weights, 1.0)


def _spread_tokens(
    whole: Tokens, counts: Sequence[Tokens], weights: Sequence[float]
) -> list[Tokens]:
    """Return `whole` by day: the rows' own `counts`, and of what is beyond them a share each."""
    if len(weights) == 1:
        return [whole]
    columns = []
    for name in Tokens.__slots__:
        amount, own = getattr(whole, name), [getattr(count, name) for count in counts]
        if amount >= sum(own):
            more = _divide(amount - sum(own), weights)
            columns.append([mine + extra for mine, extra in zip(own, more, strict=True)])
        else:
            columns.append(_divide(amount, own))
    return [Tokens(*values) for values in zip(*columns, strict=True)]


def _divide(amount: int, weights: Sequence[float]) -> list[int]:
    """Return whole numbers in proportion to `weights` whose sum is `amount`."""
    whole = math.fsum(weights)
    if not whole:
        weights, whole = [1.0] * len(weights), float(len(weights))
    exact = [amount * weight / whole for weight in weights]
    parts = [math.floor(value) for value in exact]
    largest_rest = sorted(range(len(parts)), key=lambda at: (parts[at] - exact[at], at))
    for at in largest_rest[: amount - sum(parts)]:
        parts[at] += 1
    return parts

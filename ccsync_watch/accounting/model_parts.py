"""Split the client's total of a session into parts by model; pure.

A part is the client's figure where it names a model as the rows do. What it counts under other
names belongs to the rows that it does not name, and what those do not report to no model. The price
of a model that the client does not know is its guess: there, the prices of the rows count.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ccsync_watch.accounting.account import (
    NO_TOKENS,
    UNPRICED,
    ClientTotals,
    Cost,
    Share,
    Tokens,
    total_cost,
)
from ccsync_watch.accounting.client_totals import base_name
from ccsync_watch.accounting.spreading import (
    Day,
    RowSum,
    cost_of,
    shares_of_rows,
    spread,
    sum_tokens,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ccsync_watch.accounting.account import Provenance

_SMALLEST_USD = 1e-9
# Names and aliases of models whose prices every client knows.
_OWN_MODELS = ("claude", "opus", "sonnet", "haiku")


@dataclass(frozen=True, slots=True)
class ModelPart:
    """What the client counted of one model; `rows` are those before its total, `later` after it."""

    model: str | None
    tokens: Tokens
    cost: Cost
    rows: Sequence[RowSum] = ()
    later: Sequence[RowSum] = ()
    is_reported: bool = False

    @property
    def is_later_only(self) -> bool:
        """Whether the client's total has nothing of the model."""
        has_none = self.tokens == NO_TOKENS and not self.cost.usd
        return bool(self.later) and not self.rows and has_none

    @property
    def responses(self) -> int:
        """How many responses the rows report."""
        return sum(row.responses for row in (*self.rows, *self.later))

    @property
    def all_tokens(self) -> Tokens:
        """The client's tokens, and those of the later rows."""
        return self.tokens + sum_tokens(self.later)

    @property
    def whole_cost(self) -> Cost:
        """The client's cost, and that of the later rows."""
        if self.is_later_only:
            return cost_of(self.later)
        has_later = any(row.has_cost for row in self.later)
        return total_cost([self.cost, cost_of(self.later)]) if has_later else self.cost

    def shares(self, days: Sequence[RowSum], last_day: Day) -> Sequence[Share]:
        """Return the shares by day; `days` are the session's rows, for a part without any."""
        later = shares_of_rows(self.later)
        if self.is_later_only:
            return later
        first = spread(self.model, self.tokens, self.cost, self.rows, days=days, fallback=last_day)
        return (*first, *later)


def split_by_model(
    early: Sequence[RowSum],
    later: Sequence[RowSum],
    totals: ClientTotals,
    inherited: ClientTotals,
) -> list[ModelPart]:
    """Return the parts; their costs add up to the client's total, if it guessed no price."""
    names = {base_name(row.model or "") for row in (*early, *later)}
    own = {
        name: _subtract(used, inherited.models.get(name, (NO_TOKENS, 0.0)))
        for name, used in totals.models.items()
    }
    guessed = _guessed_names(own) if totals.has_guess else frozenset()
    unnamed = _parts_of_rows(early, later, totals.models.keys())
    # What was used after the client's total can be none of what it counted.
    others = [part for part in unnamed if part.rows]
    after = [part for part in unnamed if not part.rows]
    rest = sum((own[name][0] for name in own.keys() - names), NO_TOKENS)
    if not rest.covers(sum((part.tokens for part in others), NO_TOKENS)):
        # The client counts models under each other's names: none of its own parts can be used.
        others, after, names = _parts_of_rows(early, later, ()), [], set()
    shared = own.keys() - names if others else set()
    parts = [
        _part_of_client(
            name, *used, _rows_of(early, name), _rows_of(later, name), totals,
            is_guess=name in guessed,
        )
        for name, used in own.items()
        if name not in shared and (used[0] != NO_TOKENS or name in names)
    ]  # fmt: skip
    if others:
        tokens = sum((own[name][0] for name in shared), NO_TOKENS)
        usd = math.fsum(own[name][1] for name in shared)
        parts += _split_others(others, tokens, usd, totals)
    if not totals.has_guess:
        parts = _scale(parts, max(0.0, totals.usd - inherited.usd), totals.provenance)
    return [*parts, *after]


def _subtract(used: tuple[Tokens, float], inherited: tuple[Tokens, float]) -> tuple[Tokens, float]:
    return used[0] - inherited[0], max(0.0, used[1] - inherited[1])


def _part_of_client(
    name: str,
    tokens: Tokens,
    usd: float,
    rows: Sequence[RowSum],
    later: Sequence[RowSum],
    totals: ClientTotals,
    *,
    is_guess: bool,
) -> ModelPart:
    is_own = name in totals.own_priced
    if not is_guess or is_own:
        cost = Cost(usd, totals.provenance_of(name))
        return ModelPart(name or None, tokens, cost, rows, later, is_reported=not is_own)
    has_more = any((tokens - sum_tokens(rows)).billed)
    costs = [cost_of(rows)] if any(row.has_cost for row in rows) else []
    if has_more:
        costs.append(UNPRICED)
    return ModelPart(name or None, tokens, total_cost(costs), rows, later)


def _guessed_names(own: Mapping[str, tuple[Tokens, float]]) -> frozenset[str]:
    """Return the models whose price the client may have guessed; it does not say which.

    It knows the prices of Claude's models, unless it counted no others.
    """
    used = {name for name, (tokens, _usd) in own.items() if tokens != NO_TOKENS}
    others = {name for name in used if not any(word in name.lower() for word in _OWN_MODELS)}
    return frozenset(others or used)


def _rows_of(rows: Sequence[RowSum], name: str) -> list[RowSum]:
    return [row for row in rows if base_name(row.model or "") == name]


def _parts_of_rows(
    early: Sequence[RowSum], later: Sequence[RowSum], without: Collection[str]
) -> list[ModelPart]:
    """Return a part for each other model that rows name, at the prices of its rows."""
    parts = []
    for name in sorted({row.model or "" for row in (*early, *later)}):
        if base_name(name) not in without:
            rows = [row for row in early if (row.model or "") == name]
            later_rows = [row for row in later if (row.model or "") == name]
            part = ModelPart(name or None, sum_tokens(rows), cost_of(rows), rows, later_rows)
            parts.append(part)
    return parts


def _split_others(
    parts: Sequence[ModelPart], tokens: Tokens, usd: float, totals: ClientTotals
) -> list[ModelPart]:
    """Return the parts at what the client counted for them under other names.

    What is left when the rows' prices are paid is that of the tokens without a price.
    """
    more = tokens - sum((part.tokens for part in parts), NO_TOKENS)
    unnamed = [ModelPart(None, more, UNPRICED)] if any(more.billed) else []
    if totals.has_guess:
        return [*parts, *unnamed]
    priced = [part for part in parts if part.cost.provenance in {"client", "computed"}]
    open_parts = [*(part for part in parts if part not in priced), *unnamed]
    known = math.fsum(part.cost.usd or 0.0 for part in priced)
    if not open_parts or known > usd:
        return _divide([*priced, *open_parts], usd, totals.provenance)
    return [*priced, *_divide(open_parts, usd - known, totals.provenance)]


def _divide(parts: Sequence[ModelPart], usd: float, provenance: Provenance) -> list[ModelPart]:
    """Return parts at shares of an amount: by their costs, or by their tokens without those."""
    weights = [part.cost.usd or 0.0 for part in parts]
    if not any(weights) or any(part.cost is UNPRICED for part in parts):
        weights = [float(part.tokens.prompt + part.tokens.output) for part in parts]
    whole = math.fsum(weights)
    if not whole:
        weights, whole = [1.0] * len(parts), float(len(parts))
    return [
        replace(part, cost=Cost(usd * weight / whole, provenance), is_reported=True)
        for part, weight in zip(parts, weights, strict=True)
    ]


def _scale(parts: list[ModelPart], usd: float, provenance: Provenance) -> list[ModelPart]:
    """Return the parts with costs that add up to the client's total."""
    known = math.fsum(part.cost.usd or 0.0 for part in parts)
    if abs(known - usd) <= _SMALLEST_USD:
        return parts
    if not any(any(part.tokens.billed) for part in parts):
        return [*parts, ModelPart(None, NO_TOKENS, Cost(usd - known, provenance))]
    return _divide(parts, usd, provenance)

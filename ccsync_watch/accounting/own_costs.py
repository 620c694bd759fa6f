"""What the user says that models cost, applied to what Claude Code reported; pure.

The user's prices and multiplier count before every other source, Claude Code's own totals among
them: who writes them down pays something else than the list price, which the client does not know.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ccsync_watch.accounting.account import ClientTotals, Tokens
    from ccsync_watch.accounting.prices import PriceList
    from ccsync_watch.accounting.reconciliation import Claim


def reprice_claim(claim: Claim, prices: PriceList) -> Claim:
    """Return a claim at the user's prices; the same one if there are none."""
    if not prices.has_own:
        return claim

    def reprice_all(totals: Sequence[ClientTotals]) -> tuple[ClientTotals, ...]:
        return tuple(reprice(value, prices) for value in totals)

    return replace(
        claim,
        totals=reprice(claim.totals, prices),
        inherited=reprice_all(claim.inherited),
        cleared=reprice_all(claim.cleared),
    )


def reprice(totals: ClientTotals, prices: PriceList) -> ClientTotals:
    """Return the client's totals with the costs that the user's prices give them."""
    if not totals.usd and not totals.models:
        return totals  # nothing was used, as in `NO_TOTALS`
    factor = float(prices.own_multiplier)
    named = math.fsum(usd for _tokens, usd in totals.models.values())
    models: dict[str, tuple[Tokens, float]] = {}
    own_priced = set()
    for name, (tokens, usd) in totals.models.items():
        own_usd = _own_cost(name, tokens, prices)
        if own_usd is not None:
            own_priced.add(name)
        models[name] = (tokens, usd * factor if own_usd is None else own_usd)
    if factor == 1 and not own_priced:
        return totals
    return replace(
        totals,
        usd=max(0.0, math.fsum(usd for _tokens, usd in models.values())
                + (totals.usd - named) * factor),
        models=models,
        reported_usd=totals.usd,
        own_priced=frozenset(own_priced),
        multiplier=factor,
    )  # fmt: skip


def _own_cost(model: str, tokens: Tokens, prices: PriceList) -> float | None:
    rates = prices.own_rates(model)
    usd = rates.cost(tokens, 0, is_us_only=False) if rates else None
    return None if usd is None else float(usd)

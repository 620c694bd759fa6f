"""The process that looks up models in `genai-prices`, and exits.

The price data of every provider takes a second and 80 MB to load, for a few numbers. Input is a
JSON list of models on standard input, output their prices as JSON.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime, timezone
from typing import Any

from genai_prices import data_snapshot
from genai_prices.types import ModelInfo, ModelPrice, StartDateConstraint, TieredPrices

_CONTEXTS = {"fast": {"speed": "fast"}, "batch": {"processing": "batch"}}
_LONG_AGO = "2000-01-01"


def main() -> None:
    """Print the prices of every model by period and mode, None for an unknown model."""
    models = json.load(sys.stdin)
    json.dump({name: _prices_by_period(name) for name in models}, sys.stdout)


def _prices_by_period(name: str) -> list[dict[str, Any]] | None:
    try:
        _provider, model = data_snapshot.get_snapshot().find_provider_model(
            name, None, "anthropic", None
        )
        return list(_periods(model))
    except LookupError:
        return None


def _periods(model: ModelInfo) -> list[dict[str, Any]]:
    """Return prices by period; a mode is left out where it has no prices of its own.

    With the standard prices, what was used in that mode would get a wrong cost.
    """
    periods = []
    for since in sorted({"", *_changes(model)}):
        moment = datetime.fromisoformat(since or _LONG_AGO).replace(tzinfo=timezone.utc)
        standard = _as_lists(model.get_prices(moment))
        periods.append({"since": since, "mode": "standard", "prices": standard})
        for mode, context in _CONTEXTS.items():
            prices = _as_lists(model.get_prices(moment, context))
            if prices != standard:
                periods.append({"since": since, "mode": mode, "prices": prices})
    return periods


def _changes(model: ModelInfo) -> set[str]:
    """Return the days on which a price changes. Raises LookupError for prices by time of day."""
    conditional = model.prices if isinstance(model.prices, list) else []
    constraints = [price.constraint for price in (*conditional, *(model.price_variants or ()))]
    days = set()
    for constraint in constraints:
        if isinstance(constraint, StartDateConstraint):
            days.add(constraint.start_date.isoformat())
        elif constraint is not None:
            raise LookupError("prices that depend on the time of day")
    return days


def _as_lists(price: ModelPrice) -> dict[str, list[Any]]:
    """Return prices as lists: the base, then (prompt tokens, price above them)."""
    prices: dict[str, list[Any]] = {}
    for key, value in vars(price).items():
        if isinstance(value, TieredPrices):
            prices[key] = [
                str(value.base),
                *([tier.start, str(tier.price)] for tier in value.tiers),
            ]
        elif value is not None:
            prices[key] = [str(value)]
    return prices


if __name__ == "__main__":
    main()

"""A process of its own that asks `genai-prices` for models, and ends.

The price data of every provider takes a second and 80 MB to load; what is asked of it is a few
numbers. Models come as a JSON list on standard input, their prices leave as JSON.
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
    """Answer for every model: its prices by period and mode, None for one that is not known."""
    models = json.load(sys.stdin)
    json.dump({name: _found(name) for name in models}, sys.stdout)


def _found(name: str) -> list[dict[str, Any]] | None:
    try:
        _provider, model = data_snapshot.get_snapshot().find_provider_model(
            name, None, "anthropic", None
        )
        return list(_periods(model))
    except LookupError:
        return None


def _periods(model: ModelInfo) -> list[dict[str, Any]]:
    """Return prices by period; a mode that has none of its own then has none at all.

    Without its prices, what was used in it would be billed as if it were not.
    """
    made = []
    for since in sorted({"", *_changes(model)}):
        moment = datetime.fromisoformat(since or _LONG_AGO).replace(tzinfo=timezone.utc)
        standard = _plain(model.get_prices(moment))
        made.append({"since": since, "mode": "standard", "prices": standard})
        for mode, context in _CONTEXTS.items():
            prices = _plain(model.get_prices(moment, context))
            if prices != standard:
                made.append({"since": since, "mode": mode, "prices": prices})
    return made


def _changes(model: ModelInfo) -> set[str]:
    """Return the days on which a price changes. Raises LookupError for prices by time of day."""
    conditional = model.prices if isinstance(model.prices, list) else []
    constraints = [each.constraint for each in (*conditional, *(model.price_variants or ()))]
    days = set()
    for constraint in constraints:
        if isinstance(constraint, StartDateConstraint):
            days.add(constraint.start_date.isoformat())
        elif constraint is not None:
            raise LookupError("prices that depend on the time of day")
    return days


def _plain(price: ModelPrice) -> dict[str, list[Any]]:
    """Return prices as lists: the base, then (prompt tokens, price above them)."""
    made: dict[str, list[Any]] = {}
    for key, value in vars(price).items():
        if isinstance(value, TieredPrices):
            made[key] = [str(value.base), *([tier.start, str(tier.price)] for tier in value.tiers)]
        elif value is not None:
            made[key] = [str(value)]
    return made


if __name__ == "__main__":
    main()

"""Write our copy of the data of the installed `genai-prices`, for Pythons that cannot have it.

Run it after an update of the library, on Python 3.11 or newer:
`uv run --locked --group dev python scripts/copy_price_data.py`.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import fields
from importlib import metadata
from pathlib import Path
from typing import Any

from genai_prices import data_snapshot
from genai_prices.types import ClauseAnd, ClauseOr, ModelInfo, ModelPrice, Provider, TieredPrices

TARGET = Path(__file__).parents[1] / "ccsync_watch" / "accounting" / "price_data.json.gz"


def main() -> None:
    """Write the file."""
    providers = [_provider(provider) for provider in data_snapshot.get_snapshot().providers]
    copy = {"library": metadata.version("genai-prices"), "providers": providers}
    data = json.dumps(copy, separators=(",", ":")).encode()
    TARGET.write_bytes(gzip.compress(data, mtime=0))
    print(f"{TARGET.name}: {TARGET.stat().st_size:,} bytes")


def _provider(provider: Provider) -> dict[str, Any]:
    return {
        "id": provider.id,
        "name": provider.name,
        "api_pattern": provider.api_pattern,
        "model_match": _clause(provider.model_match),
        "provider_match": _clause(provider.provider_match),
        "fallback_model_providers": provider.fallback_model_providers,
        "models": [_model(model) for model in provider.models],
    }


def _model(model: ModelInfo) -> dict[str, Any]:
    prices: Any = (
        _prices(model.prices)
        if isinstance(model.prices, ModelPrice)
        else [
            {"constraint": _constraint(price.constraint), "prices": _prices(price.prices)}
            for price in model.prices
        ]
    )
    variants = [
        {
            "when": dict(variant.when),
            "constraint": _constraint(variant.constraint),
            "prices": _prices(variant.prices),
        }
        for variant in model.price_variants or ()
    ]
    entry = {"id": model.id, "match": _clause(model.match), "prices": prices}
    return {**entry, "price_variants": variants} if variants else entry


def _prices(price: ModelPrice) -> dict[str, Any]:
    return {
        key: {
            "base": str(value.base),
            "tiers": [{"start": tier.start, "price": str(tier.price)} for tier in value.tiers],
        }
        if isinstance(value, TieredPrices)
        else str(value)
        for key, value in vars(price).items()
        if value is not None
    }


def _clause(clause: Any) -> Any:  # noqa: ANN401 - JSON
    if clause is None:
        return None
    if isinstance(clause, ClauseOr):
        return {"or": [_clause(part) for part in clause.or_]}
    if isinstance(clause, ClauseAnd):
        return {"and": [_clause(part) for part in clause.and_]}
    (field,) = fields(clause)
    return {field.name: getattr(clause, field.name)}


def _constraint(constraint: Any) -> Any:  # noqa: ANN401 - JSON
    if constraint is None:
        return None
    values = {field.name: getattr(constraint, field.name) for field in fields(constraint)}
    return {key: value.isoformat() for key, value in values.items() if hasattr(value, "isoformat")}


if __name__ == "__main__":
    main()

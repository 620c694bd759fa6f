"""The process that looks models up in the data of `genai-prices`, and exits.

The price data of every provider takes a second and 80 MB to load, for a few numbers. Input is JSON
on standard input: `models`, a list of names, and `data`, the path of downloaded data or null.
Output is their prices as JSON, see `rates.periods`.
"""

from __future__ import annotations

import contextlib
import json
import sys
from datetime import datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genai_prices.types import ModelPrice, StartDateConstraint, TieredPrices

from ccsync_watch.accounting import price_data
from ccsync_watch.accounting.model_names import FREE, ModelName, read_name
from ccsync_watch.accounting.price_matches import names_model

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, Provider

_LONG_AGO = "2000-01-01"
_BATCH = {"processing": "batch"}
_CONTEXTS = {"fast": {"speed": "fast"}, "batch": _BATCH}
_FOR_TOKENS = "_mtok"
# What Anthropic charges where the data has no prices of a mode: batches cost half, on every day;
# the factors of the fast mode are those that the client uses.
_BATCH_FACTOR = Decimal("0.5")
_FAST_FACTORS = {"claude-opus-4-6": Decimal(6), "claude-opus-4-7": Decimal(6)}
# Bedrock charges a tenth more for keeping requests in a region.
_REGIONAL_FACTOR = Decimal("1.1")

Prices = dict[str, list[Any]]

_FREE_PRICES: Prices = {"input_mtok": ["0"], "output_mtok": ["0"]}


def main() -> None:
    """Print the prices of every model by period and mode, None for an unknown model."""
    request = json.load(sys.stdin)
    snapshot = price_data.load_snapshot(Path(request["data"]) if request["data"] else None)
    json.dump({name: prices_of(snapshot, name) for name in request["models"]}, sys.stdout)


def prices_of(snapshot: DataSnapshot, written: str) -> list[dict[str, Any]] | None:
    """Return a model's prices, by the name in a transcript; None when the data has none."""
    name = read_name(written)
    for provider, model in _matches(snapshot, name):
        if name.plain.endswith(FREE) and model.id.endswith(FREE):
            return _free_periods(f"{provider.id}/{model.id}")
        factor = _REGIONAL_FACTOR if name.is_regional else Decimal(1)
        periods = list(_periods(provider.id, model, factor))
        # Models that cost nothing are listed without prices, as are those that are not known.
        if all("input_mtok" in period["prices"] for period in periods):
            return periods
    return None


def _matches(snapshot: DataSnapshot, name: ModelName) -> Iterator[tuple[Provider, ModelInfo]]:
    for reference in name.references:
        with contextlib.suppress(LookupError):
            provider, model = snapshot.find_provider_model(
                reference.name, None, reference.provider, None
            )
            if names_model(model.match, reference.name):
                yield provider, model
    if name.references and not name.plain.startswith("claude"):
        yield from _elsewhere(snapshot.providers, name.plain)


def _elsewhere(providers: Iterable[Provider], plain: str) -> Iterator[tuple[Provider, ModelInfo]]:
    """Yield whoever else offers the model, by exactly this name."""
    for provider in providers:
        for model in provider.models:
            if model.id.lower().rpartition("/")[2] == plain:
                yield provider, model


def _free_periods(model: str) -> list[dict[str, Any]]:
    modes = ("standard", *_CONTEXTS)
    return [
        {"since": "", "second": 0, "mode": mode, "model": model, "prices": _FREE_PRICES}
        for mode in modes
    ]


def _periods(provider: str, model: ModelInfo, factor: Decimal) -> Iterator[dict[str, Any]]:
    """Yield prices by period and mode; a mode is left out where it has no prices of its own.

    With the standard prices, what was used in that mode would get a wrong cost.
    """
    for moment, since, second in _moments(model):
        standard = as_lists(model.get_prices(moment))
        by_mode = {"standard": standard}
        for mode in _CONTEXTS:
            prices = _mode_prices(provider, model, mode, moment, standard)
            if prices:
                by_mode[mode] = prices
        for mode, prices in by_mode.items():
            yield {
                "since": since,
                "second": second,
                "mode": mode,
                "model": f"{provider}/{model.id}",
                "prices": _scaled(prices, factor),
            }


def _mode_prices(
    provider: str, model: ModelInfo, mode: str, moment: datetime, standard: Prices
) -> Prices | None:
    prices = as_lists(model.get_prices(moment, _CONTEXTS[mode]))
    if prices != standard:
        return prices
    starts = [
        variant.constraint.start_date
        for variant in model.price_variants or ()
        if variant.when == _CONTEXTS[mode] and isinstance(variant.constraint, StartDateConstraint)
    ]
    if mode == "batch" and starts:
        # The data knows these prices since it has them, not since they were charged.
        known = datetime.combine(min(starts), time(), tzinfo=timezone.utc)
        part = _ratio(model.get_prices(known, _BATCH), model.get_prices(known))
        return _scaled(standard, part) if part else None
    if mode == "batch" and provider == "anthropic":
        return _scaled(standard, _BATCH_FACTOR)
    if mode == "fast" and provider == "anthropic" and model.id in _FAST_FACTORS:
        return _scaled(standard, _FAST_FACTORS[model.id])
    return None


def _ratio(price: ModelPrice, standard: ModelPrice) -> Decimal | None:
    mine, other = as_lists(price).get("input_mtok"), as_lists(standard).get("input_mtok")
    return Decimal(mine[0]) / Decimal(other[0]) if mine and other and Decimal(other[0]) else None


def _moments(model: ModelInfo) -> list[tuple[datetime, str, int]]:
    """Return the moments from which a price counts: with the day (ISO) and the second of a day."""
    conditional = model.prices if isinstance(model.prices, list) else []
    constraints = [price.constraint for price in (*conditional, *(model.price_variants or ()))]
    days, seconds = {""}, {0}
    for constraint in constraints:
        if isinstance(constraint, StartDateConstraint):
            days.add(constraint.start_date.isoformat())
        elif constraint is not None:
            seconds |= {_second(constraint.start_time), _second(constraint.end_time)}
    return [
        (
            datetime.fromisoformat(since or _LONG_AGO).replace(tzinfo=timezone.utc)
            + timedelta(seconds=second),
            since,
            second,
        )
        for since in sorted(days)
        for second in sorted(seconds)
    ]


def _second(moment: time) -> int:
    in_utc = datetime.combine(datetime.fromisoformat(_LONG_AGO), moment)
    if in_utc.tzinfo is not None:
        in_utc = in_utc.astimezone(timezone.utc)
    return in_utc.hour * 3600 + in_utc.minute * 60 + in_utc.second


def as_lists(price: ModelPrice) -> Prices:
    """Return prices as lists: the base, then (prompt tokens, price above them)."""
    prices: Prices = {}
    for key, value in vars(price).items():
        if isinstance(value, TieredPrices):
            prices[key] = [
                str(value.base),
                *([tier.start, str(tier.price)] for tier in value.tiers),
            ]
        elif value is not None:
            prices[key] = [str(value)]
    return prices


def _scaled(prices: Prices, factor: Decimal) -> Prices:
    """Return the prices of tokens times a factor; searches cost the same in every mode."""
    return {
        key: (
            [
                str(Decimal(value[0]) * factor),
                *([start, str(Decimal(price) * factor)] for start, price in value[1:]),
            ]
            if key.endswith(_FOR_TOKENS)
            else value
        )
        for key, value in prices.items()
    }


if __name__ == "__main__":
    main()

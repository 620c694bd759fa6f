"""Prices that somebody wrote down for their models: the user, an administrator, the client.

A table's prices count before those of the price data. A row is for the model of exactly its name,
in upper or lower case; or else for every form of that model: with a date, a path, a region. But a
row whose name has a region of a cloud is not for the model elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from ccsync_watch.accounting.model_names import plain_key, read_name
from ccsync_watch.accounting.rates import BATCH, FAST, STANDARD, Price, Rates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ccsync_watch.config import Settings

OWN_LABEL = "your settings"
_EVERY_MODE = (STANDARD, FAST, BATCH)


@dataclass(frozen=True)
class PriceTable:
    """Rates by model and mode; `label` names where they come from.

    A mode that a row does not have is priced by what comes after this table.
    """

    label: str
    rows: Mapping[str, Mapping[str, Rates]]
    _by_name: dict[str, Mapping[str, Rates]] = field(init=False, repr=False, compare=False)
    _by_key: dict[tuple[str, bool], Mapping[str, Rates]] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        by_name: dict[str, Mapping[str, Rates]] = {}
        by_key: dict[tuple[str, bool], Mapping[str, Rates]] = {}
        for name, modes in self.rows.items():
            by_name.setdefault(name.strip().lower(), modes)
            by_key.setdefault(_key(name), modes)
        object.__setattr__(self, "_by_name", by_name)
        object.__setattr__(self, "_by_key", by_key)

    def modes(self, model: str) -> Mapping[str, Rates] | None:
        """Return a model's rates by mode, None when the table does not have it."""
        if not self._by_name:
            return None
        exact = self._by_name.get(model.strip().lower())
        if exact is not None:
            return exact
        key, is_regional = _key(model)
        plain = self._by_key.get((key, False))
        return self._by_key.get((key, True)) if plain is None and is_regional else plain

    def steps(self) -> set[int]:
        """Return the lengths of a prompt at which any of these prices changes."""
        return {
            start
            for modes in self.rows.values()
            for rates in modes.values()
            for start, _price in rates.input.steps
        }


@lru_cache(maxsize=4096)
def _key(name: str) -> tuple[str, bool]:
    """Return the name without its decoration, and whether it has a region of a cloud."""
    return plain_key(name), read_name(name).is_regional


NO_OWN_PRICES = PriceTable(OWN_LABEL, {})


def own_table(settings: Settings) -> PriceTable:
    """Return the user's own prices: charged as they are written, in every mode and region."""
    rows = {}
    for name, prices in settings.prices:
        write_5m = prices.input if prices.cache_write_5m is None else prices.cache_write_5m
        write_1h = write_5m if prices.cache_write_1h is None else prices.cache_write_1h
        rates = Rates(
            input=usd(prices.input),
            output=usd(prices.output),
            cache_write_5m=usd(write_5m),
            cache_write_1h=usd(write_1h),
            cache_read=usd(prices.input if prices.cache_read is None else prices.cache_read),
            web_search=None if prices.web_search is None else usd(prices.web_search),
            us_only_factor=Decimal(1),
        )
        rows[name] = in_every_mode(rates)
    return PriceTable(OWN_LABEL, rows)


def in_every_mode(rates: Rates) -> dict[str, Rates]:
    """Return rates that do not depend on the mode."""
    return dict.fromkeys(_EVERY_MODE, rates)


def usd(value: float) -> Price:
    """Return a price of a number, with the digits that people wrote."""
    return Price(Decimal(repr(value)))

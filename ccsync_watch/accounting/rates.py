"""Prices of a model by day and mode, and the cost of tokens at them; pure, and exact.

The rules are the API's: a prompt above the threshold is billed at the long rates as a whole, and a
cache write for an hour has its own price.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ccsync_watch.accounting.account import Tokens

MILLION = Decimal(1_000_000)
THOUSAND = Decimal(1000)
# Inference that must stay in the US costs a tenth more; searches do not.
US_ONLY_FACTOR = Decimal("1.1")
STANDARD, FAST, BATCH = "standard", "fast", "batch"


@dataclass(frozen=True, slots=True)
class Price:
    """USD for a million tokens; `steps` are (prompt tokens, price above them), ascending."""

    base: Decimal
    steps: tuple[tuple[int, Decimal], ...] = ()

    def at(self, prompt_tokens: int) -> Decimal:
        """Return the price in a request whose prompt has so many tokens."""
        above = [price for start, price in self.steps if prompt_tokens > start]
        return above[-1] if above else self.base

    def times(self, factor: Decimal) -> Price:
        """Return the price times a factor."""
        steps = tuple((start, price * factor) for start, price in self.steps)
        return Price(self.base * factor, steps)


@dataclass(frozen=True, slots=True)
class Rates:
    """A model's prices; `web_search` is USD for a thousand, None where it is not known.

    `us_only_factor` is what inference that must stay in the US costs more.
    """

    input: Price
    output: Price
    cache_write_5m: Price
    cache_write_1h: Price
    cache_read: Price
    web_search: Price | None
    us_only_factor: Decimal = US_ONLY_FACTOR

    def times(self, factor: Decimal) -> Rates:
        """Return the rates times a factor, those of searches too."""
        return replace(
            self,
            input=self.input.times(factor),
            output=self.output.times(factor),
            cache_write_5m=self.cache_write_5m.times(factor),
            cache_write_1h=self.cache_write_1h.times(factor),
            cache_read=self.cache_read.times(factor),
            web_search=self.web_search.times(factor) if self.web_search else None,
        )

    def cost(self, tokens: Tokens, prompt_tokens: int, *, is_us_only: bool) -> Decimal | None:
        """Return the cost of requests whose prompts reach the same price steps as `prompt_tokens`.

        None when part of it has no price.
        """
        if tokens.web_searches and self.web_search is None:
            return None
        usd = (
            tokens.input * self.input.at(prompt_tokens)
            + tokens.output * self.output.at(prompt_tokens)
            + tokens.cache_write_5m * self.cache_write_5m.at(prompt_tokens)
            + tokens.cache_write_1h * self.cache_write_1h.at(prompt_tokens)
            + tokens.cache_read * self.cache_read.at(prompt_tokens)
        ) / MILLION
        searches = self.web_search.base * tokens.web_searches / THOUSAND if self.web_search else 0
        return usd * (self.us_only_factor if is_us_only else 1) + searches


@dataclass(frozen=True, slots=True)
class Period:
    """Rates in one mode from a day on (ISO, UTC; empty = always), from a second of each day on.

    `model` is the model as the price data names it, with its provider.
    """

    since: str
    mode: str
    rates: Rates
    second: int = 0
    model: str = ""


def periods(entries: list[dict[str, Any]]) -> tuple[Period, ...]:
    """Return a model's periods from the output of `price_lookup`. Raises KeyError, ValueError."""
    return tuple(
        Period(
            entry["since"],
            entry["mode"],
            _rates(entry["prices"]),
            int(entry.get("second", 0)),
            str(entry.get("model", "")),
        )
        for entry in entries
    )


def rates_at(
    known: tuple[Period, ...], day: str | None, mode: str, second: int = 0
) -> Rates | None:
    """Return the rates on a day (UTC), at a second of it; without a day the latest."""
    matching = [
        period
        for period in known
        if period.mode == mode and (day is None or period.since <= day) and period.second <= second
    ]
    if not matching:
        return None
    return max(matching, key=lambda period: (period.since, period.second)).rates


def _rates(prices: dict[str, Any]) -> Rates:
    input_price = _price(prices["input_mtok"])
    if input_price is None:
        raise ValueError("a model without a price for input")
    # A kind of token without its own price has the price of the more general kind.
    write_price = (
        _price(prices.get("cache_write_5m_mtok") or prices.get("cache_write_mtok")) or input_price
    )
    return Rates(
        input=input_price,
        output=_price(prices["output_mtok"]) or input_price,
        cache_write_5m=write_price,
        cache_write_1h=_price(prices.get("cache_write_1h_mtok")) or write_price,
        cache_read=_price(prices.get("cache_read_mtok")) or input_price,
        web_search=_price(prices.get("web_searches_kcount")),
    )


def _price(value: Any) -> Price | None:  # noqa: ANN401 - JSON
    if value is None:
        return None
    base, *steps = value
    return Price(Decimal(base), tuple((int(start), Decimal(price)) for start, price in steps))

"""Prices of a model by day and mode, and the cost of tokens at them; pure, and exact.

The rules are the API's: a prompt above the threshold is billed at the long rates as a whole, and a
cache write for an hour has its own price.
"""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Rates:
    """A model's prices; `web_search` is USD for a thousand, None where it is not known."""

    input: Price
    output: Price
    cache_write_5m: Price
    cache_write_1h: Price
    cache_read: Price
    web_search: Price | None

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
        return usd * (US_ONLY_FACTOR if is_us_only else 1) + searches


@dataclass(frozen=True, slots=True)
class Period:
    """Rates in one mode from a day on (ISO, UTC; empty = always)."""

    since: str
    mode: str
    rates: Rates


def periods(entries: list[dict[str, Any]]) -> tuple[Period, ...]:
    """Return a model's periods from the output of `price_lookup`. Raises KeyError, ValueError."""
    return tuple(
        Period(entry["since"], entry["mode"], _rates(entry["prices"])) for entry in entries
    )


def rates_at(known: tuple[Period, ...], day: str | None, mode: str) -> Rates | None:
    """Return the rates on a day; without a day those of the last period."""
    matching = [
        period for period in known if period.mode == mode and (day is None or period.since <= day)
    ]
    return max(matching, key=lambda period: period.since).rates if matching else None


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

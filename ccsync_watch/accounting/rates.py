"""Prices of a model at a time and in a mode, and what tokens come to; pure, and exact.

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
        """Return what requests come to whose prompts lie on the side of each step of this one.

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


def periods(found: list[dict[str, Any]]) -> tuple[Period, ...]:
    """Return a model's periods as `lookup` describes them. Raises KeyError, ValueError."""
    return tuple(Period(each["since"], each["mode"], _rates(each["prices"])) for each in found)


def rates_at(known: tuple[Period, ...], day: str | None, mode: str) -> Rates | None:
    """Return the rates on a day; of a response without a date those of the last period."""
    fitting = [each for each in known if each.mode == mode and (day is None or each.since <= day)]
    return max(fitting, key=lambda each: each.since).rates if fitting else None


def _rates(prices: dict[str, Any]) -> Rates:
    given = _price(prices["input_mtok"])
    # Tokens of a kind without a price of its own are billed as the kind that they are one of.
    written = _price(prices.get("cache_write_5m_mtok") or prices.get("cache_write_mtok")) or given
    searched = prices.get("web_searches_kcount")
    if given is None:
        raise ValueError("a model without a price for input")
    return Rates(
        input=given,
        output=_price(prices["output_mtok"]) or given,
        cache_write_5m=written or given,
        cache_write_1h=_price(prices.get("cache_write_1h_mtok")) or written or given,
        cache_read=_price(prices.get("cache_read_mtok")) or given,
        web_search=_price(searched),
    )


def _price(value: Any) -> Price | None:  # noqa: ANN401 - JSON
    if value is None:
        return None
    base, *steps = value
    return Price(Decimal(base), tuple((int(start), Decimal(price)) for start, price in steps))

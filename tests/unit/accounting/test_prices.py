"""What models cost: looked up once, remembered, and never guessed."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.accounting import rates
from ccsync_watch.accounting.account import Tokens
from ccsync_watch.accounting.prices import PriceList

if TYPE_CHECKING:
    from pathlib import Path

STANDARD: dict[str, list[Any]] = {
    "input_mtok": ["4"],
    "output_mtok": ["20"],
    "cache_write_mtok": ["5"],
    "cache_write_1h_mtok": ["8"],
    "cache_read_mtok": ["0.2"],
    "web_searches_kcount": ["10"],
}


def _period(since: str = "", **prices: list[Any]) -> dict[str, Any]:
    return {"since": since, "mode": "standard", "prices": prices or STANDARD}


def _rates(**prices: list[Any]) -> rates.Rates:
    (period,) = rates.periods([_period("", **prices)])
    return period.rates


class TestRates:
    """What tokens come to."""

    def test_each_kind_of_token_has_its_price(self) -> None:
        """Cache writes by their lifetime; searches by the thousand."""
        tokens = Tokens(1_000_000, 2_000_000, 3_000_000, 4_000_000, 5_000_000, 6)
        assert _rates().cost(tokens, 1, is_us_only=False) == Decimal(4) + 40 + 15 + 32 + 1 + (
            Decimal("0.06")
        )

    def test_inference_in_the_us_costs_a_tenth_more_but_searches_do_not(self) -> None:
        """As the client bills it."""
        cost = _rates().cost(Tokens(input=1_000_000, web_searches=1), 1, is_us_only=True)
        assert cost == Decimal("4.41")

    def test_a_long_prompt_is_billed_at_the_long_price_as_a_whole(self) -> None:
        """Above the threshold, not at it."""
        model_rates = _rates(input_mtok=["1", [200_000, "2"]], output_mtok=["3", [200_000, "6"]])
        tokens = Tokens(input=200_000, output=1_000_000)
        assert model_rates.cost(tokens, 200_000, is_us_only=False) == Decimal("3.2")
        assert model_rates.cost(tokens, 200_001, is_us_only=False) == Decimal("6.4")

    def test_a_kind_without_a_price_is_billed_as_what_it_is_one_of(self) -> None:
        """A cache write is input; one for an hour is a cache write."""
        model_rates = _rates(input_mtok=["1"], output_mtok=["2"])
        assert model_rates.cost(Tokens(0, 0, 1, 2, 3), 1, is_us_only=False) == Decimal("0.000006")

    def test_a_search_without_a_price_has_none(self) -> None:
        """The sum is then not known."""
        model_rates = _rates(input_mtok=["1"], output_mtok=["2"])
        assert model_rates.cost(Tokens(web_searches=1), 1, is_us_only=False) is None

    def test_the_price_is_that_of_the_day(self) -> None:
        """A response without a date has the latest price."""
        known = rates.periods(
            [_period(), _period("2026-03-13", input_mtok=["1"], output_mtok=["2"])]
        )
        day = {
            name: rates.rates_at(known, name, "standard") for name in ("2026-03-12", "2026-03-13")
        }
        assert day["2026-03-12"] == known[0].rates
        assert day["2026-03-13"] == rates.rates_at(known, None, "standard") == known[1].rates
        assert rates.rates_at(known, None, "batch") is None

    def test_the_price_is_that_of_the_time_of_the_day(self) -> None:
        """Some providers have cheaper hours."""
        known = rates.periods(
            [_period(), {**_period("", input_mtok=["1"], output_mtok=["2"]), "second": 3600}]
        )
        assert rates.rates_at(known, "2026-03-13", "standard", 3599) == known[0].rates
        assert rates.rates_at(known, "2026-03-13", "standard", 3600) == known[1].rates
        assert rates.rates_at(known, None, "standard") == known[0].rates

    def test_rates_times_a_factor(self) -> None:
        """Every price, and every step of it."""
        model_rates = _rates(input_mtok=["2", [10, "4"]], output_mtok=["6"]).times(Decimal("0.5"))
        assert model_rates.input == rates.Price(Decimal(1), ((10, Decimal(2)),))
        assert model_rates.output == rates.Price(Decimal(3))
        assert model_rates.web_search is None


class TestList:
    """Lookups are rare, and their outcome is kept."""

    def test_a_model_is_looked_up_once(self, tmp_path: Path) -> None:
        """In this process and in the next; an unknown model as well."""
        asked: list[list[str]] = []

        def look_up(models: list[str]) -> dict[str, Any]:
            asked.append(models)
            return {"known": [_period()]}

        prices = PriceList(tmp_path / "cache" / "prices.json", look_up=look_up)
        assert prices.rates("known", None, "standard") is None
        assert prices.unknown(["known", "odd", None, ""]) == ["known", "odd"]
        prices.ensure_known(["known", "odd", None])
        prices.ensure_known(["known", "odd"])
        again = PriceList(tmp_path / "cache" / "prices.json", look_up=look_up)
        again.ensure_known(["known", "odd"])
        assert asked == [["known", "odd"]]
        assert again.rates("known", "2026-01-01", "standard") is not None
        assert again.rates("odd", None, "standard") is None

    @pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"version":"0","models":{"m":null}}'])
    def test_what_is_remembered_wrongly_is_looked_up_again(
        self, tmp_path: Path, data: bytes
    ) -> None:
        """A torn file, or one of other price data."""
        file = tmp_path / "prices.json"
        file.write_bytes(data)
        prices = PriceList(file, look_up=lambda _models: {"m": [_period()]})
        prices.ensure_known(["m"])
        assert prices.rates("m", None, "standard") is not None
        assert json.loads(file.read_bytes())["models"]["m"]

    def test_a_lookup_that_fails_is_tried_again_by_the_next_process(self, tmp_path: Path) -> None:
        """Not by this one, which would do it all the time."""

        def failing(_models: list[str]) -> dict[str, Any]:
            raise subprocess.SubprocessError("no such program")

        prices = PriceList(tmp_path / "prices.json", look_up=failing)
        prices.ensure_known(["m"])
        assert prices.rates("m", None, "standard") is None
        assert prices.unknown(["m"]) == []
        assert PriceList(tmp_path / "prices.json").unknown(["m"]) == ["m"]

    def test_the_steps_are_those_of_the_models_known(self, tmp_path: Path) -> None:
        """They separate prompts with different prices."""
        result = {
            "a": [_period(input_mtok=["1", [100, "2"]], output_mtok=["1"])],
            "b": [_period(input_mtok=["1", [9, "2"], [50, "3"]], output_mtok=["1"])],
        }
        prices = PriceList(tmp_path / "prices.json", look_up=lambda _models: result)
        prices.ensure_known(["a", "b"])
        assert prices.steps() == [9, 50, 100]

    def test_the_library_knows_the_clients_models(self, tmp_path: Path) -> None:
        """The real lookup, in its own process: fast and batch prices are others."""
        prices = PriceList(tmp_path / "prices.json")
        prices.ensure_known(["claude-opus-5-5", "claude-haiku-5-5", "claude-weird-9"])
        standard, fast, batch = (
            prices.rates("claude-opus-5-5", "2026-11-01", mode)
            for mode in ("standard", "fast", "batch")
        )
        assert standard
        assert batch
        assert standard.input.base > batch.input.base
        assert fast
        assert fast.input.base > standard.input.base
        # The data has prices of batches since October only.
        assert prices.rates("claude-opus-5-5", "2026-01-01", "batch") == batch
        assert standard.cache_write_1h.base > standard.cache_write_5m.base > standard.input.base
        assert prices.steps() == [100_000]
        assert prices.rates("claude-weird-9", None, "standard") is None

    def test_a_mode_without_prices_of_its_own_has_none(self, tmp_path: Path) -> None:
        """It is never billed as if it were the standard one."""
        prices = PriceList(tmp_path / "prices.json")
        prices.ensure_known(["claude-haiku-4-5"])
        assert prices.rates("claude-haiku-4-5", None, "standard") is not None
        assert prices.rates("claude-haiku-4-5", None, "fast") is None

    def test_this_program_never_loads_the_price_data(self) -> None:
        """It takes a second and 80 MB."""
        code = (
            "import sys, ccsync_watch.cli.commands.status, ccsync_watch.cli.commands.run;"
            "import ccsync_watch.daemon.runtime;"
            "sys.exit('genai_prices' in sys.modules or 'pydantic' in sys.modules)"
        )
        subprocess.run([sys.executable, "-c", code], check=True)

"""Whose prices count: the user's, the client's, those of the price data, in this order."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.accounting.account import Tokens
from ccsync_watch.accounting.prices import PriceList
from ccsync_watch.accounting.written_prices import WrittenPrices
from ccsync_watch.config import ModelPrices, Settings

if TYPE_CHECKING:
    from pathlib import Path

MILLION = 1_000_000
LISTED = [
    {
        "since": "",
        "mode": mode,
        "model": "anthropic/claude-opus-5",
        "prices": {"input_mtok": ["5"], "output_mtok": ["25"], "web_searches_kcount": ["10"]},
    }
    for mode in ("standard", "fast")
]
SERVED = {
    "inputTokens": 3,
    "outputTokens": 15,
    "promptCacheWriteTokens": 3.75,
    "promptCacheWrite1hTokens": 6,
    "promptCacheReadTokens": 0.3,
    "webSearchRequests": 0.02,
}
MANAGED = {"input": 2, "output": 8, "cacheRead": 0.2, "cacheWrite": 2.5}


class Files:
    """The client's files, in a folder of the test."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(
            claude_dirs=(folder / ".claude",), managed_dir=folder / "managed", cache_dir=folder
        )
        self._folder = folder

    def serve(self, costs: object) -> None:
        """Write the client's own price list."""
        (self._folder / ".claude.json").write_text(json.dumps({"additionalModelCostsCache": costs}))

    def manage(self, pricing: object, name: str = "managed-settings.json") -> None:
        """Write an administrator's settings."""
        path = self._folder / "managed" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"modelPricing": pricing}))

    def prices(self, **settings: Any) -> PriceList:  # noqa: ANN401 - settings
        """Return the prices, with one model in the price data."""
        prices = PriceList(
            None,
            look_up=lambda models: {name: LISTED for name in models if "opus-5" in name},
            written=WrittenPrices.from_settings(replace(self.settings, **settings)),
        )
        prices.ensure_known(["claude-opus-5", "gateway-model"])
        return prices


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Return files that do not exist yet."""
    return Files(tmp_path)


def _cost(prices: PriceList, tokens: Tokens, model: str = "claude-opus-5", **more: Any) -> Any:  # noqa: ANN401 - a cost or None
    rates = prices.rates(model, "2026-11-20", more.get("mode", "standard"))
    return rates and rates.cost(tokens, tokens.prompt, is_us_only=more.get("is_us_only", False))


def test_the_order_is_the_user_the_administrator_the_client_the_price_data(files: Files) -> None:
    """Each names itself."""
    tokens = Tokens(input=MILLION)
    assert _cost(files.prices(), tokens) == 5
    assert files.prices().source("claude-opus-5") == "genai-prices (anthropic/claude-opus-5)"
    files.serve({"claude-opus-5": SERVED})
    assert _cost(files.prices(), tokens) == 3
    assert files.prices().source("claude-opus-5") == "Claude Code's own price list"
    files.manage({"overrides": {"claude-opus-5": MANAGED}})
    assert _cost(files.prices(), tokens) == 2
    assert files.prices().source("claude-opus-5") == "Claude Code's managed settings"
    own = files.prices(prices=(("claude-opus-5", ModelPrices(1, 4)),))
    assert _cost(own, tokens) == 1
    assert own.source("claude-opus-5") == "your settings"


def test_a_model_without_any_price_has_no_source(files: Files) -> None:
    """It stays unpriced."""
    prices = files.prices()
    assert prices.source("gateway-model") is None
    assert prices.source(None) is None
    assert _cost(prices, Tokens(input=1), "gateway-model") is None


def test_own_prices_are_charged_as_they_are_written(files: Files) -> None:
    """In every mode and region; what is left out has the price of the more general kind."""
    prices = files.prices(
        prices=(
            ("Gateway-Model", ModelPrices(1, 2, 3, 4, 0.5, 6)),
            ("claude-opus-5", ModelPrices(1, 2, cache_write_5m=3)),
        )
    )
    every = Tokens(MILLION, MILLION, MILLION, MILLION, MILLION, 1000)
    assert _cost(prices, every, "gateway-model") == Decimal("16.5")
    assert _cost(prices, every, "gateway-model", mode="fast", is_us_only=True) == Decimal("16.5")
    # Searches have the list price.
    assert _cost(prices, every) == 1 + 2 + 3 + 3 + 1 + 10


def test_own_prices_are_for_every_form_of_a_model_unless_one_is_named(files: Files) -> None:
    """The row of exactly that name counts first."""
    prices = files.prices(
        prices=(("claude-opus-5", ModelPrices(1, 1)), ("eu.anthropic.claude-opus-5-v1:0",
                                                       ModelPrices(2, 2))),
    )  # fmt: skip
    tokens = Tokens(input=MILLION)
    assert _cost(prices, tokens, "us.anthropic.claude-opus-5-v1:0") == 1
    assert _cost(prices, tokens, "EU.anthropic.claude-opus-5-v1:0") == 2


def test_a_row_for_a_region_is_not_for_the_model_elsewhere(files: Files) -> None:
    """Its price has the surcharge of the region in it."""
    regional = "eu.anthropic.claude-opus-5-v1:0"
    prices = files.prices(prices=((regional, ModelPrices(7, 30)),))
    assert prices.source(regional) == "your settings"
    assert prices.source("us.anthropic.claude-opus-5") == "your settings"
    assert prices.source("claude-opus-5") == "genai-prices (anthropic/claude-opus-5)"


def test_the_users_multiplier_is_for_all_estimates(files: Files) -> None:
    """It replaces the administrator's, which is not for the user's own prices."""
    tokens = Tokens(input=MILLION, web_searches=1000)
    files.manage({"multiplier": 0.5})
    assert _cost(files.prices(), tokens) == Decimal("7.5")
    assert _cost(files.prices(prices=(("claude-opus-5", ModelPrices(1, 1)),)), tokens) == 11
    prices = files.prices(price_multiplier=0.1, prices=(("x", ModelPrices(1, 1)),))
    assert _cost(prices, tokens) == Decimal("1.5")
    assert _cost(prices, Tokens(input=MILLION), "x") == Decimal("0.1")
    assert prices.source("x") == "your settings x 0.1"


def test_managed_rows_have_one_price_for_cache_writes_and_no_surcharges(files: Files) -> None:
    """As the client charges them; its searches keep their price."""
    files.manage({"overrides": {"claude-opus-5": MANAGED}, "multiplier": 0.5})
    tokens = Tokens(MILLION, MILLION, MILLION, MILLION, MILLION, 1000)
    usd = Decimal("0.5") * (2 + 8 + Decimal("2.5") * 2 + Decimal("0.2") + 10)
    assert _cost(files.prices(), tokens) == usd
    assert _cost(files.prices(), tokens, mode="fast", is_us_only=True) == usd


def test_managed_settings_in_several_files_are_merged(files: Files) -> None:
    """By row, later files first, as the client does."""
    files.manage({"overrides": {"a": MANAGED, "b": MANAGED}, "multiplier": 0.5})
    files.manage({"overrides": {"b": {**MANAGED, "input": 4}}}, "managed-settings.d/10.json")
    prices = files.prices()
    assert _cost(prices, Tokens(input=MILLION), "a") == 1
    assert _cost(prices, Tokens(input=MILLION), "b") == 2


def test_the_clients_list_has_long_prompts_and_a_fast_mode(files: Files) -> None:
    """Its searches are USD each; inference in the US costs a tenth more."""
    long = {**SERVED, "inputTokens": 6, "abovePromptTokens": 200_000}
    files.serve({"claude-opus-5": {**SERVED, "longPrompt": long,
                                   "fast": {**SERVED, "inputTokens": 30}}})  # fmt: skip
    prices = files.prices()
    assert prices.steps() == [200_000]
    assert _cost(prices, Tokens(input=200_000)) == Decimal("0.6")
    assert _cost(prices, Tokens(input=300_000)) == Decimal("1.8")
    assert _cost(prices, Tokens(input=100_000), is_us_only=True) == Decimal("0.33")
    assert _cost(prices, Tokens(input=100_000), mode="fast") == 3
    assert _cost(prices, Tokens(web_searches=100)) == 2


def test_a_mode_that_the_clients_list_lacks_has_the_next_price(files: Files) -> None:
    """Its standard price would be a guess."""
    files.serve({"claude-opus-5": SERVED})
    assert _cost(files.prices(), Tokens(input=MILLION), mode="fast") == 5


@pytest.mark.parametrize(
    "row",
    [None, 5, [], {}, {**SERVED, "inputTokens": -1}, {**SERVED, "outputTokens": "15"},
     {**SERVED, "promptCacheReadTokens": 10_001}, {**SERVED, "inputTokens": True}],
)  # fmt: skip
def test_invalid_rows_of_the_client_are_left_out(files: Files, row: object) -> None:
    """The others still count; neither breaks a command."""
    files.serve({"claude-opus-5": row, "gateway-model": SERVED})
    assert _cost(files.prices(), Tokens(input=MILLION)) == 5
    assert _cost(files.prices(), Tokens(input=MILLION), "gateway-model") == 3


@pytest.mark.parametrize(
    "pricing",
    [None, [], {"multiplier": 0}, {"multiplier": 11}, {"multiplier": "2"}, {"multiplier": True},
     {"overrides": []}, {"overrides": {"claude-opus-5": {"input": 1}}}],
)  # fmt: skip
def test_invalid_managed_pricing_is_left_out(files: Files, pricing: object) -> None:
    """As the client does."""
    files.manage(pricing)
    assert _cost(files.prices(), Tokens(input=MILLION)) == 5


def test_unreadable_files_count_as_missing(files: Files, tmp_path: Path) -> None:
    """A torn write, or another file format."""
    for data in (b"", b"{", b"[]", b"\xff\xfe"):
        (tmp_path / ".claude.json").write_bytes(data)
        assert _cost(files.prices(), Tokens(input=MILLION)) == 5


def test_changed_files_are_read_again(files: Files, tmp_path: Path) -> None:
    """A daemon runs for weeks."""
    prices = files.prices()
    assert _cost(prices, Tokens(input=MILLION)) == 5
    files.serve({"claude-opus-5": SERVED})
    prices.steps()
    assert _cost(prices, Tokens(input=MILLION)) == 3
    (tmp_path / ".claude.json").unlink()
    prices.steps()
    assert _cost(prices, Tokens(input=MILLION)) == 5


def test_what_another_process_looked_up_is_read(tmp_path: Path) -> None:
    """Also after a download of new data, which makes the cache invalid."""
    file = tmp_path / "prices.json"
    mine = PriceList(file, look_up=lambda _models: {})
    assert mine.unknown(["claude-opus-5"]) == ["claude-opus-5"]
    other = PriceList(file, look_up=lambda _models: {"claude-opus-5": LISTED})
    other.ensure_known(["claude-opus-5"])
    assert mine.unknown(["claude-opus-5"]) == []
    assert mine.rates("claude-opus-5", None, "standard")
    (tmp_path / "price-data.json").write_text("{}")
    os.utime(tmp_path / "price-data.json", (1, 1))
    assert mine.unknown(["claude-opus-5"]) == ["claude-opus-5"]


def test_prices_follow_the_settings_in_force(files: Files) -> None:
    """A running daemon loads them again; what was counted at the old ones is out of date."""
    in_force = [files.settings]
    prices = PriceList.following(lambda: in_force[0])
    before = prices.revision()
    assert prices.revision() == before
    assert not prices.has_own
    in_force[0] = replace(files.settings, prices=(("x", ModelPrices(1, 2)),), price_multiplier=2)
    assert prices.revision() != before
    assert prices.source("x") == "your settings x 2"


def test_the_revision_changes_with_the_clients_prices_and_what_was_looked_up(
    files: Files, tmp_path: Path
) -> None:
    """Both are files that other programs write."""
    prices = PriceList.following(lambda: files.settings)
    revisions = [prices.revision()]
    files.serve({"claude-opus-5": SERVED})
    revisions.append(prices.revision())
    (tmp_path / "price-data.json").write_text("{}")
    revisions.append(prices.revision())
    assert len({str(revision) for revision in revisions}) == 3


def test_the_revision_of_another_version_is_another_one(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may count what the same prices are for in another way."""
    before = PriceList.following(lambda: files.settings).revision()
    monkeypatch.setattr("ccsync_watch.accounting.prices.__version__", "another")
    assert PriceList.following(lambda: files.settings).revision() != before


def test_the_revision_of_another_process_is_the_same(files: Files) -> None:
    """As a text: what was counted before a restart is not counted again."""
    files.serve({"claude-opus-5": SERVED})
    revisions = {repr(PriceList.following(lambda: files.settings).revision()) for _ in range(2)}
    assert len(revisions) == 1
    assert " at 0x" not in revisions.pop()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "as installed"),
        ("garbage", "as installed: the download cannot be read"),
        ("[]", "as installed: the download cannot be read"),
        ('{"library": "0.0.1"}', "as installed: newer than the download"),
    ],
)
def test_the_data_in_use_is_described(tmp_path: Path, content: str | None, words: str) -> None:
    """A download that does not count is not named as the source."""
    if content is not None:
        (tmp_path / "price-data.json").write_text(content)
    description = PriceList(tmp_path / "prices.json").data_description()
    assert description.partition(", ")[2] == words

"""The prices that the real price data has, by the names that transcripts have."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from importlib import metadata
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.accounting import price_data, price_lookup
from ccsync_watch.accounting.account import Tokens
from ccsync_watch.accounting.rates import Rates, periods, rates_at

if TYPE_CHECKING:
    from pathlib import Path

    from genai_prices.data_snapshot import DataSnapshot

DAY = "2026-11-20"
MILLION = Tokens(input=1_000_000)


@pytest.fixture(scope="module")
def snapshot() -> DataSnapshot:
    """Return the data that a lookup uses without a download."""
    return price_data.load_snapshot(None)


def _rates(
    snapshot: DataSnapshot, name: str, mode: str = "standard", day: str = DAY, second: int = 0
) -> Rates | None:
    entries = price_lookup.prices_of(snapshot, name)
    return rates_at(periods(entries), day, mode, second) if entries else None


def _input(
    snapshot: DataSnapshot, name: str, mode: str = "standard", day: str = DAY, second: int = 0
) -> Decimal | None:
    rates = _rates(snapshot, name, mode, day, second)
    return rates.input.base if rates else None


@pytest.mark.parametrize(
    ("name", "usd"),
    [
        ("claude-opus-4-7", "5"),
        ("eu.anthropic.claude-opus-4-7", "5.5"),
        ("global.anthropic.claude-opus-4-7", "5"),
        ("arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-haiku-4-5-20251001-v1:0",
         "1.1"),
        ("us.anthropic.claude-opus-4-1-20250805-v1:0", "15"),
        ("claude-opus-4@20250514", "15"),
        ("claude-3-haiku@20240307", "0.25"),
        ("anthropic/claude-3.7-sonnet", "3"),
        ("anthropic--claude-4.5-haiku", "1"),
        ("claude-4-sonnet-20250514", "3"),
        ("CLAUDE-FABLE-5", "10"),
        ("kimi-k2.5", "0.6"),
        ("minimax-m2", "0.3"),
        ("glm-4.6", "0.6"),
        ("zai/glm-4.7", "0.6"),
        ("gpt-5.1-codex", "1.25"),
        ("qwen3-coder-plus", "0.65"),
        ("openrouter/qwen/qwen3-coder-plus", "0.65"),
        ("us.amazon.nova-pro-v1:0", "0.8"),
    ],
)  # fmt: skip
def test_models_of_every_provider_have_their_price(
    snapshot: DataSnapshot, name: str, usd: str
) -> None:
    """By whatever name a cloud or gateway gives them; a tenth more in a region of Bedrock."""
    assert _input(snapshot, name) == Decimal(usd)


@pytest.mark.parametrize(
    "name",
    [
        "claude-opus-9-9", "sonnet", "opusplan", "my-model", "", "default", "gpt-99", "llama",
        "us.anthropic.claude-opus-9-9-v1:0", "moonshotai/kimi-k2:free",
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12cd34ef56",
    ],
)  # fmt: skip
def test_an_unknown_model_has_no_price(snapshot: DataSnapshot, name: str) -> None:
    """Neither a similar one's nor 0."""
    assert price_lookup.prices_of(snapshot, name) is None


def test_prices_depend_on_the_time_of_the_day(snapshot: DataSnapshot) -> None:
    """DeepSeek has hours that cost twice as much."""
    dear, cheap = 7 * 3600, 12 * 3600
    assert _input(snapshot, "deepseek-v4-flash", second=dear) == Decimal("0.3")
    assert _input(snapshot, "deepseek-v4-flash", second=cheap) == Decimal("0.15")
    assert _input(snapshot, "deepseek-v4-flash", day="2026-08-20", second=cheap) == Decimal("0.22")


@pytest.mark.parametrize(
    ("name", "day", "usd"),
    [
        ("claude-opus-5-5", DAY, "2"),
        ("claude-opus-5-5", "2026-10-01", "2"),
        ("claude-opus-4-1", "2025-09-01", "7.5"),
        ("eu.anthropic.claude-opus-4-7", "2026-09-01", "2.75"),
    ],
)
def test_batches_cost_half_on_every_day(
    snapshot: DataSnapshot, name: str, day: str, usd: str
) -> None:
    """The data has their prices of October on only."""
    assert _input(snapshot, name, "batch", day) == Decimal(usd)


def test_batches_before_the_data_follow_the_prices_of_their_day(snapshot: DataSnapshot) -> None:
    """A long prompt still had a price of its own then."""
    before = _rates(snapshot, "claude-opus-4-6", "batch", "2026-02-20")
    after = _rates(snapshot, "claude-opus-4-6", "batch", "2026-09-20")
    assert before
    assert after
    assert before.input.at(200_001) == 5
    assert after.input.at(200_001) == Decimal("2.5")


@pytest.mark.parametrize(
    ("name", "usd"),
    [("claude-opus-4-6", 30), ("claude-opus-4-7", 30), ("claude-opus-4-8", 10),
     ("claude-opus-5", 10), ("claude-opus-5-5", 8), ("claude-fable-5-2", 16)],
)  # fmt: skip
def test_the_fast_mode_costs_what_the_client_counts(
    snapshot: DataSnapshot, name: str, usd: int
) -> None:
    """Also where the data has no price of it; searches cost the same."""
    fast = _rates(snapshot, name, "fast")
    assert fast
    assert fast.input.base == usd
    assert fast.output.base == usd * 5
    assert fast.web_search
    assert fast.web_search.base == 10


def test_a_model_without_a_fast_mode_has_no_price_of_it(snapshot: DataSnapshot) -> None:
    """The standard price would be a guess."""
    assert _rates(snapshot, "claude-haiku-4-5", "fast") is None


def test_a_region_costs_more_where_the_data_of_bedrock_says_so(snapshot: DataSnapshot) -> None:
    """Our factor is that of every model of Anthropic's in Bedrock's own list."""
    (bedrock,) = (provider for provider in snapshot.providers if provider.id == "aws")
    compared = 0
    for model in bedrock.models:
        if not model.id.startswith("regional.anthropic."):
            continue
        entries = price_lookup.prices_of(snapshot, model.id.replace("regional.", "us."))
        assert entries, model.id
        known = rates_at(periods(entries), DAY, "standard")
        assert known
        listed = price_lookup.as_lists(model.prices)  # type: ignore[arg-type]  # one price each
        assert known.input.base == Decimal(listed["input_mtok"][0]), model.id
        assert known.output.base == Decimal(listed["output_mtok"][0]), model.id
        compared += 1
    assert compared > 15


def test_our_copy_of_the_data_is_that_of_the_library() -> None:
    """`scripts/copy_price_data.py` writes it after each update."""
    copy = price_data.read_copy()
    if sys.version_info >= (3, 11):
        assert copy["library"] == metadata.version("genai-prices")
    names = ["claude-opus-5-5", "deepseek-v4-flash", "eu.anthropic.claude-fable-5-2", "glm-4.6"]
    parsed, used = price_data.parse(copy["providers"]), price_data.load_snapshot(None)
    for name in names:
        assert price_lookup.prices_of(parsed, name) == price_lookup.prices_of(used, name)


def test_downloaded_data_counts_until_the_library_is_updated(tmp_path: Path) -> None:
    """Then the library's own is the newer one."""
    providers = json.loads(json.dumps(price_data.read_copy()["providers"]))
    (anthropic,) = (provider for provider in providers if provider["id"] == "anthropic")
    for model in anthropic["models"]:
        if model["id"] == "claude-opus-5":
            model["prices"] = {"input_mtok": "7", "output_mtok": "9"}
    file = tmp_path / "data.json"
    for library, usd in ((metadata.version("genai-prices"), 7), ("0.0.1", 5)):
        file.write_text(json.dumps({"library": library, "providers": providers}))
        assert _input(price_data.load_snapshot(file), "claude-opus-5") == usd


@pytest.mark.parametrize("content", ["", "garbage", "[]", "{}", "null", '{"library": 1}'])
def test_downloaded_data_that_cannot_be_read_counts_as_missing(
    tmp_path: Path, content: str
) -> None:
    """The library's own data still has the prices."""
    file = tmp_path / "data.json"
    file.write_text(content)
    assert _input(price_data.load_snapshot(file), "claude-opus-5") == 5
    current = json.dumps({"library": metadata.version("genai-prices"), "providers": [{"id": 1}]})
    file.write_text(current)
    assert _input(price_data.load_snapshot(file), "claude-opus-5") == 5


@pytest.mark.parametrize("providers", [[], {}, [{"id": 1}], ["x"]])
def test_data_of_another_shape_is_an_error(providers: list[object]) -> None:
    """It is not used in part."""
    with pytest.raises((ValueError, TypeError)):
        price_data.parse(providers)

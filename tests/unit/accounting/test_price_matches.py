"""A model has its own price or none, never that of one whose name begins alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from genai_prices.types import (
    ClauseAnd,
    ClauseContains,
    ClauseEndsWith,
    ClauseEquals,
    ClauseOr,
    ClauseRegex,
    ClauseStartsWith,
)

from ccsync_watch.accounting import price_data, price_lookup
from ccsync_watch.accounting.price_matches import names_model

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot

ARN = "arn:aws:bedrock:ap-southeast-2:999988887777"


@pytest.fixture(scope="module")
def snapshot() -> DataSnapshot:
    """Return the price data in use."""
    return price_data.load_snapshot(None)


def _model(snapshot: DataSnapshot, name: str) -> tuple[str, str] | None:
    entries = price_lookup.prices_of(snapshot, name)
    if entries is None:
        return None
    latest = [entry for entry in entries if entry["mode"] == "standard"][-1]
    return latest["model"], latest["prices"]["input_mtok"][0]


@pytest.mark.parametrize(
    "name",
    [
        "claude-opus-4-51", "claude-opus-4-10", "claude-opus-4-15-20260101", "claude-opus-4.15",
        "claude-sonnet-4-55", "claude-haiku-4-5-5", "claude-opus-5-55", "claude-4-55-sonnet",
        "claude-haiku-5", "claude-opus-45", "claude-opus-4-5-mini", "claude-opus-4.6-fast",
        "us.anthropic.claude-opus-4-71-v1:0", "vertex_ai/claude-sonnet-4-66@20260101",
        "openrouter/anthropic/claude-opus-4.77", "anthropic/claude-opus-4.5:free",
        f"{ARN}:inference-profile/au.anthropic.claude-haiku-4-55-v1:0",
        f"{ARN}:application-inference-profile/claude12opus4",
        "kimi-k2.55", "glm-4.66", "gpt-51", "gpt-5.11", "gpt-5.1-nano", "gemini-2.5-pro-ultra",
        "MiniMax-M2.15", "z-ai/glm-4.6:free", "qwen3-coder:30b", "ollama/llama3.1",
    ],
)  # fmt: skip
def test_a_name_that_is_only_near_has_no_price(snapshot: DataSnapshot, name: str) -> None:
    """Another version, another size, another way to be charged."""
    assert _model(snapshot, name) is None


@pytest.mark.parametrize(
    ("name", "model", "usd"),
    [
        ("claude-sonnet-4@20250514", "anthropic/claude-sonnet-4-0", "3"),
        ("claude-sonnet-4-20250514", "anthropic/claude-sonnet-4-0", "3"),
        ("claude-opus-4@20250514", "anthropic/claude-opus-4-0", "15"),
        ("claude-opus-4-1@20250805", "anthropic/claude-opus-4-1", "15"),
        ("claude-3-5-sonnet-v2@20241022", "anthropic/claude-3-5-sonnet", "3"),
        ("claude-3-5-haiku-latest", "anthropic/claude-3-5-haiku-latest", "0.8"),
        ("vertex_ai/claude-opus-4-7@default", "anthropic/claude-opus-4-7", "5"),
        ("mx.anthropic.claude-opus-4-7", "anthropic/claude-opus-4-7", "5.5"),
        (f"{ARN}:inference-profile/au.anthropic.claude-haiku-4-5-20251001-v1:0",
         "anthropic/claude-haiku-4-5", "1.1"),
        (f"{ARN}:inference-profile/global.anthropic.claude-haiku-4-5-20251001-v1:0",
         "anthropic/claude-haiku-4-5", "1"),
        ("gemini-2.5-pro-preview-05-06", "google/gemini-2.5-pro", "1.25"),
        ("gemini-2.0-flash-001", "google/gemini-2.0-flash", "0.1"),
        ("litellm_proxy/openai/gpt-5.1", "openrouter/openai/gpt-5.1", "1.25"),
        ("gpt-5.2-20251211", "openai/gpt-5.2", "1.75"),
        ("deepseek-r1-0528", "deepseek/deepseek-reasoner", "0.135"),
        ("deepseek-r1-distill-llama-70b", "openrouter/deepseek/deepseek-r1-distill-llama-70b",
         "0.1"),
        ("deepseek-chat-v3.1", "openrouter/deepseek/deepseek-chat-v3.1", "0.27"),
        ("openai.gpt-oss-120b-1:0", "aws/openai.gpt-oss-120b-1:0", "0.15"),
        ("eu.amazon.nova-pro-v1:0", "aws/amazon.nova-pro-v1:0", "0.8"),
    ],
)  # fmt: skip
def test_a_name_with_a_date_a_revision_or_a_stage_has_its_models_price(
    snapshot: DataSnapshot, name: str, model: str, usd: str
) -> None:
    """The data names the model by a part of it."""
    assert _model(snapshot, name) == (model, usd)


@pytest.mark.parametrize("name", ["qwen/qwen3-coder:free", "openrouter/deepseek/deepseek-r1:free"])
def test_a_free_variant_costs_nothing(snapshot: DataSnapshot, name: str) -> None:
    """OpenRouter lists it; the model without the suffix has a price."""
    free = _model(snapshot, name)
    assert free is not None
    assert free[1] == "0"
    paid = _model(snapshot, name.removesuffix(":free"))
    assert paid is not None
    assert paid[1] != "0"


def test_every_listed_claude_model_is_found_by_its_own_name(
    snapshot: DataSnapshot,
) -> None:
    """What makes a name another model's takes none of them away."""
    (provider,) = (entry for entry in snapshot.providers if entry.id == "anthropic")
    names = [model.id for model in provider.models if model.id.startswith("claude-")]
    missing = [name for name in names if _model(snapshot, name) is None]
    assert not [name for name in missing if not name.startswith("claude-v")]


def test_rules_of_every_kind() -> None:
    """A part that is given has to end where a part of a name ends."""
    assert names_model(ClauseStartsWith("Model-1"), "model-1-20260101")
    assert not names_model(ClauseStartsWith("model-1"), "model-12")
    assert not names_model(ClauseStartsWith("model-1"), "other")
    assert names_model(ClauseStartsWith("model-3-"), "model-3-27b-it")
    assert names_model(ClauseEndsWith("model-1"), "vendor/model-1")
    assert not names_model(ClauseEndsWith("model-1"), "supermodel-1")
    assert names_model(ClauseContains("Model-1"), "us.vendor.model-1-v1:0")
    assert not names_model(ClauseContains("model-1"), "us.vendor.model-1.5")
    assert not names_model(ClauseContains("model-1"), "us.supermodel-1")
    assert names_model(ClauseEquals("model-1"), "model-1")
    assert names_model(ClauseRegex("^model-1"), "model-12")
    either = ClauseOr([ClauseEquals("model-2"), ClauseStartsWith("model-1")])
    assert names_model(either, "model-1-latest")
    both = ClauseAnd([ClauseStartsWith("model-1"), ClauseRegex("^(?!.*-tts)")])
    assert names_model(both, "model-1-preview")
    assert not names_model(both, "model-1-tts")

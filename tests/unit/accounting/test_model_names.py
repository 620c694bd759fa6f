"""What names of models say, as clouds, gateways and the client write them."""

from __future__ import annotations

import pytest

from ccsync_watch.accounting.model_names import plain_key, read_name

ARN = "arn:aws:bedrock:eu-west-1:123456789012:"


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("claude-opus-4-7", "claude-opus-4-7"),
        ("CLAUDE-Opus-4-7", "claude-opus-4-7"),
        ("claude-opus-4-6[1m]", "claude-opus-4-6"),
        ("claude-haiku-4-5@20251001", "claude-haiku-4-5-20251001"),
        ("claude-sonnet-4-6@default", "claude-sonnet-4-6"),
        ("global.anthropic.claude-sonnet-5-v1:0", "claude-sonnet-5"),
        ("vertex_ai/claude-sonnet-4-6", "claude-sonnet-4-6"),
        ("publishers/anthropic/models/claude-opus-5", "claude-opus-5"),
        ("openrouter/anthropic/claude-opus-4.5", "claude-opus-4.5"),
        ("anthropic/claude-3.7-sonnet:thinking", "claude-3.7-sonnet"),
        ("databricks-claude-sonnet-4-5", "claude-sonnet-4-5"),
        ("anthropic--claude-4.5-sonnet", "claude-4.5-sonnet"),
        ("claude-sonnet-4-5-20250929-thinking", "claude-sonnet-4-5-20250929"),
        ("some-gateway/team/claude-fable-5", "claude-fable-5"),
        ("anthropic.claude-v2:1", "claude-v2"),
        ("openrouter/qwen/qwen3-coder", "qwen3-coder"),
        ("vertex_ai:claude-opus-4-7@20260416", "claude-opus-4-7-20260416"),
        ("openrouter:anthropic/claude-sonnet-4.5", "claude-sonnet-4.5"),
        ("openrouter,anthropic/claude-sonnet-4.5", "claude-sonnet-4.5"),
        ("deepseek,deepseek-chat", "deepseek-chat"),
        ("my-own, gpt-5", "gpt-5"),
        ("qwen3-coder:30b", "qwen3-coder:30b"),
        ("mistral:7b", "mistral:7b"),
        ("us.amazon.nova-pro-v1:0", "nova-pro"),
        ("MiniMax-M2.1", "minimax-m2.1"),
    ],
)
def test_decoration_is_taken_off(written: str, plain: str) -> None:
    """Region, version, date sign, path, window and the gateway's own words."""
    assert read_name(written).plain == plain


@pytest.mark.parametrize(
    ("written", "is_regional"),
    [
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", True),
        ("eu.anthropic.claude-opus-4-7", True),
        ("apac.anthropic.claude-haiku-4-5-20251001-v1:0", True),
        ("jp.anthropic.claude-sonnet-4-6", True),
        ("au.anthropic.claude-opus-5", True),
        ("mx.anthropic.claude-opus-5", True),
        ("CA.anthropic.claude-opus-4-7[1m]", True),
        ("bedrock:us.anthropic.claude-opus-4-7", True),
        ("us-west-2.anthropic.claude-haiku-4-5-20251001-v1:0", True),
        ("us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0", True),
        ("anthropic.claude-opus-4-8", True),
        ("bedrock/eu.anthropic.claude-haiku-4-5-20251001-v1:0[1m]", True),
        ("bedrock/us-east-1/anthropic.claude-sonnet-4-6", True),
        (f"{ARN}inference-profile/eu.anthropic.claude-opus-4-6-v1", True),
        (f"bedrock/{ARN}inference-profile/eu.anthropic.claude-opus-4-6-v1", True),
        (f"{ARN}foundation-model/anthropic.claude-sonnet-5", True),
        ("global.anthropic.claude-opus-4-7", False),
        (f"{ARN}inference-profile/global.anthropic.claude-opus-4-6-v1", False),
        # Older than the difference in price.
        ("us.anthropic.claude-opus-4-1-20250805-v1:0", False),
        ("apac.anthropic.claude-sonnet-4-20250514-v1:0", False),
        ("us.anthropic.claude-3-5-haiku-20241022-v1:0", False),
        # Not at Bedrock.
        ("claude-opus-4-7", False),
        ("vertex_ai/claude-opus-4-7", False),
    ],
)
def test_bedrock_keeps_requests_in_a_region_unless_the_name_says_global(
    written: str,
    is_regional: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """A profile of a region, or a model without a profile; from version 4.5 on it costs more."""
    assert read_name(written).is_regional is is_regional


@pytest.mark.parametrize(
    "written",
    [
        "",
        "claude",
        f"{ARN}application-inference-profile/ab12cd34ef56",
        f"{ARN}provisioned-model/ab12cd34ef56",
        "arn:aws:sagemaker:us-east-1:123456789012:endpoint/claude-opus-5",
        "my-claude",
        "anthropic/claude-opus-4.5:free",
    ],
)
def test_what_does_not_name_a_model_has_no_references(written: str) -> None:
    """Its price is not known."""
    assert read_name(written).references == ()


@pytest.mark.parametrize(
    ("written", "provider", "name"),
    [
        ("openrouter/deepseek/deepseek-chat", "openrouter", "deepseek/deepseek-chat"),
        ("azure/gpt-5.1", "azure", "gpt-5.1"),
        ("gemini/gemini-2.5-pro", "google", "gemini-2.5-pro"),
        ("qwen/qwen3-coder", "openrouter", "qwen/qwen3-coder"),
        ("deepseek,deepseek-chat", "deepseek", "deepseek-chat"),
        ("volcengine,deepseek-chat", None, "deepseek-chat"),
        ("eu.amazon.nova-pro-v1:0", "aws", "eu.amazon.nova-pro-v1:0"),
        ("kimi-k2.5", None, "kimi-k2.5"),
        ("anthropic.claude-opus-5", "anthropic", "claude-opus-5"),
    ],
)
def test_the_first_reference_is_who_bills_it(written: str, provider: str | None, name: str) -> None:
    """A provider that the path names, a list of that form of names, or the model's vendor."""
    first = read_name(written).references[0]
    assert (first.provider, first.name) == (provider, name)


def test_a_written_price_is_for_every_form_of_a_model() -> None:
    """A date, a region and a path name the same model; another version does not."""
    key = plain_key("claude-opus-4-5")
    assert key == plain_key("us.anthropic.claude-opus-4-5-20251101-v1:0")
    assert key == plain_key("anthropic/claude-opus-4-5@20251101")
    assert key == plain_key("anthropic/claude-opus-4.5")
    assert key == plain_key("anthropic--claude-4.5-opus")
    assert plain_key("claude-sonnet-4-0") == plain_key("claude-sonnet-4-20250514")
    assert key != plain_key("claude-opus-4-6")

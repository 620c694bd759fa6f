"""Cases of models' names as clouds, gateways and the client write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.accounting_cases.case import HAIKU, OPUS, SONNET, Counts, Draft

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.accounting_cases.case import Case

_REGIONAL = "1.1"
_PROFILE = "arn:aws:bedrock:eu-west-1:123456789012:inference-profile"
_NAMES: dict[str, tuple[str, str | None, str]] = {
    "a model at Bedrock, in a region": (
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0", SONNET, _REGIONAL,
    ),
    "a model at Bedrock, anywhere": (
        "global.anthropic.claude-opus-4-5-20251101-v1:0", OPUS, "1",
    ),
    "an older model at Bedrock": (
        "apac.anthropic.claude-sonnet-4-20250514-v1:0", "claude-sonnet-4", "1",
    ),
    "an inference profile's ARN": (
        f"{_PROFILE}/eu.anthropic.claude-haiku-4-5-20251001-v1:0", HAIKU, _REGIONAL,
    ),
    "a profile that names no model": (
        f"{_PROFILE.replace('inference', 'application-inference')}/ab12cd34ef56", None, "1",
    ),
    "a model at Vertex": ("claude-haiku-4-5@20251001", HAIKU, "1"),
    "a model at Vertex, through LiteLLM": ("vertex_ai/claude-sonnet-4-5@20250929", SONNET, "1"),
    "a model at OpenRouter": ("anthropic/claude-opus-4.5", OPUS, "1"),
    "a model at OpenRouter, with a variant": (
        "openrouter/anthropic/claude-sonnet-4.5:beta", SONNET, "1",
    ),
    "a name with a context window": ("claude-opus-4-6[1m]", "claude-opus-4-6", "1"),
    "a name in capitals": ("CLAUDE-SONNET-4-5-20250929", SONNET, "1"),
    "another vendor's model": ("gpt-5.1", "gpt-5.1", "1"),
    "another vendor's model, through a proxy": (
        "litellm_proxy/gemini/gemini-2.5-pro", "gemini-2.5-pro", "1",
    ),
    "a name that is only near": ("claude-opus-4-51", None, "1"),
}  # fmt: skip


def cases() -> Iterator[Case]:
    """Yield a case for every name."""
    for name, (model, price, factor) in _NAMES.items():
        draft = Draft(name)
        # Vendors differ in whether they charge for cache writes.
        counts = None if "claude" in model else Counts()
        draft.session().respond(counts, model, price=price, factor=factor)
        yield draft.case()

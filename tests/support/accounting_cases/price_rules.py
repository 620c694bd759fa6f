"""Cases of what a price depends on: cache lifetimes, length, mode, searches, iterations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.accounting_cases.case import OPUS, SONNET, Counts, Draft

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.accounting_cases.case import Case

_SMALLEST = "claude-haiku-5-5"
_ADVISOR = "claude-opus-4-7"


def cases() -> Iterator[Case]:
    """Yield the cases."""
    yield _one("cache writes for an hour", Counts(10, 20, 3000, 7000, 50_000))
    yield _one("cache writes without a lifetime", Counts(10, 20, 9000))
    yield _one("web searches", Counts(searches=7))
    yield _one("a prompt over 200,000 tokens", Counts(1000, 900, 5000, 0, 195_001),
               SONNET, is_long=True)  # fmt: skip
    yield _one("a prompt of just 200,000 tokens", Counts(1000, 900, 5000, 0, 194_000), SONNET)
    yield _one("a long prompt that costs no more", Counts(250_000, 900))
    yield _one("a prompt over 100,000 tokens", Counts(100_001, 900, 0, 5), _SMALLEST, is_long=True)
    yield _one("fast mode", Counts(), "claude-opus-4-6", factor="6", speed="fast")
    yield _one("fast mode of a newer model", Counts(), "claude-opus-4-8", factor="2", speed="fast")
    yield _one("a batch", Counts(), OPUS, factor="0.5", service_tier="batch")
    yield _one("a batch of an older model", Counts(), "claude-opus-4-1",
               factor="0.5", service_tier="batch")  # fmt: skip
    yield _one("inference in the US only", Counts(), "claude-opus-4-7",
               factor="1.1", inference_geo="us")  # fmt: skip
    yield _iterations("iterations that are short each", [61_000, 61_001])
    yield _iterations("iterations, one of them long", [30_000, 120_000])
    yield _advisor()


def _one(
    name: str,
    counts: Counts,
    model: str = OPUS,
    *,
    factor: str = "1",
    is_long: bool = False,
    **usage: str,
) -> Case:
    draft = Draft(name)
    session = draft.session()
    session.respond(counts, model, price=model, factor=factor, is_long=is_long, **usage)
    return draft.case()


def _iterations(name: str, prompts: list[int]) -> Case:
    draft = Draft(name)
    session = draft.session()
    parts = [Counts(prompt, 50 + number) for number, prompt in enumerate(prompts)]
    for part in parts:
        draft.count(session, part, _SMALLEST, is_long=part.input > 100_000)
    total = Counts(sum(part.input for part in parts), sum(part.output for part in parts))
    entries = [{"type": "message", **part.as_usage()} for part in parts]
    session.answer(total, _SMALLEST, iterations=entries)
    return draft.case()


def _advisor() -> Case:
    draft = Draft("an advisor of another model")
    session = draft.session()
    own, advice = Counts(900, 80, 0, 0, 40_000), Counts(52_001, 3007)
    entries = [
        {"type": "message", **own.as_usage()},
        {"type": "advisor_message", "model": _ADVISOR, **advice.as_usage()},
    ]
    draft.count(session, advice, _ADVISOR)
    session.respond(own, SONNET, price=SONNET, iterations=entries)
    return draft.case()

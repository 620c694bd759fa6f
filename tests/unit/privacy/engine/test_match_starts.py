"""Where matches start is known from how they begin, and none is overlooked for it."""

from __future__ import annotations

import random
import re

import pytest

from ccsync_watch.privacy.detect.rules import STRUCTURAL_RULES
from ccsync_watch.privacy.engine.match_starts import matches_of
from ccsync_watch.privacy.engine.trigger_derivation import trigger_of
from support.redaction_corpus.trigger_samples import TriggerSampler

PATTERNS = sorted(
    {
        pattern
        for rule in STRUCTURAL_RULES
        for pattern in rule.pattern.split("\n")
        if "(?P<secret>" in pattern and "(?(" not in pattern
    }
)
_SAMPLED = 60


def _searched(pattern: str, data: bytes, stop: int) -> list[tuple[int, int]]:
    """Return the matches that a search from each byte meets."""
    compiled = re.compile(pattern.encode("latin-1"), re.IGNORECASE)
    spans = (match.span() for match in map(compiled.match, [data] * stop, range(stop)) if match)
    return list(spans)


def test_no_match_of_a_rule_is_overlooked() -> None:
    """Texts that are drawn from the patterns have the same matches as by a search everywhere."""
    rng = random.Random(17)  # noqa: S311 - repeatable, not secret
    matched = 0
    for pattern in rng.sample(PATTERNS, _SAMPLED):
        sampler = TriggerSampler(trigger_of(pattern, "none"), rng)
        data = f"{sampler.match()} {sampler.match().swapcase()}".encode("latin-1")
        stop = max(1, len(data) - 3)
        expected = _searched(pattern, data, stop)
        seen = matches_of(pattern)(data, 0, stop, len(data))
        assert [match.span() for match in seen] == expected, pattern
        matched += bool(expected)
    assert matched > _SAMPLED / 2


@pytest.mark.parametrize(
    "pattern",
    ["ab(?P<secret>a{2,4})", "[ab]{1,3}(?P<secret>c)", "(?P<q>[xy])(?P=q)(?P<secret>z{1,2})"],
)
def test_matches_may_overlap(pattern: str) -> None:
    """Each search starts a byte further, also where a match began, and ends before the stop."""
    data = b"ababaaaAB aabc xxz yyzz xyzABAA"
    for stop in range(1, len(data)):
        seen = [match.span() for match in matches_of(pattern)(data, 0, stop, len(data))]
        assert seen == _searched(pattern, data, stop)

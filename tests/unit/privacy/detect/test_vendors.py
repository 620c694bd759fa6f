"""The tables of vendors' formats: every row is well formed, bounded and proven by samples."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.privacy.detect.vendor_tokens import VendorRule
from ccsync_watch.privacy.detect.vendors import VENDORS
from support.redaction_corpus.vendors import PREFIXED, token

if TYPE_CHECKING:
    from ccsync_watch.privacy.detect.vendors import Vendor

_INNER_REPEAT = re.compile(r"(?<!\\)(?:\{\d+,\}|[*+])(?!\)?(?:\(\?!\[[^\]]*\]\))?$)")
_CLASS = re.compile(r"\[(?:\\.|[^\]\\])*\]")


def test_there_are_many_formats() -> None:
    """At least a hundred and fifty formats in current use."""
    assert len(VENDORS) >= 250
    assert len({rule.id for rule in VENDORS}) >= 150


@pytest.mark.parametrize("row", VENDORS, ids=lambda row: f"{row.id} {row.about}")
def test_a_pattern_repeats_without_end_only_at_its_end(row: Vendor) -> None:
    """Nothing follows an unbounded repeat, so it is never taken back."""
    plain = _CLASS.sub("C", row.pattern)
    assert not _INNER_REPEAT.search(plain), plain


@pytest.mark.parametrize("row", VENDORS, ids=lambda row: f"{row.id} {row.about}")
def test_a_rule_finds_what_it_describes(row: Vendor) -> None:
    """A sample drawn from the trigger is found; validators may reject a few that are words."""
    rng = random.Random(row.pattern)  # noqa: S311 - repeatable
    if row.anchor:
        pytest.skip("generated in the corpus: its mark is in the middle")
    rule = VendorRule(row)
    confirmed = 0
    for _ in range(20):
        sample = _sample(row.trigger, rng)
        span = rule.at(f" {sample} ".encode(), 1 + len(sample))
        confirmed += span is not None
    assert confirmed >= 15


def _sample(pattern: str, rng: random.Random) -> str:
    """Draw a text that `pattern` matches; knows the syntax of triggers."""
    result: list[str] = []
    position = 0
    while position < len(pattern):
        start = position
        if pattern[position] == "(":
            depth, position = 1, position + 1
            while depth:
                step = 2 if pattern[position] == "\\" else 1
                depth += (pattern[position] == "(") - (pattern[position] == ")")
                position += step
            inside = re.sub(r"^\?(?:P<\w+>|-?i?:|:)", "", pattern[start + 1 : position - 1])
            choices = _alternatives(inside)
        elif pattern[position] == "[":
            position = _CLASS.match(pattern, position).end()  # type: ignore[union-attr]
            members = [
                chr(c) for c in range(33, 127) if re.fullmatch(pattern[start:position], chr(c))
            ]
            choices = [m for m in members if m.isalnum()] or members
        else:
            position += 2 if pattern[position] == "\\" else 1
            choices = [pattern[start:position][-1]]
        count = re.compile(r"\{(\d+)(?:,(\d*))?\}\??|\?").match(pattern, position)
        times = 1
        if count is not None:
            position = count.end()
            low = int(count[1]) if count[1] else 0
            high = int(count[2]) if count[2] else max(low, 0 if count[1] else 1)
            times = rng.randint(low, max(low, high))
        for _ in range(times):
            choice = rng.choice(choices)
            result.append(_sample(choice, rng) if pattern[start] == "(" else choice)
    return "".join(result)


def _alternatives(pattern: str) -> list[str]:
    parts, depth, start = [], 0, 0
    in_class = False
    position = 0
    while position < len(pattern):
        character = pattern[position]
        if character == "\\":
            position += 2
            continue
        if in_class:
            in_class = character != "]"
        elif character == "[":
            in_class = True
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
        elif character == "|" and depth == 0:
            parts.append(pattern[start:position])
            start = position + 1
        position += 1
    return [*parts, pattern[start:]]


def test_vendors_formats_have_families_in_the_corpus() -> None:
    """The corpus draws from descriptions of its own, and the table covers them by form alone."""
    rng = random.Random(0)  # noqa: S311 - repeatable
    patterns = [re.compile(row.pattern) for row in VENDORS]
    uncovered = [
        family
        for family, shape in PREFIXED.items()
        if not any(p.search(token(shape, rng)) for p in patterns) and family != "jwt"
    ]
    assert uncovered == []

"""The table of rules: every row is well formed, bounded and proven by samples."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.privacy.detect.name_patterns import TRIGGERS
from ccsync_watch.privacy.detect.rules import STRUCTURAL_RULES, all_triggers
from ccsync_watch.privacy.detect.vendor_tokens import VendorRule
from ccsync_watch.privacy.detect.vendors import VENDORS
from ccsync_watch.privacy.engine.pattern_syntax import heads, required, width
from ccsync_watch.privacy.heuristics.name_strength import Strength, strength_of
from support.redaction_corpus.vendors import PREFIXED, token

if TYPE_CHECKING:
    from ccsync_watch.privacy.detect.vendors import Vendor

_INNER_REPEAT = re.compile(r"(?<!\\)(?:\{\d+,\}|[*+])(?!\)?(?:\(\?!\[[^\]]*\]\))?$)")
_CLASS = re.compile(r"\[(?:\\.|[^\]\\])*\]")


def test_there_are_many_formats() -> None:
    """At least a hundred and fifty formats in current use."""
    assert len(VENDORS) >= 250
    assert len({rule.id for rule in VENDORS}) >= 150


@pytest.mark.parametrize("trigger", [t.pattern for t in all_triggers()])
def test_a_gate_is_bounded(trigger: str) -> None:
    """A trigger matches a length that is known, so that no engine can be made slow."""
    least, most = width(trigger)
    assert 3 <= least <= most < 2000


@pytest.mark.parametrize("row", VENDORS, ids=lambda row: f"{row.id} {row.about}")
def test_a_pattern_repeats_without_end_only_at_its_end(row: Vendor) -> None:
    """Nothing follows an unbounded repeat, so it is never taken back."""
    plain = _CLASS.sub("C", row.pattern)
    assert not _INNER_REPEAT.search(plain), plain


def test_ids_are_fit_for_placeholders() -> None:
    """Kinds are lower case words joined by hyphens."""
    for kind in [*(row.id for row in VENDORS), *(rule.id for rule in STRUCTURAL_RULES)]:
        assert re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", kind)
        assert len(kind) <= 40
    assert all(about for about, _ in TRIGGERS)


@pytest.mark.parametrize("row", VENDORS, ids=lambda row: f"{row.id} {row.about}")
def test_a_rule_finds_what_it_describes(row: Vendor) -> None:
    """A sample drawn from the trigger is found; validators may reject a few that are words."""
    rng = random.Random(row.pattern)  # noqa: S311 - repeatable
    if row.anchor:
        pytest.skip("drawn in the corpus: its mark stands in the middle")
    rule = VendorRule(row)
    found = 0
    for _ in range(20):
        sample = _sample(row.trigger, rng)
        span = rule.at(f" {sample} ".encode(), 1 + len(sample))
        found += span is not None
    assert found >= 15


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


@pytest.mark.parametrize(
    ("name", "strength"),
    [
        ("password", Strength.PASSWORD),
        ("DB_PASSWORD", Strength.PASSWORD),
        ("redis_password", Strength.PASSWORD),
        ("mysqlRootPassword", Strength.PASSWORD),
        ("userpass", Strength.PASSWORD),
        ("PGPASSWORD", Strength.PASSWORD),
        ("apiKey", Strength.TOKEN),
        ("x-api-key", Strength.TOKEN),
        ("STRIPE_SECRET_KEY_TEST", Strength.TOKEN),
        ("STRIPE_KEY", Strength.TOKEN),
        ("access_tokens", Strength.TOKEN),
        ("client_secret_2", Strength.TOKEN),
        ("Authorization", Strength.HEADER),
        ("Set-Cookie", Strength.HEADER),
        ("key", Strength.WEAK),
        ("sessionid", Strength.WEAK),
        ("max_tokens", Strength.NONE),
        ("token_type", Strength.NONE),
        ("next_page_token", Strength.NONE),
        ("publicKey", Strength.NONE),
        ("cache-key", Strength.NONE),
        ("idempotency_key", Strength.NONE),
        ("showPassword", Strength.NONE),
        ("bypass", Strength.NONE),
        ("hairpin", Strength.NONE),
        ("secretName", Strength.NONE),
        ("passwordPolicy", Strength.NONE),
        ("", Strength.NONE),
    ],
)
def test_a_name_proves_what_its_last_words_say(name: str, strength: Strength) -> None:
    """Whatever the spelling, and through qualifiers."""
    assert strength_of(name) is strength


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("ab{2,3}c?", (3, 5)),
        ("(?:a|bc)[x-z]{4}", (5, 6)),
        (r"\x41\[[]]", (3, 3)),
        ("a(?:b|)?", (1, 2)),
    ],
)
def test_width_is_read_from_a_pattern(pattern: str, expected: tuple[int, int]) -> None:
    """Least and greatest length, in bytes."""
    assert width(pattern) == expected


@pytest.mark.parametrize("pattern", ["a*", "(?:ab+)c", "a{3,}", "ab)"])
def test_width_refuses_what_is_unbounded_or_unbalanced(pattern: str) -> None:
    """A trigger that could run on is a mistake in the table."""
    with pytest.raises(ValueError, match=r"repeat|bracket"):
        width(pattern)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("abcdef", {"abcd"}),
        ("(?:ab|c)d", {"abd", "cd"}),
        ("[xy]z", {"xz", "yz"}),
        ("a?b", {"ab", "b"}),
        ("[a-z]x", {""}),
        ("ab{0,2}c", {"a"}),
    ],
)
def test_heads_are_read_from_a_pattern(pattern: str, expected: set[str]) -> None:
    """How a match can begin, as far as it is told by literals."""
    assert heads(pattern) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"), [("[a-z]{3}-us[0-9]", "-us"), ("a|b", ""), ("x(?:yz)w", "x")]
)
def test_required_text_is_read_from_a_pattern(pattern: str, expected: str) -> None:
    """What every match contains."""
    assert required(pattern) == expected

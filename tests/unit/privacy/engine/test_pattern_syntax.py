"""What is read from a trigger's pattern."""

from __future__ import annotations

import pytest

from ccsync_watch.privacy.engine.pattern_syntax import (
    divided,
    has_literal,
    heads,
    required,
    width,
)


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
def test_width_of_an_unbounded_or_unbalanced_pattern_raises(pattern: str) -> None:
    """A trigger without a greatest length is a mistake in the table."""
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
        (r"[\x8b-\x8d]z", {"\x8bz", "\x8cz", "\x8dz"}),
        ("[,-.]z", {",z", "-z", ".z"}),
    ],
)
def test_heads_are_read_from_a_pattern(pattern: str, expected: set[str]) -> None:
    """How a match can begin, as far as literals say so."""
    assert heads(pattern) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"), [("[a-z]{3}-us[0-9]", "-us"), ("a|b", ""), ("x(?:yz)w", "x")]
)
def test_required_text_is_read_from_a_pattern(pattern: str, expected: str) -> None:
    """What every match contains."""
    assert required(pattern) == expected


@pytest.mark.parametrize(
    ("pattern", "parts"),
    [
        ("[$#] (?:a|b|c) x", ["[$#] (?:a|b) x", "[$#] (?:c) x"]),
        ("(?:[|)]|b|(?:c|d))y{2}", ["(?:[|)]|b)y{2}", "(?:(?:c|d))y{2}"]),
        ("(?:a|b|c){2}", ["(?:a|b|c){2}"]),
        ("x|(?:a|b|c)", ["x|(?:a|b|c)"]),
        ("(?:a|b)c", ["(?:a|b)c"]),
    ],
)
def test_many_alternatives_are_divided(pattern: str, parts: list[str]) -> None:
    """Together they match the same: a repeated group stays whole, as does one of few."""
    assert divided(pattern, 2) == parts


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"\n[ \t]{0,4}(?:[a-z]{3,8},?){12}", False),
        (r"(?:[a-z]{3,8}\x2c[ab]\w){12}", False),
        (r"[a-z](?:is|[0-9])", True),
        (r"[ab]\xe2\x9d[0-9]", True),
    ],
)
def test_two_bytes_in_a_row_are_a_literal(pattern: str, *, expected: bool) -> None:
    """What is in a class, or a repeat's number, is not."""
    assert has_literal(pattern) is expected

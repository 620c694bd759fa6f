"""What is read from a trigger's pattern."""

from __future__ import annotations

import pytest

from ccsync_watch.privacy.engine.pattern_syntax import heads, required, width


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

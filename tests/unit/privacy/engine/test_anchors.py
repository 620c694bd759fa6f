"""Triggers divided by words that their matches contain."""

from __future__ import annotations

import pytest

from ccsync_watch.privacy.engine.anchors import anchored_part

WORDS = "pass(?:word)?|key|api[_-]?id"


@pytest.mark.parametrize(
    ("pattern", "before", "after"),
    [
        (r"(?:pass(?:word)?|key)=[a-z]{3,9}", 8, 10),
        (r"-[a-z]{0,40}(?:key|api[_-]?id)[ ]", 47, 1),
        (r"(?:set|put) {1,4}key", 10, 0),
        (r"<(?:b|i)>(?:old(?:key|pass(?:word)?):){1,2}x", 14, 14),
        (r"(?-i:KEY)[\]x]", 3, 1),
    ],
)
def test_matches_reach_so_far_around_a_word(pattern: str, before: int, after: int) -> None:
    """Before the word's end, and after it; of a repeated group each round is counted."""
    part = anchored_part(pattern, WORDS)
    assert part is not None
    assert part == (pattern, before, after, None)


@pytest.mark.parametrize(
    "pattern", [r"token=[a-z]{3}", r"(?:key)?=[a-z]", r"[key]{3}", r"keys?(?:a|b)|c{3}", r"ke?y"]
)
def test_no_part_has_a_word_that_all_its_matches_contain(pattern: str) -> None:
    """It is optional, in a class, in one of two alternatives, or another word."""
    part = anchored_part(pattern, WORDS)
    assert part is None or part.rest is not None


def test_other_matches_are_left() -> None:
    """They are what is still searched for everywhere."""
    part = anchored_part(r"x(?:key|pw)[0-9]{2}|pin", WORDS)
    assert part is not None
    assert (part.pattern, part.rest) == ("x(?:key)[0-9]{2}", "x(?:pw)[0-9]{2}|pin")


def test_a_repeated_group_is_not_divided() -> None:
    """A match may begin with either alternative and continue with the other."""
    assert anchored_part(r"(?:key|pw){2}", WORDS) is None

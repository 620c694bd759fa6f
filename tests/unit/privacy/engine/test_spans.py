"""Overlapping spans become one, named by the first rank."""

from __future__ import annotations

from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span, merge, whole_characters


def test_overlapping_spans_are_joined_under_the_first_rank() -> None:
    """All of them are removed; the most certain rule names the kind."""
    value, token = Span(0, 9, "secret", Rank.ASSIGNMENT), Span(4, 12, "npm", Rank.VENDOR_TOKEN)
    assert merge([token, value]) == [Span(0, 12, "npm", Rank.VENDOR_TOKEN)]


def test_spans_that_only_touch_stay_apart() -> None:
    """Each is a secret of its own."""
    spans = [Span(4, 6, "b", Rank.HEADER), Span(0, 4, "a", Rank.HEADER)]
    assert merge(spans) == spans[::-1]


def test_of_equal_ranks_the_first_span_names_the_kind() -> None:
    """The order of the rules does not matter."""
    first, second = Span(0, 5, "a", Rank.PATTERN), Span(2, 6, "b", Rank.PATTERN)
    assert merge([second, first])[0].kind == "a"


def test_no_character_is_cut_in_two() -> None:
    """What is left of a text is still one."""
    data = "aébéc".encode()
    assert whole_characters(data, Span(2, 5, "a", Rank.HEADER))[:2] == (1, 6)
    assert whole_characters(data, Span(3, 4, "a", Rank.HEADER))[:2] == (3, 4)

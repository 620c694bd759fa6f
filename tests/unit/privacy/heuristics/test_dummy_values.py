"""What recognises a dummy value by a part of it."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis.strategies import characters, from_regex

from ccsync_watch.privacy.heuristics.dummy_values import PLACEHOLDER_PART, is_placeholder


@given(from_regex(PLACEHOLDER_PART, alphabet=characters(max_codepoint=126)))
def test_every_part_of_a_dummy_is_recognised(value: str) -> None:
    """The cheap first look, which spares most values the search, passes all that has one."""
    assume(PLACEHOLDER_PART.search(value.strip()))
    assert is_placeholder(value)

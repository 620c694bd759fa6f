"""The word lists are files, in the package that is tested."""

from __future__ import annotations

import pytest

from ccsync_watch.privacy.heuristics.words import load_words, word_lists


def test_lists_are_read_in_order_without_comments() -> None:
    """One word after another, however the file breaks its lines."""
    assert load_words("common_values")[:2] == ("localhost", "127.0.0.1")
    assert not any("#" in word for words in word_lists().values() for word in words)


@pytest.mark.parametrize("name", word_lists())
def test_a_list_has_words_and_none_twice(name: str) -> None:
    """A word that is there twice is a mistake, but for rows of a table."""
    words = load_words(name)
    assert words
    assert name == "letter_pairs" or len(words) == len(set(words))


def test_letter_pairs_are_a_square() -> None:
    """A digit for each pair of letters."""
    rows = load_words("letter_pairs")
    assert [len(row) for row in rows] == [26] * 26
    assert all(row.isdigit() for row in rows)

"""Texts that a terminal or a browser shows and does not obey."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccsync_watch.plain_text import (
    is_blank,
    plain_text,
    plain_value,
    shown_start,
    split_sequences,
)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("\x1b[1;32mgreen\x1b[0m", "green"),
        ("\x1b[38;5;196mred\x1b[m and \x9b4munder", "red and under"),
        ("\x1b]8;;https://x.test\x07here\x1b]8;;\x07", "here"),
        ("\x1b]0;title\x1b\\rest", "rest"),
        ("\x1b(B\x1b7up\x1b8\x1bM", "up"),
        ("cut off \x1b[3", "cut off "),
        ("no end \x1b]0;title and \x9dmore", "no end 0;title and \ufffdmore"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("ring\x07 nul\x00 back\x08 del\x7f", "ring\ufffd nul\ufffd back\ufffd del\ufffd"),
        ("\u202edetrevni\u202c \u2066x\u2069", "\ufffddetrevni\ufffd \ufffdx\ufffd"),
    ],
)
def test_what_a_terminal_obeys_is_left_out_or_replaced(text: str, plain: str) -> None:
    """Colours and links vanish, everything else leaves a mark."""
    assert plain_text(text) == plain


@pytest.mark.parametrize(
    "text", ["", "tab\tand\nline", "שלום \u200f", "👩\u200d👩\u200d👧", "[31m", "\u2028 é ￿"]
)
def test_a_harmless_text_stays_itself(text: str) -> None:
    """Joined emoji and the marks of right-to-left scripts are part of a text."""
    assert plain_text(text) is text


@given(
    st.text(st.characters(max_codepoint=0x2070, categories=None) | st.sampled_from("\x1b[]8;m\x07"))
)
def test_no_control_character_remains(text: str) -> None:
    """But for tabs and line ends; and a plain text is not changed again."""
    plain = plain_text(text)
    assert not [char for char in plain if unicodedata.category(char) == "Cc" and char not in "\t\n"]
    assert plain_text(plain) is plain


def test_a_value_is_plain_in_all_its_texts() -> None:
    """One that is plain already is returned itself."""
    value = {"a\x07": ["\x1b[1mb", {"c": 1}], "d": None}
    assert plain_value(value) == {"a\ufffd": ["b", {"c": 1}], "d": None}
    same = {"a": ["b", {"c": 1, "d": "\n"}]}
    assert plain_value(same) is same


@given(st.text(st.characters(max_codepoint=0x2070) | st.sampled_from("\x1b[m\x07\u202e\\r")))
def test_a_value_is_as_plain_as_its_texts(text: str) -> None:
    """The quick check for whole values overlooks nothing."""
    plain = plain_text(text)
    assert plain_value([text, {text: [text]}]) == [plain, {plain: [plain]}]


def test_a_value_that_is_not_json_is_walked() -> None:
    """Half a character, for instance."""
    value = ["\ud800", "\x07"]
    assert plain_value(value) == ["\ud800", "\ufffd"]


@given(st.text("\x1b[]0123456789;mK\x9b\x07\r\n ab\u202e", max_size=60))
def test_the_pieces_between_sequences_are_the_plain_text(text: str) -> None:
    """So that positions in it are those of the pieces."""
    assert "".join(piece for _, piece in split_sequences(text)) == plain_text(text)


@given(st.text("\x1b[]01;mK\x07\r\nab", max_size=60), st.integers(0, 20))
def test_the_start_of_a_text_is_measured_by_what_it_shows(text: str, limit: int) -> None:
    """No sequence is cut, and none counts."""
    start, chars = shown_start(text, limit)
    assert plain_text(start) == plain_text(text)[:limit]
    assert chars == len(plain_text(text))


def test_the_start_of_a_text_keeps_styles_alone() -> None:
    """The others, and styles that nothing is shown in, can be longer than the text."""
    text = "\x1b[2J" + "\x1b[31m" * 9000 + "red\x1b]0;" + "t" * 4000 + "\x07 more"
    assert shown_start(text, 5) == ("\x1b[31m" * 16 + "red m", 8)


@pytest.mark.parametrize(
    "text", ["", " \n\t", "\u200b\ufeff", "\u00a0\u3000", "\u2800\u3164", "\u200d\ufe0f"]
)
def test_a_text_of_which_nothing_is_seen_is_blank(text: str) -> None:
    """Whatever its characters are."""
    assert is_blank(text)


@pytest.mark.parametrize("text", ["\u200b.", "e\u0301", "\u2764\ufe0f", "\ufffd", "\u05d0"])
def test_a_text_of_which_something_is_seen_is_not(text: str) -> None:
    """A point is enough."""
    assert not is_blank(text)

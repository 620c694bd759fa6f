"""Numbers in a table of names and numbers, which count something."""

from __future__ import annotations

import json

import pytest

from ccsync_watch.privacy.detect.counted_names import is_counted_member, is_counted_name

COUNTED = [
    '{"vocab":{"##ing":1234,"token":19204,"password":20786,"secret":3595}}',
    '{"password":20786,"the":5,"##a":7,"b":9}',
    '{\n  "the": 5,\n  "a": 7,\n  "of": 9,\n  "password": 20786\n}',
    '{"vocab": {"a": 1, "password": 20786, "b": 2, "c": 3}, "size": "x"}',
]
NOT_COUNTED = [
    '{"password": 20786, "the": 5, "of": 7}',
    '{"password": 20786, "port": 5, "of": 7, "a": 9}',
    '{"password": 20786, "the": 5, "of": "x", "a": 9}',
    '{"the": 5, "of": 7, "a": 9, "user": "x", "password": 20786}',
    '{"a": 1, "b": 2, "c": 3, "d": {"password": 20786}}',
    '{"d": {"a": 1, "b": 2, "c": 3}, "password": 20786}',
    '{"password": 20786, "d": {"a": 1, "b": 2, "c": 3}}',
    '{"a": 1, "b": 2, "c": 3, "password": 20786123456}',
]


def _is_counted(text: str, name: str = "password") -> bool:
    data = text.encode()
    start = data.index(name.encode())
    first = start + next(i for i, code in enumerate(data[start:]) if chr(code).isdigit())
    last = first + next(i for i, code in enumerate(data[first:]) if not chr(code).isdigit())
    return is_counted_name(data, name, start, (first, last))


@pytest.mark.parametrize("text", COUNTED)
def test_a_number_among_numbers_is_a_count(text: str) -> None:
    """At least three of them, and nothing else in the table."""
    assert _is_counted(text)


@pytest.mark.parametrize("text", NOT_COUNTED)
def test_a_number_among_texts_or_settings_is_none(text: str) -> None:
    """A password may be of digits, where it is set together with other numbers too."""
    assert not _is_counted(text)


@pytest.mark.parametrize(
    "text", ["a: 1\nb: 2\nc: 3\npassword: 20786 ", "a=1 b=2 c=3 password=20786 "]
)
def test_the_rest_of_the_line_counts_too(text: str) -> None:
    """A word after a number, or pairs before it without a sign between, are not a table."""
    assert _is_counted(text) is text.startswith("a:")
    assert not _is_counted(text + "is mine")


def test_names_of_codes_never_count() -> None:
    """A PIN has digits anywhere."""
    assert not _is_counted('{"a": 1, "b": 2, "c": 3, "pin": 20786}', "pin")


@pytest.mark.parametrize("text", COUNTED[1:3])
def test_members_of_an_object_are_read_alike(text: str) -> None:
    """As values that were parsed."""
    assert is_counted_member(json.loads(text), "password")


@pytest.mark.parametrize("text", [*NOT_COUNTED[:4], *NOT_COUNTED[7:]])
def test_members_among_others_are_none(text: str) -> None:
    """As in a text."""
    assert not is_counted_member(json.loads(text), "password")

"""A large row is parsed in bounded memory: without the members that nothing reads."""

from __future__ import annotations

import orjson
import pytest

from ccsync_watch.transcripts.json_rows import load_row
from ccsync_watch.transcripts.large_rows import (
    LARGE_BYTES,
    MOST_MEMBERS,
    TooManyValuesError,
    shorten_row,
)

MANY = 4 * MOST_MEMBERS
PADDING = "x" * LARGE_BYTES


def test_an_object_has_no_more_members_than_are_read() -> None:
    """The first are as they were, in any depth; what follows the object is too."""
    members = {f"key{number}": f"value {number}" for number in range(MANY)}
    data = orjson.dumps({"a": [{"big": members, "after": 1}], "padding": PADDING})
    row = load_row(data)
    assert row is not None
    read = row["a"][0]["big"]
    assert len(read) < MOST_MEMBERS + 1002
    assert list(read.items())[:MOST_MEMBERS] == list(members.items())[:MOST_MEMBERS]
    assert row["a"][0]["after"] == 1
    assert row["padding"] == PADDING


def test_a_shortened_row_has_as_many_bytes() -> None:
    """So the sizes that are kept of its values are true."""
    members = dict.fromkeys(map(str, range(MANY)), 12.5)
    data = orjson.dumps({"padding": PADDING, "big": members, "bigger": {**members, "b": [1]}})
    row = shorten_row(data)
    assert row != data
    assert len(row) == len(data)
    assert len(orjson.dumps(orjson.loads(row))) == len(data)


@pytest.mark.parametrize(
    "value",
    [
        orjson.dumps({f"key{number}": number for number in range(MANY)}).decode(),
        [{"key": f"{number}"} for number in range(MANY)],
        {f"key{number}": {"a": [number], "b": "c"} for number in range(MANY)},
        {f'"{number}:"': ':","' for number in range(MANY)},
        dict.fromkeys(map(str, range(MOST_MEMBERS)), None),
    ],
    ids=["in a text", "in a list", "nested", "escaped", "not too many"],
)
def test_other_values_are_read_whole(value: object) -> None:
    """Texts, lists and objects of objects are kept, whatever they look like."""
    data = orjson.dumps({"value": value, "padding": PADDING})
    assert load_row(data) == {"value": value, "padding": PADDING}


def test_a_row_of_usual_size_is_read_whole() -> None:
    """Members are not counted in a row that takes little memory anyway."""
    value = dict.fromkeys(map(str, range(2 * MOST_MEMBERS)), 0)
    assert load_row(orjson.dumps(value)) == value


def test_a_row_with_too_many_values_is_not_parsed() -> None:
    """A list in a list is three bytes, and more than twenty times as many in memory."""
    with pytest.raises(TooManyValuesError):
        shorten_row(b'{"a":[' + b"[]," * 2_000_000 + b"1]}")


def test_brackets_in_a_text_are_not_values() -> None:
    """A text of JSON is one value, however long it is."""
    data = orjson.dumps({"a": "[]," * 2_000_000 + '"'})
    assert shorten_row(data) is data

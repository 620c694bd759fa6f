"""A large row is parsed in bounded memory: without the members that nothing reads."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import orjson
import pytest

from ccsync_watch.transcripts.json_rows import load_row
from ccsync_watch.transcripts.large_rows import (
    LARGE_BYTES,
    MOST_ELEMENTS,
    MOST_MEMBERS,
    TooManyValuesError,
    shorten_row,
)
from ccsync_watch.transcripts.long_texts import LONG_BYTES, size_of

if TYPE_CHECKING:
    from collections.abc import Callable

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


ELEMENTS: dict[str, Callable[[int], object]] = {
    "numbers": lambda number: number,
    "texts": lambda number: f'a "{number}", and \\n [{{,',
    "blocks": lambda number: {"type": "text", "text": f"Block {number}."},
    "nested": lambda number: {"a": [number, "]}"]},
}


@pytest.mark.parametrize("kind", ELEMENTS)
def test_a_list_has_no_more_elements_than_are_read(kind: str) -> None:
    """The first are as they were; in the place of the others is a text that says their size."""
    elements = [ELEMENTS[kind](number) for number in range(MOST_ELEMENTS + 60_000)]
    data = orjson.dumps({"x": [{"list": elements, "after": 1}, ["b"]], "padding": PADDING, "y": 2})
    row = load_row(data)
    assert row is not None
    *read, rest = row["x"][0]["list"]
    assert read == elements[:MOST_ELEMENTS]
    left_out = len(orjson.dumps(elements)) - len(orjson.dumps(read))
    assert len(rest) <= min(left_out, LONG_BYTES)
    assert size_of(rest).bytes == left_out - len(',""')
    assert (row["x"][0]["after"], row["x"][1], row["padding"], row["y"]) == (1, ["b"], PADDING, 2)


def test_an_object_of_objects_has_no_more_members_than_are_read() -> None:
    """Also where their values are not texts or numbers."""
    members = {f"key {number}": {"a": [number]} for number in range(MOST_ELEMENTS + 9)}
    row = load_row(orjson.dumps({"a": members, "padding": PADDING}))
    assert row is not None
    read = list(row["a"].items())
    assert read[:-1] == list(members.items())[:MOST_ELEMENTS]
    assert read[-1][0] == "..."


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 2_100_000,
        b'{"a":"' + b",[" * 1_100_000,
        b"]," * 700_000,
        b'{"a":[' + b'"x",' * 600_000,
    ],
    ids=["deep", "a text without end", "closed too often", "a list without end"],
)
def test_rows_that_are_not_json_are_none(data: bytes) -> None:
    """Whatever the brackets in them."""
    with contextlib.suppress(TooManyValuesError):
        assert load_row(data) is None


def test_a_row_of_usual_size_is_read_whole() -> None:
    """Members are not counted in a row that takes little memory anyway."""
    value = dict.fromkeys(map(str, range(2 * MOST_MEMBERS)), 0)
    assert load_row(orjson.dumps(value)) == value


def test_a_row_with_too_many_values_is_not_parsed() -> None:
    """A list in a list is three bytes, and more than twenty times as many in memory."""
    inner = b"[" + b"[]," * 700 + b"1],"
    with pytest.raises(TooManyValuesError):
        shorten_row(b'{"a":[' + inner * 400 + b'1],"b":"' + PADDING.encode() + b'"}')


def test_fewer_elements_are_read_where_each_takes_much() -> None:
    """So that the rest of the row is read, such as its tokens."""
    elements = [
        {"type": "tool_use", "id": f"{n}", "input": {"a": {}}} for n in range(MOST_ELEMENTS)
    ]
    row = load_row(orjson.dumps({"a": elements, "usage": 7}))
    assert row is not None
    assert row["usage"] == 7
    assert row["a"][:-1] == elements[:8_000]


def test_brackets_in_a_text_are_not_values() -> None:
    """A text of JSON is one value, however long it is."""
    data = orjson.dumps({"a": "[]," * 2_000_000 + '"'})
    assert shorten_row(data) is data

"""What the client writes, or anything else that comes on standard input."""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.statusline.client_input import client_usd, read_fields, session_id

if TYPE_CHECKING:
    from pathlib import Path


def fields_of(data: bytes) -> dict[str, object]:
    """Return the fields of an input that ends."""
    reader, writer = os.pipe()
    thread = threading.Thread(target=_write, args=(writer, data))
    thread.start()
    try:
        return read_fields(reader)
    finally:
        os.close(reader)
        thread.join()


def _write(writer: int, data: bytes) -> None:
    try:
        with os.fdopen(writer, "wb") as file:
            file.write(data)
    except BrokenPipeError:
        return


def test_an_object_has_its_fields() -> None:
    """Also a large one, with fields of a later client."""
    fields = {"session_id": "s", "more": ["x" * 300_000]}
    assert fields_of(json.dumps(fields).encode() + b"\n") == fields


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\n", b"{", b"[]", b"null", b'"x"', b"1", b"\xff\xfe", b"\x00", b"{}{}",
        b"[" * 200_000, b'{"a":' * 100_000, b'{"a":' + b"9" * 10_000 + b"}", b"x" * 3_000_000,
    ],
    ids=lambda data: data[:8].hex() or "empty",
)  # fmt: skip
def test_anything_else_has_none(data: bytes) -> None:
    """However large or deep it is."""
    assert fields_of(data) == {}


def test_a_writer_that_does_not_write_has_none() -> None:
    """Nor does one that never closes: the line does not wait for it."""
    reader, writer = os.pipe()
    assert read_fields(reader) == {}
    os.write(writer, b'{"session_id":')
    assert read_fields(reader) == {}
    os.close(writer)
    os.close(reader)
    assert read_fields(reader) == {}


def test_a_terminal_is_not_waited_for() -> None:
    """Whoever tries the command by hand sees the line at once."""
    terminal, other = os.openpty()
    try:
        assert read_fields(other) == {}
    finally:
        os.close(terminal)
        os.close(other)


def test_a_file_can_be_the_input(tmp_path: Path) -> None:
    """To try it out."""
    path = tmp_path / "input"
    path.write_text('{"session_id": "s"}')
    with path.open("rb") as file:
        assert session_id(read_fields(file.fileno())) == "s"


@pytest.mark.parametrize(
    "cost", [None, 1, "x", [], {"total_cost_usd": "1"}, {"total_cost_usd": -1}]
)
def test_a_cost_is_a_number(cost: object) -> None:
    """Nothing else is taken for one."""
    assert client_usd({"cost": cost}) is None
    assert client_usd({"cost": {"total_cost_usd": 2}}) == 2.0
    assert session_id({"session_id": 5}) is None

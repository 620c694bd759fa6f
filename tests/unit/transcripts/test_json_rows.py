"""JSON that a later stage could not walk or write."""

from __future__ import annotations

from support.lines import Writer, line
from support.parsing import parse_rows, uuids
from support.pumping import ids


def test_half_a_surrogate_pair_is_replaced() -> None:
    """The client cuts texts in UTF-16; the rest of the row is unchanged."""
    row = Writer().prompt("keep HALF this")
    data = line(row).replace(b"HALF", b"\\ud83d")
    batch = parse_rows(data, b'{"parentUuid":"\\ud83d' + data)
    assert uuids(batch) == ids(row, row)
    for message in batch.messages:
        assert message.parts[0].content == "keep \ufffd this"


def test_an_escape_in_a_line_that_is_not_json_recovers_nothing() -> None:
    """Lenient loading is as strict about everything else."""
    batch = parse_rows(b'{"type":"user","x":"\\ud83d\n', b'{"a":NaN,"b":"\\ud83d"}\n')
    assert len(batch.unreadable) == 2


def test_a_row_nested_too_deeply_is_unreadable() -> None:
    """Later stages walk a row by recursion."""
    deep = b'{"parentUuid":null,"x":' + b"[" * 500 + b"]" * 500 + b"}\n"
    deeper = b'{"parentUuid":null,"x":' + b"[" * 5000 + b"]" * 5000 + b"}\n"
    escaped = b'{"parentUuid":null,"s":"\\ud83d","x":' + b"[" * 5000 + b"]" * 5000 + b"}\n"
    after = Writer().prompt("after")
    batch = parse_rows(deep, deeper, escaped, after)
    assert uuids(batch) == ids(after)
    assert len(batch.unreadable) == 3


def test_many_brackets_are_not_deep() -> None:
    """Code is full of them."""
    row = Writer().prompt("[{" * 500, extra=[[1]] * 300)
    assert uuids(parse_rows(row)) == ids(row)

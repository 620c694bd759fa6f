"""JSON that a later stage could not walk or write."""

from __future__ import annotations

import orjson
import pytest

from ccsync_watch.transcripts.json_rows import ODD_NUMBER, TOO_DEEP
from ccsync_watch.transcripts.repaired_lines import REPAIRED_PREFIX
from support.lines import Writer, call, line, text
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
    batch = parse_rows(b'{"type":"user","x":"\\ud83d\n', b'{"a":none,"b":"\\ud83d"}\n')
    assert len(batch.unreadable) == 2


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999", "9" * 400, "9" * 5000])
def test_a_number_that_cannot_be_one_is_a_text(number: str) -> None:
    """The row is whole otherwise; tokens in such a form are not known, and never 0."""
    writer = Writer()
    row = writer.answer(text("said"), input_tokens=77)
    other = line(row).replace(b'"isSidechain":', b'"x":' + number.encode() + b',"isSidechain":')
    batch = parse_rows(other)
    assert uuids(batch) == ids(row)
    assert [usage.input_tokens for usage in batch.usages] == [77]
    assert batch.counted[f"{REPAIRED_PREFIX}{ODD_NUMBER}"] == 1
    unknown = parse_rows(line(row).replace(b":77", f":{number}".encode()))
    assert (unknown.usages, len(unknown.uncounted)) == ([], 1)


@pytest.mark.parametrize("levels", [101, 500, 5000])
@pytest.mark.parametrize("more", [b"", b'"s":"\\ud83d",'])
def test_what_is_nested_too_deeply_is_left_out_of_its_row(levels: int, more: bytes) -> None:
    """Later stages walk a row by recursion; what else it says was said, and used tokens."""
    deep = b'{"b":"[{","a":' * levels + b"1" + b"}" * levels
    row = Writer().answer(call("toolu_1", "mcp__tree__put", tree=0), input_tokens=77)
    batch = parse_rows(line(row).replace(b'"tree":0', more + b'"tree":' + deep))
    assert uuids(batch) == ids(row)
    assert [usage.input_tokens for usage in batch.usages] == [77]
    assert batch.counted[f"{REPAIRED_PREFIX}{TOO_DEEP}"] == 1
    assert b'"..."' in orjson.dumps(batch.messages[0].parts[0].content)


def test_damage_that_is_nested_too_deeply_is_unreadable() -> None:
    """It contains no row."""
    after = Writer().prompt("after")
    batch = parse_rows(b'{"type":"user","x":' + b"[" * 5000 + b"\n", after)
    assert uuids(batch) == ids(after)
    assert len(batch.unreadable) == 1


def test_many_brackets_are_not_deep() -> None:
    """Code is full of them."""
    row = Writer().prompt("[{" * 500, extra=[[1]] * 300)
    assert uuids(parse_rows(row)) == ids(row)

"""Damaged lines: what is recovered from them, and what is recorded as unreadable."""

from __future__ import annotations

import pytest

from ccsync_watch.model import Unreadable
from support.lines import Writer, line, text
from support.parsing import parse_rows, reasons, uuids
from support.pumping import ids


def test_empty_lines_are_skipped() -> None:
    """They count as lines, and as nothing else."""
    row = Writer().prompt("x")
    batch = parse_rows(b"\n\n\r\n", row, b"\n")
    assert uuids(batch) == ids(row)
    assert (batch.lines, batch.unreadable) == (5, [])


@pytest.mark.tailing_case("10")
def test_a_carriage_return_before_the_newline_is_ignored() -> None:
    """For rows that are read and for rows that are dropped."""
    row = Writer().prompt("x")
    batch = parse_rows(
        line(row)[:-1] + b"\r\n", b'{"type":"mode","mode":"x"}\r\n', b"\xef\xbb\xbf\r\n"
    )
    assert uuids(batch) == ids(row)
    assert batch.counted["mode"] == 1
    assert batch.unreadable == []


@pytest.mark.tailing_case("11")
def test_a_byte_order_mark_is_ignored() -> None:
    """It stands before the first row of a file that an editor saved."""
    row = Writer().prompt("x")
    batch = parse_rows(b"\xef\xbb\xbf" + line(row))
    assert uuids(batch) == ids(row)
    assert batch.unreadable == []


@pytest.mark.parametrize(
    "junk",
    [
        b"not json at all",
        b'{"type":"user","message":"cut',
        b'"a string"',
        b"[1,2]",
        b"{}{}",
        b"x" * 5000,
    ],
)
def test_a_line_that_is_not_a_row_is_unreadable(junk: bytes) -> None:
    """It is recorded by its offsets, its neighbours are read, and nothing of it is quoted."""
    writer = Writer()
    before, after = writer.prompt("before"), writer.prompt("after")
    start = len(line(before))
    batch = parse_rows(before, junk + b"\n", after)
    assert uuids(batch) == ids(before, after)
    assert batch.unreadable == [Unreadable(start, start + len(junk), "not JSON")]


@pytest.mark.tailing_case("13")
@pytest.mark.parametrize("word", [b"b\xc3", b"b\xe9", b"b\xff\\ud83d"])
def test_a_row_with_a_byte_that_is_not_utf8_is_read(word: bytes) -> None:
    """The character is lost; the row's other text and its tokens are not."""
    writer = Writer()
    before, bad, after = (writer.prompt(word) for word in ("before", "bad", "after"))
    batch = parse_rows(before, line(bad).replace(b'"bad"', b'"' + word + b'"'), after)
    assert uuids(batch) == ids(before, bad, after)
    assert reasons(batch) == []


@pytest.mark.tailing_case("13")
def test_a_torn_row_with_a_byte_that_is_not_utf8_is_unreadable() -> None:
    """What is not JSON otherwise stays unreadable."""
    batch = parse_rows(b'{"parentUuid":null,"type":"user","message":"b\xe9\n')
    assert reasons(batch) == ["not JSON"]


@pytest.mark.tailing_case("14")
def test_nul_bytes_before_a_row_are_recorded_and_the_row_is_read() -> None:
    """A machine that lost power leaves such runs."""
    row = Writer().prompt("x")
    batch = parse_rows(b"\0" * 50 + line(row))
    assert uuids(batch) == ids(row)
    assert batch.unreadable == [Unreadable(0, 50, "NUL bytes")]
    assert batch.messages[0].start == 50


def test_a_row_with_nul_bytes_after_it_is_read() -> None:
    """They may stand before the newline too."""
    row = Writer().prompt("x")
    batch = parse_rows(line(row)[:-1] + b"\0" * 9 + b"\n")
    assert uuids(batch) == ids(row)
    assert reasons(batch) in ([], ["NUL bytes"])


@pytest.mark.tailing_case("15")
def test_all_rows_on_one_line_are_read() -> None:
    """Two processes that wrote at once may leave `}{`."""
    writer = Writer()
    rows = [writer.prompt(f"number {number} with ä and }}{{") for number in range(4)]
    data = b"".join(line(row)[:-1] for row in rows)
    batch = parse_rows(data + b"\n")
    assert uuids(batch) == ids(*rows)
    assert batch.unreadable == []
    assert [data[message.start : message.end] for message in batch.messages] == [
        line(row)[:-1] for row in rows
    ]


def test_bytes_between_two_rows_are_unreadable() -> None:
    """Only these."""
    writer = Writer()
    first, second = writer.prompt("one"), writer.prompt("two")
    head = line(first)[:-1]
    batch = parse_rows(head + b"GARBAGE" + line(second))
    assert uuids(batch) == ids(first, second)
    assert batch.unreadable == [Unreadable(len(head), len(head) + 7, "not JSON")]


@pytest.mark.tailing_case("16")
@pytest.mark.parametrize("cut", [20, 100, 150, 300])
def test_a_row_after_a_torn_one_is_read(cut: int) -> None:
    """A torn write costs only its own row, not the one appended to it."""
    writer = Writer()
    torn, complete = writer.answer(text("torn")), writer.prompt("complete")
    batch = parse_rows(line(torn)[:cut] + line(complete))
    assert uuids(batch) == ids(complete)
    assert batch.unreadable == [Unreadable(0, cut, "not JSON")]


def test_the_blocks_of_a_torn_row_are_not_rows() -> None:
    """They are objects with types too, and there may be many before the next row."""
    writer = Writer()
    torn = line(writer.answer(*[text(f"block {number}") for number in range(200)]))
    complete = writer.prompt("complete")
    cut = torn.rindex(b'"usage"')
    batch = parse_rows(torn[:cut] + line(complete))
    assert uuids(batch) == ids(complete)
    assert batch.unreadable == [Unreadable(0, cut, "not JSON")]
    assert batch.counted == {"user": 1}


def test_the_search_in_a_line_of_a_thousand_torn_heads_ends() -> None:
    """The line is recorded, the next one is read."""
    batch = parse_rows(b'{"parentUuid":' * 1000 + b"\n", Writer().prompt("after"))
    assert len(batch.messages) == 1
    assert reasons(batch) == ["not JSON"]


_MODE = b'{"type":"mode","mode":"normal","sessionId":"s"}'
_TITLE = b'{"type":"custom-title","customTitle":"Mine","sessionId":"s"}'
_TORN = b'{"type":"queue-operation","operation":"enqueue","content":"torn'


@pytest.mark.parametrize(
    ("data", "unreadable"),
    [
        (_MODE + _TITLE, 0),
        (_TITLE + _MODE, 0),
        (_MODE + _TITLE + _MODE, 0),
        (_TORN + _TITLE, 1),
        (_TORN[:-20] + _TITLE, 1),
        (_TORN + _TITLE + _MODE, 1),
    ],
)
def test_a_row_that_is_kept_is_found_behind_one_that_is_dropped(
    data: bytes, unreadable: int
) -> None:
    """Without a line end between them, or after a torn one, whose part is counted."""
    batch = parse_rows(data + b"\n")
    assert [fact.value for fact in batch.facts] == ["Mine"]
    assert len(batch.unreadable) == unreadable


@pytest.mark.parametrize("content", ['{"type":"object"}', '{"type":"custom-title"}', "}{"])
def test_what_a_dropped_row_quotes_is_not_a_row(content: str) -> None:
    """In a string its quotes are escaped; an object inside a row begins no row."""
    batch = parse_rows(
        {"type": "mode", "mode": content, "sessionId": "s"},
        {"type": "mode", "mode": [{"type": "custom-title"}], "sessionId": "s"},
    )
    assert (batch.facts, batch.unreadable, batch.counted) == ([], [], {"mode": 2})


FACTS = (
    b'{"type":"custom-title","customTitle":"Beds","sessionId":"s1"}',
    b'{"type":"cost-state","sessionId":"s1","totalCostUSD":4.5}',
    b'{"type":"last-prompt","leafUuid":"u1","sessionId":"s1"}',
)


@pytest.mark.parametrize("fact", FACTS)
@pytest.mark.parametrize(
    ("before", "unreadable"),
    [
        (b'{"type":"mode","mode":"plan","sessionId":"s1"}', 0),
        (b'{"type":"api-request-blob","message":{"content":"' + b"x{" * 40_000 + b'"}}', 0),
        (b'{"type":"api-request","id":"to', 1),
        (b'{"type":"unheard-of","a":{"b":[]}}', 0),
        (b'{"type":"unheard-of","a":{"b', 1),
    ],
)
def test_a_fact_behind_another_row_is_read(before: bytes, unreadable: int, fact: bytes) -> None:
    """The row before it may be dropped, unknown or torn; the torn part is counted."""
    batch = parse_rows(before + fact + b"\n")
    assert len(batch.facts) == 1
    assert len(batch.unreadable) == unreadable


@pytest.mark.parametrize("space", [b"", b" "])
def test_rows_of_unknown_types_and_with_spaces_are_rows(space: bytes) -> None:
    """What writes copies of transcripts may put a space behind each colon."""
    rows = [b'{"type":%b"unheard-of"}' % space, b'{"uuid":%b"x","type":%b"mode"}' % (space, space)]
    batch = parse_rows(b"".join(rows) + b"\n")
    assert dict(batch.counted) == {"?unheard-of": 1, "mode": 1}
    assert batch.unreadable == []


@pytest.mark.parametrize("inner", [*FACTS, None])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_row_written_into_another_leaves_both(inner: bytes | None, share: float) -> None:
    """Two processes wrote at once; both rows are whole."""
    writer = Writer()
    outer_row, inner_row = writer.prompt("a long text " * 20), writer.prompt("short")
    outer = line(outer_row)[:-1]
    inner = inner or line(inner_row)[:-1]
    cut = int(len(outer) * share)
    batch = parse_rows(outer[:cut] + inner + outer[cut:] + b"\n")
    assert uuids(batch)[0] == outer_row["uuid"]
    assert len(batch.facts) + len(batch.messages) == 2
    assert batch.unreadable == []
    assert batch.counted["~another row inside"] == 1


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (b"gr\xfcn", "bytes that are not UTF-8"),
        (b"\xff\\ud83d", "bytes that are not UTF-8"),
        (b"\\ud83d", "half a character"),
        (b"a\tb\x1b[1m", "raw control characters"),
    ],
)
def test_a_repaired_row_is_counted(damage: bytes, kind: str) -> None:
    """Its type is counted too, like that of any row."""
    row = Writer().prompt("word")
    batch = parse_rows(line(row).replace(b"word", damage), Writer().prompt("sound \ufffd"))
    assert batch.counted[f"~{kind}"] == 1
    assert batch.counted["user"] == 2
    assert sum(batch.counted.values()) == 3

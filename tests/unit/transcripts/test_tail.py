"""How a transcript's bytes become complete lines."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccsync_watch.model import Line, Unreadable
from ccsync_watch.transcripts.tail import Chunk, read_lines, split


@dataclass
class Bytes:
    """A file in memory that remembers how it was read."""

    data: bytes
    reads: list[tuple[int, int]] = field(default_factory=list)

    def read_at(self, offset: int, count: int) -> bytes:
        """Return up to `count` bytes."""
        self.reads.append((offset, count))
        return self.data[offset : offset + count]


def read(data: bytes, start: int = 0, chunk_bytes: int = 16, scanned: int = 0) -> Chunk:
    """Read one chunk."""
    return read_lines(Bytes(data).read_at, start, chunk_bytes=chunk_bytes, scanned=scanned)


def read_all(data: bytes, chunk_bytes: int) -> list[Line]:
    """Read chunk after chunk to the last complete line."""
    lines: list[Line] = []
    start = 0
    while (chunk := read(data, start, chunk_bytes)).end > start:
        lines += chunk.lines
        start = chunk.end
    return lines


def test_a_line_has_its_offsets_and_no_newline() -> None:
    """Offsets are half open, and the newline belongs to the line that it ends."""
    assert read(b"ab\ncd\n").lines == [Line(0, 3, b"ab"), Line(3, 6, b"cd")]


@pytest.mark.tailing_case("2")
def test_empty_lines_advance_the_offset() -> None:
    """An empty line is a line of one byte."""
    assert split(b"\n\na\n", 5) == [Line(5, 6, b""), Line(6, 7, b""), Line(7, 9, b"a")]


@pytest.mark.parametrize("data", [b"", b"a", b"abc\r"])
def test_a_line_without_a_newline_is_left(data: bytes) -> None:
    """An unfinished line is not read, and the offset stays."""
    chunk = read(data)
    assert (chunk.lines, chunk.end) == ([], 0)


def test_an_unfinished_last_line_stays_where_it_is() -> None:
    """The chunk ends after the last newline."""
    chunk = read(b"ab\ncd")
    assert (chunk.lines, chunk.end) == ([Line(0, 3, b"ab")], 3)


@pytest.mark.tailing_case("8")
def test_a_newline_on_a_chunk_boundary_ends_the_line() -> None:
    """Neither the line before the boundary nor the one after it is cut or doubled."""
    data = b"0123456789abcde\nnext\n"
    assert [line.data for line in read_all(data, 16)] == [b"0123456789abcde", b"next"]


def test_a_carriage_return_is_part_of_the_line() -> None:
    r"""Only `\n` ends a line."""
    assert read(b"a\r\nb\rc\n").lines == [Line(0, 3, b"a\r"), Line(3, 7, b"b\rc")]


def test_unicode_line_separators_end_no_line() -> None:
    """U+2028, U+0085 and a form feed stand raw inside strings."""
    data = "a\u2028b\u0085c\fd\n".encode()
    assert [line.data for line in read_all(data, 64)] == [data[:-1]]


@pytest.mark.tailing_case("12")
def test_a_character_on_a_chunk_boundary_is_complete() -> None:
    """Lines are split as bytes, so no read cuts a character."""
    data = "ääääääääääää\n".encode()
    assert read_all(data, 5) == [Line(0, len(data), data[:-1])]


@pytest.mark.tailing_case("9")
@given(st.lists(st.binary(max_size=40)), st.binary(max_size=20), st.integers(1, 50))
def test_lines_do_not_depend_on_the_chunk_size(
    lines: list[bytes], rest: bytes, chunk_bytes: int
) -> None:
    """The lines are those of the whole file, and the unfinished rest is left."""
    data = b"".join(line.replace(b"\n", b"") + b"\n" for line in lines) + rest.replace(b"\n", b"")
    whole = [piece + b"\n" for piece in data.split(b"\n")[:-1]]
    lines_read = read_all(data, chunk_bytes)
    assert [line.data + b"\n" for line in lines_read] == whole
    assert b"".join(data[line.start : line.end] for line in lines_read) == b"".join(whole)


def test_a_line_longer_than_a_chunk_is_read_completely() -> None:
    """The chunk size limits the work of one step, not the length of lines."""
    data = b"x" * 100 + b"\nnext\n"
    chunk = read(data)
    assert (chunk.lines, chunk.end) == ([Line(0, 101, b"x" * 100)], 101)


def test_an_unfinished_long_line_is_not_searched_twice() -> None:
    """The next read starts where this one's search ended."""
    first = read(b"x" * 100)
    assert (first.lines, first.end, first.scanned) == ([], 0, 100)
    source = Bytes(b"x" * 120)
    again = read_lines(source.read_at, 0, chunk_bytes=16, scanned=first.scanned)
    assert again.scanned == 120
    assert min(offset for offset, _count in source.reads) == 100


def test_a_long_line_that_gets_its_newline_is_complete() -> None:
    """The part that was searched before belongs to the line."""
    data = b"x" * 100 + b"y\nz\n"
    assert read(data, scanned=100).lines == [Line(0, 102, b"x" * 100 + b"y")]


def test_a_line_rewritten_after_it_was_searched_ends_at_its_first_newline() -> None:
    """Also at one in the part that was searched before the rewrite."""
    data = b"a" * 40 + b"\n" + b"b" * 60 + b"\n"
    assert read(data, scanned=90).lines == [Line(0, 41, b"a" * 40)]


@pytest.mark.parametrize(("head", "reason"), [(b"skip", ""), (b"keep", "line longer than 0 MiB")])
def test_a_line_over_the_limit_is_skipped_without_being_held_in_memory(
    head: bytes, reason: str
) -> None:
    """It is read in pieces no longer than a chunk, and the lines around it are kept."""
    data = b"before\n" + head + b"x" * 9000 + b"\nafter\n"
    source = Bytes(data)
    chunks: list[Chunk] = []
    start = 0
    while start < len(data):
        chunks.append(
            read_lines(
                source.read_at,
                start,
                is_skippable=lambda line: line.startswith(b"skip"),
                chunk_bytes=64,
                max_line_bytes=1000,
            )
        )
        start = chunks[-1].end
    assert [line.data for chunk in chunks for line in chunk.lines] == [b"before", b"after"]
    assert [chunk.skipped for chunk in chunks if chunk.skipped] == [Unreadable(7, 7 + 9005, reason)]
    assert max(count for _offset, count in source.reads) <= 4096


def test_a_dropped_line_within_the_limit_is_returned() -> None:
    """A torn write can leave a complete row behind the start of such a line: the parser checks."""
    data = b"skip" + b"x" * 100 + b"\n"
    chunk = read_lines(Bytes(data).read_at, 0, is_skippable=lambda _: True, chunk_bytes=16)
    assert chunk.lines == [Line(0, 105, data[:-1])]
    assert chunk.skipped is None


def test_a_line_of_exactly_the_limit_is_kept() -> None:
    """The limit counts the newline."""
    data = b"x" * 99 + b"\n"
    chunk = read_lines(Bytes(data).read_at, 0, chunk_bytes=16, max_line_bytes=100)
    assert chunk.lines == [Line(0, 100, b"x" * 99)]


def test_by_default_no_line_type_is_dropped() -> None:
    """A long line is recorded as unreadable."""
    chunk = read_lines(Bytes(b"x" * 99 + b"\n").read_at, 0, chunk_bytes=16, max_line_bytes=10)
    assert chunk.skipped is not None
    assert chunk.skipped.reason


def test_a_file_truncated_during_a_read_gives_a_short_line() -> None:
    """The next read finds the file truncated."""
    data = b"x" * 40 + b"\n"
    reads = 0

    def read_at(offset: int, count: int) -> bytes:
        nonlocal reads
        reads += 1
        return data[offset : offset + count] if reads <= 3 else data[offset:20][:count]

    chunk = read_lines(read_at, 0, chunk_bytes=16)
    assert [line.data for line in chunk.lines] == [b"x" * 20]
    assert chunk.end == 41


@pytest.mark.parametrize("limit", [1000, 10], ids=["read", "skipped"])
@pytest.mark.parametrize("data", [b"short\n", b"x" * 40 + b"\n"], ids=["in one", "in pieces"])
def test_after_a_line_nothing_was_searched_of_the_next(data: bytes, limit: int) -> None:
    """The next read begins at the next line."""
    chunk = read_lines(Bytes(data).read_at, 0, chunk_bytes=16, max_line_bytes=limit)
    assert (chunk.end, chunk.scanned) == (len(data), 0)


def test_the_limit_is_of_a_line_wherever_it_begins() -> None:
    """A line far into a file is as long as at its start."""
    data = b"a\n" * 100 + b"x" * 40 + b"\n"
    chunk = read_lines(Bytes(data).read_at, 200, chunk_bytes=16, max_line_bytes=100)
    assert chunk.lines == [Line(200, 241, b"x" * 40)]


def test_the_reason_names_the_limit() -> None:
    """In MiB."""
    data = b"x" * (1 << 20) + b"\n"
    chunk = read_lines(Bytes(data).read_at, 0, chunk_bytes=1 << 16, max_line_bytes=1 << 20)
    assert chunk.skipped == Unreadable(0, (1 << 20) + 1, "line longer than 1 MiB")


def test_a_line_of_short_reads_is_complete() -> None:
    """The system may return less than it was asked for."""
    data = bytes(range(48, 88)) + b"\n"
    chunk = read_lines(lambda at, count: data[at : at + min(count, 7)], 0, chunk_bytes=16)
    assert chunk.lines == [Line(0, 41, data[:-1])]

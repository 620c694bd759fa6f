"""Whether a file is still the one that an offset refers to."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccsync_watch.model import Fingerprint
from ccsync_watch.transcripts.fingerprint import Edges, Verdict, checksum, compare
from ccsync_watch.transcripts.tail import split

OLD = b"".join(b"line %d\n" % number for number in range(1000))


def fingerprint(data: bytes, offset: int, *, device: int = 1, inode: int = 2) -> Fingerprint:
    """Return the fingerprint of a file in memory that was read up to `offset`."""

    def read_at(start: int, count: int) -> bytes:
        return data[start : start + count]

    edges = Edges.at(read_at, offset, checksum(read_at, 0, offset, 0))
    return edges.fingerprint(device=device, inode=inode)


def verdict(stored: bytes, current: bytes, offset: int, *, inode: int = 2) -> Verdict:
    """Compare a file's former content with its current one."""
    return compare(
        fingerprint(stored, offset),
        fingerprint(current, offset, inode=inode),
        offset=offset,
        size=len(current),
    )


@pytest.mark.parametrize("offset", [0, 1, 1023, 1024, 1025, 5000, len(OLD)])
def test_an_append_leaves_the_file_the_same(offset: int) -> None:
    """Only bytes before the offset are hashed."""
    assert verdict(OLD[: max(offset, 10)], OLD, offset) is Verdict.SAME


def test_at_offset_zero_every_file_is_the_same() -> None:
    """Nothing was read, so there is nothing to compare."""
    assert fingerprint(OLD, 0) == Fingerprint(1, 2, b"", b"", 0)
    assert verdict(OLD, b"other", 0) is Verdict.SAME


@pytest.mark.parametrize("position", [0, 500, 1023])
def test_a_changed_head_is_a_rewrite(position: int) -> None:
    """A byte changed in the first 1,024 is noticed."""
    current = OLD[:position] + b"#" + OLD[position + 1 :]
    assert verdict(OLD, current, 4000) is Verdict.REWRITTEN


@pytest.mark.parametrize("before", [1, 500, 1024])
def test_a_changed_marker_is_a_rewrite(before: int) -> None:
    """A byte changed among the last 1,024 before the offset is noticed."""
    position = 4000 - before
    current = OLD[:position] + b"#" + OLD[position + 1 :]
    assert verdict(OLD, current, 4000) is Verdict.REWRITTEN


def test_a_shorter_file_is_truncated_whatever_it_holds() -> None:
    """A read past the end would never return anything."""
    assert verdict(OLD, OLD[:3999], 4000) is Verdict.TRUNCATED
    assert verdict(OLD, b"", 4000) is Verdict.TRUNCATED


def test_a_file_of_exactly_the_offset_is_the_same() -> None:
    """Read to its end, it has nothing new."""
    assert verdict(OLD, OLD[:4000], 4000) is Verdict.SAME


def test_another_inode_with_other_bytes_is_a_replacement() -> None:
    """The log distinguishes a replaced file from a rewritten one."""
    assert verdict(OLD, OLD.swapcase(), 4000, inode=3) is Verdict.REPLACED


def test_another_device_with_other_bytes_is_a_replacement() -> None:
    """An inode means nothing on another device."""
    stored, current = fingerprint(OLD, 4000), fingerprint(OLD.swapcase(), 4000, device=9)
    assert compare(stored, current, offset=4000, size=len(OLD)) is Verdict.REPLACED


def test_another_inode_with_the_same_bytes_is_the_same_file() -> None:
    """A file that was saved by renaming a copy over it need not be read again."""
    assert verdict(OLD, OLD, 4000, inode=3) is Verdict.SAME


def test_a_small_file_has_an_identity() -> None:
    """Two files of less than 1,024 bytes differ, and each stays the same as it grows."""
    assert fingerprint(b"a\n", 2) != fingerprint(b"b\n", 2)
    assert verdict(b"a\n", b"a\nmore\n", 2) is Verdict.SAME


def test_two_files_with_the_same_head_differ_by_their_markers() -> None:
    """A fork begins like its parent."""
    one, two = OLD + b"one\n", OLD + b"two\n"
    assert fingerprint(one, len(one)) != fingerprint(two, len(two))


@given(
    st.lists(st.binary(max_size=1500).map(lambda b: b.replace(b"\n", b"")), max_size=8), st.data()
)
def test_edges_after_lines_are_those_of_the_file(lines: list[bytes], data: st.DataObject) -> None:
    """Computed from the bytes that were read, or read from the file: the result is the same."""
    whole = b"".join(line + b"\n" for line in lines)
    ends = [0, *(line.end for line in split(whole, 0))] if whole else [0]
    start = data.draw(st.sampled_from(ends))
    end = data.draw(st.sampled_from([end for end in ends if end >= start]))

    def read_at(offset: int, count: int) -> bytes:
        return whole[offset : offset + count]

    read = split(whole[start:end], start) if end > start else []
    before = checksum(read_at, 0, start, 0)
    prefix = checksum(read_at, start, end, before)
    assert Edges.at(read_at, start, before).after(read) == Edges.at(read_at, end, prefix)
    assert prefix == checksum(read_at, 0, end, 0)
    assert checksum(read_at, 0, len(whole) + 1, 0) is None


def test_edges_describe_the_bytes_that_were_read() -> None:
    """A file rewritten after it was read is not the one that was read."""
    edges = Edges().after(split(OLD, 0))
    after = edges.fingerprint(device=1, inode=2)
    rewritten = fingerprint(OLD.swapcase() + OLD, len(OLD))
    assert after == fingerprint(OLD, len(OLD))
    assert compare(after, rewritten, offset=len(OLD), size=2 * len(OLD)) is Verdict.REWRITTEN
    assert replace(after, inode=3) != after

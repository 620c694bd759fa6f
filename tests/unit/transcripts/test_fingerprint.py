"""Whether a file is still the one that an offset speaks of."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccsync_watch.model import Fingerprint
from ccsync_watch.transcripts.fingerprint import Edges, Verdict, judge, take
from ccsync_watch.transcripts.tail import split

OLD = b"".join(b"line %d\n" % number for number in range(1000))


def of(data: bytes, offset: int, *, device: int = 1, inode: int = 2) -> Fingerprint:
    """Return the fingerprint of a file in memory."""
    return take(lambda at, count: data[at : at + count], device=device, inode=inode, offset=offset)


def verdict(then: bytes, now: bytes, offset: int, *, inode: int = 2) -> Verdict:
    """Judge a file that held `then` and holds `now`."""
    return judge(of(then, offset), of(now, offset, inode=inode), offset=offset, size=len(now))


@pytest.mark.parametrize("offset", [0, 1, 1023, 1024, 1025, 5000, len(OLD)])
def test_growth_changes_nothing(offset: int) -> None:
    """Only bytes before the offset are hashed, so that an append leaves the file the same."""
    assert verdict(OLD[: max(offset, 10)], OLD, offset) is Verdict.SAME


def test_nothing_read_means_nothing_to_compare() -> None:
    """At offset 0 any file will do."""
    assert of(OLD, 0) == Fingerprint(1, 2, b"", b"")
    assert verdict(OLD, b"other", 0) is Verdict.SAME


@pytest.mark.parametrize("at", [0, 500, 1023])
def test_another_head_is_a_rewrite(at: int) -> None:
    """A byte changed in the first 1,024 is seen."""
    now = OLD[:at] + b"#" + OLD[at + 1 :]
    assert verdict(OLD, now, 4000) is Verdict.REWRITTEN


@pytest.mark.parametrize("before", [1, 500, 1024])
def test_another_ending_is_a_rewrite(before: int) -> None:
    """A byte changed among the last 1,024 before the offset is seen."""
    at = 4000 - before
    assert verdict(OLD, OLD[:at] + b"#" + OLD[at + 1 :], 4000) is Verdict.REWRITTEN


def test_a_shorter_file_is_truncated_whatever_it_holds() -> None:
    """An offset past the end would wait for ever."""
    assert verdict(OLD, OLD[:3999], 4000) is Verdict.TRUNCATED
    assert verdict(OLD, b"", 4000) is Verdict.TRUNCATED


def test_a_file_of_exactly_the_offset_is_the_same() -> None:
    """Read to its end, it has nothing new."""
    assert verdict(OLD, OLD[:4000], 4000) is Verdict.SAME


def test_another_inode_with_other_bytes_is_a_replacement() -> None:
    """The log tells a replaced file from a rewritten one."""
    assert verdict(OLD, OLD.swapcase(), 4000, inode=3) is Verdict.REPLACED


def test_another_device_with_other_bytes_is_a_replacement() -> None:
    """An inode means nothing on another device."""
    then, now = of(OLD, 4000), of(OLD.swapcase(), 4000, device=9)
    assert judge(then, now, offset=4000, size=len(OLD)) is Verdict.REPLACED


def test_another_inode_with_the_same_bytes_is_the_same_file() -> None:
    """A file that was saved by renaming a copy over it need not be read again."""
    assert verdict(OLD, OLD, 4000, inode=3) is Verdict.SAME


def test_a_small_file_has_an_identity() -> None:
    """Two files of less than 1,024 bytes are told apart, and each stays itself as it grows."""
    assert of(b"a\n", 2) != of(b"b\n", 2)
    assert verdict(b"a\n", b"a\nmore\n", 2) is Verdict.SAME


def test_two_files_with_the_same_head_are_told_apart_by_their_endings() -> None:
    """A fork begins like its parent."""
    one, two = OLD + b"one\n", OLD + b"two\n"
    assert of(one, len(one)) != of(two, len(two))


@given(
    st.lists(st.binary(max_size=1500).map(lambda b: b.replace(b"\n", b"")), max_size=8), st.data()
)
def test_edges_after_lines_are_those_of_the_file(lines: list[bytes], data: st.DataObject) -> None:
    """What is kept of the bytes that were read is what a look at the file would give."""
    whole = b"".join(line + b"\n" for line in lines)
    ends = [0, *(each.end for each in split(whole, 0))] if whole else [0]
    start = data.draw(st.sampled_from(ends))
    end = data.draw(st.sampled_from([each for each in ends if each >= start]))

    def read_at(offset: int, count: int) -> bytes:
        return whole[offset : offset + count]

    read = split(whole[start:end], start) if end > start else []
    assert Edges.at(read_at, start).after(read) == Edges.at(read_at, end)


def test_edges_vouch_for_what_was_read() -> None:
    """A file rewritten after it was read is not taken for the one that was read."""
    edges = Edges().after(split(OLD, 0))
    after = edges.fingerprint(device=1, inode=2)
    rewritten = of(OLD.swapcase() + OLD, len(OLD))
    assert after == of(OLD, len(OLD))
    assert judge(after, rewritten, offset=len(OLD), size=2 * len(OLD)) is Verdict.REWRITTEN
    assert replace(after, inode=3) != after

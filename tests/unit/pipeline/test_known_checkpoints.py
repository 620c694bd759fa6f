"""Checkpoints are kept packed, and are returned as they were."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ccsync_watch.model import Checkpoint, Fingerprint
from ccsync_watch.pipeline.known_checkpoints import KnownCheckpoints
from ccsync_watch.stream import Stream
from ccsync_watch.transcripts.discovery import Transcript

SESSION = "0f2d1c6e-8e0b-4c1b-9f60-2d3f5a1b7c10"
USUAL = Checkpoint(
    path_key=b"k" * 32,
    stream=Stream(SESSION, SESSION, None),
    shown_path=f"{SESSION}.jsonl",
    offset=1200,
    fingerprint=Fingerprint(2049, 2**63 - 1, b"h" * 16, b"m" * 16),
    size=1200,
    mtime_ns=1_790_000_000_123_456_789,
    id=7,
)


@pytest.mark.parametrize(
    "checkpoint",
    [
        USUAL,
        replace(USUAL, stream=Stream("agent-a1", SESSION, "a1"), shown_path="agent-a1.jsonl"),
        replace(USUAL, shown_path="[REDACTED:token:0123abcd].jsonl", problem="a problem", id=None),
        replace(USUAL, offset=0, fingerprint=Fingerprint(-1, 2**70, b"", b""), mtime_ns=-5),
    ],
)
def test_a_checkpoint_is_returned_as_it_was(checkpoint: Checkpoint) -> None:
    """Whatever its values are."""
    known = KnownCheckpoints()
    assert known.get(checkpoint.path_key) is None
    known.add(checkpoint)
    assert known.get(checkpoint.path_key) == checkpoint
    known.remove(checkpoint.path_key)
    assert known.get(checkpoint.path_key) is None


@pytest.mark.parametrize("field", ["size", "mtime_ns", "device", "inode"])
def test_a_transcript_is_unchanged_while_all_is_equal(field: str) -> None:
    """Its size, time, device and inode, and those of this path alone."""
    known = KnownCheckpoints()
    same = Transcript("/x", USUAL.stream, 1200, USUAL.mtime_ns, 2049, 2**63 - 1)
    assert not known.is_unchanged(USUAL.path_key, same)
    known.add(USUAL)
    assert known.is_unchanged(USUAL.path_key, same)
    assert not known.is_unchanged(b"other", same)
    changed = replace(same, **{field: getattr(same, field) + 1})
    assert not known.is_unchanged(USUAL.path_key, changed)


def test_unfinished_ones_are_those_before_the_end() -> None:
    """Until they are read to it, or forgotten."""
    known = KnownCheckpoints()
    before = replace(USUAL, offset=1000)
    known.add(before)
    assert known.unfinished() == [before]
    known.add(USUAL)
    assert known.unfinished() == []
    known.add(before)
    known.remove(before.path_key)
    assert known.unfinished() == []

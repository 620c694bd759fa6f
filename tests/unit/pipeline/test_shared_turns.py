"""A plan of which this process cleans a part itself, as the other one is slower."""

from __future__ import annotations

import pytest

from ccsync_watch.pipeline.cleaning_messages import PlannedChunk
from ccsync_watch.pipeline.shared_turns import SharedTurns
from ccsync_watch.stream import Stream
from ccsync_watch.transcripts.discovery import Transcript

_SMALL, _LARGE = 50_000, 2 << 20


def _shared(names: str, size: int) -> SharedTurns:
    transcripts = [Transcript(name, Stream(name, name, None), size, 0, 0, 0) for name in names]
    return SharedTurns(
        PlannedChunk(transcript, start, is_last=bool(start))
        for transcript in transcripts
        for start in (0, size // 2)
    )


@pytest.mark.parametrize(("size", "chosen"), [(_LARGE, "c"), (_SMALL, "cegik")])
def test_every_second_transcript_is_chosen_after_the_next(size: int, chosen: str) -> None:
    """One that is large, or several small ones; the next is begun by the other process."""
    shared = _shared("abcdefghijkl", size)
    shared.reach("a")
    assert shared.choose() == set(chosen)
    assert [name for name in "abcdefghijkl" if shared.is_own(name)] == list(chosen)


def test_no_more_are_chosen_until_all_that_were_are_read() -> None:
    """So it stops as soon as the other process is not slower any more."""
    shared = _shared("abcdefgh", _LARGE)
    shared.reach("a")
    shared.choose()
    shared.reach("b")
    assert not shared.choose()
    shared.reach("b")
    shared.reach("c")
    assert shared.choose() == {"e"}
    shared.reach("another one, which was written just now")
    shared.reach("f")
    assert shared.choose() == {"h"}
    shared.reach("g")
    shared.reach("h")
    assert not shared.choose()
    assert "".join(name for name in "abcdefgh" if shared.is_own(name)) == "ceh"

"""The order in which transcripts are read."""

from __future__ import annotations

from ccsync_watch.pipeline.backlog import LEAD_BYTES, Backlog
from ccsync_watch.stream import Stream
from ccsync_watch.transcripts.discovery import Transcript


def transcript(path: str, size: int = 0) -> Transcript:
    """Return a transcript at a path."""
    return Transcript(path, Stream(path, path, None), size, 0, 1, 2)


def order(backlog: Backlog) -> list[str]:
    """Take everything."""
    paths = []
    while (turn := backlog.take()) is not None:
        paths.append(turn[1].path)
    return paths


def test_the_highest_rank_goes_first() -> None:
    """Whatever the order in which they were queued."""
    backlog = Backlog()
    for path, rank in (("a", 2), ("b", 3), ("c", 1)):
        backlog.put(transcript(path), rank)
    assert order(backlog) == ["b", "a", "c"]
    assert backlog.take() is None


def test_a_transcript_written_again_moves_up() -> None:
    """It is queued once, in its latest state."""
    backlog = Backlog()
    backlog.put(transcript("a"), 1)
    backlog.put(transcript("b"), 2)
    backlog.put(transcript("a", size=9), 3)
    assert len(backlog) == 2
    assert backlog.take() == (3, transcript("a", size=9))
    assert "a" not in backlog
    assert "b" in backlog
    assert order(backlog) == ["b"]


def test_a_rank_never_falls_while_queued() -> None:
    """A rescan that queues it again does not move it back."""
    backlog = Backlog()
    backlog.put(transcript("a"), 9)
    backlog.put(transcript("b"), 5)
    backlog.put(transcript("a", size=7), 1)
    assert backlog.take() == (9, transcript("a", size=7))


def test_a_transcript_can_be_queued_again_behind_newer_ones() -> None:
    """After its turn it has a rank of its own again."""
    backlog = Backlog()
    backlog.put(transcript("a"), 5)
    backlog.put(transcript("a"), 6)
    backlog.take()
    backlog.put(transcript("b"), 6)
    backlog.put(transcript("a"), 4)
    assert order(backlog) == ["b", "a"]


def test_queuing_the_same_path_often_costs_nothing() -> None:
    """A long backlog is rescanned many times before it has been read."""
    backlog = Backlog()
    for _ in range(1000):
        backlog.put(transcript("a"), 5)
    assert len(backlog._heap) == 1
    assert backlog.transcripts() == [transcript("a")]


def subagent(path: str, session_path: str) -> Transcript:
    """Return the transcript of a subagent of the session at another path."""
    return Transcript(path, Stream(path, session_path, path), 0, 0, 1, 2)


def test_a_session_goes_before_its_subagents() -> None:
    """Whichever was queued first, and whatever was written last; not before other sessions."""
    backlog = Backlog()
    backlog.put(subagent("a1", "a"), 5)
    backlog.put(transcript("a"), 1)
    backlog.put(transcript("b"), 2)
    backlog.put(subagent("b1", "b"), 3)
    backlog.put(transcript("c"), 7)
    assert order(backlog) == ["c", "a", "a1", "b", "b1"]


def test_a_session_that_is_queued_again_stays_before_its_subagents() -> None:
    """A large one is read in pieces: all of them before the subagents that are newer."""
    backlog = Backlog()
    backlog.put(transcript("a"), 1)
    backlog.put(subagent("a1", "a"), 5)
    assert backlog.take() == (6, transcript("a"))
    backlog.put(transcript("a"), 1)
    assert order(backlog) == ["a", "a1"]


def test_a_subagent_alone_has_its_own_rank() -> None:
    """Its session may have been read long before; and it moves up with each line."""
    backlog = Backlog()
    backlog.put(subagent("a1", "a"), 1)
    backlog.put(transcript("b"), 2)
    assert order(backlog) == ["b", "a1"]
    backlog.put(subagent("a1", "a"), 3)
    backlog.put(transcript("b"), 2)
    assert order(backlog) == ["a1", "b"]
    assert order(backlog) == []
    backlog.put(transcript("a"), 1)
    assert backlog.take() == (1, transcript("a"))


def test_a_session_that_is_far_ahead_shares_with_the_others() -> None:
    """Whatever is written to it: of two bytes that are read, one is of another session."""
    backlog = Backlog()
    hot, cold = transcript("hot"), [transcript(str(number)) for number in range(20)]
    rest = subagent("hot's subagent", "hot")
    for number, waiting in enumerate(cold):
        backlog.put(waiting, number)
    turns: list[str] = []
    for number in range(100, 150):
        backlog.put(hot, number)
        backlog.put(rest, number)
        turn = backlog.take()
        assert turn is not None
        turns.append(turn[1].path)
        backlog.add_read(turn[1], LEAD_BYTES // 4 if turn[1] == hot else LEAD_BYTES // 8)
    assert turns[:5] == ["hot"] * 5
    assert turns[5:11] == ["19", "18", "hot", "17", "16", "hot"]
    assert set(turns[5:]) == {"hot"} | {waiting.path for waiting in cold}


def test_a_session_that_is_far_ahead_goes_on_alone() -> None:
    """Where nothing else waits."""
    backlog = Backlog()
    for _ in range(3):
        backlog.put(transcript("hot"), 1)
        assert backlog.take() == (1, transcript("hot"))
        backlog.add_read(transcript("hot"), 2 * LEAD_BYTES)

"""Rows that a session copied from another one: counted once, and sent once."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.accounting import activity
from ccsync_watch.model import Part, Redacted
from ccsync_watch.store import rewriting
from ccsync_watch.store.stored_messages import session_messages
from support.histories import Transcript, feed
from support.lines import OTHER, SESSION, Writer, iso, text

if TYPE_CHECKING:
    from support.storing import World

THIRD = "77777777-2222-4333-8444-555555555555"
DAY_MS = 86_400_000
Row = dict[str, Any]


def _id(name: str) -> str:
    """Return the id of a response as the API gives it."""
    return f"msg_{name:0>20}"


def _source() -> Transcript:
    """Return a session with an answer and a prompt that was left without one."""
    writer = Writer(SESSION)
    rows = [
        writer.prompt("Plan the garden"),
        writer.answer(text("Beds first"), usage_id=_id("m1")),
        writer.prompt("And then"),
    ]
    return Transcript(SESSION, None, writer, rows)


def _resume(
    source: Transcript, session_id: str, *, has_new_ids: bool, days: int = 1, name: str = "m2"
) -> Transcript:
    """Return a session that begins with the rows of another one, at the time of copying.

    Old clients leave the request id out of copies; the oldest give them new ids, too.
    """
    writer = Writer(session_id, at_ms=source.writer.at_ms + days * DAY_MS)
    rows: list[Row] = []
    for number, row in enumerate(source.rows):
        copied = {**row, "sessionId": session_id, "timestamp": iso(writer.at_ms)}
        copied.pop("requestId", None)
        if has_new_ids:
            copied["uuid"] = f"{session_id}-{number}"
        rows.append(copied)
    writer.at_ms += 5000
    rows += [writer.prompt("Paint the shed"), writer.answer(text("Blue"), usage_id=_id(name))]
    return Transcript(session_id, None, writer, rows)


def _feed(world: World, transcript: Transcript, size: int) -> None:
    lines = transcript.lines()
    for at in range(0, len(lines), size):
        feed(world.database, transcript, lines[at : at + size])


def _own(world: World, session_id: str) -> list[str]:
    return [
        str(message.parts[0].content)
        for message in session_messages(world.database, session_id)
        if message.kind != "session" and not message.is_inherited
    ]


def _pending(world: World) -> dict[tuple[str, bool], int]:
    """Return how many messages are queued, by session and whether they were certainly not sent."""
    rows = world.database.read().execute(
        "SELECT k.id, is_certain, count(*) FROM outbox JOIN ids k ON k.key = session_key"
        " GROUP BY 1, 2"
    )
    return {(row[0], bool(row[1])): row[2] for row in rows}


@pytest.mark.parametrize("has_new_ids", [False, True])
@pytest.mark.parametrize("size", [1, 2, 100])
class TestResume:
    """A resume of an older client starts a session with a copy of another."""

    def test_what_was_copied_counts_once(
        self, world: World, size: int, *, has_new_ids: bool
    ) -> None:
        """Prompts, turns and messages, also of a prompt without an answer, and copies of copies."""
        source = _source()
        copy = _resume(source, OTHER, has_new_ids=has_new_ids)
        last = _resume(copy, THIRD, has_new_ids=has_new_ids, name="m3")
        for transcript in (source, copy, last):
            _feed(world, transcript, size)
        assert _own(world, SESSION) == ["Plan the garden", "Beds first", "And then"]
        assert _own(world, OTHER) == ["Paint the shed", "Blue"]
        assert _own(world, THIRD) == ["Paint the shed", "Blue"]
        done = activity.by_session_id(world.database)
        assert {name: (item.prompts, item.turns) for name, item in done.items()} == {
            SESSION: (2, 1),
            OTHER: (1, 1),
            THIRD: (1, 1),
        }
        read = world.database.read()
        counts = read.execute("SELECT sum(prompts), sum(pending) FROM session_counts").fetchone()
        # Each of the three has a header too.
        assert tuple(counts) == (4, 7 + 3)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("size", [1, 100])
def test_copies_are_marked_in_any_order(world: World, order: tuple[int, ...], size: int) -> None:
    """The newest transcript is read first, so a copy usually comes before its original."""
    source = _source()
    copy = _resume(source, OTHER, has_new_ids=False)
    last = _resume(copy, THIRD, has_new_ids=False, name="m3")
    for number in order:
        _feed(world, (source, copy, last)[number], size)
    assert _own(world, SESSION) == ["Plan the garden", "Beds first", "And then"]
    assert _own(world, OTHER) == ["Paint the shed", "Blue"]
    assert _own(world, THIRD) == ["Paint the shed", "Blue"]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("has_new_ids", [False, True])
def test_a_response_of_several_rows_is_copied_whole(
    world: World, order: tuple[int, ...], *, has_new_ids: bool
) -> None:
    """Its first row was written before it ended, and has no stop reason."""
    writer = Writer(SESSION)
    source = Transcript(SESSION, None, writer, [writer.prompt("Plan the garden")])
    source.rows += [
        writer.answer(text(words), usage_id=_id("m1")) for words in ("Beds", "and paths")
    ]
    source.rows[1]["message"]["stop_reason"] = None
    copy = _resume(source, OTHER, has_new_ids=has_new_ids)
    again = _resume(source, THIRD, has_new_ids=has_new_ids, days=2, name="m3")
    for number in order:
        _feed(world, (source, copy, again)[number], 100)
    assert _own(world, SESSION) == ["Plan the garden", "Beds", "and paths"]
    assert _own(world, OTHER) == _own(world, THIRD) == ["Paint the shed", "Blue"]
    owners = world.database.read().execute(
        "SELECT response_id, session_id FROM usage WHERE counted_in IS NULL ORDER BY 1"
    )
    assert list(map(tuple, owners)) == [
        (_id("m1"), SESSION),
        (_id("m2"), OTHER),
        (_id("m3"), THIRD),
    ]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("size", [1, 100])
def test_copied_prompts_that_name_their_source_are_its_prompts(
    world: World, order: tuple[int, ...], size: int
) -> None:
    """2.0.42 to 2.1.120: whichever is read first, each is once in the order of its own session."""
    writer = Writer(SESSION)
    rows = [
        writer.prompt("Plan the garden"),
        writer.answer(text("Beds first"), usage_id=_id("m1")),
        writer.prompt("And then"),
        writer.answer(text("Paths"), usage_id=_id("m2")),
    ]
    source = Transcript(SESSION, None, writer, rows)
    forks = []
    for number, session_id in enumerate((OTHER, THIRD)):
        copied = [
            row if row["type"] == "user" else {**row, "sessionId": session_id} for row in rows
        ]
        own = Writer(session_id, at_ms=writer.at_ms + (number + 1) * DAY_MS)
        own_rows = [own.prompt("Paint"), own.answer(text("Blue"), usage_id=_id(f"f{number}"))]
        forks.append(Transcript(session_id, None, own, copied + own_rows))
    for number in order:
        _feed(world, (source, *forks)[number], size)
    assert _own(world, SESSION) == ["Plan the garden", "Beds first", "And then", "Paths"]
    assert _own(world, OTHER) == _own(world, THIRD) == ["Paint", "Blue"]
    done = activity.by_session_id(world.database)
    assert {name: (item.prompts, item.turns) for name, item in done.items()} == {
        SESSION: (2, 2),
        OTHER: (1, 1),
        THIRD: (1, 1),
    }
    if size > 1:  # with less it may be unknown what a copy is when it is sent
        world.drain()
        sent = [len(world.ids(session_id)) for session_id in (SESSION, OTHER, THIRD)]
        assert sent == [4, 2, 2]


def test_a_session_that_says_the_same_is_not_a_copy(world: World) -> None:
    """Without a common response or id, the same words are two prompts."""
    for session_id, name in ((SESSION, "m1"), (OTHER, "m2")):
        writer = Writer(session_id)
        rows = [writer.prompt("Hello"), writer.answer(text("Hi"), usage_id=_id(name))]
        _feed(world, Transcript(session_id, None, writer, rows), 100)
    assert _own(world, OTHER) == _own(world, SESSION) == ["Hello", "Hi"]


def test_equal_ids_of_different_answers_are_no_copies(world: World) -> None:
    """Whatever a gateway gives as ids: what another session said is sent and counts as its own."""
    for session_id, words in ((SESSION, "Beds first"), (OTHER, "Paths first")):
        writer = Writer(session_id)
        rows = [writer.prompt(f"Ask for {words}"), writer.answer(text(words), usage_id="m1")]
        transcript = Transcript(session_id, None, writer, rows)
        feed(world.database, transcript, transcript.lines())
    assert not any(
        message.is_inherited
        for session_id in (SESSION, OTHER)
        for message in session_messages(world.database, session_id)
    )
    world.drain()
    world.assert_complete(SESSION)
    world.assert_complete(OTHER)


@pytest.mark.parametrize("has_new_ids", [False, True])
@pytest.mark.parametrize("is_source_later", [False, True])
@pytest.mark.parametrize("is_copy_first", [False, True])
@pytest.mark.parametrize("size", [1, 100])
def test_a_prompt_that_repeats_the_source_s_next_one_is_not_a_copy(
    world: World, size: int, *, has_new_ids: bool, is_source_later: bool, is_copy_first: bool
) -> None:
    """Typed right after the copying: the source was continued later, or copied from before."""
    source = _source()
    del source.rows[2:]
    copy = _resume(source, OTHER, has_new_ids=has_new_ids)
    del copy.rows[2:]
    copy.writer.at_ms -= 6700
    if is_source_later:
        source.writer.at_ms += 2 * DAY_MS
    for transcript, name in ((source, "m2"), (copy, "m3")):
        transcript.rows.append(transcript.writer.prompt("Continue"))
        transcript.rows.append(transcript.writer.answer(text(name), usage_id=_id(name)))
    for transcript in (copy, source) if is_copy_first else (source, copy):
        _feed(world, transcript, size)
    assert _own(world, SESSION) == ["Plan the garden", "Beds first", "Continue", "m2"]
    assert _own(world, OTHER) == ["Continue", "m3"]
    assert _pending(world) == {(SESSION, True): 5, (OTHER, True): 3}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_what_was_never_sent_is_queued_once_whoever_has_it_meanwhile(
    world: World, order: tuple[int, ...]
) -> None:
    """Row by row, the owner of copies that kept their time changes with every row."""
    source = _source()
    del source.rows[2:]
    transcripts = [source]
    for session_id, name in ((OTHER, "m2"), (THIRD, "m3")):
        rows = [{**row, "sessionId": session_id} for row in transcripts[-1].rows]
        writer = Writer(session_id, at_ms=transcripts[-1].writer.at_ms + DAY_MS)
        rows += [writer.prompt(f"Do {name}"), writer.answer(text("Done"), usage_id=_id(name))]
        transcripts.append(Transcript(session_id, None, writer, rows))
    for number in order:
        _feed(world, transcripts[number], 1)
    assert _pending(world) == {(SESSION, True): 3, (OTHER, True): 3, (THIRD, True): 3}


def test_a_prompt_that_no_other_session_has_is_not_a_copy(world: World) -> None:
    """A gateway may give the same ids, tokens and words to answers of different prompts."""
    for session_id in (SESSION, OTHER):
        writer = Writer(session_id)
        rows = [
            writer.prompt(f"Ask in {session_id}"),
            writer.answer(text("OK"), usage_id=_id("m1")),
        ]
        _feed(world, Transcript(session_id, None, writer, rows), 100)
    assert _own(world, OTHER) == [f"Ask in {OTHER}"]
    assert _pending(world)[OTHER, True] == 2


@pytest.mark.parametrize("source_id", [SESSION, OTHER])
@pytest.mark.parametrize("pieces", [(0, 0, 0, 1, 1, 1, 1), (0, 1, 0, 0, 1, 1, 1)])
def test_a_prompt_is_the_source_s_when_the_fork_s_first_answer_says_so(
    world: World, pieces: tuple[int, ...], source_id: str
) -> None:
    """Until then nothing says which of the two is the copy."""
    fork_id = OTHER if source_id == SESSION else SESSION
    writer = Writer(source_id)
    rows = [
        writer.prompt("Plan the garden"),
        writer.answer(text("Beds"), usage_id=_id("m1")),
        writer.prompt("And then"),
    ]
    copied = [{**row, "sessionId": fork_id} for row in rows[:2]]
    copied[1]["requestSessionId"] = source_id
    own = Writer(fork_id, at_ms=writer.at_ms + DAY_MS)
    copied += [own.prompt("Paint"), own.answer(text("Blue"), usage_id=_id("m2"))]
    source = Transcript(source_id, None, writer, rows)
    fork = Transcript(fork_id, None, own, copied)
    left = [source.lines(), fork.lines()]
    for number in pieces:
        feed(world.database, (source, fork)[number], [left[number].pop(0)])
    assert _own(world, source_id) == ["Plan the garden", "Beds", "And then"]
    assert _own(world, fork_id) == ["Paint", "Blue"]
    assert _pending(world)[source_id, True] == 4


@pytest.mark.parametrize("size", [1, 2, 100])
@pytest.mark.parametrize("is_fork_first", [False, True])
def test_prompts_of_a_marked_fork_are_copies_too(
    world: World, size: int, *, is_fork_first: bool
) -> None:
    """Newer clients mark the answers alone; the fork may be read before its source."""
    source = _source()
    writer = Writer(OTHER, at_ms=source.writer.at_ms + DAY_MS)
    rows: list[Row] = [{**row, "sessionId": OTHER} for row in source.rows[:2]]
    rows[1]["requestSessionId"] = SESSION
    rows += [writer.prompt("Paint the shed"), writer.answer(text("Blue"), usage_id="m2")]
    fork = Transcript(OTHER, None, writer, rows)
    for transcript in (fork, source) if is_fork_first else (source, fork):
        _feed(world, transcript, size)
    assert _own(world, OTHER) == ["Paint the shed", "Blue"]
    assert _own(world, SESSION) == ["Plan the garden", "Beds first", "And then"]
    done = activity.by_session_id(world.database)
    assert {key: values.prompts for key, values in done.items()} == {SESSION: 2, OTHER: 1}


def test_a_changed_copy_is_not_sent(world: World) -> None:
    """A repair changes it, too; it is sent in the session that it was copied from."""
    source = _source()
    _feed(world, source, 100)
    _feed(world, _resume(source, OTHER, has_new_ids=False), 100)
    world.drain()
    sent = world.ids(OTHER)
    assert len(sent) == 2
    changed = [
        replace(item, message=replace(item.message, parts=(Part("text", "[REDACTED]"),)))
        for item in rewriting.messages_after(world.database, 0, 100)
        if item.message.kind != "session" and "garden" in str(item.message.parts)
    ]
    assert [item.message.session_id for item in changed] == [SESSION, OTHER]
    rewriting.rewrite_messages(
        world.database, Redacted(changed), now_ms=world.clock.steady_ms(), is_released=True
    )
    world.drain()
    assert world.ids(OTHER) == sent
    assert "garden" not in str(world.texts())
    assert "[REDACTED]" in world.texts().values()

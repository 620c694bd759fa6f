"""A session that continues in the background in another one, which begins with a copy of it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.accounting import activity
from ccsync_watch.store.conversations import conversation_page, timeline_steps
from ccsync_watch.store.hand_offs import HandOff, find_hand_off
from support.histories import Transcript, feed
from support.lines import Writer, text

if TYPE_CHECKING:
    from support.storing import World

Row = dict[str, Any]

SOURCE = "aaaaaaaa-2222-4333-8444-555555555555"
TARGET = "00000000-2222-4333-8444-555555555555"


def _hand_off(*, is_answered: bool) -> list[Transcript]:
    """Return a session that was handed off after its answer or during it, and the other one."""
    source = Writer(SOURCE)
    said = [source.prompt("count the beds", promptSource="typed")]
    if is_answered:
        said.append(source.answer(text("four"), usage_id="m1"))
    end = {"type": "continued-in", "sessionId": SOURCE, "continuedInSessionId": TARGET}
    copies = [{**row, "sessionId": TARGET, "sessionKind": "bg"} for row in said]
    if is_answered:
        copies[1]["requestSessionId"] = SOURCE
    target = Writer(TARGET, parent=said[-1]["uuid"], at_ms=source.at_ms)
    more = [target.prompt("water them", promptSource="typed")] if is_answered else []
    more.append(target.answer(text("done"), usage_id="m2"))
    return [
        Transcript(SOURCE, None, source, [*said, end]),
        Transcript(TARGET, None, target, [*copies, *more]),
    ]


def _drawn(world: World, session_id: str) -> list[object]:
    return [
        part.content
        for message in conversation_page(world.database, session_id)
        for part in message.parts
    ]


@pytest.mark.parametrize("is_answered", [True, False])
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_what_was_said_before_is_drawn_and_counted_once(
    world: World, order: tuple[int, ...], *, is_answered: bool
) -> None:
    """Where it was said, in whichever order the rows are read; also a prompt without an answer."""
    first, second = _hand_off(is_answered=is_answered)
    lines = first.lines()
    pieces = [(first, lines[:-1]), (first, lines[-1:]), (second, second.lines())]
    for index in order:
        feed(world.database, *pieces[index])
    answered: list[object] = ["four"] if is_answered else []
    assert _drawn(world, SOURCE) == ["count the beds", *answered]
    assert _drawn(world, TARGET) == (["water them", "done"] if is_answered else ["done"])
    assert len(list(timeline_steps(world.database, TARGET))) == len(_drawn(world, TARGET))
    done = activity.by_session_id(world.database)
    assert [done[name].prompts for name in (SOURCE, TARGET)] == [1, int(is_answered)]
    assert find_hand_off(world.database, SOURCE) == HandOff(None, TARGET)
    assert find_hand_off(world.database, TARGET) == HandOff(SOURCE, None)


def test_a_copy_stays_while_its_source_is_not_shown(world: World) -> None:
    """A fork is drawn whole, and so is a session whose source is of an excluded project."""
    first, second = _hand_off(is_answered=True)
    feed(world.database, second, second.lines())
    assert len(_drawn(world, TARGET)) == 4
    feed(world.database, first, first.lines())
    assert len(_drawn(world, TARGET)) == 2
    with world.database.write() as connection:
        connection.execute("UPDATE sessions SET is_excluded = 1 WHERE id = ?", (SOURCE,))
    assert len(_drawn(world, TARGET)) == 4
    assert find_hand_off(world.database, TARGET) == HandOff(None, None)

"""Subagents whose session has no row of its own: some clients start agents before they resume."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.accounting import statistics
from ccsync_watch.accounting.session_accounts import load_account
from ccsync_watch.store.session_list import SessionFilter, list_sessions
from support.histories import Transcript, feed
from support.lines import AGENT, SESSION, Writer, text

if TYPE_CHECKING:
    from support.storing import World


def _feed_agent(world: World) -> None:
    writer = Writer(agent_id=AGENT)
    rows = [writer.prompt("Warmup"), writer.answer(text("Ready"), usage_id="warm")]
    transcript = Transcript(SESSION, AGENT, writer, rows)
    feed(world.database, transcript, transcript.lines())


def _feed_main(world: World) -> None:
    writer = Writer(at_ms=Writer().at_ms + 60_000)
    rows = [writer.prompt("Hello"), writer.answer(text("Hi"), usage_id="m1")]
    transcript = Transcript(SESSION, None, writer, rows)
    feed(world.database, transcript, transcript.lines())


def test_an_agent_alone_makes_no_session(world: World) -> None:
    """Nothing is listed or sent; its tokens count for its day and its model."""
    _feed_agent(world)
    sessions, _end = list_sessions(world.database, SessionFilter())
    assert sessions == []
    world.drain()
    assert world.backend.calls == []
    assert statistics.by_session(world.database, world.prices) == []
    overview = statistics.overview(world.database, world.prices)
    assert overview.sessions == 0
    assert [line.tokens.output for line in overview.days] == [5]
    assert [line.tokens.output for line in overview.models] == [5]


def test_the_session_that_begins_later_gets_its_agent(world: World) -> None:
    """The agent's file may be read first: then all of it is sent, as in the other order."""
    _feed_agent(world)
    world.drain()
    _feed_main(world)
    world.drain()
    (session,), _end = list_sessions(world.database, SessionFilter())
    assert session.title == "Hello"
    account = load_account(world.database, SESSION, world.prices)
    assert account.tokens.output == 10
    assert session.started_ms == Writer().at_ms
    assert session.updated_ms == Writer().at_ms + 61_000
    assert world.backend.messages(SESSION)[0].external_id == f"{SESSION}:session"
    world.assert_complete(SESSION)
    assert len(world.ids()) == 4

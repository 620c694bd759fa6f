"""One session's conversation, a page at a time."""

from __future__ import annotations

from ccsync_watch.store.conversations import (
    conversation_page,
    list_subagents,
    timeline_steps,
)
from support.storing import OTHER, SESSION, World, message


def test_pages_from_either_end_meet(world: World) -> None:
    """In the order of the file, each message once."""
    world.ingest(*(message(f"u{number}") for number in range(10)))
    world.ingest(message("x", session_id=OTHER), session_id=OTHER)
    whole = conversation_page(world.database, SESSION)
    assert [row.uuid for row in whole] == [f"u{number}" for number in range(10)]
    last = conversation_page(world.database, SESSION, before_seq=1 << 62, limit=4)
    rest = conversation_page(world.database, SESSION, before_seq=last[0].seq)
    assert [*rest, *last] == whole
    assert conversation_page(world.database, SESSION, after_seq=last[-1].seq) == []


def test_subagents_have_their_own_conversations(world: World) -> None:
    """They are counted, and not mixed in."""
    world.ingest(message("u1"), message("s1", agent_id="a1"), message("s2", agent_id="a1"))
    assert len(conversation_page(world.database, SESSION)) == 1
    assert len(conversation_page(world.database, SESSION, agent_id="a1")) == 2
    (agent,) = list_subagents(world.database, SESSION)
    assert (agent.agent_id, agent.messages) == ("a1", 2)
    assert len(list(timeline_steps(world.database, SESSION))) == 1

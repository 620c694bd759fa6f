"""The matches of one session after the other are the same, however the index is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.store import search
from ccsync_watch.store.search_compiler import compile_query
from ccsync_watch.store.search_matches import SessionMatches
from support.storing import World, message

if TYPE_CHECKING:
    from pathlib import Path

_SESSIONS = [f"{number:08}-2222-4333-8444-555555555555" for number in range(60)]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Have sessions whose rows are between those of others: every third is about a router."""
    world = World(tmp_path)
    for part in range(3):
        for number, session in enumerate(_SESSIONS):
            words = "look at the router" if (number + part) % 3 == 0 else "something else"
            kind = "prompt" if part < 2 else "answer"
            said = message(f"u{part}", f"{words} {part}", session_id=session, kind=kind)
            world.ingest(said, session_id=session)
    while search.catch_up(world.database, world.clock):
        pass
    return world


@pytest.mark.parametrize("text", ["router", "rout", "*oute", "router kind:prompt", "kind:answer"])
def test_every_session_has_its_own_matches(world: World, text: str) -> None:
    """Those of the last session are what those of the first would be: by its own words alone."""
    read = world.database.read()
    query = compile_query(world.database, text, now_ms=world.clock.wall_ms())
    keys = [
        read.execute("SELECT key FROM ids WHERE id = ?", (session,)).fetchone()[0]
        for session in _SESSIONS
    ]
    walk = SessionMatches(read, query)
    matches = [walk.of(key, -1) for key in keys]
    # A question of its own for each never gets so far that all matches are read at once.
    assert matches == [SessionMatches(read, query).of(key, -1) for key in keys]
    assert matches[:3] != matches[1:4]
    assert sum(map(len, matches)) == {"router kind:prompt": 40}.get(text, 60)
    limited = SessionMatches(read, query)
    assert [limited.of(key, 1) for key in keys] == [seqs[:1] for seqs in matches]

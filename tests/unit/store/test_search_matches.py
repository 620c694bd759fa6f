"""The matches of one session after the other are the same, however the index is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.store import search, search_matches
from ccsync_watch.store.search_compiler import compile_query
from ccsync_watch.store.search_matches import SessionMatches, read_numbers
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


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("_FEW_NUMBERS", 0),
        ("_MAX_NUMBERS", 1),
        ("_WIDE_SESSION", 0),
        ("_SHORT_SESSION", 0),
        ("_CHECKED_AT_ONCE", 1),
        ("_MAX_MISSES", 2),
        ("_MAX_MISSES_CHECKED", 2),
        ("_MANY_WORDS", 0),
    ],
)
@pytest.mark.parametrize("text", ["router", "router kind:prompt", "router OR look"])
def test_matches_are_the_same_whatever_was_read_before(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str, value: int, text: str
) -> None:
    """The bounds decide how the index is asked, never what it finds."""
    read = world.database.read()
    query = compile_query(world.database, text, now_ms=world.clock.wall_ms())
    keys = [row[0] for row in read.execute("SELECT DISTINCT session_key FROM compact_messages")]
    expected = [SessionMatches(read, query).of(key, -1) for key in keys]
    assert sum(map(len, expected))
    monkeypatch.setattr(search_matches, name, value)
    for count in (0, 1, 5, 60):
        walk = SessionMatches(read, query, read_numbers(read, query.words, count))
        assert [walk.of(key, -1) for key in keys] == expected
        walk = SessionMatches(read, query, read_numbers(read, query.words, count))
        assert [walk.of(key, 1) for key in keys] == [seqs[:1] for seqs in expected]

"""The matches of one session after the other are the same, however the index is asked."""

from __future__ import annotations

import pytest

from ccsync_watch.store import search, search_matches, search_queries
from ccsync_watch.store.search_compiler import compile_query
from ccsync_watch.store.search_matches import BOUNDS, SessionMatches, WalkedSession, read_numbers
from support.storing import World, message

_SESSIONS = [f"{number:08}-2222-4333-8444-555555555555" for number in range(60)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Have sessions whose rows are between those of others: every third is about a router."""
    world = World(tmp_path_factory.mktemp("world"))
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
        ("_CHECKED_AT_ONCE", 9),
        ("_MAX_AHEAD", 1),
        ("_MAX_AHEAD", 3),
        ("_MAX_MISSES", 2),
        ("_MAX_MISSES_CHECKED", 2),
        ("_MANY_WORDS", 0),
    ],
)
@pytest.mark.parametrize(
    "text", ["router", "router kind:prompt", "router kind:answer", "kind:answer", "router OR look"]
)
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
    sessions = [
        WalkedSession(
            "", 0, key, *read.execute(f"SELECT {BOUNDS.format(key='?1')}", (key,)).fetchone()
        )
        for key in [*keys, 0]
    ]
    for count in (0, 1, 5, 60) if query.words else (0,):
        first = read_numbers(read, query.words, count) if query.words else []
        for limit in (-1, 1):
            pairs = SessionMatches(read, query, first).walk(iter(sessions), limit)
            limited = [seqs if limit < 0 else seqs[:limit] for seqs in [*expected, []]]
            assert list(pairs) == list(zip(sessions, limited, strict=True))
        if not query.words:
            break
        walk = SessionMatches(read, query, read_numbers(read, query.words, count))
        assert [walk.of(key, -1) for key in keys] == expected
        walk = SessionMatches(read, query, read_numbers(read, query.words, count))
        assert [walk.of(key, 1) for key in keys] == [seqs[:1] for seqs in expected]


def test_sessions_without_a_match_are_checked_together(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a frequent word with a rare kind, a question for each took longer than all the rest."""
    monkeypatch.setattr(search_queries, "MAX_SORTED", 0)
    query = compile_query(world.database, "look kind:plan", now_ms=world.clock.wall_ms())
    read, asked = world.database.read(), list[str]()
    read.set_trace_callback(asked.append)
    page = search_queries.find_messages(world.database, query, limit=20)
    read.set_trace_callback(None)
    assert not page.groups
    # FTS5 asks for its own tables in comments.
    assert len([sql for sql in asked if not sql.startswith("--")]) < len(_SESSIONS) / 2

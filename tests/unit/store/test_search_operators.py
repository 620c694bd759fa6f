"""The operators of the search, each on rows that have what it asks for and on others."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.errors import QueryError
from ccsync_watch.model import Part
from ccsync_watch.store import call_index, search, search_queries
from ccsync_watch.store.packed_texts import unpack
from ccsync_watch.store.search_compiler import compile_query
from ccsync_watch.store.search_operators import BY_NAME, FLAGS, OPERATORS
from ccsync_watch.store.search_queries import MatchingSessions, find_in_conversation
from support.searching import NOW_MS, search_for
from support.storing import OTHER, SESSION, World, message

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY_MS = 86_400_000


def _call(name: str, tool: str, **arguments: str) -> Part:
    return Part("tool-call", {**arguments}, name, tool)


def _result(name: str, tool: str, output: str, *, ok: bool = True) -> Part:
    return Part("tool-result", {"ok": ok, "output": output}, name, tool)


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Have two sessions, of two projects, with calls of tools."""
    world = World(tmp_path_factory.mktemp("operators"))
    world.ingest(
        message("p1", "please deploy the api", at_ms=NOW_MS - 9 * DAY_MS),
        message(
            "a1",
            role="assistant",
            kind="answer",
            at_ms=NOW_MS - 9 * DAY_MS + 1,
            parts=(Part("text", "deploying"), _call("t1", "Bash", command="make deploy")),
        ),
        message(
            "r1",
            kind="tool_result",
            at_ms=NOW_MS - 9 * DAY_MS + 2,
            parts=(_result("t1", "Bash", "make: permission denied", ok=False),),
        ),
        message(
            "a2",
            role="assistant",
            kind="answer",
            at_ms=NOW_MS - DAY_MS,
            parts=(
                _call("t2", "Read", file_path="/work/api/src/SearchPage.tsx"),
                _call("t4", "Read", file_path="/work/api/U\u0308BERSICHT.md"),
            ),
        ),
        message("s1", "found by a helper", agent_id="agent1", at_ms=NOW_MS - DAY_MS),
    )
    world.ingest(
        message("p2", "deploy the site", session_id=OTHER, at_ms=NOW_MS - 2 * DAY_MS),
        message(
            "a3",
            session_id=OTHER,
            role="assistant",
            kind="answer",
            at_ms=NOW_MS - 2 * DAY_MS,
            parts=(_call("t3", "mcp__github__create_issue", title="deploy"),),
        ),
        session_id=OTHER,
    )
    with world.database.write() as connection:
        connection.executemany(
            "UPDATE sessions SET project_path = ?, git_branch = ?, model = ?, forked_from = ?"
            " WHERE id = ?",
            [
                ("/work/api", "main", "claude-opus-4-5", None, SESSION),
                ("/work/api docs", "feature/x", "claude-haiku-4-5", SESSION, OTHER),
            ],
        )
        connection.execute(
            "INSERT INTO session_annotations (session_id, is_starred, tags) VALUES (?, 1, ?)",
            (OTHER, '["Billing", "two words"]'),
        )
        connection.executemany(
            "INSERT INTO message_marks (message_id, session_id, agent_id, mark, marked_ms)"
            " VALUES (?, ?, ?, ?, 0)",
            [
                (f"{SESSION}:a1", SESSION, None, "golden"),
                (f"{SESSION}:agent1:s1", SESSION, "agent1", "wrong"),
                (f"{SESSION}:gone", SESSION, None, "golden"),
            ],
        )
    while search.catch_up(world.database, world.clock):
        pass
    yield world
    world.close()


CASES = [
    ("deploy project:api ", {"p1", "a1"}),
    ('deploy project:"api docs" ', {"p2", "a3"}),
    ("deploy project:DOC ", {"p2", "a3"}),
    ("deploy project:work/api ", {"p1", "a1", "p2", "a3"}),
    ("deploy -project:docs ", {"p1", "a1"}),
    ("deploy branch:feature ", {"p2", "a3"}),
    ("deploy branch:*/x ", {"p2", "a3"}),
    ("deploy branch:mai* ", {"p1", "a1"}),
    ("deploy project:* ", {"p1", "a1", "p2", "a3"}),
    ("deploy project:ap*s ", {"p2", "a3"}),
    ("deploy project:*/api ", {"p1", "a1"}),
    ("deploy model:opus ", {"p1", "a1"}),
    ("deploy model:* ", {"p1", "a1", "p2", "a3"}),
    ("deploy model:claude-*-4-5 -model:*haiku* ", {"p1", "a1"}),
    ("deploy session:9999 ", {"p2", "a3"}),
    ("tool:bash", {"a1", "r1"}),
    ("tool:github", {"a3"}),
    ("tool:create_issue", {"a3"}),
    ("tool:mcp__*", {"a3"}),
    ("tool:hub", set()),
    ("file:searchpage", {"a2"}),
    ("file:src/SearchPage.tsx", {"a2"}),
    ("file:/work/api/src/", {"a2"}),
    ("file:page", set()),
    ("file:übersicht.MD", {"a2"}),
    ("file:*page.tsx", {"a2"}),
    ("deploy kind:prompt ", {"p1", "p2"}),
    ("is:error", {"r1"}),
    ("denied -is:error", set()),
    ("is:subagent", {"s1"}),
    ("deploy is:fork ", {"p2", "a3"}),
    ("deploy is:starred ", {"p2", "a3"}),
    ("deploy -is:starred ", {"p1", "a1"}),
    ("deploy tag:billing ", {"p2", "a3"}),
    ('deploy tag:"two words" ', {"p2", "a3"}),
    ("mark:golden", {"a1"}),
    ("mark:ANY", {"a1", "s1"}),
    ("deploy -mark:any", {"p1", "p2", "a3"}),
    ("deploy since:3d ", {"p2", "a3"}),
    ("deploy until:3d ", {"p1", "a1"}),
    ("since:36h", {"a2", "s1"}),
    ("deploy -make ", {"p1", "p2", "a3"}),
    ("-deploy kind:prompt", {"s1"}),
    ("site OR denied ", {"p2", "r1"}),
    ("site OR is:error ", {"p2", "r1"}),
    ("deploy (site OR kind:answer) ", {"p2", "a1", "a3"}),
    ("deploy -(site OR kind:answer) ", {"p1"}),
    ('"deploy the" -"the api" ', {"p2"}),
    ("(project:docs OR branch:main) site ", {"p2"}),
]


@pytest.mark.parametrize("max_sorted", [3000, 0], ids=["few matches", "many matches"])
@pytest.mark.parametrize(("text", "names"), CASES)
def test_an_operator_finds_what_it_names(
    stocked: World,
    text: str,
    names: set[str],
    max_sorted: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same messages, sorted or session by session, and the sessions that have them."""
    monkeypatch.setattr(search_queries, "MAX_SORTED", max_sorted)
    page = search_for(stocked.database, text)
    uuids = {"r1": "a1"}  # a result is shown with its call
    assert {hit.name for hit in page.hits} == {uuids.get(name, name) for name in names}
    assert page.counts == (len(names), len(page.groups), True)
    assert sum(group.count for group in page.groups) == len(names)
    query = compile_query(stocked.database, text, NOW_MS)
    sessions = {group.session_id for group in page.groups}
    matching = MatchingSessions(stocked.database, query)
    ids = matching.all_ids()
    assert ids is None or set(ids) == sessions
    if not query.is_of_sessions:
        assert all(session in matching for session in sessions)
    seqs = {
        seq
        for session in sessions
        for agent in (None, "agent1")
        for seq in find_in_conversation(stocked.database, query, session, agent)
    }
    assert seqs == {hit.seq for hit in page.hits}


@pytest.mark.parametrize("text", ["project:~/api", "project:~/*docs", "file:~/api/"])
def test_a_tilde_is_the_home(stocked: World, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a path that a shell expands."""
    monkeypatch.setenv("HOME", "/work")
    written = text.replace("~", "/work")
    names = {hit.name for hit in search_for(stocked.database, text).hits}
    assert names == {hit.name for hit in search_for(stocked.database, written).hits}
    assert names


@pytest.mark.parametrize(
    ("text", "message_part", "hint_part"),
    [
        ("project:nothing", "no project is called nothing", "known are api, api docs"),
        ("branch:nothing", "no branch is called nothing", "feature/x, main"),
        ("branch:x*", "no branch is called x*", "feature/x, main"),
        ("model:" + "c*" * 400, "no model is called c*c*", "claude-haiku-4-5"),
        ("model:gpt", "no model is called gpt", "claude-haiku-4-5"),
        ("mark:odd", "mark:odd is not a mark", "golden, wrong, review or any"),
        ("tag:nothing", "no tag is called nothing", "known are Billing, two words"),
        ("kind:sandwich", "kind:sandwich is not a kind", "write prompt, answer"),
        ("is:late", "is:late is unknown", "error, subagent, fork or starred"),
        ("since:whenever", "whenever is not a time", "7d, 12h, today"),
        ("session:a/b", "a/b is not a session's id", "the beginning"),
    ],
)
def test_a_value_that_cannot_be_meant_is_named(
    stocked: World, text: str, message_part: str, hint_part: str
) -> None:
    """With what can be."""
    with pytest.raises(QueryError) as failure:
        compile_query(stocked.database, text, NOW_MS)
    assert message_part in failure.value.message
    assert hint_part in failure.value.hint


@pytest.mark.parametrize("example", [text for row in OPERATORS for text in row.examples])
def test_the_examples_of_the_help_can_be_searched(stocked: World, example: str) -> None:
    """Those with names that are not stored say which are."""
    name = example.partition(":")[0]
    assert name in BY_NAME
    with suppress(QueryError) if name in {"project", "branch", "model", "tag"} else nullcontext():
        search_for(stocked.database, example)


def test_names_are_unique() -> None:
    """A row with the name of another one would hide it."""
    assert len(BY_NAME) == len(OPERATORS)
    assert len({flag.name for flag in FLAGS}) == len(FLAGS)


def test_the_best_match_is_first_where_that_is_asked_for(stocked: World) -> None:
    """Of few matches; the newest session is first otherwise."""
    newest = search_for(stocked.database, "deploy ", limit=1)
    assert [group.session_id for group in newest.groups] == [SESSION]
    best = search_for(stocked.database, "deploy ", order="best", limit=1)
    assert best.hits[0].name == "p2"
    rest = search_for(stocked.database, "deploy ", order="best", limit=1, after=best.end)
    assert [group.session_id for group in rest.groups] == [SESSION]
    assert rest.end is None


def test_a_name_like_that_of_an_operator_is_a_word_with_a_notice(stocked: World) -> None:
    """An empty page would not say why."""
    query = compile_query(stocked.database, "projects:api", NOW_MS)
    assert "project:" in query.notices[0]


@pytest.mark.parametrize(
    ("word", "meant"),
    [("after:today", "since"), ("To:2026-01-01", "until"), ("repo:x", "project")],
)
def test_the_names_of_other_programs_lead_to_ours(world: World, word: str, meant: str) -> None:
    """They are searched for as text, as `std::vector` is, and the notice says so."""
    (notice,) = compile_query(world.database, word, NOW_MS).notices
    assert f"Is {meant}: meant?" in notice


def test_failed_calls_are_found_whether_their_index_is_read_or_not(world: World) -> None:
    """With it, hardly any result is unpacked; one that was denied did not fail."""
    results = [_result(f"t{number}", "Bash", "deployed") for number in range(20)]
    results.append(_result("bad", "Bash", "deploy failed", ok=False))
    denied = Part("tool-result", {"ok": False, "denied": "denied by you"}, "no", "Bash")
    world.ingest(
        *(
            message(f"r{number}", kind="tool_result", parts=(part,), at_ms=NOW_MS)
            for number, part in enumerate([*results, denied])
        )
    )
    while search.catch_up(world.database, world.clock):
        pass
    unpacked: list[object] = []

    def find() -> set[str]:
        unpacked.clear()
        return {hit.name for hit in search_for(world.database, "is:error").hits}

    def count(value: bytes | str) -> str:
        unpacked.append(value)
        return unpack(value)

    world.database.read().create_function("unpacked", 1, count, deterministic=True)
    assert find() == {"r20"}
    assert len(unpacked) > len(results)
    while call_index.catch_up(world.database, world.clock):
        pass
    assert find() == {"r20"}
    assert len(unpacked) < 10
    world.ingest(message("late", kind="tool_result", parts=(_result("l", "Bash", "no", ok=False),)))
    while search.catch_up(world.database, world.clock):
        pass
    assert find() == {"r20", "late"}

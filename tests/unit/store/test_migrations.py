"""A store of any earlier version opens, keeps every row, and its upload continues."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.hook_events import HookEvent
from ccsync_watch.model import Part, Redacted, Subagent
from ccsync_watch.opensync import wire
from ccsync_watch.store import call_index, file_list, search
from ccsync_watch.store.checkpoints import mark_missing
from ccsync_watch.store.conversations import list_helpers
from ccsync_watch.store.database import DATABASE_NAME
from ccsync_watch.store.file_list import FileFilter
from ccsync_watch.store.hook_event_writer import save_hook_event
from ccsync_watch.store.migrations import MIGRATIONS
from ccsync_watch.store.prompt_sources import words_of
from ccsync_watch.store.schema import add_functions, migrate
from ccsync_watch.store.views import create_views
from ccsync_watch.transcripts.fields import opaque_id
from ccsync_watch.transcripts.usage import NOT_A_RESPONSE
from support.histories import START_MS, feed, numbered_session
from support.older_databases import RELEASED, downgrade, rows_of, tables_of
from support.searching import search_for
from support.storing import OTHER, SESSION, URL, World, message, usage

if TYPE_CHECKING:
    from pathlib import Path

READ_AGAIN = 9  # the last version that has all transcripts read again
# Recomputed from other tables, or reset so that all transcripts are read again.
CHANGED = {
    "transcripts": {"offset", "head", "marker", "size", "lines"},
    "usage": {"timestamp_ms"},
}
# Emptied for the same reason.
EMPTIED = {"line_types"}
# More are added.
ADDED_TO = {"ids"}
# The indexes of the search and of calls are built again.
INDEXED = {
    "search",
    "search_due",
    "indexed_texts",
    "calls_due",
    "file_changes",
    "files",
    "failed_calls",
}
FORK = "22222222-3333-4444-8555-666666666666"
FAR_MS = 1 << 50


def _without(rows: list[tuple[Any, ...]], columns: set[int]) -> list[tuple[Any, ...]]:
    left = [
        tuple(value for number, value in enumerate(row) if number not in columns) for row in rows
    ]
    return sorted(left, key=repr)


def _fill(world: World) -> None:
    """Have rows in every table, and the outbox in each of its states."""
    world.outbox.set_destination(URL)
    subagent = Subagent("a1", SESSION, "Explore", "look", "toolu_t1", None, 1, "claude-opus", None)
    world.ingest(
        message("u1", "Acknowledged", usage_id="m1"),
        usages=(usage("m1", uuid="u1"),),
        facts={
            "cost_state": {"totalCostUSD": 0.25, "modelUsage": {}},
            "custom_title": "Title",
            "summary": {"text": "Summed up", "leaf": "u1"},
        },
        subagents=(subagent,),
    )
    world.say("o1", "Preexisting", session_id=OTHER)
    # Two sessions claim one response; it stays the original's.
    copied = usage("m1", session_id=FORK, uuid="u1")
    copy = message("u1", session_id=FORK)
    world.ingest(copy, usages=(copied,), session_id=FORK, forked_from=SESSION)
    world.drain()
    world.outbox.mark_preexisting(OTHER)
    with world.database.write() as connection:
        connection.execute("INSERT INTO disclosures VALUES (?, 10, 20)", (SESSION.encode(),))
        connection.execute("INSERT INTO unreadable VALUES (1, 30, 40, 'not JSON')")
        connection.execute("INSERT INTO line_types VALUES ('?novelty', 3)")
        connection.execute("INSERT INTO prompt_sources VALUES ('s', 'a', 'row', 'a', x'', '', 1)")
        connection.execute("INSERT INTO waiting_prompts VALUES (1, 0, 5, 's', 'k', 0, 1, NULL)")
        connection.execute("INSERT INTO worktrees VALUES (1, '/trees/x', '/shop', 'x', 'toolu_t1')")
        connection.execute("INSERT INTO earlier_destinations VALUES ('http://gone')")
        connection.execute("INSERT INTO earlier_outbox VALUES ('http://gone', 1, 1)")
        connection.execute(
            "INSERT INTO earlier_sessions"
            " VALUES ('http://gone', 's', 0, '', '{}', 1, 1, 1, 1, 0, 0)"
        )
        connection.execute(
            "INSERT INTO session_figures VALUES (?, 2, 1, 3, 4, 5, 6, 7, 8)", (FORK,)
        )
        connection.execute("INSERT INTO contested_answers VALUES ('m1', x'', ?)", (SESSION,))
        connection.execute("INSERT INTO windows_roots VALUES (1, 'D:\\')")
        connection.execute(
            "INSERT INTO session_annotations VALUES (?, 1, 'Name', 'Note', '[\"tag\"]')", (SESSION,)
        )
        connection.execute(
            "INSERT INTO message_marks VALUES (?, ?, NULL, 'golden', 'Note', 1)",
            (f"{SESSION}:u1", SESSION),
        )
        connection.execute(
            "INSERT INTO uncounted_usage VALUES (?, '', 'u1', ?)", (SESSION, NOT_A_RESPONSE)
        )
    event = HookEvent("SessionStart", SESSION, world.clock.now_ms, {"source": "startup"})
    save_hook_event(world.database, Redacted(event), now_ms=world.clock.now_ms, is_released=True)
    edit, failure = (
        Part("tool-result", {"ok": is_ok, "path": "/shop/a.py"}, name, "Edit")
        for name, is_ok in (("toolu_t1", True), ("toolu_t2", False))
    )
    world.ingest(message("r1", kind="tool_result", parts=(edit, failure)))
    world.drain()
    for catch_up in (search.catch_up, call_index.catch_up):
        while catch_up(world.database, world.clock):
            pass
    with world.database.write() as connection:
        connection.execute("INSERT INTO calls_due VALUES (1)")
    world.ingest(message("u1", "Acknowledged, then changed"))
    world.drain()
    world.say("u2", "Uncertain")
    world.say("u3", "Certain")
    world.say("u4", "Rejected")
    world.say("o2", "Held", session_id=OTHER, is_released=False)
    *_, uncertain, _certain, rejected = world.outbox.rows(SESSION, FAR_MS, 9).value
    # It was sent, but the answer was lost.
    world.outbox.mark_uncertain(SESSION, [uncertain.message.seq])
    payload = wire.message_payload(Redacted(uncertain.message), uncertain.message.timestamp_ms)
    assert world.backend.post("/sync/message", payload.value).status == 200
    world.outbox.reject(rejected, "too odd")


@pytest.mark.tailing_case("45")
@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
def test_an_earlier_store_is_migrated_and_its_upload_continues(world: World, version: int) -> None:
    """Every row is kept, nothing is sent twice, and the search still finds."""
    _fill(world)
    world.close()
    kept = downgrade(world.folder / DATABASE_NAME, version)
    assert [table for table, (_columns, rows) in kept.items() if not rows] == []
    world.open()
    assert world.database.set_aside is None
    read = world.database.read()
    for table, (columns, rows) in kept.items():
        if table in EMPTIED | INDEXED | ADDED_TO:
            continue
        changed = {columns.index(name) for name in CHANGED.get(table, ()) if name in columns}
        migrated = rows_of(read, table, columns)
        assert _without(migrated, changed) == _without(rows, changed)
    offsets = {row[0] for row in read.execute("SELECT offset FROM transcripts")}
    assert (offsets == {0}) == (version < READ_AGAIN)
    assert world.outbox.remote(OTHER).is_preexisting
    assert world.outbox.count_rejected(None) == 1

    world.drain()
    assert world.ids() == ["u1", "r1", "u2", "u3"]
    assert world.ids(OTHER) == ["o1"]
    world.outbox.release(None)
    world.outbox.retry_rejected(is_released=True)
    world.say("u5", "Written after the update")
    world.drain()
    for session_id in (SESSION, OTHER, FORK):
        world.assert_complete(session_id)
    assert world.texts()["u1"] == "Acknowledged, then changed"

    for catch_up in (search.catch_up, call_index.catch_up):
        while catch_up(world.database, world.clock):
            pass
    (file,), _end = file_list.list_files(world.database, FileFilter())
    assert (file.path, file.changes) == ("/shop/a.py", 1)
    hits = search_for(world.database, "changed").hits
    assert [hit.session_id for hit in hits] == [SESSION]
    assert len(search_for(world.database, "written").hits) == 1


@pytest.mark.parametrize("version", [RELEASED, 13, 14, 15])
def test_an_update_that_is_interrupted_anywhere_continues(world: World, version: int) -> None:
    """What was not committed is undone, nothing is lost."""
    _fill(world)
    world.close()
    path = world.folder / DATABASE_NAME
    kept = downgrade(path, version)
    versions = set()
    for steps in (100, 300, 1000, 2000, 4000, 8000, 16_000):
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.set_progress_handler(lambda: True, steps)
            with suppress(sqlite3.OperationalError):
                migrate(connection)
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
            versions.add(connection.execute("PRAGMA user_version").fetchone()[0])
    assert min(versions) == version
    world.open()
    assert world.database.set_aside is None
    for table in ("parts", "messages", "usage_rows", "usage", "outbox"):
        columns, rows = kept.get(table) or kept[f"compact_{table}"]
        name = table if table in kept else f"compact_{table}"
        changed = {columns.index(column) for column in CHANGED.get(name, ()) if column in columns}
        migrated = rows_of(world.database.read(), name, columns)
        assert _without(migrated, changed) == _without(rows, changed)


def test_the_store_that_is_migrated_has_rows_in_every_table(world: World) -> None:
    """Otherwise the test above would say nothing of a table."""
    _fill(world)
    world.close()
    connection = sqlite3.connect(world.folder / DATABASE_NAME)
    add_functions(connection)
    create_views(connection)
    empty = [name for name in tables_of(connection) if not rows_of(connection, name, ["1"])]
    connection.close()
    assert empty == []


def test_the_answers_of_what_several_sessions_claim_are_known_after_a_migration(
    world: World,
) -> None:
    """As if they had been imported by today's version."""
    for number, session_id in enumerate((SESSION, OTHER, FORK)):
        transcript = numbered_session(session_id, START_MS + number)
        feed(world.database, transcript, transcript.lines())
    columns = ["usage_id", "digest", "session_id"]
    imported = rows_of(world.database.read(), "contested_answers", columns)
    assert len(imported) == 9
    world.close()
    downgrade(world.folder / DATABASE_NAME, 12)
    world.open()
    assert rows_of(world.database.read(), "contested_answers", columns) == imported


def test_chains_of_older_clients_become_subagents(world: World) -> None:
    """Version 6 took them for the main conversation; their transcripts are read again."""
    answer: dict[str, Any] = {"kind": "answer", "role": "assistant"}
    world.ingest(
        message("u1"),
        message("a1", model="opus", usage_id="m1", **answer),
        message("s1", kind="task", role="system"),
        message("s2", model="haiku", parent_uuid="s1", usage_id="m2", **answer),
        message("s3", model="haiku", parent_uuid="s2", usage_id="m3", **answer),
        usages=(usage("m1", uuid="a1"), usage("m2", uuid="s2"), usage("m3", uuid="s3")),
        client_version="1.0.41",
    )
    world.say("o1", session_id=OTHER)
    world.close()
    downgrade(world.folder / DATABASE_NAME, RELEASED)
    world.open()
    read = world.database.read()
    agents = dict(read.execute("SELECT uuid, agent_id FROM messages WHERE kind <> 'session'"))
    chain = dict.fromkeys(("s1", "s2", "s3"), "side-s1")
    assert agents == {"u1": None, "a1": None, "o1": None, **chain}
    owners = dict(read.execute("SELECT id, agent_id FROM usage"))
    assert owners == {"m1": None, "m2": "side-s1", "m3": "side-s1"}
    rows = dict(read.execute("SELECT uuid, agent_id FROM usage_rows"))
    assert rows == {"a1": "", "s2": "side-s1", "s3": "side-s1"}
    # A transcript that is gone keeps its date, against copies that are read again.
    undated = "SELECT uuid FROM usage_rows WHERE timestamp_ms IS NULL"
    assert read.execute(undated).fetchall() == []
    models = dict(read.execute("SELECT id, model FROM sessions"))
    assert models == {SESSION: "opus", OTHER: None}
    offsets = dict(read.execute("SELECT stream, offset FROM transcripts"))
    assert offsets == {SESSION: 0, OTHER: 0}


def test_what_an_excluded_session_had_sent_is_taken_back(world: World) -> None:
    """Earlier versions left it at the backend."""
    world.say("u1", "Zebra")
    world.say("o1", session_id=OTHER)
    world.drain()
    with world.database.write() as connection:
        connection.execute("UPDATE sessions SET is_excluded = 1 WHERE id = ?", (SESSION,))
    world.clock.advance(60)
    world.close()
    downgrade(world.folder / DATABASE_NAME, RELEASED)
    world.open()
    world.outbox.release(None)
    world.drain()
    assert "Zebra" not in world.backend.tables_text()
    assert world.backend.session(OTHER).title == "Hello"


def test_a_title_in_another_session_goes_to_the_one_that_it_names(world: World) -> None:
    """Version 6 kept each session's last summary, whichever session it was about."""
    world.ingest(message("u1", "First"))
    world.ingest(message("o1", "Other", session_id=OTHER), session_id=OTHER)
    world.close()
    path = world.folder / DATABASE_NAME
    downgrade(path, RELEASED)
    old = sqlite3.connect(path)
    value = '{"text":"Summed up","leaf":"u1"}'
    old.execute("INSERT INTO session_facts VALUES (?, 'summary', ?)", (OTHER, value))
    old.commit()
    old.close()
    world.open()
    facts = world.database.read().execute("SELECT * FROM session_facts").fetchall()
    assert [tuple(row) for row in facts] == [(SESSION, "summary", value)]


def test_projects_get_one_spelling(tmp_path: Path) -> None:
    """Those of an earlier version too, without what a terminal would obey."""
    connection = sqlite3.connect(tmp_path / "old.db", isolation_level=None)
    for script in MIGRATIONS[:8]:
        connection.executescript(script)
    connection.execute("PRAGMA user_version = 8")
    connection.executemany(
        "INSERT INTO sessions (id, project_path) VALUES (?, ?)",
        [
            ("a", "c:/Shop/"),
            ("b", "/shop/.claude/worktrees/x"),
            ("c", None),
            ("d", "/d/x/"),
            ("e", "/\x1b[31mbeds\x1b[0m\x07"),
            ("f", "."),
        ],
    )
    migrate(connection)
    rows = connection.execute("SELECT id, project_path, worktree, folder FROM sessions ORDER BY id")
    assert rows.fetchall() == [
        ("a", "C:\\Shop", None, "C:\\Shop"),
        ("b", "/shop", "x", "/shop/.claude/worktrees/x"),
        ("c", None, None, None),
        ("d", "/d/x", None, "/d/x"),
        ("e", "/beds\ufffd", None, "/beds\ufffd"),
        ("f", None, None, ""),
    ]
    connection.close()


def test_queued_prompts_of_an_earlier_version_stay_single(world: World) -> None:
    """Their attachments were stored; the rows of the queue are read now, and before them."""
    world.ingest(
        message("u1", "Dig"),
        message("q1", "Also  the hedge", facts={"queued": True}, start=50),
    )
    world.close()
    downgrade(world.folder / DATABASE_NAME, 8)
    world.open()
    rows = world.database.read().execute("SELECT source, kind, uuid, words FROM prompt_sources")
    words = words_of([("text", "Also the hedge")])
    assert [tuple(row) for row in rows] == [("q1", "attachment", "q1", words)]


def test_folders_of_windows_are_joined_once_they_are_read_again(world: World) -> None:
    """Two spellings of one were two projects."""
    for session_id, cwd in ((SESSION, "c:/Dev/shop"), (OTHER, "C:\\dev\\Shop")):
        world.ingest(message("u1", session_id=session_id), session_id=session_id)
        with world.database.write() as connection:
            connection.execute(
                "UPDATE sessions SET project_path = ? WHERE id = ?", (cwd, session_id)
            )
    world.close()
    downgrade(world.folder / "ccsync.db", 8)
    world.open()
    for session_id in (SESSION, OTHER):
        world.ingest(message("u1", session_id=session_id), session_id=session_id)
    rows = world.database.read().execute("SELECT DISTINCT project_path FROM sessions")
    assert [row[0] for row in rows] == ["C:\\Dev\\shop"]


def test_titles_that_the_client_wrote_are_forgotten(world: World) -> None:
    """Until the transcript is read again; others stay, and sessions of deleted transcripts."""
    titles = {SESSION: "Mine", OTHER: "<ide_selection>x", FORK: "<ide_selection>y"}
    for session_id, title in titles.items():
        world.ingest(message("u1", session_id=session_id), session_id=session_id)
        with world.database.write() as connection:
            connection.execute(
                "UPDATE sessions SET first_prompt = ? WHERE id = ?", (title, session_id)
            )
    with world.database.write() as connection:
        connection.execute(
            "UPDATE transcripts SET missing_since_ms = 1 WHERE session_id = ?", (FORK,)
        )
    world.close()
    downgrade(world.folder / DATABASE_NAME, 8)
    world.open()
    rows = world.database.read().execute("SELECT id, first_prompt, is_conversation FROM sessions")
    assert {row[0]: tuple(row[1:]) for row in rows} == {
        SESSION: ("Mine", 0), OTHER: (None, 0), FORK: ("<ide_selection>y", 1)
    }  # fmt: skip
    world.ingest(message("u1", "Mine, and a longer title"))
    rows = world.database.read().execute(
        "SELECT first_prompt FROM sessions WHERE id = ?", (SESSION,)
    )
    assert rows.fetchone()[0] == "Mine, and a longer title"


def test_rows_without_any_id_are_no_longer_uncounted(world: World) -> None:
    """Where their transcripts are read again, in which they have one."""
    for session_id in (SESSION, FORK):
        world.ingest(message("u1", session_id=session_id), session_id=session_id)
    reasons = ("without any id", NOT_A_RESPONSE)
    with world.database.write() as connection:
        connection.executemany(
            "INSERT INTO uncounted_usage VALUES (?, '', ?, ?)",
            [(name, reason, reason) for name in (SESSION, FORK) for reason in reasons],
        )
        connection.execute(
            "UPDATE transcripts SET missing_since_ms = 1 WHERE session_id = ?", (FORK,)
        )
    world.close()
    downgrade(world.folder / DATABASE_NAME, 8)
    world.open()
    rows = world.database.read().execute("SELECT session_id, reason FROM uncounted_usage")
    assert {*map(tuple, rows)} == {
        (SESSION, NOT_A_RESPONSE), (FORK, NOT_A_RESPONSE), (FORK, "without any id")
    }  # fmt: skip


def test_ids_that_may_be_secrets_become_hashes_with_all_that_names_them(world: World) -> None:
    """Otherwise a transcript that is read again would count its responses twice."""
    odd, plain = "aB3dE5fG7hJ9kL1mN3pQ5rS7", "msg_01ABCDEFGH23456789"
    world.ingest(
        message("u1", usage_id=odd, parts=(Part("tool-call", {}, odd, "Bash"),)),
        message("u2", usage_id=f"{odd}#012345"),
        message("u3", usage_id=plain),
        usages=(
            usage(odd, uuid="u1"),
            usage(f"{odd}#012345", response_id=odd, uuid="u2"),
            usage(plain, uuid="u3"),
        ),
        subagents=(Subagent("a1", SESSION, None, None, odd, None, None, None, None),),
    )
    world.close()
    downgrade(world.folder / DATABASE_NAME, 10)
    world.open()
    hashed, read = opaque_id(odd), world.database.read()
    assert hashed not in {None, odd}
    ids = [plain, hashed, f"{hashed}#012345"]
    for query in (
        "SELECT id FROM usage",
        "SELECT usage_id FROM usage_rows",
        "SELECT usage_id FROM messages WHERE usage_id IS NOT NULL",
    ):
        assert sorted(row[0] for row in read.execute(query)) == sorted(str(name) for name in ids)
    for query in (
        "SELECT DISTINCT tool_use_id FROM parts WHERE tool_use_id IS NOT NULL",
        "SELECT DISTINCT tool_use_id FROM subagents WHERE tool_use_id IS NOT NULL",
        "SELECT response_id FROM usage WHERE id LIKE '%#%'",
    ):
        assert [row[0] for row in read.execute(query)] == [hashed]


def test_what_the_clients_own_helpers_said_is_deleted(world: World) -> None:
    """Their tokens stay, under their purpose; a subagent that a call started is none of them."""
    helper, member = "aprompt_suggestion-0123ab", "acompact-0123456789abcdef"
    subagents = [
        Subagent(helper, SESSION, None, None, None, None, None, None, None),
        Subagent(member, SESSION, "general-purpose", None, "toolu_t1", None, None, None, None),
    ]
    world.ingest(
        message("u1"),
        message("h1", "[SUGGESTION MODE]", agent_id=helper, usage_id="m1"),
        message("c1", "Press the apples", agent_id=member),
        usages=(usage("m1", uuid="h1", agent_id=helper, tokens_out=7),),
        subagents=tuple(subagents),
    )
    world.close()
    downgrade(world.folder / DATABASE_NAME, 8)
    world.open()
    read = world.database.read()
    uuids = read.execute("SELECT uuid FROM messages WHERE kind <> 'session' ORDER BY seq")
    assert [row[0] for row in uuids] == ["u1", "c1"]
    assert list_helpers(world.database, SESSION) == [("prompt suggestion", 1, 7)]
    assert read.execute("SELECT messages FROM session_counts").fetchall()[0][0] == 2


@pytest.mark.parametrize("agent_id", ["a2", None])
def test_what_a_fork_copied_and_sessions_of_subagents_alone_are_deleted(
    world: World, agent_id: str | None
) -> None:
    """Earlier versions showed the call that started a fork twice, and such sessions as empty.

    The session may have a transcript of its own, in which nobody says anything.
    """
    call = Part("tool-call", {"subagent_type": "fork", "prompt": "count"}, "toolu_t1", "Agent")
    fork: dict[str, Any] = {"agent_id": "a1", "role": "assistant", "kind": "answer"}
    world.ingest(
        message("u1"),
        message("c1", parts=(call,), parent_uuid=None, **fork),
        message("c2", "Counted", parent_uuid="c1", **fork),
    )
    world.ingest(message("w1", agent_id="a2", session_id=OTHER), session_id=OTHER)
    world.close()
    downgrade(world.folder / DATABASE_NAME, 8)
    with closing(sqlite3.connect(world.folder / DATABASE_NAME)) as connection, connection:
        connection.execute(
            "UPDATE transcripts SET agent_id = ? WHERE session_id = ?", (agent_id, OTHER)
        )
    world.open()
    rows = world.database.read().execute("SELECT session_id, uuid FROM messages ORDER BY seq")
    assert [tuple(row) for row in rows] == [
        (SESSION, "session"), (SESSION, "u1"), (SESSION, "c2"), (OTHER, "w1")
    ]  # fmt: skip
    assert [row[0] for row in world.database.read().execute("SELECT id FROM sessions")] == [SESSION]


FAR_MS = 253_402_250_400_000  # in the year 9999, which version 0.1.0 stored as it was written


@pytest.mark.parametrize("at_ms", [FAR_MS, 0])
def test_rows_of_no_possible_date_get_that_of_their_neighbour(world: World, at_ms: int) -> None:
    """Otherwise one such row has its session first in every list, for as long as it is stored."""
    world.ingest(message("o1", session_id=OTHER, at_ms=at_ms), session_id=OTHER)
    for name in (SESSION, FORK):
        answered = usage(f"msg-{name}", session_id=name, timestamp_ms=at_ms)
        rows = (
            message("u1", session_id=name, at_ms=START_MS),
            message("u2", session_id=name, at_ms=at_ms, start=1, usage_id=answered.id),
            message("u3", session_id=name, at_ms=START_MS + 5000, start=2),
        )
        world.ingest(*rows, session_id=name, usages=(answered,))
    world.drain()
    world.close()
    downgrade(world.folder / DATABASE_NAME, RELEASED)
    world.open()

    def read(query: str, *values: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in world.database.read().execute(query, values)]

    ends = (START_MS, START_MS + 5000)
    query = "SELECT DISTINCT started_ms, updated_ms FROM sessions WHERE id IN (?, ?)"
    assert read(query, SESSION, FORK) == [ends]
    ((started_ms, updated_ms),) = read(query, OTHER, OTHER)
    assert started_ms == updated_ms
    assert abs(updated_ms - time.time() * 1000) < 86_400_000, "there is nothing to date it by"
    assert read("SELECT max(newest_ms) FROM remote") == [
        (updated_ms if at_ms else START_MS + 5000,)
    ]
    assert read("SELECT DISTINCT timestamp_ms, dated_ms FROM messages WHERE uuid = 'u2'") == [
        (None, START_MS)
    ]
    assert read("SELECT DISTINCT timestamp_ms FROM usage") == [(START_MS,)]

    # One transcript is still there, and is read again.
    world.ends.clear()
    inferred = {"time": "inferred"}
    row = message("u2", at_ms=START_MS, start=1, facts=inferred, usage_id=f"msg-{SESSION}")
    world.ingest(message("u1", at_ms=START_MS), row, message("u3", at_ms=START_MS + 5000, start=2))
    assert read("SELECT timestamp_ms FROM messages WHERE uuid = 'u2' ORDER BY session_id") == [
        (START_MS,),
        (None,),
    ]
    queued = read("SELECT uuid FROM outbox JOIN messages USING (seq) WHERE kind = 'prompt'")
    assert queued == [("u2",)], "the backend has its date of before"


def test_sessions_whose_files_are_gone_at_the_update_stay_in_the_list(world: World) -> None:
    """The client deletes old transcripts; a session without a word of anybody's is not listed."""
    world.ingest(message("u1", "Mine"))
    world.ingest(message("c1", "/clear", session_id=OTHER, kind="command"), session_id=OTHER)
    world.ingest(message("u1", session_id=FORK), session_id=FORK)
    world.close()
    downgrade(world.folder / DATABASE_NAME, RELEASED)
    world.open()
    mark_missing(world.database, {FORK.encode()}, 7)
    rows = world.database.read().execute("SELECT id, is_conversation FROM sessions")
    assert {row[0]: row[1] for row in rows} == {SESSION: 1, OTHER: 0, FORK: 0}, "FORK is read again"


def _steps_to_date(rows: int) -> int:
    """Return how much work the update has with rows of one session that have no possible date."""
    number = next(n for n, script in enumerate(MIGRATIONS) if "took every date of a row" in script)
    steps: list[int] = []
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        add_functions(connection)
        for script in MIGRATIONS[:number]:
            connection.executescript(script)
        connection.executemany(
            "INSERT INTO compact_messages VALUES (?1, 1, NULL, NULL, ?1, NULL, 1, ?1, 'user',"
            " 'prompt', ?2, ?2, NULL, NULL, 0, '{}', x'')",
            [(seq, seq) for seq in range(rows)],
        )
        connection.set_progress_handler(lambda: steps.append(1), 100)
        connection.executescript(MIGRATIONS[number])
        connection.set_progress_handler(None, 100)
        query = "SELECT DISTINCT timestamp_ms, dated_ms FROM compact_messages"
        assert connection.execute(query).fetchall() == [(None, None)]
    return len(steps)


def test_many_rows_of_no_possible_date_take_no_look_back_each() -> None:
    """A machine without a clock has a session full of them, whose update took hours."""
    assert _steps_to_date(4000) < 3 * _steps_to_date(2000)

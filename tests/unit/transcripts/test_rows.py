"""To whom a row of the conversation belongs, and its place."""

from __future__ import annotations

from typing import Any

import pytest

from ccsync_watch.model import SessionObservation
from ccsync_watch.stream import Stream
from support.lines import SESSION, START_MS, Writer, text
from support.parsing import AGENT, parse_rows, read_message, read_row, reasons


def test_a_message_is_identified_by_session_and_uuid() -> None:
    """And keeps its place in the file and in the tree."""
    writer = Writer(parent="11111111-0000-4000-8000-000000000000")
    row = writer.prompt("hello")
    message = read_message(row)
    assert message.id == f"{SESSION}:{row['uuid']}"
    assert (message.session_id, message.agent_id, message.uuid) == (SESSION, None, row["uuid"])
    assert (message.start, message.end) == (5, 9)
    assert message.parent_uuid == "11111111-0000-4000-8000-000000000000"
    assert message.timestamp_ms == START_MS


def test_a_subagents_message_is_identified_by_its_agent_too() -> None:
    """Two agents of a session may have rows with the same uuid."""
    row = Writer(agent_id=AGENT).prompt("task")
    message = read_message(row, Stream(f"agent-{AGENT}", SESSION, AGENT))
    assert message.id == f"{SESSION}:{AGENT}:{row['uuid']}"
    assert (message.session_id, message.agent_id) == (SESSION, AGENT)


def test_agent_and_session_are_the_files_if_the_row_names_none() -> None:
    """The file's name identifies both."""
    row = Writer().prompt("task")
    del row["sessionId"]
    message = read_message(row, Stream(f"agent-{AGENT}", "parent", AGENT))
    assert message.id == f"parent:{AGENT}:{row['uuid']}"


@pytest.mark.parametrize("session_id", ["", None, "a b"])
def test_a_row_without_a_session_makes_no_message(session_id: object) -> None:
    """An older client's file of a subagent does not name it."""
    row = {**Writer().prompt("x"), "sessionId": session_id}
    batch = read_row(row, Stream("agent-x", "", "x"))
    assert batch.messages == []
    assert reasons(batch) == ["a row without a session"]


@pytest.mark.parametrize("uuid", [None, "", 7, "not an id"])
def test_a_row_without_a_uuid_is_identified_by_its_file_and_place(uuid: object) -> None:
    """So it is the same when it is read again."""
    row = {**Writer().answer(text("x")), "uuid": uuid}
    batch = read_row(row)
    assert [message.id for message in batch.messages] == [f"{SESSION}:offset-5"]
    assert [usage.uuid for usage in batch.usages] == ["offset-5"]
    assert batch.counted == {"assistant": 1}


def test_rows_without_a_uuid_differ_by_their_files() -> None:
    """Those of one session can stand at one place of several files."""
    row = Writer().prompt("x")
    del row["uuid"]
    streams = [Stream(name, name, None) for name in (SESSION, "copy", "other-copy")]
    assert len({read_message(row, stream).id for stream in streams}) == 3


@pytest.mark.parametrize("named", [AGENT, f"agent-{AGENT}"])
def test_a_subagent_that_names_itself_as_session_belongs_to_its_folders(named: str) -> None:
    """With its messages, tokens and facts."""
    stream = Stream(f"agent-{AGENT}", SESSION, AGENT)
    batch = read_row(Writer(session_id=named).answer(text("x")), stream)
    rows: list[Any] = [*batch.messages, *batch.usages, *batch.observations]
    rows += read_row({"type": "custom-title", "customTitle": "t", "sessionId": named}, stream).facts
    assert [row.session_id for row in rows] == [SESSION] * 4


def test_a_session_may_have_the_name_of_a_subagent() -> None:
    """Only in a subagent's own file the name says nothing."""
    assert read_message(Writer(session_id=AGENT).prompt("x")).session_id == AGENT


def test_the_parent_before_a_compaction_is_the_logical_one() -> None:
    """The boundary's `parentUuid` is null."""
    row = Writer().row("system", subtype="compact_boundary", logicalParentUuid="u-0")
    assert read_message(row).parent_uuid == "u-0"


@pytest.mark.parametrize(
    ("more", "source"),
    [
        ({"forkedFrom": {"sessionId": "parent", "messageUuid": "m"}}, "parent"),
        ({"requestSessionId": "parent"}, "parent"),
        ({"requestSessionId": SESSION}, None),
        ({"forkedFrom": "nonsense"}, None),
        ({}, None),
    ],
)
def test_a_copied_row_is_marked_as_inherited(more: dict[str, Any], source: str | None) -> None:
    """And its session is recorded as forked."""
    row = Writer().prompt("x", **more)
    assert read_message(row).is_inherited is (source is not None)
    assert read_row(row).observations[0].forked_from == source


def test_of_rows_that_say_the_same_of_a_session_the_first_and_the_last_are_kept() -> None:
    """Where a folder changes, and where a time is missing or not in order, also those."""
    writer = Writer()
    rows = [writer.prompt(name) for name in "abcdefghi"]
    rows[4]["cwd"] = "/home/user/other"
    del rows[6]["timestamp"]
    rows[7]["timestamp"] = rows[0]["timestamp"]
    batch = parse_rows(*rows)
    starts = [message.start for message in batch.messages]
    kept = [starts.index(observation.start) for observation in batch.observations]
    assert kept == [0, 3, 4, 5, 6, 7, 8]


def test_a_row_says_where_the_session_runs() -> None:
    """Folder, branch, version, entry point, time."""
    expected = SessionObservation(
        SESSION, START_MS, "/home/user/project", "main", "2.1.330", "cli", None, 5
    )
    assert read_row(Writer().prompt("x")).observations == [expected]


@pytest.mark.parametrize(
    ("row", "label"),
    [
        (Writer().prompt("x"), "user"),
        (Writer().row("system", subtype="turn_duration"), "system/turn_duration"),
        (Writer().row("system", subtype="with a space"), "?system"),
        (
            Writer().row("attachment", attachment={"type": "hook_success"}),
            "attachment/hook_success",
        ),
        (Writer().row("attachment", attachment=None), "?attachment"),
    ],
)
def test_rows_are_counted_by_type_and_subtype(row: dict[str, Any], label: str) -> None:
    """Also those that make no message; one that is in no table is marked."""
    assert read_row(row).counted == {label: 1}


@pytest.mark.parametrize(
    ("more", "team", "member"),
    [
        ({"teamName": "cov", "agentName": "lily"}, "cov", "lily"),
        ({"teamName": "cov", "agentName": "team-lead"}, "cov", None),
        ({"teamName": "cov"}, "cov", None),
        ({"toolUseResult": {"teammate_id": "lily@cov"}}, "cov", None),
        ({"teamName": ["cov"], "agentName": "lily"}, None, None),
        ({"agentName": "lily"}, None, None),
    ],
)
def test_rows_name_the_team_of_their_session(
    more: dict[str, Any], team: str | None, member: str | None
) -> None:
    """Its lead has no name; a subagent's row says nothing of its session's team."""
    row = {**Writer().prompt("go"), **more}
    (observation,) = read_row(row).observations
    assert (observation.team, observation.member) == (team, member)
    (observation,) = read_row({**row, "isSidechain": True, "agentId": "a1"}).observations
    assert (observation.team, observation.member) == (None, None)

"""To whom a row of the conversation belongs, and its place."""

from __future__ import annotations

from typing import Any

import pytest

from ccsync_watch.model import SessionObservation, Stream
from support.lines import SESSION, START_MS, Writer
from support.parsing import AGENT, read_message, read_row, reasons


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


@pytest.mark.parametrize(("sessionId", "uuid"), [("", "u"), (None, "u"), ("s", "a b")])
def test_a_row_without_usable_ids_makes_no_message(sessionId: object, uuid: object) -> None:  # noqa: N803 - the key's name
    """It could not be identified again."""
    row = {**Writer().prompt("x"), "sessionId": sessionId, "uuid": uuid}
    batch = read_row(row, Stream("agent-x", "", "x"))
    assert batch.messages == []
    assert reasons(batch) == ["a row without usable ids"]


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

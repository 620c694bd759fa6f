"""Whose a row of the conversation is, and where it stands."""

from __future__ import annotations

from typing import Any

import pytest

from ccsync_watch.model import Batch, Line, Message, Part, SessionObservation, Stream
from ccsync_watch.transcripts.rows import take_row
from support.lines import SESSION, START_MS, Writer, call, text, thinking

STREAM = Stream(SESSION, SESSION, None)
AGENT = "a0123456789abcdef"


def taken(row: dict[str, Any], stream: Stream = STREAM) -> Batch:
    """Take one row that stands at 5 to 9."""
    batch = Batch(0, 0)
    take_row(row["type"], row, Line(5, 9, b""), stream, batch)
    return batch


def message(row: dict[str, Any], stream: Stream = STREAM) -> Message:
    """Return the one message of a row."""
    (made,) = taken(row, stream).messages
    return made


def said(row: dict[str, Any]) -> tuple[str, str, list[object]]:
    """Return role, kind and contents of the message of a row."""
    made = message(row)
    return made.role, made.kind, [part.content for part in made.parts]


class TestIdentity:
    """Whose a row is, and where it stands."""

    def test_a_message_is_named_by_session_and_uuid(self) -> None:
        """And keeps its place in the file and in the tree."""
        writer = Writer(parent="11111111-0000-4000-8000-000000000000")
        row = writer.prompt("hello")
        made = message(row)
        assert made.id == f"{SESSION}:{row['uuid']}"
        assert (made.session_id, made.agent_id, made.uuid) == (SESSION, None, row["uuid"])
        assert (made.start, made.end) == (5, 9)
        assert made.parent_uuid == "11111111-0000-4000-8000-000000000000"
        assert made.timestamp_ms == START_MS

    def test_a_subagents_message_is_named_by_its_agent_too(self) -> None:
        """Two agents of a session may have rows with the same uuid."""
        row = Writer(agent_id=AGENT).prompt("task")
        made = message(row, Stream(f"agent-{AGENT}", SESSION, AGENT))
        assert made.id == f"{SESSION}:{AGENT}:{row['uuid']}"
        assert (made.session_id, made.agent_id) == (SESSION, AGENT)

    def test_the_agent_is_the_files_when_the_row_names_none(self) -> None:
        """And the session too."""
        row = Writer().prompt("task")
        del row["sessionId"]
        made = message(row, Stream(f"agent-{AGENT}", "parent", AGENT))
        assert made.id == f"parent:{AGENT}:{row['uuid']}"

    @pytest.mark.parametrize(
        ("sessionId", "uuid"), [("", "u"), (None, "u"), ("s", "a b"), ("s", 7)]
    )
    def test_a_row_without_usable_ids_is_recorded(self, sessionId: object, uuid: object) -> None:  # noqa: N803 - the key's name
        """It could never be found again."""
        row = {**Writer().prompt("x"), "sessionId": sessionId, "uuid": uuid}
        batch = taken(row, Stream("agent-x", "", "x"))
        assert batch.messages == []
        assert [each.reason for each in batch.unreadable] == ["a row without usable ids"]

    def test_the_parent_before_a_compaction_is_the_logical_one(self) -> None:
        """The boundary's `parentUuid` is null."""
        row = Writer().row("system", subtype="compact_boundary", logicalParentUuid="u-0")
        assert message(row).parent_uuid == "u-0"

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
    def test_a_copied_row_is_marked_as_inherited(
        self, more: dict[str, Any], source: str | None
    ) -> None:
        """And its session is known to be forked."""
        row = Writer().prompt("x", **more)
        assert message(row).is_inherited is (source is not None)
        assert taken(row).observations[0].forked_from == source

    def test_a_row_tells_where_the_session_runs(self) -> None:
        """Folder, branch, version, entry point, time."""
        expected = SessionObservation(
            SESSION, START_MS, "/home/user/project", "main", "2.1.330", "cli", None, 5
        )
        assert taken(Writer().prompt("x")).observations == [expected]

    @pytest.mark.parametrize(
        ("row", "label"),
        [
            (Writer().prompt("x"), "user"),
            (Writer().row("system", subtype="turn_duration"), "system/turn_duration"),
            (Writer().row("system", subtype="with a space"), "system"),
            (
                Writer().row("attachment", attachment={"type": "hook_success"}),
                "attachment/hook_success",
            ),
            (Writer().row("attachment", attachment=None), "attachment"),
        ],
    )
    def test_rows_are_counted_by_type_and_subtype(self, row: dict[str, Any], label: str) -> None:
        """Also those that make no message."""
        assert taken(row).counted == {label: 1}


class TestAssistant:
    """What the model said."""

    def test_blocks_become_parts(self) -> None:
        """In their order; each call keeps its id and its name."""
        row = Writer().answer(thinking("hm"), text("hello"), call("toolu_1", "Bash", command="ls"))
        made = message(row)
        assert (made.role, made.kind) == ("assistant", "answer")
        assert made.parts == (
            Part("thinking", "hm"),
            Part("text", "hello"),
            Part("tool-call", {"command": "ls"}, "toolu_1", "Bash"),
        )
        assert (made.model, made.usage_id) == ("claude-opus-5-5", "msg_1")
        assert made.facts == {"stop_reason": "end_turn"}
        assert [usage.id for usage in taken(row).usages] == ["msg_1"]

    @pytest.mark.parametrize("kind", ["tool_use", "server_tool_use", "mcp_tool_use"])
    def test_every_kind_of_call_is_one(self, kind: str) -> None:
        """One without a name is unknown, one without a usable id has none."""
        row = Writer().answer({"type": kind, "id": "bad id", "name": "", "input": {"a": 1}})
        assert message(row).parts == (Part("tool-call", {"a": 1}, None, "unknown"),)

    def test_a_servers_result_stands_in_the_answer(self) -> None:
        """The web search's, for one."""
        block = {"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": []}
        expected = Part("tool-result", {"content": []}, "srv_1")
        assert message(Writer().answer(block)).parts == (expected,)

    def test_blocks_that_say_nothing_are_left_out(self) -> None:
        """Empty texts, hidden thinking, unknown blocks, and what is no block."""
        row = Writer().answer(
            text(""),
            {"type": "thinking", "thinking": ""},
            {"type": "redacted_thinking", "data": "x"},
            {"type": 7},
            "no block",  # type: ignore[arg-type]  # what a broken row may hold
        )
        assert message(row).parts == ()

    def test_an_api_error_is_told_from_an_answer(self) -> None:
        """It has no model and no tokens, and keeps what the API said."""
        row = Writer().row(
            "assistant",
            message={
                "id": "x",
                "model": "<synthetic>",
                "content": [text("API Error: 529")],
                "usage": {},
            },
            isApiErrorMessage=True,
            error="server_error",
            apiErrorStatus=529,
        )
        made = message(row)
        assert (made.kind, made.model, made.usage_id) == ("api_error", None, None)
        assert made.facts == {"error": "server_error", "status": 529}
        assert taken(row).usages == []

    @pytest.mark.parametrize("content", [None, 7, {}])
    def test_a_message_without_blocks_has_no_parts(self, content: object) -> None:
        """And is a message all the same."""
        row = Writer().row("assistant", message={"content": content})
        assert message(row).parts == ()
        assert message({**row, "message": "broken"}).model is None

"""A call that several rows have is one call, and so is its result."""

from __future__ import annotations

from typing import Any

import pytest

from ccsync_watch.accounting.activity import by_session_id, by_tool
from ccsync_watch.model import JsonValue, Message, Part, PartKind
from ccsync_watch.store.stored_messages import session_messages
from support.lines import AGENT
from support.storing import OTHER, SESSION, World, message

ID = "toolu_01a"


def row(uuid: str, kind: PartKind, content: JsonValue, used: str = ID, **more: Any) -> Message:  # noqa: ANN401 - any field
    """Return a row with one call or result."""
    name = "answer" if kind == "tool-call" else "tool_result"
    part = Part(kind, content, used, "Bash")
    return message(uuid, kind=name, role="assistant", parts=(part,), **more)


def call(uuid: str, used: str = ID, command: str = "ls", **more: Any) -> Message:  # noqa: ANN401 - any field
    """Return a row with one call."""
    return row(uuid, "tool-call", {"command": command} if command else {}, used, **more)


def result(uuid: str, used: str = ID, **content: JsonValue) -> Message:
    """Return a row with one result."""
    return row(uuid, "tool-result", {"ok": False, **content}, used)


def shown(world: World) -> list[str]:
    """Return the messages that have parts, by their ids in the session."""
    messages = session_messages(world.database, SESSION)
    kept = [message for message in messages if message.kind != "session" and message.parts]
    return [message.id.removeprefix(f"{SESSION}:") for message in kept]


@pytest.mark.parametrize("is_split", [False, True])
def test_a_repeated_call_and_its_result_count_once(world: World, *, is_split: bool) -> None:
    """However the rows are read; the times of two results differ."""
    rows = [call("a1"), result("r1", durationMs=5), call("a2"), result("r2", durationMs=9)]
    for batch in [[row] for row in rows] if is_split else [rows, rows]:
        world.ingest(*batch)
    assert shown(world) == ["a1", "r1"]
    (tool,) = by_tool(world.database)
    assert (tool.calls, tool.results, tool.errors) == (1, 1, 1)
    assert by_session_id(world.database)[SESSION].tool_calls == 1
    world.drain()
    world.assert_complete()


def test_what_stands_beside_a_repeated_call_is_kept(world: World) -> None:
    """A later row of a response can have all its blocks."""
    both = (Part("text", "Look"), Part("tool-call", {"command": "ls"}, ID, "Bash"))
    world.ingest(call("a1"), message("a2", kind="answer", parts=both))
    messages = session_messages(world.database, SESSION)
    assert [part.kind for row in messages[1:] for part in row.parts] == ["tool-call", "text"]


@pytest.mark.parametrize(
    "rows",
    [
        (call("a1", "call_0"), call("a2", "call_0")),
        (call("a1", "call_0", usage_id="m1"), call("a2", "call_0", usage_id="m2")),
        (call("a1", command=""), call("a2")),
        (result("r1"), result("r2", output="more")),
        (call("a1"), call("a2", agent_id=AGENT)),
    ],
)
def test_different_calls_are_kept(world: World, rows: tuple[Message, ...]) -> None:
    """Ids that are not unique, an early state, another conversation."""
    world.ingest(*rows)
    assert len(shown(world)) == 2


def test_an_id_that_is_not_unique_is_so_in_one_response(world: World) -> None:
    """A gateway counts the calls of each."""
    world.ingest(call("a1", "call_0", usage_id="m1"), call("a2", "call_0", usage_id="m1"))
    assert shown(world) == ["a1"]


def test_a_forks_copy_is_kept(world: World) -> None:
    """It is another session's."""
    world.ingest(call("a1"))
    world.ingest(call("a1", session_id=OTHER), session_id=OTHER)
    assert [message.kind for message in session_messages(world.database, OTHER)] == [
        "session", "answer"
    ]  # fmt: skip


def test_a_repeated_call_that_was_stored_before_loses_it(world: World) -> None:
    """Earlier versions kept both; the rows are read again."""
    world.ingest(call("a1"))
    with world.database.write() as connection:
        connection.execute("UPDATE parts SET tool_use_id = 'toolu_other'")
    world.ingest(call("a2"))
    with world.database.write() as connection:
        connection.execute("UPDATE parts SET tool_use_id = ?", (ID,))
    world.ingest(call("a1"), call("a2"))
    assert shown(world) == ["a1"]
    world.drain()
    world.assert_complete()

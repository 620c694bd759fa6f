"""A session as one file: complete, and readable by what reads Markdown and JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.dashboard.export import exported
from ccsync_watch.model import Part
from ccsync_watch.store import session_list
from support.storing import SESSION, World, message

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ccsync_watch.model import JsonValue


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Have an empty store."""
    made = World(tmp_path)
    yield made
    made.close()


def written(world: World, form: str) -> str:
    """Return the file."""
    row = session_list.load_session(world.database, SESSION)
    assert row is not None
    return "".join(exported(world.database, row, form))


def test_every_message_is_in_both_forms(world: World) -> None:
    """More than are read at once, each once and in order, a subagent's after the session's own."""
    world.ingest(
        *(message(f"u{number}", f"said-{number}.") for number in range(401)),
        message("below", "said-below.", agent_id="a1", kind="answer"),
    )
    markdown, made = written(world, "md"), json.loads(written(world, "json"))
    places = [markdown.index(f"said-{number}.") for number in range(401)]
    assert places == sorted(places)
    assert markdown.count("said-7.") == 1
    assert markdown.index("# Subagent a1") < markdown.index("said-below.")
    assert made["session"]["session_id"] == SESSION
    assert [each["uuid"] for each in made["messages"]] == [f"u{n}" for n in range(401)] + ["below"]


def test_an_empty_session_is_a_file_too(world: World) -> None:
    """With its facts, and no message."""
    world.ingest(message("u1", parts=()))
    assert json.loads(written(world, "json"))["session"]["session_id"] == SESSION
    assert written(world, "md").startswith("# ")


def test_calls_and_results_are_told(world: World) -> None:
    """A fence is longer than any in the text, so that nothing breaks out of it."""
    arguments: JsonValue = {"command": "ls"}
    result: JsonValue = {"ok": False, "exit_code": 2, "output": "a\n```\nb"}
    world.ingest(
        message("a1", kind="answer", parts=(Part("tool-call", arguments, "t1", "Bash"),)),
        message("r1", kind="tool_result", parts=(Part("tool-result", result, "t1", "Bash"),)),
        message("a2", kind="answer", parts=(Part("thinking", "Hm."), Part("text", "So."))),
    )
    markdown = written(world, "md")
    assert "**Bash**\n\n```json\n{\n" in markdown
    assert "_error, exit code 2_\n\n````\na\n```\nb\n````" in markdown
    assert "_Thinking_\n\nHm.\n\nSo." in markdown

"""What the tool table says about calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.transcripts import tools
from ccsync_watch.transcripts.tools import (
    TOOLS,
    describe_call,
    is_file_tool,
    named_files,
    summarize_call,
)

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue


def test_every_tool_has_one_row_in_the_table() -> None:
    """A second row would be ambiguous."""
    names = [tool.name for tool in TOOLS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", ["Write", "Edit", "NotebookEdit", "Read"])
def test_file_tools_are_recognised(name: str) -> None:
    """They are those of the table."""
    assert is_file_tool(name)


@pytest.mark.parametrize(
    "name",
    [
        "Bash", "Grep", "Task", "Written", "", "mcp__weather__now", "mcp__fs__write_file",
        "mcp__mail__list_threads", "mcp__profiles__view", "mcp__Read", "mcp__x__Edit",
    ],
)  # fmt: skip
def test_other_tools_are_not_file_tools(name: str) -> None:
    """A name that begins alike is another name, and that of an MCP tool says nothing."""
    assert not is_file_tool(name)


def test_the_arguments_that_hold_a_files_content_are_known() -> None:
    """None may disappear from the table by mistake: its text would be kept."""
    expected = {
        "body", "content", "contents", "data", "diff", "edits", "file_text", "new_source",
        "new_str", "new_string", "old_source", "old_str", "old_string", "patch", "text",
    }  # fmt: skip
    assert expected <= tools.CONTENTS
    assert set(tools.WRITTEN) <= tools.CONTENTS


def test_the_arguments_that_hold_a_path_are_known() -> None:
    """By them a call is known to name a file of secrets."""
    expected = {
        "file_path", "notebook_path", "filePath", "path", "filename", "file", "displayPath"
    }  # fmt: skip
    assert expected <= set(tools.PATHS)


@pytest.mark.parametrize(
    ("name", "arguments", "files"),
    [
        ("Read", {"file_path": "/a", "limit": 3}, ["/a"]),
        ("mcp__any__thing", {"path": "/a", "file": "/b", "x": "/c"}, ["/a", "/b"]),
        ("Grep", {"pattern": "x", "path": "/a", "glob": "*.py"}, ["/a", "*.py"]),
        ("Other", {"glob": "*.py", "file_path": 7, "path": ""}, []),
    ],
)
def test_a_call_names_files_by_path_and_pattern(
    name: str, arguments: dict[str, JsonValue], files: list[str]
) -> None:
    """A path counts in the arguments of every tool, a pattern only in those of a search."""
    assert named_files(name, arguments) == files


@pytest.mark.parametrize(
    ("arguments", "summary"),
    [({"description": "d", "command": "ls\n -l"}, "ls -l"), ({"path": "p", "pattern": "x"}, "x"),
     ({"other": 1, "more": 2}, "other, more"), ("text", ""), ({"command": " "}, "command")],
)  # fmt: skip
def test_a_call_is_summarized_in_one_line(arguments: JsonValue, summary: str) -> None:
    """By the argument that describes it best, without one by the names of its arguments."""
    assert summarize_call(arguments) == summary


def test_a_long_summary_is_cut() -> None:
    """And marked as cut."""
    summary = summarize_call({"command": "x" * 500})
    assert len(summary) == 160
    assert summary.endswith("…")


@pytest.mark.parametrize(
    ("name", "arguments", "line"),
    [
        ("Bash", {"command": "pytest\n -q"}, "Bash: pytest -q"),
        ("Edit", {"file_path": "/p/src/a.py"}, "Edit src/a.py"),
        ("Read", {"file_path": "/other/a.py"}, "Read /other/a.py"),
        ("Read", {"file_path": "C:\\repo\\src\\a.py"}, "Read src\\a.py"),
        ("Read", {"file_path": "/home/posy/notes.md"}, "Read ~/notes.md"),
        ("LS", {"path": "/p/src"}, "LS: src"),
        ("Bash", {"command": "/home/posy/run.sh"}, "Bash: /home/posy/run.sh"),
        ("Read", {"file_path": "/p/" + "x" * 158}, f"Read {'x' * 158}"),
        ("Read", {}, "Read"),
        ("mcp__x__find", {"owner": "lee"}, "mcp__x__find"),
        ("Bash", "odd", "Bash"),
    ],
)
def test_a_call_is_described_in_one_line(name: str, arguments: JsonValue, line: str) -> None:
    """Files of the session's folders by their path in these."""
    assert describe_call(name, arguments, ["/p", "C:\\repo"]) == line

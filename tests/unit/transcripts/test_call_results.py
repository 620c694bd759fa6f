"""What a stored result says: the file that was changed, and the kind of a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.transcripts.call_outcome import read_outcome
from ccsync_watch.transcripts.call_results import (
    FileChange,
    failure_kind,
    is_denial,
    read_change,
)
from ccsync_watch.transcripts.project_folders import locate_file

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue


@pytest.mark.parametrize(
    ("tool", "content", "change"),
    [
        ("Edit", {"ok": True, "path": "/a", "lines_added": 2, "lines_removed": 1}, (2, 1)),
        ("Write", {"ok": True, "path": "/a", "lines_added": 2}, (2, 0)),
        ("MultiEdit", {"ok": True, "path": "/a"}, (None, None)),
        ("Edit", {"ok": False, "path": "/a"}, None),
        ("Edit", {"ok": True}, None),
        ("Read", {"ok": True, "path": "/a"}, None),
        (None, "text", None),
    ],
)
def test_a_change_is_a_result_of_a_tool_that_writes(
    tool: str | None, content: JsonValue, change: tuple[int | None, int | None] | None
) -> None:
    """Which says that it succeeded, and names a file."""
    expected = None if change is None else FileChange("/a", *change)
    assert read_change(tool, content) == expected


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ({"ok": True}, None),
        ({"ok": True, "exit_code": 0}, None),
        ({"ok": False}, "other"),
        ({"ok": False, "exit_code": 1, "output": "command not found"}, "exit code 1"),
        ({"ok": False, "exit_code": 124}, "timed out"),
        ({"ok": False, "output": "Error: Exit code 127\nfoo: not found"}, "exit code 127"),
        ({"ok": False, "exit_code": 143, "output": "Command timed out after 2m"}, "timed out"),
        ({"ok": False, "exit_code": 3221225786}, "exit code above 255"),
        ({"ok": False, "exit_code": -1}, "exit code above 255"),
        ({"ok": False, "interrupted": True}, "interrupted"),
        ({"ok": False, "output": "Error: File does not exist."}, "not found"),
        ({"ok": False, "output": "File has not been read yet."}, "file not read before"),
        ({"ok": False, "output": "String to replace not found in file."}, "text not in the file"),
        ({"ok": False, "output": "Found 2 matches of the string to replace"}, "text not unique"),
        ({"ok": False, "output": "InputValidationError: Edit failed"}, "invalid arguments"),
        ({"ok": False, "output": "No such tool available: Foo"}, "unknown tool"),
        ({"ok": False, "output": "MCP error -32001: Request timed out"}, "timed out"),
        ({"ok": False, "output": "MCP error -32000: bad"}, "server error"),
        ({"ok": False, "output": "Request failed with status code 404"}, "HTTP error"),
        ({"ok": False, "denied": "rejected by you"}, "rejected by you"),
        ({"ok": False, "denied": "denied by a hook"}, "denied by a hook"),
        ({"ok": True, "denied": "interrupted"}, "interrupted"),
        ({"ok": False, "denied": "denied: something of a later client"}, "denied"),
    ],
)
def test_a_failure_has_the_kind_that_its_result_shows(
    content: dict[str, JsonValue], kind: str | None
) -> None:
    """What a command printed does not change what its exit code says."""
    assert failure_kind(read_outcome(content)) == kind


def test_a_row_that_says_denied_counts_where_its_result_failed() -> None:
    """It may be about another result of the same row."""
    assert failure_kind(read_outcome({"ok": False}), "user-rejected") == "denied"
    assert failure_kind(read_outcome({"ok": True}), "user-rejected") is None


def test_denied_calls_did_not_run() -> None:
    """Those that were interrupted did not either; failures did."""
    assert all(map(is_denial, ("rejected by you", "denied", "interrupted", "cancelled")))
    assert not any(map(is_denial, ("exit code 1", "timed out", "other")))


@pytest.mark.parametrize(
    ("path", "located"),
    [
        ("/shop/src/a.py", "/shop/src/a.py"),
        ("/shop/.claude/worktrees/x/src/a.py", "/shop/src/a.py"),
        ("/shop/.claude/worktrees/x/.claude/worktrees/y/a.py", "/shop/a.py"),
        ("/shop/.claude/worktrees/x", "/shop/.claude/worktrees/x"),
        ("/trees/x/src/a.py", "/shop/src/a.py"),
        ("/trees/x", "/trees/x"),
        ("/trees/xy/a.py", "/trees/xy/a.py"),
    ],
)
def test_files_of_worktrees_are_those_of_the_project(path: str, located: str) -> None:
    """Of the client's own worktrees, and of the one that the session runs in."""
    assert locate_file(path, "/trees/x", "/shop") == located

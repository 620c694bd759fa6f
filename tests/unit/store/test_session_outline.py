"""What a session's page says of it as a whole costs work in proportion to its messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.model import Part
from ccsync_watch.store.session_outline import changed_files
from support.storing import SESSION, message

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue
    from support.storing import World

_STEPS = 100
_FEW = 40


def _edit(world: World, numbers: range) -> None:
    """Add edits of one file, each a call and its result."""
    rows = []
    for number in numbers:
        done: JsonValue = {"ok": True, "path": "/a", "lines_added": 1, "lines_removed": 0}
        call = Part("tool-call", {"file_path": "/a"}, f"t{number}", "Edit")
        result = Part("tool-result", done, f"t{number}", "Edit")
        rows += [
            message(f"c{number}", parts=(call,), kind="answer", role="assistant"),
            message(f"r{number}", parts=(result,), kind="tool_result"),
        ]
    world.ingest(*rows)


def _steps(world: World, edits: int) -> int:
    """Return how many steps SQLite takes for the changed files, and check that all are found."""
    read = world.database.read()
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    read.set_progress_handler(count, _STEPS)
    (file,) = changed_files(world.database, SESSION)
    read.set_progress_handler(None, _STEPS)
    assert len(file.edits) == file.lines_added == edits
    return steps


def test_changed_files_of_a_long_session_are_read_in_one_pass(world: World) -> None:
    """Eight times the edits are about eight times the work, not its square."""
    _edit(world, range(_FEW))
    few = _steps(world, _FEW)
    _edit(world, range(_FEW, 8 * _FEW))
    assert _steps(world, 8 * _FEW) < 12 * few

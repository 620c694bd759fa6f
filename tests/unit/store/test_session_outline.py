"""What a session's page says of it as a whole costs work in proportion to its messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from ccsync_watch.model import Part
from ccsync_watch.store.session_outline import changed_files
from ccsync_watch.store.turns import ENDS_TURN
from support.storing import SESSION, message

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.model import JsonValue
    from support.storing import World

T = TypeVar("T")
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


def _count_steps(world: World, work: Callable[[], T]) -> tuple[int, T]:
    """Return how many steps SQLite takes for something, and what that returns."""
    read = world.database.read()
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    read.set_progress_handler(count, _STEPS)
    done = work()
    read.set_progress_handler(None, _STEPS)
    return steps, done


def _steps(world: World, edits: int) -> int:
    """Return how many steps SQLite takes for the changed files, and check that all are found."""
    steps, (file,) = _count_steps(world, lambda: changed_files(world.database, SESSION))
    assert len(file.edits) == file.lines_added == edits
    return steps


def test_changed_files_of_a_long_session_are_read_in_one_pass(world: World) -> None:
    """Eight times the edits are about eight times the work, not its square."""
    _edit(world, range(_FEW))
    few = _steps(world, _FEW)
    _edit(world, range(_FEW, 8 * _FEW))
    assert _steps(world, 8 * _FEW) < 12 * few


def test_where_turns_end_is_looked_up_only_for_rows_that_may_end_one(world: World) -> None:
    """As a column it costs what it costs as a condition: most rows cannot end a turn."""
    rows = [message(f"r{number}", kind="tool_result") for number in range(_FEW)]
    world.ingest(message("p", "Start"), *rows)

    def count(query: str) -> int:
        return int(world.database.read().execute(f"{query} FROM messages m").fetchone()[0])

    plain, _all = _count_steps(world, lambda: count("SELECT sum(m.kind = 'prompt')"))
    steps, ended = _count_steps(world, lambda: count(f"SELECT sum({ENDS_TURN})"))
    assert ended == 0
    assert steps < 10 * plain

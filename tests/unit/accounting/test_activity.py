"""What was done, by tool and by session."""

from __future__ import annotations

from ccsync_watch.accounting import activity
from support.accounting_store import DAY_MS, NOON_MS, fill_two_projects, mark_fork
from support.storing import SESSION, World, message


def test_by_tool(world: World) -> None:
    """Calls, errors, refusals and time."""
    fill_two_projects(world)
    bash, edit = activity.by_tool(world.database)
    assert (bash.tool, bash.calls, bash.errors, bash.denied) == ("Bash", 1, 1, 1)
    assert (bash.error_rate, edit.error_rate, edit.total_ms) == (1.0, 0.0, 2)
    assert activity.by_tool(world.database, since_ms=NOON_MS + DAY_MS) == []


def test_copies_in_a_fork_are_not_counted_again(world: World) -> None:
    """The user's own rows are copied without a mark: they are known by their ids."""
    world.ingest(message("u1"))
    world.ingest(
        message("u1", session_id="fork"), message("u2", session_id="fork"), session_id="fork"
    )
    mark_fork(world, SESSION, "fork", at_ms=1)
    done = activity.by_session_id(world.database)
    assert {key: activity_.prompts for key, activity_ in done.items()} == {
        SESSION: 1,
        "fork": 1,
    }

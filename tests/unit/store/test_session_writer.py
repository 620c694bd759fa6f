"""What rows say of their session, folded into one row each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.store import session_writer
from support.storing import SESSION, World, message, observation

if TYPE_CHECKING:
    from ccsync_watch.model import SessionObservation


def _observe(world: World, *observations: SessionObservation, apart: bool) -> dict[str, Any]:
    """Save observations in one commit or one each; return the session's row."""
    batches = [[item] for item in observations] if apart else [list(observations)]
    for batch in batches:
        with world.database.write() as connection:
            session_writer.save_observations(connection, batch, "laptop")
    return dict(world.database.read().execute("SELECT * FROM sessions").fetchone())


@pytest.mark.parametrize("apart", [False, True], ids=["one-commit", "each-its-own"])
class TestObservations:
    """The fold is the same within a commit and across commits."""

    def test_the_first_place_names_the_project_and_the_last_the_rest(
        self, world: World, *, apart: bool
    ) -> None:
        """A `cd` moves the session, not the project; the client may be updated meanwhile."""
        row = _observe(
            world,
            observation(cwd="/a", git_branch="main", client_version="1", entrypoint="cli"),
            observation(cwd="/b", git_branch="fix", client_version="2", entrypoint="sdk"),
            observation(cwd=None, git_branch=None, client_version=None, entrypoint=None),
            apart=apart,
        )
        assert (row["project_path"], row["cwd"], row["git_branch"]) == ("/a", "/b", "fix")
        assert (row["client_version"], row["entrypoint"], row["host"]) == ("2", "cli", "laptop")

    def test_a_later_row_fills_in_what_was_unknown(self, world: World, *, apart: bool) -> None:
        """A row that says nothing leaves room for one that does."""
        row = _observe(
            world,
            observation(
                at_ms=None, cwd=None, git_branch=None, client_version=None, entrypoint=None
            ),
            observation(at_ms=7, cwd="/a", forked_from="parent"),
            apart=apart,
        )
        assert (row["project_path"], row["cwd"], row["entrypoint"]) == ("/a", "/a", "cli")
        assert (row["started_ms"], row["updated_ms"], row["forked_from"]) == (7, 7, "parent")

    def test_times_span_all_rows(self, world: World, *, apart: bool) -> None:
        """Rows come out of order, and some without a time."""
        times = [5, 9, None, 2, 7]
        row = _observe(world, *(observation(at_ms=at) for at in times), apart=apart)
        assert (row["started_ms"], row["updated_ms"]) == (2, 9)

    def test_without_any_time_none_is_invented(self, world: World, *, apart: bool) -> None:
        """Unknown stays unknown."""
        row = _observe(world, observation(at_ms=None), observation(at_ms=None), apart=apart)
        assert (row["started_ms"], row["updated_ms"]) == (None, None)


def test_the_last_model_counts(world: World) -> None:
    """Across commits as well, and of the main conversation only."""
    world.ingest(message("a1", kind="answer", model="opus"))
    world.ingest(
        message("a2", kind="answer", model="haiku"),
        message("s1", "Task", agent_id="agent-1", model="sonnet"),
    )
    assert world.database.read().execute("SELECT model FROM sessions").fetchone()[0] == "haiku"


class TestDue:
    """When a commit makes its session due."""

    def test_a_new_row_does_not_wait_for_a_postponed_session_state(self, world: World) -> None:
        """A session that is still to settle is due at once when a line is read."""
        for name in ("u1", "u2"):
            world.say(name)
            world.work()
            world.clock.advance(1)
        assert world.outbox.due_sessions(world.clock.now_ms) == []
        assert world.outbox.count_unsettled([SESSION]) == 1
        world.say("u3")
        assert world.outbox.due_sessions(world.clock.now_ms) == [SESSION]
        world.uploader.turn()
        assert world.ids() == ["u1", "u2", "u3"]

    def test_the_most_recent_session_is_first(self, world: World) -> None:
        """Live first: by what was written last."""
        for number, ago_ms in enumerate([500, 100, 900]):
            world.say("u1", ago_ms=ago_ms, session_id=f"s{number}")
        assert world.outbox.due_sessions(world.clock.now_ms) == ["s1", "s0", "s2"]
        assert world.outbox.due_sessions(world.clock.now_ms, limit=1) == ["s1"]

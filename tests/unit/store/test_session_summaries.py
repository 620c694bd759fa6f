"""The title, project and tokens of one session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.store.session_summaries import (
    project_name,
    session_summary,
    sessions_with_messages,
)
from support.storing import OTHER, SESSION, World, message, usage

if TYPE_CHECKING:
    from ccsync_watch.outgoing import SessionSummary


def _summary(world: World, session_id: str = SESSION) -> SessionSummary:
    summary = session_summary(world.database, session_id)
    assert summary is not None
    return summary.value


class TestSummary:
    """A session's state as a whole."""

    def test_its_tokens_are_the_sum_of_the_responses(self, world: World) -> None:
        """Prompt tokens are input, cache writes and cache reads; a subagent's count as well."""
        world.ingest(
            message("u1", at_ms=1000),
            message("a1", at_ms=4000, kind="answer", model="opus"),
            usages=(
                usage("m1", tokens_in=1, tokens_out=2, cache_write_5m_tokens=10),
                usage("m2", tokens_in=3, tokens_out=4, cache_write_1h_tokens=100, agent_id="x"),
                usage("m3", tokens_in=5, tokens_out=6, cache_read_tokens=1000),
                usage("m4", session_id=OTHER, tokens_in=10_000),
            ),
        )
        summary = _summary(world)
        assert (summary.prompt_tokens, summary.output_tokens) == (1119, 12)
        assert (summary.started_ms, summary.duration_ms, summary.model) == (1000, 3000, "opus")
        assert (summary.project_path, summary.project_name) == ("/home/user/project", "project")

    @pytest.mark.parametrize(
        ("minutes", "lasted"),
        [
            ((0, 30), 30),
            ((0, 31), 0),
            ((0, 30, 60), 60),
            ((0, 10, 41), 10),
            ((0, 10, 10_000, 10_005), 15),
            # The order of the rows is not that of their times.
            ((0, 10_005, 10, 10_000), 15),
        ],
    )
    def test_its_duration_is_without_long_gaps(
        self, world: World, minutes: tuple[int, ...], lasted: int
    ) -> None:
        """Nobody worked on it while nothing was written for more than half an hour."""
        world.ingest(*(message(f"u{at}", at_ms=at * 60_000 + 1) for at in minutes))
        assert _summary(world).duration_ms == lasted * 60_000

    def test_a_subagents_work_is_no_gap(self, world: World) -> None:
        """The main conversation waits for it."""
        world.ingest(
            message("u1", at_ms=1),
            message("a1", at_ms=25 * 60_000, agent_id="x"),
            message("a2", at_ms=50 * 60_000),
        )
        assert _summary(world).duration_ms == 50 * 60_000 - 1

    @pytest.mark.parametrize(
        ("cwd", "path", "name", "sent"),
        [
            ("/p/repo/.claude/worktrees/fix-it", "/p/repo", "repo", "repo"),
            ("/home/lee/repo/.claude/worktrees/fix-it/src", "/home/lee/repo", "repo", "~/repo"),
            ("C:\\Users\\lee\\repo", "C:\\Users\\lee\\repo", "repo", "~/repo"),
            ("c:/Users/lee/repo/", "C:\\Users\\lee\\repo", "repo", "~/repo"),
            ("C:\\repo\\.claude\\worktrees\\fix-it", "C:\\repo", "repo", "repo"),
            ("\\\\server\\share\\repo", "\\\\server\\share\\repo", "repo", "repo"),
        ],
    )
    def test_the_project_is_named_after_its_repository(
        self, world: World, cwd: str, path: str, name: str, sent: str
    ) -> None:
        """Not after a worktree of it; on Windows without the path. What is sent names no host."""
        world.ingest(message("u1"), cwd=cwd)
        summary = _summary(world)
        assert (summary.project_path, summary.project_name) == (path, name)
        world.drain()
        session = world.backend.session(SESSION)
        assert (session.project_path, session.project_name) == (sent, name)

    def test_what_is_not_known_is_none(self, world: World) -> None:
        """No path, title or cost is invented; without any date it is of when it was read."""
        world.ingest(message("u1", at_ms=None, kind="answer"), cwd="")
        summary = _summary(world)
        assert (summary.title, summary.model, summary.cost_usd) == (None, None, None)
        assert (summary.started_ms, summary.duration_ms) == (world.clock.now_ms, 0)
        assert (summary.project_path or None, summary.project_name) == (None, None)

    def test_the_root_folder_names_itself(self, world: World) -> None:
        """A path without a last part is its own name."""
        world.ingest(message("u1"), cwd="/")
        assert _summary(world).project_name == "/"

    def test_an_unknown_or_excluded_session_has_none(self, world: World) -> None:
        """Nothing of it is shown or sent."""
        assert session_summary(world.database, SESSION) is None
        world.ingest(message("u1"), excluded=frozenset({SESSION}))
        assert session_summary(world.database, SESSION) is None

    @pytest.mark.parametrize(
        ("facts", "title"),
        [
            ({}, "Hello"),
            ({"generated_title": "Made"}, "Made"),
            ({"generated_title": "Made", "custom_title": "Mine"}, "Mine"),
            ({"custom_title": "", "generated_title": 5}, "Hello"),
            ({"summary": {"text": "Summed up", "leaf": "u1"}}, "Summed up"),
            ({"summary": {"text": "Another's", "leaf": "elsewhere"}}, "Hello"),
            ({"summary": {"text": "", "leaf": "u1"}}, "Hello"),
            ({"summary": {"text": None, "leaf": "u1"}}, "Hello"),
            ({"summary": "odd"}, "Hello"),
        ],
    )
    def test_the_title_is_the_best_known(
        self, world: World, facts: dict[str, Any], title: str
    ) -> None:
        """The user's own, else a generated one, else its own summary, else the first prompt."""
        world.ingest(message("u1"), facts=facts)
        assert _summary(world).title == title


def test_sessions_with_messages(world: World) -> None:
    """The most recent first; one of which only facts are known has none."""
    world.say("u1", ago_ms=100)
    world.say("u1", session_id=OTHER)
    world.ingest(session_id="facts-only", facts={"custom_title": "x"})
    assert sessions_with_messages(world.database) == [OTHER, SESSION]


@pytest.mark.parametrize(
    ("path", "name"),
    [("/home/user/project", "project"), ("/", "/"), ("", None), (None, None)],
)
def test_a_project_is_named_after_its_folder(path: str | None, name: str | None) -> None:
    """The root folder by its path; None without a folder."""
    assert project_name(path) == name

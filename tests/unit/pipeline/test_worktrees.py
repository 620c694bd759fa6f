"""Sessions in worktrees belong to the project of their repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.privacy.policy.projects import Projects
from ccsync_watch.store.session_list import load_session
from support.lines import OTHER, SESSION, Writer

if TYPE_CHECKING:
    from support.pumping import Bench

REPOSITORY = "/home/user/shop"
OUTSIDE = "/var/tmp/trees/pay"  # noqa: S108 - a path in a row, which nobody opens
STATE = {
    "type": "worktree-state",
    "worktreeSession": {
        "originalCwd": f"{REPOSITORY}/",
        "worktreePath": OUTSIDE,
        "worktreeName": "pay",
        "worktreeBranch": "worktree-pay",
    },
    "sessionId": SESSION,
}
LEFT = {"type": "worktree-state", "worktreeSession": None, "sessionId": SESSION}


def projects(bench: Bench) -> dict[str, tuple[str | None, str | None]]:
    """Return each session's project and worktree."""
    rows = [load_session(bench.database, name) for name in (SESSION, OTHER)]
    return {row.session_id: (row.project_path, row.worktree) for row in rows if row}


def test_a_worktree_of_the_client_is_named(bench: Bench) -> None:
    """Also if the session continues in the repository itself."""
    writer = Writer(cwd=f"{REPOSITORY}/.claude/worktrees/pay")
    first = writer.prompt("in the worktree")
    writer.cwd = REPOSITORY
    bench.append(bench.path(), first, writer.prompt("at home"))
    bench.catch_up()
    assert projects(bench) == {SESSION: (REPOSITORY, "pay")}


@pytest.mark.parametrize("is_later", [False, True])
def test_a_session_that_enters_a_worktree_is_named_by_it(bench: Bench, *, is_later: bool) -> None:
    """It began in the repository; a worktree that only a subagent works in does not count."""
    writer = Writer(cwd=REPOSITORY)
    bench.append(bench.path(), writer.prompt("at home"))
    if is_later:
        bench.catch_up()
    agent = Writer(agent_id="a1", cwd=f"{REPOSITORY}/.claude/worktrees/agent-a1")
    bench.append(bench.path(), agent.prompt("task"))
    bench.catch_up()
    assert projects(bench) == {SESSION: (REPOSITORY, None)}
    writer.cwd = f"{REPOSITORY}/.claude/worktrees/pay"
    bench.append(bench.path(), writer.prompt("in the worktree"))
    bench.catch_up()
    assert projects(bench) == {SESSION: (REPOSITORY, "pay")}


@pytest.mark.parametrize("order", ["before", "after", "later"])
def test_a_worktree_elsewhere_belongs_to_where_the_session_came_from(
    bench: Bench, order: str
) -> None:
    """And so does every other session that began in it."""
    first = Writer(cwd=f"{OUTSIDE}/src").prompt("hello")
    other = Writer(OTHER, cwd=OUTSIDE).prompt("hello again")
    if order == "later":
        bench.append(bench.path(OTHER), other)
        bench.catch_up()
        assert projects(bench) == {OTHER: (OUTSIDE, None)}
    rows = [first, STATE] if order == "after" else [STATE, first]
    bench.append(bench.path(), *rows, LEFT)
    bench.catch_up()
    if order != "later":
        bench.append(bench.path(OTHER), other)
        bench.catch_up()
    assert projects(bench) == {SESSION: (REPOSITORY, "pay"), OTHER: (REPOSITORY, "pay")}


def test_a_worktree_of_an_excluded_project_is_excluded(bench: Bench) -> None:
    """Wherever it is."""
    bench.restart(projects=Projects(exclude=[REPOSITORY]))
    bench.append(bench.path(), Writer(cwd=OUTSIDE).prompt("hello"), STATE)
    bench.catch_up()
    assert projects(bench) == {}

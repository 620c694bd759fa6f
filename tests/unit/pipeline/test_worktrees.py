"""Sessions in worktrees belong to the project of their repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.privacy.policy.projects import Projects
from ccsync_watch.store.session_list import load_session
from support.lines import OTHER, SESSION, Writer, call

if TYPE_CHECKING:
    from ccsync_watch.config import ProjectPolicy
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
def test_a_session_that_enters_a_worktree_elsewhere_is_named_by_it(
    bench: Bench, order: str
) -> None:
    """By what its rows say, whichever comes first; it stays in its project."""
    prompt = Writer(cwd=REPOSITORY).prompt("at home")
    bench.append(bench.path(), prompt if order != "before" else STATE)
    if order == "later":
        bench.catch_up()
    bench.append(bench.path(), STATE if order != "before" else prompt, LEFT)
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


ENTERED = {"worktreePath": OUTSIDE, "worktreeBranch": "pay", "message": "Created worktree"}


def test_the_clients_tool_names_a_worktree(bench: Bench) -> None:
    """Its result says where it is; where the session came from, the store knows."""
    writer = Writer(cwd=REPOSITORY)
    bench.append(bench.path(), writer.prompt("enter"))
    bench.catch_up()
    entered = writer.result("t1", "Created worktree", detail=ENTERED)
    bench.append(bench.path(), entered)
    bench.append(bench.path(OTHER), Writer(OTHER, cwd=f"{OUTSIDE}/src").prompt("hello"))
    bench.catch_up()
    assert projects(bench) == {SESSION: (REPOSITORY, None), OTHER: (REPOSITORY, "pay")}


@pytest.mark.parametrize("is_first", [False, True])
@pytest.mark.parametrize(
    ("command", "folder", "name"),
    [
        ("git worktree add ../shop-fix", "/home/user/shop-fix", "shop-fix"),
        ("git worktree add -b fix/1 '../my fix' main", "/home/user/my fix", "my fix"),
        ("cd sub && git worktree add --lock --reason why ../../x 2>&1", "/home/user/x", "x"),
        (f"cd /tmp; sudo git -C {REPOSITORY} worktree add {OUTSIDE} | tail", OUTSIDE, "pay"),
        ("git fetch\ngit -c a=b worktree add -B x -- trees/x HEAD", f"{REPOSITORY}/trees/x", "x"),
        ("git worktree add ~/x", "/home/user/x", "x"),
    ],
)
def test_a_worktree_that_git_made_belongs_to_its_repository(
    bench: Bench, command: str, folder: str, name: str, *, is_first: bool
) -> None:
    """Whether the session in it is read before or after the command."""
    inside = Writer(OTHER, cwd=f"{folder}/deep").prompt("hello")
    if is_first:
        bench.append(bench.path(OTHER), inside)
        bench.catch_up()
        assert projects(bench) == {OTHER: (f"{folder}/deep", None)}
    writer = Writer(cwd=REPOSITORY)
    adding = writer.answer(call("t1", "Bash", command=command))
    bench.append(bench.path(), writer.prompt("make one"), adding)
    bench.catch_up()
    if not is_first:
        bench.append(bench.path(OTHER), inside)
        bench.catch_up()
    assert projects(bench) == {SESSION: (REPOSITORY, None), OTHER: (REPOSITORY, name)}


EXISTS = "fatal: '../x' already exists"
MADE = "Preparing worktree (new branch 'x')\nHEAD is now at 1234567"


@pytest.mark.parametrize("is_split", [False, True])
@pytest.mark.parametrize(
    ("output", "is_error", "is_worktree"),
    [
        (MADE, False, True),
        (f"{MADE}\n1 test failed", True, True),
        ("", False, True),
        (EXISTS, True, False),
        (EXISTS, False, False),
        ("The user doesn't want to proceed with this tool use.", True, False),
    ],
)
def test_a_command_that_failed_made_no_worktree(
    bench: Bench, output: str, *, is_error: bool, is_worktree: bool, is_split: bool
) -> None:
    """The folder is that of another project then, whose session may be read in between."""
    writer = Writer(cwd=REPOSITORY)
    bench.append(bench.path(), writer.answer(call("t1", "Bash", command="git worktree add ../x")))
    bench.append(bench.path(OTHER), Writer(OTHER, cwd="/home/user/x").prompt("hello"))
    if is_split:
        bench.catch_up()
    bench.append(bench.path(), writer.result("t1", output, is_error=is_error))
    bench.catch_up()
    expected = (REPOSITORY, "x") if is_worktree else ("/home/user/x", None)
    assert projects(bench)[OTHER] == expected


@pytest.mark.parametrize(
    "command",
    [
        "git worktree add",
        "git worktree add -b x",
        "git worktree add $TREES/x",
        "git worktree add .",
        "echo 'git worktree add ../x",
        "git commit -m 'git worktree add ../x'",
        "echo git worktree add ../x",
        "git -C $REPOSITORY worktree add ../x",
    ],
)
def test_a_command_that_makes_no_known_worktree_joins_nothing(bench: Bench, command: str) -> None:
    """Neither does one whose folder only the shell knows."""
    writer = Writer(cwd=REPOSITORY)
    bench.append(bench.path(), writer.answer(call("t1", "Bash", command=command)))
    bench.append(bench.path(OTHER), Writer(OTHER, cwd="/home/user/x").prompt("hello"))
    bench.catch_up()
    assert projects(bench) == {SESSION: (REPOSITORY, None), OTHER: ("/home/user/x", None)}


def test_a_worktree_state_without_its_origin_belongs_to_the_sessions_project(bench: Bench) -> None:
    """The store knows where the session began."""
    state = {**STATE, "worktreeSession": {"worktreePath": OUTSIDE}}
    bench.append(bench.path(), Writer(cwd=REPOSITORY).prompt("hello"), state)
    bench.append(bench.path(OTHER), Writer(OTHER, cwd=OUTSIDE).prompt("hello"))
    bench.catch_up()
    assert projects(bench)[OTHER] == (REPOSITORY, "pay")


def test_powershell_writes_backslashes(bench: Bench) -> None:
    """They are letters of the path there."""
    writer = Writer(cwd="C:\\dev\\shop")
    adding = writer.answer(call("t1", "PowerShell", command='git worktree add "..\\shop fix" main'))
    bench.append(bench.path(), adding)
    bench.append(bench.path(OTHER), Writer(OTHER, cwd="c:/dev/Shop Fix").prompt("hello"))
    bench.catch_up()
    assert projects(bench)[OTHER] == ("C:\\dev\\shop", "shop fix")


def test_a_worktree_made_in_a_worktree_belongs_to_the_repository(bench: Bench) -> None:
    """However many there are between them."""
    writer = Writer(cwd=OUTSIDE)
    adding = writer.answer(call("t1", "Bash", command="git worktree add /srv/next"))
    bench.append(bench.path(), STATE, writer.prompt("go"), adding)
    bench.append(bench.path(OTHER), Writer(OTHER, cwd="/srv/next").prompt("hello"))
    bench.catch_up()
    assert projects(bench) == {SESSION: (REPOSITORY, "pay"), OTHER: (REPOSITORY, "next")}


@pytest.mark.parametrize("policy", ["off", "metadata"])
def test_a_worktree_of_a_limited_project_is_limited(bench: Bench, policy: ProjectPolicy) -> None:
    """Wherever it is, and whichever session said so."""
    bench.restart(projects=Projects(policies=[(REPOSITORY, policy)]))
    writer = Writer(cwd=REPOSITORY)
    adding = writer.answer(call("t1", "Bash", command=f"git worktree add {OUTSIDE}"))
    bench.append(bench.path(), adding)
    bench.catch_up()
    bench.append(bench.path(OTHER), Writer(OTHER, cwd=OUTSIDE).prompt("my words"))
    bench.catch_up()
    assert "my words" not in str(bench.texts())
    assert (OTHER in projects(bench)) == (policy == "metadata")


def test_a_worktree_of_an_excluded_project_is_excluded(bench: Bench) -> None:
    """Wherever it is."""
    bench.restart(projects=Projects(exclude=[REPOSITORY]))
    bench.append(bench.path(), Writer(cwd=OUTSIDE).prompt("hello"), STATE)
    bench.catch_up()
    assert projects(bench) == {}

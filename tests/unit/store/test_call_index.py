"""The index of calls: which files were changed, what failed, and how it follows what is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccsync_watch.clock import SystemClock
from ccsync_watch.model import Part
from ccsync_watch.store import call_index, failure_list, file_list, session_figures, session_outline
from ccsync_watch.store.failure_list import FailureFilter
from ccsync_watch.store.file_list import FileFilter
from ccsync_watch.store.session_policy import mark_excluded
from support.storing import OTHER, SESSION, message

if TYPE_CHECKING:
    import pytest

    from ccsync_watch.model import JsonValue, Message
    from support.storing import World

PROJECT = "/home/user/project"


def read_all(world: World) -> int:
    """Read all that is stored; return how many messages that were."""
    count = 0
    while read := call_index.catch_up(world.database, SystemClock()):
        count += read
    return count


def call(uuid: str, tool: str = "Edit", *, session_id: str = SESSION, **more: object) -> Message:
    """Return an answer that calls a tool."""
    part = Part("tool-call", {"file_path": "a.py"}, f"call_{uuid}", tool)
    return message(f"a{uuid}", session_id=session_id, kind="answer", role="assistant",
                   parts=(part,), **more)  # type: ignore[arg-type]  # fmt: skip


def result(uuid: str, tool: str = "Edit", **content: JsonValue) -> Message:
    """Return the result of `call(uuid)`, by default of an edit of two lines."""
    values = content or {"ok": True, "path": f"{PROJECT}/src/a.py", "lines_added": 2,
                         "lines_removed": 1}  # fmt: skip
    part = Part("tool-result", values, f"call_{uuid}", tool)
    return message(f"r{uuid}", kind="tool_result", parts=(part,))


def paths(world: World, **filters: str) -> list[str]:
    """Return the paths of all files."""
    read_all(world)
    rows, _end = file_list.list_files(world.database, FileFilter(**filters))
    return [row.path for row in rows]


def groups(world: World, **filters: Any) -> list[tuple[str, str, int]]:  # noqa: ANN401 - any field
    """Return the failures by tool and kind."""
    read_all(world)
    counted = failure_list.group_failures(world.database, FailureFilter(**filters))
    return [(group.tool, group.kind, group.calls) for group in counted]


def test_a_change_is_listed_with_its_prompt_and_call(world: World) -> None:
    """By the names of their messages; a session's own list has the same file."""
    world.ingest(
        message("p1", "Fix it"), call("1"), result("1"), message("p2", "Again"), call("2"),
        result("2"),
    )  # fmt: skip
    read_all(world)
    file = file_list.find_file(world.database, PROJECT, f"{PROJECT}/src/a.py")
    assert file is not None
    assert (file.sessions, file.changes, file.lines_added, file.lines_removed) == (1, 2, 4, 2)
    changes = file_list.list_changes(world.database, file.key)
    assert [(change.call.name, change.prompt and change.prompt.name) for change in changes] == [
        ("a2", "p2"),
        ("a1", "p1"),
    ]
    (own,) = session_outline.changed_files(world.database, SESSION)
    assert (own.path, own.lines_added, len(own.edits)) == (file.path, 4, 2)


def test_a_subagents_change_belongs_to_the_prompt_that_led_to_the_subagent(world: World) -> None:
    """Also that of a subagent's subagent; the prompts in between are of later turns."""
    from ccsync_watch.model import Subagent  # noqa: PLC0415

    def agent(name: str, call_id: str, parent: str | None) -> Subagent:
        return Subagent(name, SESSION, "Explore", "look", call_id, parent, 1, None, None)

    inner = message("ai", kind="answer", role="assistant", agent_id="one",
                    parts=(Part("tool-call", {}, "call_inner", "Agent"),))  # fmt: skip
    edit = message("ae", kind="answer", role="assistant", agent_id="two",
                   parts=(Part("tool-call", {}, "call_e", "Edit"),))  # fmt: skip
    changed = Part("tool-result", {"ok": True, "path": f"{PROJECT}/x.py"}, "call_e", "Edit")
    world.ingest(
        message("p1", "First"),
        call("outer", "Agent"),
        message("p2", "Second"),
        inner,
        edit,
        message("re", kind="tool_result", agent_id="two", parts=(changed,)),
        subagents=(agent("one", "call_outer", None), agent("two", "call_inner", "one")),
    )
    read_all(world)
    file = file_list.find_file(world.database, PROJECT, f"{PROJECT}/x.py")
    assert file is not None
    (change,) = file_list.list_changes(world.database, file.key)
    assert change.call.agent_id == "two"
    assert change.prompt is not None
    assert change.prompt.name == "p1"


def test_a_result_that_does_not_name_its_file_is_of_the_one_that_was_called_for(
    world: World,
) -> None:
    """As those of subagents; how many lines it changed stays unknown."""
    called = Part("tool-call", {"file_path": f"{PROJECT}/x.py"}, "e1", "Edit")
    edit = message("ae", kind="answer", role="assistant", agent_id="one", parts=(called,))
    done = {"ok": True, "lines": 1, "bytes": 40}
    changed = Part("tool-result", done, "e1", "Edit")  # type: ignore[arg-type]
    lost = Part("tool-result", done, "e2", "Edit")  # type: ignore[arg-type]
    world.ingest(
        message("p1", "First"),
        edit,
        message("re", kind="tool_result", agent_id="one", parts=(changed, lost)),
    )
    read_all(world)
    file = file_list.find_file(world.database, PROJECT, f"{PROJECT}/x.py")
    assert file is not None
    assert (file.changes, file.lines_added, file.lines_removed) == (1, None, None)
    (own,) = session_outline.changed_files(world.database, SESSION)
    assert (own.path, own.lines_added, len(own.edits)) == (file.path, None, 1)
    (change,) = file_list.list_changes(world.database, file.key)
    assert change.written_path == file.path
    assert session_figures.count_work(world.database, SESSION).changed_files == 1


def test_pages_of_files_continue_where_the_last_ended(world: World) -> None:
    """In both orders, and with the filters by words of the path and by project."""
    names = ["b_c.py", "a%d.py", "e.txt"]
    for number, name in enumerate(names):
        at_ms = 1_790_000_000_000 + number
        part = Part("tool-result", {"ok": True, "path": f"{PROJECT}/{name}"}, name, "Write")
        world.ingest(message(name, kind="tool_result", parts=(part,), at_ms=at_ms))
    read_all(world)
    orders: tuple[tuple[file_list.FileSort, list[str]], ...] = (
        ("recent", ["e.txt", "a%d.py", "b_c.py"]),
        ("path", sorted(names)),
    )
    for sort, expected in orders:
        seen, end = [], None
        while True:
            rows, end = file_list.list_files(
                world.database,
                FileFilter(),
                sort=sort,
                after=end,
                limit=1,
            )
            seen += [row.path.removeprefix(f"{PROJECT}/") for row in rows]
            if end is None:
                break
        assert seen == expected
    assert paths(world, words="PROJECT .py %") == [f"{PROJECT}/a%d.py"]
    assert paths(world, words="_") == [f"{PROJECT}/b_c.py"]
    assert paths(world, project="/elsewhere") == []
    assert file_list.count_files(world.database, FileFilter(PROJECT, ".py")) == 2
    assert file_list.file_projects(world.database) == [PROJECT]


def test_worktrees_of_a_project_have_its_files(world: World) -> None:
    """A file of a worktree is the project's, and its change says where it was written."""
    written = f"{PROJECT}/.claude/worktrees/agent-1/src/a.py"
    world.ingest(call("1"), result("1", ok=True, path=written), call("2"), result("2"))
    assert paths(world) == [f"{PROJECT}/src/a.py"]
    file = file_list.find_file(world.database, PROJECT, f"{PROJECT}/src/a.py")
    assert file is not None
    changes = file_list.list_changes(world.database, file.key)
    assert {change.written_path for change in changes} == {written, f"{PROJECT}/src/a.py"}


def test_failures_are_counted_by_tool_and_kind(world: World) -> None:
    """A call that was denied did not run; one that succeeded is none of them."""
    world.ingest(
        call("1", "Bash"),
        result("1", "Bash", ok=False, exit_code=2, output="no"),
        result("2", "Bash", ok=False, exit_code=2),
        result("3", "Bash", ok=True, exit_code=0),
        result("4", "Edit", ok=False, denied="rejected by you"),
        result("5", "Read", ok=False, output="File does not exist."),
    )
    assert groups(world) == [
        ("Bash", "exit code 2", 2),
        ("Edit", "rejected by you", 1),
        ("Read", "not found", 1),
    ]
    assert groups(world, tool="Bash", kind="exit code 2") == [("Bash", "exit code 2", 2)]
    assert groups(world, project="/elsewhere") == []
    filters = FailureFilter(tool="Bash")
    calls = failure_list.list_failures(world.database, filters)
    # The call of the second one is not stored.
    assert [(item.call.name, item.arguments) for item in calls] == [
        ("r2", None),
        ("a1", {"file_path": "a.py"}),
    ]
    at_ms = 1_790_000_000_000
    bounds = [at_ms - 1, at_ms, at_ms + 1]
    assert failure_list.failures_between(world.database, filters, bounds) == [0, 2]
    assert failure_list.failures_by_project(world.database, filters) == [(PROJECT, 2)]
    assert failure_list.failure_projects(world.database) == [PROJECT]
    assert failure_list.first_failure_ms(world.database) == at_ms


def test_what_is_excluded_leaves_the_index_at_once(world: World) -> None:
    """Before anything is read again, and it comes back with the session."""
    world.ingest(call("1"), result("1"), result("2", "Bash", ok=False, exit_code=1))
    assert paths(world)
    with world.database.write() as connection:
        connection.execute("UPDATE sessions SET is_excluded = 1")
    for table in ("files", "file_changes", "failed_calls"):
        assert not world.database.read().execute(f"SELECT 1 FROM {table}").fetchall()  # noqa: S608
    names = [row[0] for row in world.database.read().execute("SELECT name FROM call_names")]
    assert PROJECT not in names
    assert (paths(world), groups(world)) == ([], [])
    with world.database.write() as connection:
        connection.execute("UPDATE sessions SET is_excluded = 0")
    assert paths(world) == [f"{PROJECT}/src/a.py"]
    assert groups(world) == [("Bash", "exit code 1", 1)]


def test_a_session_is_excluded_before_the_index_was_read_again(world: World) -> None:
    """Its messages are due already; they may become due once more."""
    world.ingest(call("1"), result("1"))
    assert paths(world)
    with world.database.write() as connection:
        connection.execute("UPDATE sessions SET project_path = '/home/user/renamed'")
        mark_excluded(connection, [SESSION], now_ms=0, is_released=True)
    assert paths(world) == []


def test_a_changed_result_changes_the_index(world: World) -> None:
    """A path that a later rule redacts is gone at once, and the other rows stay."""
    world.ingest(call("1"), result("1"), result("2", ok=True, path=f"{PROJECT}/secret.py"))
    assert len(paths(world)) == 2
    changed = result("2", ok=True, path=f"{PROJECT}/[REDACTED].py")
    world.ingest(changed)
    rows = world.database.read().execute("SELECT path FROM files").fetchall()
    assert [row[0] for row in rows] == [f"{PROJECT}/src/a.py"]
    assert set(paths(world)) == {f"{PROJECT}/src/a.py", f"{PROJECT}/[REDACTED].py"}


def test_a_file_is_as_old_as_the_last_change_that_is_left(world: World) -> None:
    """Also when both of its changes are read again at once."""
    for number in (1, 2):
        part = Part("tool-result", {"ok": True, "path": "/x"}, f"t{number}", "Edit")
        at_ms = 1_790_000_000_000 + number
        world.ingest(message(f"r{number}", kind="tool_result", parts=(part,), at_ms=at_ms))
    read_all(world)
    assert _changed_ms(world) == [1_790_000_000_002]
    with world.database.write() as connection:
        connection.execute("DELETE FROM parts WHERE tool_use_id = 't2'")
    assert _changed_ms(world) == [1_790_000_000_001]
    with world.database.write() as connection:
        connection.execute("UPDATE sessions SET project_path = '/moved'")
    read_all(world)
    assert _changed_ms(world) == [1_790_000_000_001]
    assert file_list.file_projects(world.database) == ["/moved"]


def _changed_ms(world: World) -> list[int]:
    rows = world.database.read().execute("SELECT changed_ms FROM files").fetchall()
    return [row[0] for row in rows]


def test_copies_of_other_sessions_are_not_counted(world: World) -> None:
    """Whether that is known when they are read, or only later."""
    world.ingest(call("1"), result("1"))
    copied = call("1", session_id=OTHER, is_inherited=True)
    part = result("1").parts
    inherited = message("r1", session_id=OTHER, kind="tool_result", parts=part, is_inherited=True)
    world.ingest(copied, inherited, session_id=OTHER, forked_from=SESSION)
    read_all(world)
    file = file_list.find_file(world.database, PROJECT, f"{PROJECT}/src/a.py")
    assert file is not None
    assert (file.sessions, file.changes) == (1, 1)
    with world.database.write() as connection:
        connection.execute("UPDATE compact_messages SET is_inherited = 1")
    assert paths(world) == []


def test_everything_is_read_in_steps(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step ends when its time is over; nothing is left out or counted twice."""
    monkeypatch.setattr(call_index, "_HOLD_SECONDS", -1.0)
    world.ingest(*(result(str(number)) for number in range(5)))
    # Our header of the session is a message too.
    assert call_index.count_unread(world.database) >= 5
    assert read_all(world) >= 5
    assert call_index.count_unread(world.database) == 0
    (row,), _end = file_list.list_files(world.database, FileFilter())
    assert row.changes == 5

"""The client's list of tasks, from its calls and what the client answers to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccsync_watch.transcripts.call_outcome import read_outcome
from ccsync_watch.transcripts.task_list import ListedTask, TaskList

if TYPE_CHECKING:
    from ccsync_watch.transcripts.task_list import TasksAfter


def apply(
    tasks: TaskList, tool: str, output: str | None, /, *, ok: bool = True, **arguments: str
) -> TasksAfter:
    """Apply a call with the client's answer; without one the call has no result."""
    outcome = None if output is None else read_outcome({"ok": ok, "output": output})
    return tasks.apply(tool, dict(arguments), outcome)


def created(*subjects: str) -> TaskList:
    """Return a list with these tasks."""
    tasks = TaskList()
    for number, subject in enumerate(subjects, 1):
        answer = f"Task #{number} created successfully: {subject}"
        apply(tasks, "TaskCreate", answer, subject=subject, activeForm=f"{subject}ing")
    return tasks


def update(tasks: TaskList, number: str, **values: Any) -> TasksAfter:  # noqa: ANN401 - texts
    """Apply a change to a task."""
    answer = f"Updated task #{number} {', '.join(values)}\n\nTask completed."
    return apply(tasks, "TaskUpdate", answer, taskId=number, **values)


def test_tasks_are_created_changed_and_deleted() -> None:
    """Each call says which task it changed; the order is that of their creation."""
    tasks = created("Sow", "Water", "Weed")
    assert update(tasks, "1", status="completed").changed == "1"
    update(tasks, "2", status="in_progress", subject="Water all", activeForm="Watering")
    after = update(tasks, "3", status="deleted")
    assert after.changed == "3"
    assert after.tasks == (
        ListedTask("1", "Sow", "completed", "Sowing"),
        ListedTask("2", "Water all", "in_progress", "Watering"),
    )


def test_what_the_client_did_not_do_changes_nothing() -> None:
    """An unknown task is not an error to it; a call may have failed, or have no result yet."""
    tasks = created("Sow")
    before = apply(tasks, "TaskUpdate", "Task #9 not found", taskId="9", status="completed")
    assert before.tasks == (ListedTask("1", "Sow", "pending", "Sowing"),)
    assert before.changed is None
    for answer, ok in ((None, True), ("Updated task #1 status", False), ("", True)):
        after = apply(tasks, "TaskUpdate", answer, ok=ok, taskId="1", status="completed")
        assert after == before
    assert apply(tasks, "TaskCreate", "A hook says no", subject="Reap") == before


def test_a_list_that_is_read_corrects_it() -> None:
    """What others created is in it; a long list is stored in part, so nothing else is dropped."""
    tasks = created("Sow", "Water")
    listed = "#2 [completed] Water (ana)\n#7 [pending] Reap [blocked by #2, #3]\nno task"
    after = apply(tasks, "TaskList", listed)
    assert [(task.number, task.subject, task.status) for task in after.tasks] == [
        ("1", "Sow", "pending"), ("2", "Water", "completed"), ("7", "Reap", "pending"),
    ]  # fmt: skip
    assert after.changed is None
    assert apply(tasks, "TaskList", "No tasks found").tasks == ()


def test_a_task_of_another_session_has_a_number_only() -> None:
    """Members of a team share one list."""
    after = update(TaskList(), "4", status="completed")
    assert after.tasks == (ListedTask("4", "", "completed"),)

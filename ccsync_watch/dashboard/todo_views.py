"""How lists of what to do are shown: of older clients, and the tasks of newer ones; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.dashboard.tool_blocks import Block, Item, ToolView, text_of
from ccsync_watch.transcripts.fields import mapping

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from ccsync_watch.model import JsonValue
    from ccsync_watch.transcripts.call_outcome import CallOutcome
    from ccsync_watch.transcripts.task_list import ListedTask, TasksAfter

    Arguments: TypeAlias = dict[str, JsonValue]

_MARKS = {"completed": "done", "in_progress": "active", "pending": "open"}


def todos(values: Arguments, _outcome: CallOutcome | None, _folder: str | None) -> ToolView:
    """Return the view of a call that writes a whole list."""
    listed = values.get("todos")
    if not isinstance(listed, list):
        return ToolView(summary="", output=None)
    items = []
    current = ""
    for todo in listed:
        entry = mapping({"content": todo} if isinstance(todo, str) else todo)
        items.append(_item(text_of(entry, "content", "subject"), text_of(entry, "status")))
        if items[-1].mark == "active" and not current:
            current = text_of(entry, "activeForm", "content")
    block = Block("checklist", items=items)
    return ToolView(summary=_progress(items, current), blocks=[block], output=None)


def task(values: Arguments, _outcome: CallOutcome | None, _folder: str | None) -> ToolView:
    """Return the view of a call that creates or changes a task, or reads some."""
    description = text_of(values, "description")
    blocks = [Block("prose", text=description)] if description else []
    subject = text_of(values, "subject", "activeForm")
    return ToolView(summary=_change(values, "", subject), blocks=blocks, output="text")


def add_tasks(view: ToolView, values: Arguments, after: TasksAfter) -> None:
    """Add the whole list to the view of a call, and to its line the task that it changed."""
    changed = next((task for task in after.tasks if task.number == after.changed), None)
    if changed is not None:
        view.summary = _change(values, changed.number, changed.subject)
    state = task_progress(after.tasks)
    if view.summary:
        view.notes = [*view.notes, state]
    else:
        view.summary = state
    items = [_item(task.subject or f"#{task.number}", task.status) for task in after.tasks]
    view.blocks = [*view.blocks, Block("checklist", items=items)]
    view.output = None


def task_progress(tasks: Sequence[ListedTask]) -> str:
    """Return how many of the tasks are done, and which one is being done."""
    current = next((task for task in tasks if task.status == "in_progress"), None)
    return _progress(
        [_item(task.subject, task.status) for task in tasks],
        (current.doing or current.subject) if current else "",
    )


def _item(text: str, status: str) -> Item:
    return Item(text, _MARKS.get(status, "open"))


def _progress(items: Sequence[Item], current: str) -> str:
    done = sum(item.mark == "done" for item in items)
    return f"{done}/{len(items)}" + (f" · {current}" if current else "")


def _change(values: Arguments, number: str, subject: str) -> str:
    number = number or text_of(values, "taskId", "task_id")
    status = text_of(values, "status").replace("_", " ")
    name = " ".join(filter(None, (f"#{number}" if number else "", subject)))
    return " · ".join(filter(None, (name, status)))

"""The client's list of tasks, which its calls build one by one; pure.

Newer clients have it instead of `TodoWrite`, whose every call has the whole list. All
conversations of a session share it. A call whose result is not stored changes nothing here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ccsync_watch.transcripts.fields import mapping, text

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue
    from ccsync_watch.transcripts.call_outcome import CallOutcome

TASK_TOOLS = ("TaskCreate", "TaskUpdate", "TaskList")

# What the client answers; a call that it could not do is not an error to it.
_CREATED = re.compile(r"Task #(\S+) created successfully")
_UPDATED = re.compile(r"Updated task #(\S+)")
_LISTED = re.compile(r"^#(\S+) \[(\w+)\] (.+)$", re.MULTILINE)
_NOTHING_LISTED = "No tasks found"
_BLOCKED = re.compile(r" \[blocked by #[^\]]*\]$")


@dataclass(frozen=True, slots=True)
class ListedTask:
    """One task: its number, what it is called, and while it is done; `status` as the client's."""

    number: str
    subject: str
    status: str = "pending"
    doing: str = ""


@dataclass(frozen=True, slots=True)
class TasksAfter:
    """The list as it was after a call, which changed the task of the number `changed`, if any."""

    tasks: tuple[ListedTask, ...]
    changed: str | None


@dataclass(slots=True)
class TaskList:
    """The list after the calls that were applied, in their order."""

    _tasks: dict[str, ListedTask] = field(default_factory=dict)

    def apply(self, tool: str, arguments: JsonValue, outcome: CallOutcome | None) -> TasksAfter:
        """Apply a call of one of `TASK_TOOLS`, and return the list after it."""
        changed = None
        if outcome is not None and outcome.is_ok and outcome.output:
            values = mapping(arguments)
            if tool == "TaskCreate":
                changed = self._create(values, outcome.output)
            elif tool == "TaskUpdate":
                changed = self._update(values, outcome.output)
            elif tool == "TaskList":
                self._read(outcome.output)
        return TasksAfter(tuple(self._tasks.values()), changed)

    def _create(self, values: dict[str, JsonValue], output: str) -> str | None:
        created = _CREATED.match(output)
        if not created:
            return None
        number = created[1]
        subject, doing = (text(values.get(name)) or "" for name in ("subject", "activeForm"))
        self._tasks[number] = ListedTask(number, subject, doing=doing)
        return number

    def _update(self, values: dict[str, JsonValue], output: str) -> str | None:
        updated = _UPDATED.match(output)
        if not updated:
            return None
        number = updated[1]
        status = text(values.get("status"))
        if status == "deleted":
            self._tasks.pop(number, None)
            return number
        # One that another session of a team created has a number only.
        task = self._tasks.get(number) or ListedTask(number, "")
        self._tasks[number] = replace(
            task,
            subject=text(values.get("subject")) or task.subject,
            status=status or task.status,
            doing=text(values.get("activeForm")) or task.doing,
        )
        return number

    def _read(self, output: str) -> None:
        if output.startswith(_NOTHING_LISTED):
            self._tasks.clear()
        # A long list is stored in part: what it does not name may still be in it.
        for number, status, line in _LISTED.findall(output):
            task = self._tasks.get(number) or ListedTask(number, "")
            subject = task.subject or _BLOCKED.sub("", line)
            self._tasks[number] = replace(task, subject=subject, status=status)

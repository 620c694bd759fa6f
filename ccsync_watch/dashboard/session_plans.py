"""The plans of a session, and its list of what to do: after each call, and as it was last."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.dashboard.todo_views import task_progress
from ccsync_watch.dashboard.tool_views import build_view
from ccsync_watch.store import session_outline
from ccsync_watch.transcripts.call_outcome import read_outcome
from ccsync_watch.transcripts.task_list import TASK_TOOLS, TaskList

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ccsync_watch.dashboard.tool_blocks import ToolView
    from ccsync_watch.store.database import Database
    from ccsync_watch.store.session_outline import ToolUse
    from ccsync_watch.transcripts.call_outcome import CallOutcome
    from ccsync_watch.transcripts.task_list import TasksAfter

_PLAN = "ExitPlanMode"
_LIST = "TodoWrite"


class ShownPlan(NamedTuple):
    """A plan or a list as it is shown; `name` is that of its message in links.

    `state` says what became of a plan, and how much of a list is done. `agent_id` is the subagent
    that changed the list last, if one did.
    """

    name: str
    agent_id: str | None
    title: str
    state: str
    view: ToolView


def load_plans(database: Database, session_id: str) -> list[ShownPlan]:
    """Return the plans of a session in its order, then its last list of what to do."""
    calls = session_outline.calls_of(database, session_id, (_PLAN, _LIST, *TASK_TOOLS))
    states = _apply_all(calls)
    # Tasks are the session's; a subagent's plans and other lists are its own.
    calls = [call for call in calls if call.tool in TASK_TOOLS or call.agent_id is None]
    plans = [call for call in calls if call.tool == _PLAN]
    lists = [call for call in calls if call.tool != _PLAN]
    shown = []
    for call in [*plans, *lists[-1:]]:
        outcome = _outcome_of(call)
        tasks = states.get(call.call_id)
        view = build_view(call.tool, call.arguments, outcome, tasks=tasks)
        if not view.blocks or (tasks is not None and not tasks.tasks):
            continue
        if call.tool == _PLAN:
            title, state = "Plan", _fate(outcome)
        else:
            title, state = "To do", task_progress(tasks.tasks) if tasks else view.summary
        shown.append(ShownPlan(call.name, call.agent_id, title, state, view))
    return shown


def load_task_lists(database: Database, session_id: str) -> dict[str | None, TasksAfter]:
    """Return the client's list of tasks after each call that has to do with it, by the call."""
    return _apply_all(session_outline.calls_of(database, session_id, TASK_TOOLS))


def _apply_all(calls: Iterable[ToolUse]) -> dict[str | None, TasksAfter]:
    tasks = TaskList()
    return {
        call.call_id: tasks.apply(call.tool, call.arguments, _outcome_of(call))
        for call in calls
        if call.tool in TASK_TOOLS
    }


def _outcome_of(call: ToolUse) -> CallOutcome | None:
    return None if call.result is None else read_outcome(call.result)


def _fate(outcome: CallOutcome | None) -> str:
    if outcome is None:
        return "not answered"
    if outcome.is_ok:
        return "approved"
    return "rejected" if outcome.denied else outcome.label

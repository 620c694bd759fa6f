"""The plans of a session, and its list of what to do as it was last."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.dashboard.tool_views import build_view
from ccsync_watch.store import session_outline
from ccsync_watch.transcripts.call_outcome import read_outcome

if TYPE_CHECKING:
    from ccsync_watch.dashboard.tool_blocks import ToolView
    from ccsync_watch.store.database import Database
    from ccsync_watch.transcripts.call_outcome import CallOutcome

_PLAN = "ExitPlanMode"
_LIST = "TodoWrite"


class ShownPlan(NamedTuple):
    """A plan or a list as it is shown; `name` is that of its message in links.

    `state` says what became of a plan, and how much of a list is done.
    """

    name: str
    title: str
    state: str
    view: ToolView


def load_plans(database: Database, session_id: str) -> list[ShownPlan]:
    """Return the plans of a session in its order, then its last list of what to do."""
    calls = session_outline.calls_of(database, session_id, (_PLAN, _LIST))
    plans = [call for call in calls if call.tool == _PLAN]
    lists = [call for call in calls if call.tool == _LIST]
    shown = []
    for call in [*plans, *lists[-1:]]:
        outcome = None if call.result is None else read_outcome(call.result)
        view = build_view(call.tool, call.arguments, outcome)
        if not view.blocks:
            continue
        is_plan = call.tool == _PLAN
        title, state = ("Plan", _fate(outcome)) if is_plan else ("To do", view.summary)
        shown.append(ShownPlan(call.name, title, state, view))
    return shown


def _fate(outcome: CallOutcome | None) -> str:
    if outcome is None:
        return "not answered"
    if outcome.is_ok:
        return "approved"
    return "rejected" if outcome.denied else outcome.label

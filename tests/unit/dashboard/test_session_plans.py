"""A session's page has its plans and its last list of what to do, each with a link to its call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccsync_watch.dashboard.session_plans import load_plans
from ccsync_watch.model import Part
from support.storing import SESSION, message

if TYPE_CHECKING:
    from ccsync_watch.model import Message
    from support.dashboard_visitor import Visitor
    from support.storing import World


def called(number: int, tool: str, arguments: Any) -> Message:  # noqa: ANN401 - JSON
    """Return an answer with a call."""
    part = Part("tool-call", arguments, f"t{number}", tool)
    return message(f"a{number}", parts=(part,), kind="answer", role="assistant")


def answered(number: int, tool: str, *, ok: bool) -> Message:
    """Return the result of a call."""
    denied = {} if ok else {"denied": "by you"}
    part = Part("tool-result", {"ok": ok, "output": "said", **denied}, f"t{number}", tool)
    return message(f"r{number}", parts=(part,), kind="tool_result")


def todos(*states: str) -> dict[str, Any]:
    """Return the arguments of a call that writes a list."""
    return {
        "todos": [{"content": f"Step {at}", "status": state} for at, state in enumerate(states)]
    }


def test_plans_say_what_became_of_them_and_the_last_list_stands(
    visitor: Visitor, world: World
) -> None:
    """A list is replaced by the next one; a plan without a result is open."""
    world.ingest(
        message("u1", "Plan it"),
        called(1, "TodoWrite", todos("pending", "pending")),
        called(2, "ExitPlanMode", {"plan": "# First\n1. <b>one</b>"}),
        answered(2, "ExitPlanMode", ok=False),
        called(3, "ExitPlanMode", {"plan": "Second"}),
        answered(3, "ExitPlanMode", ok=True),
        called(4, "TodoWrite", todos("completed", "in_progress", "pending")),
        called(5, "ExitPlanMode", {"plan": "Third"}),
        called(6, "Bash", {"command": "ls"}),
    )
    plans = load_plans(world.database, SESSION)
    assert [(plan.title, plan.state.split(" ")[0]) for plan in plans] == [
        ("Plan", "rejected"), ("Plan", "approved"), ("Plan", "not"), ("To do", "1/3"),
    ]  # fmt: skip
    page = visitor.get(f"/sessions/{SESSION}").text
    shown = page.split('id="plans"')[1].split("</details>")[0]
    for text in ("3 plans", "1/3", "rejected", "Second", "Step 2", "at=a4#m-a4"):
        assert text in shown
    assert "<b>one</b>" not in shown


def test_a_session_without_plans_has_no_section(visitor: Visitor, world: World) -> None:
    """Nor has one whose calls' arguments are not stored."""
    world.ingest(message("u1"), called(1, "TodoWrite", {}), called(2, "ExitPlanMode", {}))
    assert load_plans(world.database, SESSION) == []
    assert 'id="plans"' not in visitor.get(f"/sessions/{SESSION}").text

"""A session's page has its plans and its last list of what to do, each with a link to its call."""

from __future__ import annotations

from dataclasses import replace
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


def task(number: int, tool: str, output: str, **arguments: str) -> tuple[Message, Message]:
    """Return a call that has to do with the list of tasks, and its result."""
    part = Part("tool-result", {"ok": True, "output": output}, f"t{number}", tool)
    return called(number, tool, arguments), message(f"r{number}", parts=(part,), kind="tool_result")


def test_the_list_of_tasks_is_shown_after_each_call(visitor: Visitor, world: World) -> None:
    """Newer clients change it task by task; at the top it stands as it was last."""
    world.ingest(
        message("u1", "Do it"),
        *task(1, "TaskCreate", "Task #1 created successfully: Sow", subject="Sow"),
        *task(2, "TaskCreate", "Task #2 created successfully: <i>", subject="<i>", activeForm="Up"),
        *task(3, "TaskUpdate", "Updated task #1 status", taskId="1", status="completed"),
        *task(4, "TaskUpdate", "Updated task #2 status", taskId="2", status="in_progress"),
        called(5, "TaskUpdate", {"taskId": "2", "status": "completed"}),
    )
    (plan,) = load_plans(world.database, SESSION)
    assert (plan.title, plan.state, plan.name) == ("To do", "1/2 · Up", "a5")
    assert [(item.text, item.mark) for item in plan.view.blocks[-1].items] == [
        ("Sow", "done"), ("<i>", "active"),
    ]  # fmt: skip
    page = visitor.get(f"/sessions/{SESSION}").text
    calls = [call.split("</details>")[0] for call in page.split('<b class="tool">')[1:]]
    for call, summary, state, boxes in (
        (calls[0], "#1 Sow", "0/1", "☐"),
        (calls[1], "#2 &lt;i&gt;", "0/2", "☐☐"),
        (calls[2], "#1 Sow · completed", "1/2", "☑☐"),
        (calls[3], "#2 &lt;i&gt; · in progress", "1/2 · Up", "☑◐"),
        (calls[4], "#2 · completed", "1/2 · Up", "☑◐"),
    ):
        assert f">{summary}</code>" in call
        assert f">{state}</span>" in call
        assert "".join(sign for sign in call if sign in "☑◐☐") == boxes


def test_a_subagents_tasks_are_of_its_sessions_list(visitor: Visitor, world: World) -> None:
    """The link leads to the subagent that changed the list last; its own `TodoWrite` is its own."""
    first, result = task(1, "TaskCreate", "Task #1 created successfully: Sow", subject="Sow")
    todo = replace(called(2, "TodoWrite", todos("pending")), agent_id="agent1")
    world.ingest(message("u1"), todo)
    assert load_plans(world.database, SESSION) == []
    world.ingest(replace(first, agent_id="agent1"), replace(result, agent_id="agent1"))
    (plan,) = load_plans(world.database, SESSION)
    assert (plan.agent_id, plan.state) == ("agent1", "0/1")
    assert "?agent=agent1&amp;at=a1#m-a1" in visitor.get(f"/sessions/{SESSION}").text


def test_the_tasks_of_all_conversations_change_by_time(world: World) -> None:
    """A subagent's file may be imported after what came later; each keeps its own order."""

    def at(ms: int, agent: str | None, *said: Message) -> list[Message]:
        start = 1_790_000_000_000
        return [replace(item, agent_id=agent, timestamp_ms=start + ms) for item in said]

    started = task(3, "TaskUpdate", "Updated task #1 status", taskId="1", status="in_progress")
    world.ingest(
        *at(1, None, *task(1, "TaskCreate", "Task #1 created successfully: Sow", subject="Sow")),
        *at(9, None, *task(2, "TaskUpdate", "Updated task #1", taskId="1", status="completed")),
        *at(5, "agent1", *started),
    )
    (plan,) = load_plans(world.database, SESSION)
    assert (plan.agent_id, plan.state) == (None, "1/1")
    renamed = task(4, "TaskUpdate", "Updated task #1 subject", taskId="1", subject="Reap")
    world.ingest(*at(2, None, *renamed))
    (plan,) = load_plans(world.database, SESSION)
    assert (plan.name, plan.state) == ("a4", "1/1")


def test_a_session_without_plans_has_no_section(visitor: Visitor, world: World) -> None:
    """Nor has one whose calls' arguments are not stored."""
    world.ingest(message("u1"), called(1, "TodoWrite", {}), called(2, "ExitPlanMode", {}))
    assert load_plans(world.database, SESSION) == []
    assert 'id="plans"' not in visitor.get(f"/sessions/{SESSION}").text

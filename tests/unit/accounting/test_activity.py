"""What was done, by tool and by session."""

from __future__ import annotations

from typing import Any

import pytest

from ccsync_watch.accounting import activity
from ccsync_watch.dashboard.conversation import build_timeline
from ccsync_watch.model import Part
from ccsync_watch.store.conversations import timeline_steps
from support.accounting_store import DAY_MS, NOON_MS, fill_two_projects
from support.storing import SESSION, World, message


def test_by_tool(world: World) -> None:
    """Calls, denials and time; a denied call did not fail, as it did not run."""
    fill_two_projects(world)
    bash, edit = activity.by_tool(world.database)
    assert (bash.tool, bash.calls, bash.errors, bash.denied) == ("Bash", 1, 0, 1)
    assert (bash.error_rate, edit.error_rate, edit.total_ms) == (0.0, 0.0, 2)
    assert activity.by_tool(world.database, since_ms=NOON_MS + DAY_MS) == []


def test_of_two_results_in_a_row_only_the_one_that_was_denied_counts(world: World) -> None:
    """The row says of neither of them that it is the one."""
    outcome: dict[str, Any] = {"ok": False, "durationMs": 7, "denied": "rejected by you"}
    fine = Part("tool-result", {"ok": True, "durationMs": 5}, "t1", "Bash")
    denied = Part("tool-result", outcome, "t2", "Bash")
    facts: dict[str, Any] = {"denial": "user-rejected"}
    world.ingest(message("r1", kind="tool_result", role="tool", parts=(fine, denied), facts=facts))
    (bash,) = activity.by_tool(world.database)
    assert (bash.results, bash.errors, bash.denied, bash.total_ms) == (2, 0, 1, 5)


def test_a_time_that_cannot_be_is_unknown(world: World) -> None:
    """The sum of two is infinite, a negative one takes from the others; the store may have them."""
    times: list[Any] = [1e308, 1e308, -1e300, "5", 3]
    results = [
        Part("tool-result", {"ok": True, "durationMs": took}, f"t{number}", "Bash")
        for number, took in enumerate(times)
    ]
    world.ingest(message("r1", kind="tool_result", role="tool", parts=tuple(results)))
    (bash,) = activity.by_tool(world.database)
    assert (bash.results, bash.total_ms) == (5, 3)
    assert activity.by_session_id(world.database)[SESSION].tool_ms == 3


class TestTurns:
    """An answer that ends a turn, on clients that say so and on clients that do not."""

    def test_an_answer_without_a_stop_reason_ends_a_turn_before_what_the_user_does(
        self, world: World
    ) -> None:
        """The client wrote the row before the response ended; nothing of it comes later."""
        call = Part("tool-call", {}, "t1", "Bash")
        answer: dict[str, Any] = {"kind": "answer", "role": "assistant"}
        world.ingest(
            message("u1"),
            message("a1", usage_id="m1", parts=(call,), **answer),
            message("r1", kind="tool_result", role="tool"),
            message("a2", usage_id="m2", **answer),
            message("a3", usage_id="m2", **answer),
            message("u2"),
            message("a4", usage_id="m3", **answer),
            message("i1", kind="interrupt", role="system"),
            message("u3"),
            message("a5", usage_id="m4", **answer),
        )
        assert activity.by_session_id(world.database)[SESSION].turns == 3
        steps = list(timeline_steps(world.database, SESSION))
        assert len(build_timeline(steps).turns) == 3

    @pytest.mark.parametrize(
        ("rows", "turns"),
        [
            (["prompt", "tool", "interrupt", "prompt", "end"], 2),
            (["prompt", "tool", "interrupt", "interrupt", "prompt", "end"], 2),
            (["prompt", "end", "interrupt", "prompt", "end"], 2),
            (["prompt", "error", "prompt", "end"], 2),
            (["prompt", "retry", "retry", "error", "prompt", "end"], 2),
            (["prompt", "retry", "interrupt", "prompt", "end"], 2),
            (["prompt", "retry", "end", "error"], 1),
            (["prompt", "end", "retry", "error"], 1),
            (["prompt", "error", "end", "prompt", "end"], 2),
            (["prompt", "tool", "error", "tool", "end"], 1),
            (["prompt", "interrupt", "prompt", "end"], 1),
        ],
    )
    def test_what_was_interrupted_or_failed_is_over_too(
        self, world: World, rows: list[str], turns: int
    ) -> None:
        """The same on the page, which shows that it failed."""
        answer = {"kind": "answer", "role": "assistant", "model": "claude-opus"}
        kinds: dict[str, dict[str, Any]] = {
            "prompt": {},
            "tool": {**answer, "facts": {"stop_reason": "tool_use"}},
            "end": {**answer, "facts": {"stop_reason": "end_turn"}},
            "interrupt": {"kind": "interrupt", "role": "system"},
            "retry": {"kind": "api_error", "role": "system"},
            "error": {"kind": "api_error", "role": "assistant"},
        }
        world.ingest(*(message(f"r{number}", **kinds[row]) for number, row in enumerate(rows)))
        assert activity.by_session_id(world.database)[SESSION].turns == turns
        steps = list(timeline_steps(world.database, SESSION))
        assert len(build_timeline(steps).turns) == turns

    def test_what_continues_an_answer_is_the_same_turn(self, world: World) -> None:
        """The feedback of a Stop hook, a refusal that is tried again, local commands between."""
        end: dict[str, Any] = {
            "kind": "answer", "role": "assistant", "facts": {"stop_reason": "end_turn"}
        }  # fmt: skip
        world.ingest(
            message("u1"),
            message("a1", usage_id="m1", **end),
            message("c1", kind="command"),
            message("o1", kind="command_output"),
            message("u2"),
            message("a2", usage_id="m2", **end),
            message("f1", kind="injected"),
            message("a3", usage_id="m3", **end),
            message("x1", **end),
            message("n1", kind="notification"),
            message("a4", usage_id="m4", **end),
        )
        assert activity.by_session_id(world.database)[SESSION].turns == 3
        steps = list(timeline_steps(world.database, SESSION))
        assert [turn.seq for turn in build_timeline(steps).turns] == [
            step.seq for step in steps if step.kind in {"prompt", "notification"}
        ]

    @pytest.mark.parametrize(("tool", "turns"), [("StructuredOutput", 1), ("Bash", 0)])
    def test_the_last_answer_of_a_schema_is_a_call(
        self, world: World, tool: str, turns: int
    ) -> None:
        """Nothing follows its result."""
        call = Part("tool-call", {}, "t1", tool)
        world.ingest(
            message("u1"),
            message("a1", usage_id="m1", kind="answer", role="assistant", parts=(call,),
                    facts={"stop_reason": "tool_use"}),
            message("r1", kind="tool_result", role="tool"),
        )  # fmt: skip
        assert activity.by_session_id(world.database)[SESSION].turns == turns

    def test_a_compaction_counts_once_with_or_without_its_boundary(self, world: World) -> None:
        """Older clients wrote the summary only; it is not a prompt."""
        world.ingest(
            message("s1", kind="summary", role="system"),
            message("c2", kind="compaction", role="system"),
            message("s2", kind="summary", role="system"),
        )
        done = activity.by_session_id(world.database)[SESSION]
        assert (done.compactions, done.prompts) == (2, 0)


def test_a_session_is_counted_as_among_all(world: World) -> None:
    """The calls, errors and prompts of one, without what takes longer to count."""
    call = Part("tool-call", {}, "t1", "Bash")
    failed = Part("tool-result", {"ok": False, "output": "no"}, "t1", "Bash")
    denied = Part("tool-result", {"ok": False, "denied": "user"}, "t2", "Bash")
    world.ingest(
        message("u1"),
        message("a1", parts=(call,), kind="answer", role="assistant"),
        message("r1", parts=(failed, denied), kind="tool_result"),
        message("c1", kind="compaction"),
        message("e1", kind="api_error", role="assistant"),
        message("e2", kind="api_error", role="system"),
    )
    counted = activity.count_session(world.database, SESSION)
    whole = activity.by_session_id(world.database)[SESSION]
    names = ("prompts", "tool_calls", "tool_errors", "compactions", "api_errors")
    values = [getattr(counted, name) for name in names]
    assert values == [getattr(whole, name) for name in names] == [1, 1, 1, 1, 1]
    assert activity.count_session(world.database, "unknown") == activity.Activity()

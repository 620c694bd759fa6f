"""What hooks did becomes notices, with the hook's name and what it said."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from support.lines import Writer
from support.parsing import read_contents, read_message, read_row


def attachment(kind: str, **values: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Return a hook's row."""
    values = {"type": kind, "hookName": "PreToolUse:Bash", "hookEvent": "PreToolUse", **values}
    return Writer().row("attachment", body_first=True, attachment=values)


@pytest.mark.parametrize(
    ("row", "label", "words"),
    [
        (
            attachment("hook_non_blocking_error", exitCode=3,
                       stderr="Failed with non-blocking status code: no disk", stdout="o"),
            "hook PreToolUse:Bash failed (exit 3)", "no disk",
        ),
        (
            attachment("hook_non_blocking_error", stderr=" ", stdout="", command="lint.sh"),
            "hook PreToolUse:Bash failed", "lint.sh",
        ),
        (
            attachment("hook_blocking_error",
                       blockingError={"blockingError": "not on Friday", "command": "c"}),
            "hook PreToolUse:Bash blocked", "not on Friday",
        ),
        (
            attachment("hook_blocking_error",
                       blockingError={"blockingError": "[/b/c -x]: [c]: no", "command": "/b/c -x"}),
            "hook PreToolUse:Bash blocked", "[c]: no",
        ),
        (
            attachment("hook_blocking_error",
                       blockingError={"blockingError": "[lint]: no", "command": "c"}),
            "hook PreToolUse:Bash blocked", "[lint]: no",
        ),
        (
            attachment("hook_blocking_error", blockingError="no"),
            "hook PreToolUse:Bash blocked", "no",
        ),
        (
            attachment("hook_system_message", hookName="Stop", content="Remember the tests"),
            "hook Stop says", "Remember the tests",
        ),
        (
            attachment("hook_system_message", hookName="Claude Code", content="Too large"),
            "Claude Code says", "Too large",
        ),
        (
            attachment("hook_additional_context", hookName=None, hookEvent="SessionStart",
                       content=["one", 5, "two"]),
            "hook SessionStart added context", "one\ntwo",
        ),
        (
            attachment("hook_cancelled", timedOut=True, timeoutMs=1500, command="slow.sh"),
            "hook PreToolUse:Bash timed out after 1.5 s", "slow.sh",
        ),
        (attachment("hook_cancelled"), "hook PreToolUse:Bash was cancelled", ""),
        (
            attachment("hook_stopped_continuation", message="enough"),
            "hook PreToolUse:Bash stopped Claude", "enough",
        ),
        (
            attachment("hook_error_during_execution", content="spawn failed"),
            "hook PreToolUse:Bash failed", "spawn failed",
        ),
        (
            attachment("hook_permission_decision", hookName=None, hookEvent="PermissionRequest",
                       decision="allow"),
            "hook PermissionRequest decided: allow", "",
        ),
        (
            attachment("hook_deferred_tool", toolName="Write"),
            "hook PreToolUse:Bash deferred a call", "Write",
        ),
        (
            attachment("hook_success", content="the branch is main", stdout="the branch is main\n"),
            "hook PreToolUse:Bash added context", "the branch is main",
        ),
        (
            attachment("async_hook_response", response={"systemMessage": "built"}, exitCode=0),
            "hook PreToolUse:Bash says", "built",
        ),
        (
            attachment("async_hook_response", response={}, stdout="done", exitCode=0),
            "hook PreToolUse:Bash says", "done",
        ),
        (
            attachment("async_hook_response", response={}, stderr="crash", exitCode=1),
            "hook PreToolUse:Bash failed (exit 1)", "crash",
        ),
    ],
)  # fmt: skip
def test_a_hook_that_failed_blocked_or_spoke_is_a_notice(
    row: dict[str, Any], label: str, words: str
) -> None:
    """Its label says which hook, and what it did."""
    assert read_contents(row) == ("system", "notice", [{"label": label, "text": words}])


@pytest.mark.parametrize(
    "row",
    [
        attachment("hook_success", content="", stdout="{}\n", exitCode=0),
        attachment("hook_success"),
        attachment("hook_success", content="", stdout='{"updatedInput"', exitCode=0),
        attachment("hook_system_message", content=" "),
        attachment("hook_additional_context", content=[]),
        attachment("async_hook_response", response={"async": True}, exitCode=0),
        attachment("async_hook_response_batch", hooks=[]),
        Writer().row("system", subtype="stop_hook_summary", hookCount=2, hookErrors=[],
                     hookAdditionalContext=[], preventedContinuation=False, stopReason=""),
    ],
)  # fmt: skip
def test_a_silent_success_is_left_out(row: dict[str, Any]) -> None:
    """Nobody said anything."""
    assert read_row(row).messages == []


@pytest.mark.parametrize(
    ("more", "labels"),
    [
        ({}, ["failed or blocked", "failed or blocked"]),
        ({"failedHookErrorIndexes": [1]}, ["blocked", "failed"]),
    ],
)
def test_the_summary_of_stop_hooks_says_what_failed_and_stopped(
    more: dict[str, Any], labels: list[str]
) -> None:
    """Older clients write nothing else of them, and not which of them failed."""
    row = Writer().row(
        "system",
        subtype="stop_hook_summary",
        hookCount=3,
        hookErrors=["Failed with non-blocking status code: a", {"error": "b"}],
        hookAdditionalContext=["look at c", "and d"],
        preventedContinuation=True,
        stopReason="e",
        **more,
    )
    assert read_contents(row) == (
        "system",
        "notice",
        [
            {"label": f"hook Stop {labels[0]}", "text": "a"},
            {"label": f"hook Stop {labels[1]}", "text": "b"},
            {"label": "hook Stop stopped Claude", "text": "e"},
            {"label": "hook Stop added context", "text": "look at c"},
            {"label": "hook Stop added context", "text": "and d"},
        ],
    )


def test_the_feedback_that_claude_gets_is_the_hooks() -> None:
    """A person may quote it."""
    said = "Stop hook feedback:\nRun the tests first."
    label = {"label": "hook Stop blocked", "text": "Run the tests first."}
    assert read_contents(Writer().prompt(said, isMeta=True)) == ("system", "notice", [label])
    assert read_contents(Writer().prompt(said)) == ("user", "prompt", [said])
    label = {"label": "hook Edit blocked", "text": "- [lint]: too long"}
    said = "Edit operation feedback:\n- [lint]: too long"
    assert read_contents(Writer().prompt(said, isMeta=True)) == ("system", "notice", [label])
    assert read_contents(Writer().prompt("The stop", isMeta=True))[1] == "injected"


def changing(output: dict[str, Any], **values: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Return the row of a hook that printed some JSON."""
    printed = {"hookSpecificOutput": output}
    return attachment(
        "hook_success", content="", toolUseID="t1", stdout=orjson.dumps(printed).decode(), **values
    )


@pytest.mark.parametrize(
    "row",
    [
        changing({"permissionDecision": "allow", "updatedInput": {"command": "ls -a"}}),
        changing(
            {"decision": {"behavior": "allow", "updatedInput": {"command": "ls -a"}}},
            hookEvent="PermissionRequest",
            hookName="PermissionRequest:Bash",
        ),
    ],
)
def test_a_hook_that_changes_a_call_has_the_one_that_ran(row: dict[str, Any]) -> None:
    """It stands in the hook's output only."""
    label, ran = read_message(row).parts
    assert isinstance(label.content, dict)
    assert str(label.content["label"]).endswith("changed the call")
    assert (ran.kind, ran.tool_use_id, ran.tool_name) == ("tool-call", "t1", "Bash")
    assert ran.content == {"command": "ls -a"}


@pytest.mark.parametrize(
    "row",
    [
        changing({"permissionDecision": "deny", "updatedInput": {"command": "ls"}}),
        changing({"updatedInput": "ls"}),
        changing({"updatedInput": {"command": "ls"}}, hookName="PreToolUse"),
        changing({"updatedInput": {"command": "ls"}}, hookEvent="PostToolUse"),
    ],
)
def test_a_call_that_did_not_run_is_not_changed(row: dict[str, Any]) -> None:
    """A hook can change and deny it."""
    assert read_row(row).messages == []

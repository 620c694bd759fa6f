"""Who denied a call, and what the person said."""

from __future__ import annotations

from typing import Any

import pytest

from ccsync_watch.transcripts.denials import read_denial
from support.lines import Writer, text
from support.parsing import read_message

PROCEED = "The user doesn't want to proceed with this tool use. The tool use was rejected."


@pytest.mark.parametrize(
    ("row", "label"),
    [
        ({"toolDenialKind": "user-rejected"}, "rejected by you"),
        ({"toolDenialKind": "permission-rule"}, "denied by a rule"),
        ({"toolDenialKind": "automode-blocked"}, "denied by auto mode"),
        ({"toolDenialKind": "interrupted"}, "interrupted"),
        ({"toolDenialKind": "brand-new"}, "denied: brand new"),
        ({"toolDenialKind": 7}, "denied"),
        ({"permissionDecision": {"decision": "reject", "source": "user_abort"}}, "rejected by you"),
        ({"permissionDecision": {"decision": "reject", "source": "unknown"}}, "denied"),
        ({"permissionDecision": {"decision": "reject"}}, "denied"),
        (
            {
                "toolDenialKind": "user-rejected",
                "permissionDecision": {"decision": "reject", "source": "brand_new"},
            },
            "denied",
        ),
        ({"permissionDecision": {"decision": "accept", "source": "hook"}}, None),
        (
            {
                "toolDenialKind": "permission-rule",
                "permissionDecision": {"decision": "reject", "source": "hook"},
            },
            "denied by a hook",
        ),
        (
            {
                "toolDenialKind": "user-rejected",
                "permissionDecision": {
                    "decision": "reject", "source": "config", "reasonCode": "mode:plan",
                },
            },
            "denied: plan mode",
        ),
        (
            {
                "permissionDecision": {
                    "decision": "reject", "source": "config", "reasonCode": "rule:Bash(rm)",
                },
            },
            "denied by a rule",
        ),
        ({"permissionDecision": {"decision": "reject", "source": "config"}}, "denied by a rule"),
        ({}, None),
    ],
)  # fmt: skip
def test_the_row_names_who_denied(row: dict[str, Any], label: str | None) -> None:
    """The source of the decision counts before the kind of the denial."""
    denial = read_denial(row, "text", is_error=True)
    assert (denial.label if denial else None) == label


@pytest.mark.parametrize(
    ("content", "label"),
    [
        (PROCEED, "rejected by you"),
        ("The user doesn't want to take this action right now. STOP", "rejected by you"),
        ("The agent proposed a plan that was rejected by the user. Stay", "rejected by you"),
        ("Permission to use Bash with command rm has been denied.", "denied by a rule"),
        ("Error: Permission to use Write has been denied.", "denied by a rule"),
        (
            "Permission to use Bash with command cat <<E\n" + "bed\n" * 400 + "E has been denied.",
            "denied by a rule",
        ),
        (
            "Agent type 'Plan' has been denied by permission rule 'Task(Plan)' from settings.",
            "denied by a rule",
        ),
        (
            (
                "Permission to use Bash has been denied because Claude Code is running in"
                " don't ask mode."
            ),
            "denied: dontAsk mode",
        ),
        ("Permission denied by hook", "denied by a hook"),
        ("[Request interrupted by user for tool use]", "interrupted"),
        ("[Request interrupted by user for tool use] is in the log", None),
        ("<tool_use_error>Sibling tool call errored</tool_use_error>", "cancelled"),
        ("Permission denied by PermissionRequest hook", "denied by a hook"),
        ("This was denied by the Claude Code auto mode classifier", "denied by auto mode"),
        ("Permission for this action has been denied. Reason: x", "denied by auto mode"),
        (
            "Claude requested permissions to write to /a, but you haven't granted it yet.",
            "denied: not granted",
        ),
        ("PreToolUse:Bash hook error: [x]: no", "denied by a hook"),
        ("Bash operation blocked by hook:\n- [x]: no", "denied by a hook"),
        ("Hook PreToolUse:Bash denied this tool", "denied by a hook"),
        ("Exit code 1\nPermission to use x has been denied", None),
        ("Permission denied", None),
    ],
)
def test_older_clients_say_it_in_a_sentence(content: str, label: str | None) -> None:
    """Only at the start of an error: a tool's output may quote it."""
    denial = read_denial({}, content, is_error=True)
    assert (denial.label if denial else None) == label
    assert read_denial({}, content, is_error=False) is None


def test_the_clients_detail_says_it_too() -> None:
    """Where the result itself has been shortened."""
    row = {"toolUseResult": "User rejected tool use"}
    assert read_denial(row, "", is_error=True) == ("rejected by you", None, False)


@pytest.mark.parametrize(
    "content",
    [
        "The agent proposed a plan that was rejected by the user.\n\nthe user said:\nnothing",
        "Permission for this action has been denied. Reason: in the log the user said:\nno",
        "half of the output, in which the user said:\nno",
    ],
)
def test_a_plan_or_an_output_is_not_what_the_person_said(content: str) -> None:
    """Only what follows the client's own sentence is."""
    denial = read_denial({"toolDenialKind": "user-rejected"}, content, is_error=True)
    assert denial is not None
    assert denial.said is None


@pytest.mark.parametrize(
    "sentence",
    [
        f"{PROCEED} To tell you how to proceed, the user said:\n",
        f"Error: {PROCEED} To tell you how to proceed, the user said:\n",
        f"{PROCEED}\n\nTo tell you how to proceed, the user said: ",
        "Permission for this tool use was denied. The tool use was rejected. The user said:\n",
    ],
)
def test_every_client_has_a_sentence_before_the_words(sentence: str) -> None:
    """With a line end behind it or without; the words may repeat it."""
    denial = read_denial({}, f"{sentence}no, the user said:\nstop", is_error=True)
    assert denial is not None
    assert (denial.label, denial.said) == ("rejected by you", "no, the user said:\nstop")


@pytest.mark.parametrize("detail", ["User rejected tool use", f"Error: {PROCEED}"])
def test_a_rejection_may_be_no_error(detail: str) -> None:
    """Some clients say it in the detail only."""
    (part,) = read_message(Writer().result("t", PROCEED, detail=detail)).parts
    assert isinstance(part.content, dict)
    assert part.content["denied"] == "rejected by you"


def test_of_several_results_only_those_are_denied_that_say_so() -> None:
    """One call was rejected, another one failed, a third one ran."""
    contents = [(PROCEED, True), ("Exit code 1", True), ("fine", False)]
    blocks = [
        {"type": "tool_result", "tool_use_id": f"t{number}", "content": text, "is_error": is_error}
        for number, (text, is_error) in enumerate(contents)
    ]
    message = read_message(Writer().row("user", message={"content": blocks}))
    denied = [
        part.content.get("denied") for part in message.parts if isinstance(part.content, dict)
    ]
    assert denied == ["rejected by you", None, None]
    assert message.facts == {}


@pytest.mark.parametrize("as_blocks", [False, True])
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("use tabs\nand no spaces", "use tabs\nand no spaces"),
        ("use tabs\n\nNote: The user's next message may contain a correction or", "use tabs"),
        ("  ", None),
    ],
)
def test_the_words_of_the_person_are_kept(words: str, said: str | None, *, as_blocks: bool) -> None:
    """Without what the client wrote around them."""
    content = f"{PROCEED} To tell you how to proceed, the user said:\n{words}"
    row = Writer().result("t", [text(content)] if as_blocks else content, is_error=True)
    message = read_message(row)
    (part,) = message.parts
    assert isinstance(part.content, dict)
    assert (part.content["denied"], part.content.get("said")) == ("rejected by you", said)
    assert message.facts == {"denial": "denied"}


@pytest.mark.parametrize(
    ("row", "content", "label"),
    [
        (
            {"permissionDecision": {"decision": "reject", "source": "config"}},
            "Claude requested permissions to write to /a, but you haven't granted it yet.",
            "denied: not granted",
        ),
        (
            {"toolDenialKind": "user-rejected"},
            "Claude requested permissions to use Bash, but you haven't granted it yet.",
            "denied: not granted",
        ),
        ({"toolDenialKind": "user-rejected"}, PROCEED, "rejected by you"),
    ],
)
def test_nobody_was_asked_where_nobody_could_be(
    row: dict[str, Any], content: str, label: str
) -> None:
    """A run without a terminal calls it a rejection, or a rule; its sentence says what it was."""
    denial = read_denial(row, content, is_error=True)
    assert denial is not None
    assert denial.label == label


@pytest.mark.parametrize("words", ["", " To tell you how to proceed, the user said:\nuse tabs"])
def test_the_sentence_of_a_rejection_is_not_its_output(words: str) -> None:
    """The tool did not run: it says no more than who rejected it, and what they said."""
    row = Writer().result("t", PROCEED + words, is_error=True)
    (part,) = read_message(row).parts
    assert isinstance(part.content, dict)
    assert part.content["content"] is None
    rule = Writer().result("t", "Permission to use Bash has been denied. Why: x", is_error=True)
    (part,) = read_message(rule).parts
    assert isinstance(part.content, dict)
    assert part.content["content"] == "Permission to use Bash has been denied. Why: x"

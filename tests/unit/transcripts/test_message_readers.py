"""Role, kind and facts of each type of row; the parts are in `test_blocks`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.model import Part
from support.lines import AGENT, Writer, call, text
from support.parsing import read_contents, read_message, read_row

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue

BLOCKED = "UserPromptSubmit operation blocked by hook:"


class TestUser:
    """Prompts, and what else the client records in the user's name."""

    def test_a_prompt_keeps_how_it_was_entered(self) -> None:
        """Typed, queued, or by a program."""
        row = Writer().prompt("x", promptSource="typed", turnOrigin="human", permissionMode="a b")
        assert read_message(row).facts == {"promptSource": "typed", "turnOrigin": "human"}


class TestAssistant:
    """The model's responses."""

    def test_an_api_error_is_not_an_answer(self) -> None:
        """It has no model and no tokens, and keeps the API's message."""
        row = Writer().row(
            "assistant",
            message={
                "id": "x",
                "model": "<synthetic>",
                "content": [text("API Error: 529")],
                "usage": {},
            },
            isApiErrorMessage=True,
            error="server_error",
            apiErrorStatus=529,
        )
        message = read_message(row)
        assert (message.kind, message.model, message.usage_id) == ("api_error", None, None)
        assert message.facts == {"error": "server_error", "status": 529}
        assert read_row(row).usages == []

    @pytest.mark.parametrize(
        ("words", "kind"), [("No response requested.", "injected"), ("Login expired", "notice")]
    )
    def test_what_no_model_wrote_is_not_an_answer(self, words: str, kind: str) -> None:
        """The client writes it in the model's place."""
        row = Writer().answer(text(words))
        row["message"]["model"] = "<synthetic>"
        assert read_contents(row) == ("system", kind, [words])

    def test_a_fork_does_not_repeat_the_call_that_started_it(self) -> None:
        """Its transcript begins with a copy, which is the parent's."""
        fork = call("t1", "Agent", subagent_type="fork", prompt="count")
        assert read_row(Writer(agent_id=AGENT).answer(fork)).messages == []
        assert len(read_row(Writer(agent_id=AGENT).answer(fork)).usages) == 1
        default = call("t1", "Agent", prompt="count")
        assert read_row(Writer(agent_id=AGENT).answer(text("I fork"), default)).messages == []
        assert read_message(Writer().answer(fork)).kind == "answer"
        assert read_message(Writer(agent_id=AGENT, parent="u1").answer(fork)).kind == "answer"

    @pytest.mark.parametrize("is_beside_result", [True, False])
    def test_a_forks_task_is_its_directive(self, *, is_beside_result: bool) -> None:
        """Whether or not the result of the copied call stands before it."""
        boilerplate = (
            "<fork-boilerplate>\nYou are a fork.\n</fork-boilerplate>\n\nYour directive: dig"
        )
        writer = Writer(agent_id=AGENT)
        row = writer.result("t1", "Fork started") if is_beside_result else writer.prompt("")
        blocks = row["message"]["content"] if is_beside_result else []
        row["message"]["content"] = [*blocks, text(boilerplate)]
        assert read_contents(row) == ("system", "task", ["dig"])


class TestSystem:
    """What the client reports."""

    @pytest.mark.parametrize(
        ("content", "words", "reason"),
        [
            (
                f"{BLOCKED}\nno secrets\n\nOriginal prompt: dig a\nbed",
                ["dig a\nbed"],
                "no secrets",
            ),
            (
                f"{BLOCKED}\na\nb\n\nOriginal prompt: x\n\nOriginal prompt: y",
                ["x\n\nOriginal prompt: y"],
                "a\nb",
            ),
            (f"{BLOCKED}\nhidden", [], "hidden"),
        ],
    )
    def test_a_prompt_that_a_hook_blocked_is_kept(
        self, content: str, words: list[str], reason: str
    ) -> None:
        """With the hook's reason as a note."""
        row = Writer().row("system", subtype="informational", level="warning", content=content)
        note = {"label": "blocked by a hook", "text": reason}
        assert read_contents(row) == ("user", "blocked", [*words, note])
        other = Writer().row("system", subtype="informational", content=f"Read this\n{content}")
        assert read_message(other).kind == "notice"

    @pytest.mark.parametrize(
        ("row", "role", "kind", "content"),
        [
            ({"subtype": "informational", "content": "Note"}, "system", "notice", "Note"),
            ({"content": "Note"}, "system", "notice", "Note"),
            ({"subtype": "compact_boundary", "content": "Done"}, "system", "compaction", "Done"),
            ({"subtype": "compact_boundary"}, "system", "compaction", "Conversation compacted"),
            (
                {"subtype": "local_command", "content": "<bash-stdout>o</bash-stdout>"},
                "system", "command_output", "o",
            ),
            (
                {"subtype": "local_command", "content": "<command-name>/cost</command-name>"},
                "user", "command", "/cost",
            ),
            ({"subtype": "api_error"}, "system", "api_error", "API error"),
            ({"subtype": "api_error", "error": {"message": "m"}}, "system", "api_error", "m"),
            (
                {"subtype": "api_error", "error": {"formatted": "f"}, "retryAttempt": 2,
                 "maxRetries": 9},
                "system", "api_error", "f (attempt 2 of 9)",
            ),
        ],
    )  # fmt: skip
    def test_a_report_with_text_is_a_message(
        self, row: dict[str, Any], role: str, kind: str, content: str
    ) -> None:
        """Its role is that of the speaker."""
        assert read_contents(Writer().row("system", **row)) == (role, kind, [content])

    @pytest.mark.parametrize("subtype", ["turn_duration", "stop_hook_summary", "local_command"])
    def test_a_report_without_text_is_not_a_message(self, subtype: str) -> None:
        """It is counted, and its session is observed."""
        batch = read_row(Writer().row("system", subtype=subtype))
        assert batch.messages == []
        assert len(batch.observations) == 1

    def test_figures_are_kept_as_facts(self) -> None:
        """And only figures and names."""
        row = Writer().row(
            "system",
            subtype="compact_boundary",
            durationMs=5,
            retryInMs="soon",
            compactMetadata={"trigger": "auto", "preTokens": 7, "postTokens": [1]},
        )
        assert read_message(row).facts == {
            "subtype": "compact_boundary", "durationMs": 5, "trigger": "auto", "preTokens": 7
        }  # fmt: skip


class TestAttachment:
    """What is recorded as an attachment only."""

    @pytest.mark.parametrize(
        ("attachment", "role", "kind", "contents"),
        [
            ({"prompt": "later"}, "user", "prompt", ["later"]),
            ({"prompt": [text("later")]}, "user", "prompt", ["later"]),
            ({"prompt": [7, text("later")]}, "user", "prompt", ["later"]),
            ({"prompt": "x", "commandMode": "task-notification"}, "system", "notification", ["x"]),
            (
                {"prompt": "<task-notification><summary>s</summary></task-notification>"},
                "system", "notification", ["s"],
            ),
            ({"prompt": "<task-notification>"}, "user", "prompt", ["<task-notification>"]),
            ({"prompt": "x", "origin": {"kind": "peer"}}, "system", "cross_session", ["x"]),
            ({"prompt": "x", "isMeta": True}, "system", "injected", ["x"]),
            ({"prompt": None}, "user", "prompt", []),
        ],
    )  # fmt: skip
    def test_a_queued_prompt_is_a_prompt(
        self, attachment: dict[str, Any], role: str, kind: str, contents: list[str]
    ) -> None:
        """It was typed while Claude was busy, and is recorded nowhere else."""
        row = Writer().row("attachment", attachment={"type": "queued_command", **attachment})
        assert read_contents(row) == (role, kind, contents)
        assert read_message(row).facts == {"queued": True}

    def test_a_mentioned_file_is_a_part(self) -> None:
        """The policy decides what of it may be kept."""
        attachment: JsonValue = {"type": "file", "filename": "a.py", "content": {}}
        message = read_message(Writer().row("attachment", attachment=attachment))
        assert (message.role, message.kind) == ("system", "mention")
        assert message.parts == (Part("file", attachment),)

    @pytest.mark.parametrize(
        "attachment", [{"type": "hook_success", "stdout": "x"}, {"type": ["file"]}, None]
    )
    def test_other_attachments_are_not_messages(self, attachment: object) -> None:
        """They are counted."""
        assert read_row(Writer().row("attachment", attachment=attachment)).messages == []


@pytest.mark.parametrize(
    ("attachment", "contents"),
    [
        (
            {"taskId": "b1", "status": "killed", "description": "Build", "deltaSummary": "half"},
            [{"label": "background task b1: killed", "text": "Build\nhalf"}],
        ),
        ({"taskId": "b1"}, [{"label": "background task b1: unknown", "text": ""}]),
        ({"status": "running"}, [{"label": "background task: running", "text": ""}]),
    ],
)
def test_what_became_of_a_background_task_is_a_notice(
    attachment: dict[str, Any], contents: list[JsonValue]
) -> None:
    """A compaction reports it, as its notification is gone."""
    row = Writer().row("attachment", attachment={"type": "task_status", **attachment})
    assert read_contents(row) == ("system", "notice", contents)

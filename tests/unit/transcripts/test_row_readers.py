"""What each type of row says: role, kind, parts and facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.model import Batch, Line, Message, Part, Stream
from ccsync_watch.transcripts.rows import take_row
from support.lines import SESSION, Writer, text

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue

STREAM = Stream(SESSION, SESSION, None)
AGENT = "a0123456789abcdef"


def taken(row: dict[str, Any], stream: Stream = STREAM) -> Batch:
    """Take one row that stands at 5 to 9."""
    batch = Batch(0, 0)
    take_row(row["type"], row, Line(5, 9, b""), stream, batch)
    return batch


def message(row: dict[str, Any], stream: Stream = STREAM) -> Message:
    """Return the one message of a row."""
    (made,) = taken(row, stream).messages
    return made


def said(row: dict[str, Any]) -> tuple[str, str, list[object]]:
    """Return role, kind and contents of the message of a row."""
    made = message(row)
    return made.role, made.kind, [part.content for part in made.parts]


class TestUser:
    """What stands in the user's name, of which the user wrote some."""

    def test_a_prompt_is_the_users(self) -> None:
        """As text, or as blocks with images and documents."""
        image = {"type": "image", "source": {"data": "xx"}}
        document = {"type": "document", "source": {"data": "yy"}}
        assert said(Writer().prompt("hello")) == ("user", "prompt", ["hello"])
        row = Writer().row("user", message={"content": [text("see"), image, document, text("")]})
        assert said(row) == ("user", "prompt", ["see", image, document])
        assert [part.kind for part in message(row).parts] == ["text", "image", "file"]

    def test_a_prompt_keeps_how_it_came(self) -> None:
        """Typed, queued, or by a program."""
        row = Writer().prompt("x", promptSource="typed", turnOrigin="human", permissionMode="a b")
        assert message(row).facts == {"promptSource": "typed", "turnOrigin": "human"}

    @pytest.mark.parametrize(
        ("content", "more", "role", "kind"),
        [
            ("Summary", {"isCompactSummary": True}, "system", "summary"),
            ("[Request interrupted by user]", {}, "system", "interrupt"),
            ("[Request interrupted by user for tool use]", {}, "system", "interrupt"),
            ("done", {"origin": {"kind": "task-notification"}}, "system", "notification"),
            (" <task-notification>x", {}, "system", "notification"),
            ("Caveat", {"isMeta": True}, "system", "injected"),
            ("Caveat", {"promptSource": "system"}, "system", "injected"),
            ("Go", {"isSidechain": True}, "system", "task"),
            ("Go", {"agentId": AGENT}, "system", "task"),
            ("Go", {"origin": "nonsense"}, "user", "prompt"),
        ],
    )
    def test_what_the_client_wrote_is_not_the_users(
        self, content: str, more: dict[str, Any], role: str, kind: str
    ) -> None:
        """It is told apart, so that prompts are counted right."""
        assert said({**Writer().prompt(content), **more}) == (role, kind, [content])

    @pytest.mark.parametrize(
        ("content", "shown"),
        [
            (
                "<command-name>/model</command-name>\n<command-args> opus </command-args>",
                "/model opus",
            ),
            ("<command-message>m</command-message><command-name> /clear </command-name>", "/clear"),
            ("<bash-input>ls -l</bash-input>", "! ls -l"),
            ("<command-name>/x</command-name><command-args>" + " " * 50_000, "/x"),
        ],
    )
    def test_a_command_is_shown_as_it_was_typed(self, content: str, shown: str) -> None:
        """Without the client's tags round it, however long it is."""
        assert said(Writer().prompt(content)) == ("user", "command", [shown])

    @pytest.mark.parametrize("tag", ["local-command-stdout", "bash-stdout", "bash-stderr"])
    def test_what_a_command_printed_is_the_systems(self, tag: str) -> None:
        """Without tags too."""
        row = Writer().prompt(f"<{tag}>out</{tag}>")
        assert said(row) == ("system", "command_output", ["out"])

    def test_an_image_in_a_command_row_is_left_as_it_is(self) -> None:
        """Only texts have tags."""
        image = {"type": "image", "source": {}}
        row = Writer().row("user", message={"content": [text("<bash-input>a</bash-input>"), image]})
        assert said(row) == ("user", "command", ["! a", image])

    def test_a_message_without_text_is_a_prompt(self) -> None:
        """An image alone is one."""
        image = {"type": "image", "source": {}}
        row = Writer().row("user", message={"content": [image]})
        assert said(row) == ("user", "prompt", [image])


class TestResults:
    """What a tool gave back."""

    def test_a_result_answers_its_call(self) -> None:
        """With its outcome, and with what the client knows beyond the text."""
        row = Writer().result("toolu_1", "out", detail={"stdout": "out"})
        made = message(row)
        assert (made.role, made.kind) == ("tool", "tool_result")
        (part,) = made.parts
        assert (part.kind, part.tool_use_id) == ("tool-result", "toolu_1")
        assert part.content == {"is_error": False, "content": "out", "detail": {"stdout": "out"}}

    def test_a_failure_keeps_its_exit_code(self) -> None:
        """As the first words tell it; text that looks the same in a success is output."""
        failed = Writer().result("t", "Error: Exit code 127\nno such command", is_error=True)
        content = message(failed).parts[0].content
        assert isinstance(content, dict)
        assert (content["exit_code"], content["is_error"]) == (127, True)
        fine = message(Writer().result("t", "Exit code 1")).parts[0].content
        assert isinstance(fine, dict)
        assert "exit_code" not in fine

    def test_a_failure_without_text_has_no_exit_code(self) -> None:
        """Its content may be blocks."""
        content = message(Writer().result("t", [text("x")], is_error=True)).parts[0].content
        assert content == {"is_error": True, "content": [text("x")]}

    def test_a_denial_is_marked(self) -> None:
        """What it says is the user's, not a file's."""
        row = {**Writer().result("t", "no"), "toolDenialKind": "user-rejected"}
        made = message(row)
        assert made.facts == {"denial": "user-rejected"}
        assert made.parts[0].content == {"is_error": False, "content": "no", "is_denied": True}

    def test_the_clients_detail_belongs_to_a_single_result(self) -> None:
        """With two results in a row it is not said whose it is."""
        blocks = [{"type": "tool_result", "tool_use_id": each, "content": each} for each in "ab"]
        row = Writer().row("user", message={"content": blocks}, toolUseResult={"stdout": "a"})
        assert [part.content for part in message(row).parts] == [
            {"is_error": False, "content": "a"}, {"is_error": False, "content": "b"}
        ]  # fmt: skip

    def test_a_text_beside_a_result_is_kept(self) -> None:
        """Some clients put what the user said into the same row."""
        blocks = [{"type": "tool_result", "tool_use_id": "t", "content": ""}, text("stop that")]
        row = Writer().row("user", message={"content": blocks})
        assert [part.kind for part in message(row).parts] == ["tool-result", "text"]


class TestSystem:
    """What the client reports."""

    @pytest.mark.parametrize(
        ("row", "role", "kind", "shown"),
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
    def test_a_report_is_shown(self, row: dict[str, Any], role: str, kind: str, shown: str) -> None:
        """With the role of whoever speaks."""
        assert said(Writer().row("system", **row)) == (role, kind, [shown])

    @pytest.mark.parametrize("subtype", ["turn_duration", "stop_hook_summary", "local_command"])
    def test_a_report_without_text_is_no_message(self, subtype: str) -> None:
        """It is counted, and its place is known."""
        batch = taken(Writer().row("system", subtype=subtype))
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
        assert message(row).facts == {
            "subtype": "compact_boundary", "durationMs": 5, "trigger": "auto", "preTokens": 7
        }  # fmt: skip


class TestAttachments:
    """What exists as an attachment only."""

    @pytest.mark.parametrize(
        ("attachment", "role", "kind", "contents"),
        [
            ({"prompt": "later"}, "user", "prompt", ["later"]),
            ({"prompt": [text("later")]}, "user", "prompt", ["later"]),
            ({"prompt": "x", "commandMode": "task-notification"}, "system", "notification", ["x"]),
            (
                {"prompt": "<task-notification>"},
                "system", "notification", ["<task-notification>"],
            ),
            ({"prompt": None}, "user", "prompt", []),
        ],
    )  # fmt: skip
    def test_a_queued_prompt_is_a_prompt(
        self, attachment: dict[str, Any], role: str, kind: str, contents: list[str]
    ) -> None:
        """It was typed while Claude was busy, and stands nowhere else."""
        row = Writer().row("attachment", attachment={"type": "queued_command", **attachment})
        assert said(row) == (role, kind, contents)
        assert message(row).facts == {"queued": True}

    def test_a_mentioned_file_is_a_part(self) -> None:
        """What of it may leave is the policy's to say."""
        attachment: JsonValue = {"type": "file", "filename": "a.py", "content": {}}
        made = message(Writer().row("attachment", attachment=attachment))
        assert (made.role, made.kind) == ("system", "injected")
        assert made.parts == (Part("file", attachment),)

    @pytest.mark.parametrize("attachment", [{"type": "hook_success", "stdout": "x"}, None])
    def test_other_attachments_are_no_messages(self, attachment: object) -> None:
        """They are counted."""
        assert taken(Writer().row("attachment", attachment=attachment)).messages == []

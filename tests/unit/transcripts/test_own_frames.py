"""What the client writes around a subagent's task and a compaction's summary."""

from __future__ import annotations

import pytest

from ccsync_watch.model import Part
from ccsync_watch.transcripts.own_frames import read_workflow_task, summary_parts, unindent
from support.lines import AGENT, Writer
from support.parsing import read_contents

COMPUTED = "[Workflow harness \u2014 computed task] The text was computed. It follows:\n"
REQUEST = "[Workflow harness \u2014 user request] The harness relays the request:\n"
CONTEXT = "[Workflow harness \u2014 assistant context] The request may reply to:\n"
AUTOMATED = "[Workflow harness \u2014 automated trigger] A schedule started it."
HEAD = (
    "This session is being continued from a previous conversation that ran out of context. The"
    " summary below covers the earlier portion of the conversation.\n\n"
)


class TestWorkflowTasks:
    """What a workflow's script asks of an agent."""

    def test_the_task_stays_without_its_frame(self) -> None:
        """Nor the two spaces before each of its lines."""
        row = Writer(agent_id=AGENT).prompt(f"{COMPUTED}  Count:\n    - beds\n  \n  Then stop.")
        assert read_contents(row) == ("system", "task", ["Count:\n  - beds\n\nThen stop."])

    def test_the_users_request_is_a_note_beside_it(self) -> None:
        """And so is what Claude said before it, and that nobody asked."""
        text = f"{REQUEST}  water them\n\n{CONTEXT}  Shall I?\n\n{COMPUTED}  Water."
        content = read_workflow_task(text)
        assert content is not None
        assert [part.content for part in content.parts] == [
            {"label": "request of the user", "text": "water them"},
            {"label": "what Claude said before", "text": "Shall I?"},
            "Water.",
        ]
        content = read_workflow_task(f"{AUTOMATED}\n{COMPUTED}  Water.")
        assert content is not None
        assert [part.kind for part in content.parts] == ["note", "text"]

    @pytest.mark.parametrize(
        "text",
        [
            "", f"See: {COMPUTED}", f"Why does it say\n{COMPUTED}  x", AUTOMATED,
            f"{COMPUTED.strip()} Why do I see this?", f"{COMPUTED}Why do I see this?",
        ],
    )  # fmt: skip
    def test_a_frame_that_is_quoted_is_not_one(self, text: str) -> None:
        """A task begins with it; inside a task each line is indented."""
        assert read_workflow_task(text) is None
        nested = read_workflow_task(f"{COMPUTED}  Explain\n  {COMPUTED}")
        assert nested is not None
        assert len(nested.parts) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [("  a\n\n    b", "a\n\n  b"), ("  a\nb", "  a\nb"), ("", ""), ("  ", "")],
)
def test_only_a_text_with_all_lines_indented_is_unindented(text: str, expected: str) -> None:
    """Another one has its own form."""
    assert unindent(text) == expected


class TestSummaries:
    """A compaction's summary is the model's; what stands around it is the client's."""

    @pytest.mark.parametrize(
        "tail",
        [
            "",
            "\n\nIf you need specific details from before compaction, read the transcript at: /x",
            "\nPlease continue the conversation from where we left it off. Continue.",
            "\n\nRecent messages are preserved verbatim.",
            "\nContinue the conversation from where it left off.",
        ],
    )
    def test_the_clients_words_are_left_out(self, tail: str) -> None:
        """Before and behind it."""
        parts = summary_parts([Part("text", f"{HEAD}Summary:\n1. Beds{tail}")])
        assert parts == [Part("text", "Summary:\n1. Beds")]

    def test_a_reminder_in_it_is_named(self) -> None:
        """Wherever it stands on lines of its own; one that the model quotes stays."""
        text = f"{HEAD}1. `<system-reminder>x</system-reminder>`\n<system-reminder>\nBe\ncareful.\n"
        row = Writer().prompt(f"{text}</system-reminder>\n2. Beds", isCompactSummary=True)
        assert read_contents(row) == (
            "system",
            "summary",
            [
                {"label": "reminder of the client left out", "text": ""},
                "1. `<system-reminder>x</system-reminder>`\n2. Beds",
            ],
        )

    @pytest.mark.parametrize("text", [HEAD, "words", "<system-reminder>x</system-reminder>"])
    def test_a_summary_never_becomes_empty(self, text: str) -> None:
        """Then it stays as it is."""
        assert summary_parts([Part("text", text)])[-1] == Part("text", text)

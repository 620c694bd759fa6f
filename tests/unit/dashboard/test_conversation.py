"""A conversation as it is shown: calls with their outcomes and subagents, and turns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccsync_watch.accounting.account import UNPRICED, Cost, total_cost
from ccsync_watch.dashboard.conversation import build_entries, build_timeline
from ccsync_watch.model import Part
from ccsync_watch.outgoing import StoredMessage
from ccsync_watch.store.conversations import SubagentRow, TimelineStep
from ccsync_watch.transcripts.call_outcome import read_outcome

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue

OK: JsonValue = {"ok": True, "output": "x", "durationMs": 3, "exit_code": 0, "lines": 1}


def stored(seq: int, kind: str, *parts: Part) -> StoredMessage:
    """Return a message of the store."""
    fields: dict[str, Any] = dict.fromkeys(StoredMessage.__slots__)
    return StoredMessage(**{**fields, "seq": seq, "kind": kind, "parts": parts})


CALL = Part("tool-call", {"command": "ls"}, "t1", "Bash")
RESULT = Part("tool-result", OK, "t1", "Bash")
TEXT = Part("text", "Hello")


def test_result_is_shown_with_its_call() -> None:
    """And not again in its own place."""
    entries = build_entries(
        [stored(1, "answer", TEXT, CALL), stored(2, "tool_result", RESULT)],
        results={"t1": RESULT},
        subagents=[],
    )
    assert [entry.message.seq for entry in entries] == [1]
    text, call = entries[0].items
    assert (text.kind, text.content) == ("text", "Hello")
    assert call.tool_name == "Bash"
    assert call.outcome == read_outcome(OK)


def test_result_without_its_call_is_shown_alone() -> None:
    """Unless that call is on an earlier page."""
    message = stored(2, "tool_result", RESULT)
    (entry,) = build_entries([message], results={}, subagents=[])
    assert entry.items[0].kind == "result"
    assert build_entries([message], results={}, subagents=[], earlier_calls={"t1"}) == []


def test_commands_and_their_output_are_shown_as_they_are() -> None:
    """They are not Markdown: `# always use tabs` is not a heading; withheld texts stay so."""
    withheld = Part("text", {"lines": 1})
    (command, hidden) = build_entries(
        [stored(1, "command", Part("text", "# tabs")), stored(2, "command_output", withheld)],
        results={},
        subagents=[],
    )
    assert [item.kind for item in command.items] == ["verbatim"]
    assert [item.kind for item in hidden.items] == ["text"]


def test_call_without_a_result_has_no_outcome() -> None:
    """It may still run."""
    (entry,) = build_entries([stored(1, "answer", CALL)], results={}, subagents=[])
    assert entry.items[0].outcome is None


def test_subagent_is_shown_under_its_call() -> None:
    """By the call's id; one without is not part of the conversation."""
    below = SubagentRow("a1", "look", "Look", "t1", 3)
    other = SubagentRow("a2", None, None, None, 1)
    (entry,) = build_entries([stored(1, "answer", CALL)], results={}, subagents=[below, other])
    assert entry.items[0].subagents == (below,)


def test_injected_messages_are_folded() -> None:
    """What the client put in is folded; prompts and answers are not."""
    entries = build_entries(
        [stored(1, "injected", TEXT), stored(2, "prompt", TEXT)], results={}, subagents=[]
    )
    assert [entry.is_folded for entry in entries] == [True, False]
    assert [entry.speaker for entry in entries] == ["Claude Code", "You"]


def test_turns_run_from_prompt_to_prompt() -> None:
    """What comes before the first belongs to none; times may stand still or be unknown."""
    costs = {"msg_1": Cost(0.25, "computed"), "msg_2": Cost(0.5, "computed"), "msg_3": UNPRICED}
    timeline = build_timeline(
        [
            TimelineStep(1, "notice", 0, None, None, 0),
            TimelineStep(2, "prompt", 1000, None, None, 0),
            TimelineStep(3, "answer", 4000, 100, 10, 2, "msg_1", ends_turn=True),
            TimelineStep(4, "api_error", None, None, None, 0),
            TimelineStep(5, "compaction", 5000, None, None, 0),
            TimelineStep(6, "command", 9000, None, None, 0),
            TimelineStep(7, "answer", 8000, 50, 5, 1, "msg_2"),
            TimelineStep(8, "answer", 8000, 50, 5, 1, "msg_3"),
        ],
        lambda turns: {
            turn: total_cost(costs[name] for name, at in turns.items() if at == turn)
            for turn in turns.values()
        },
    )
    first, second = timeline.turns
    assert (first.cost, second.cost) == (Cost(0.25, "computed"), Cost(0.5, "partial"))
    assert (first.seq, first.number, first.duration_ms) == (2, 1, 4000)
    assert (first.prompt_tokens, first.output_tokens, first.calls, first.errors) == (100, 10, 2, 1)
    assert (second.seq, second.number, second.duration_ms) == (6, 2, 0)


def test_commands_without_an_answer_and_prompts_during_a_turn_start_none() -> None:
    """A prompt that is sent while the model works is answered in the same turn."""
    timeline = build_timeline(
        [
            TimelineStep(1, "command", 0, None, None, 0),
            TimelineStep(2, "command_output", 0, None, None, 0),
            TimelineStep(3, "prompt", 0, None, None, 0),
            TimelineStep(4, "answer", 0, 1, 1, 1, "m1"),
            TimelineStep(5, "prompt", 0, None, None, 0),
            TimelineStep(6, "answer", 0, 1, 1, 0, "m2"),
            TimelineStep(7, "injected", 0, None, None, 0),
            TimelineStep(8, "answer", 0, 1, 1, 0, "m3", ends_turn=True),
            TimelineStep(9, "notification", 0, None, None, 0),
            TimelineStep(10, "answer", 0, 1, 1, 1, "m4"),
            TimelineStep(11, "interrupt", 0, None, None, 0),
            TimelineStep(12, "prompt", 0, None, None, 0),
            TimelineStep(13, "command", 0, None, None, 0),
        ]
    )
    assert [(turn.seq, turn.number, turn.output_tokens) for turn in timeline.turns] == [
        (3, 1, 3),
        (9, 2, 1),
    ]


def test_a_folded_message_is_named_by_its_first_line() -> None:
    """Of a text or a note; without words by its speaker alone."""
    texts: list[JsonValue] = ["\n \x1b[1mSet\x1b[0m model\nmore", "x" * 101]
    notes: list[JsonValue] = [{"label": "reminder", "text": "x\ny"}, {"label": "alone"}]
    sizes: JsonValue = {"lines": 2}
    parts = [Part("text", value) for value in texts] + [Part("note", note) for note in notes]
    excerpts = [
        build_entries([stored(1, "injected", *items)], results={}, subagents=[])[0].excerpt
        for items in ([part] for part in [*parts, Part("text", sizes)])
    ]
    assert excerpts == ["Set model", "x" * 100 + "…", "reminder: x", "alone", ""]

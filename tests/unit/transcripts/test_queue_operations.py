"""The client's queue of what is typed while Claude works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.stream import Stream
from support.lines import SESSION, iso
from support.parsing import AGENT, parse_rows, read_row

if TYPE_CHECKING:
    from ccsync_watch.model import QueueOperation

AT_MS = 1_790_000_000_000


def _read(operation: object, content: object = None, **more: Any) -> list[QueueOperation]:  # noqa: ANN401 - any JSON
    row = {
        "type": "queue-operation",
        "operation": operation,
        "timestamp": iso(AT_MS),
        "sessionId": SESSION,
        **({} if content is None else {"content": content}),
        **more,
    }
    return read_row(row).queue


def _typed(content: object, **more: Any) -> list[object]:  # noqa: ANN401 - any JSON
    (operation,) = _read("enqueue", content, **more)
    return [part.content for prompt in operation.prompts for part in prompt.parts]


def test_what_is_typed_is_a_prompt_with_a_key_of_its_own() -> None:
    """The key does not depend on where the row stands."""
    (operation,) = _read("enqueue", "also the hedge")
    (prompt,) = operation.prompts
    assert (prompt.role, prompt.kind, prompt.uuid) == ("user", "prompt", operation.key)
    assert prompt.id == f"{SESSION}:{operation.key}"
    assert (prompt.timestamp_ms, prompt.facts) == (AT_MS, {"queued": True})
    row = {"type": "queue-operation", "operation": "enqueue", "content": "also the hedge"}
    rows = [{**row, "timestamp": iso(AT_MS)}, {**row, "timestamp": iso(AT_MS + 1)}]
    keys = [operation.key for operation in parse_rows(*rows, start=77).queue]
    assert keys[0] == operation.key != keys[1]


@pytest.mark.parametrize(
    "content",
    [
        "<task-notification>\n<task-id>b1</task-id>\n</task-notification>",
        "<bash-notification>\n<shell-id>b1</shell-id>\n</bash-notification>",
        '{"task_id":"b1","tool_use_id":"toolu_1"}',
        "<system-reminder>\nrain\n</system-reminder>",
        '<teammate-message teammate_id="lily">\nhello\n</teammate-message>',
    ],
)
def test_what_programs_queue_is_not_a_prompt(content: str) -> None:
    """It is in the queue all the same."""
    (operation,) = _read("enqueue", content)
    assert (operation.prompts, operation.is_blank) == ((), False)


def test_what_peers_and_the_client_queue_is_not_a_prompt() -> None:
    """The row says whose it is."""
    assert _typed("hello", origin={"kind": "peer"}) == []
    assert _typed("continue", isMeta=True) == []
    assert _typed("hello", origin={"kind": "human"}) == ["hello"]


def test_typed_json_is_a_prompt() -> None:
    """Only a report of a task is not."""
    for content in ('{"task": "dig"}', '{"task_id": ', '[{"task_id": 1}]'):
        assert _typed(content) == [content]


def test_notes_and_lists_of_blocks_are_read_as_in_a_row() -> None:
    """A list holds texts, and images of which no words are known."""
    assert _typed([{"type": "text", "text": "dig"}]) == ["dig"]
    assert _typed("dig\n<system-reminder>\nrain\n</system-reminder>")[0] == "dig"


@pytest.mark.parametrize(
    ("operation", "reason", "meaning"),
    [
        ("remove", None, "deliver"),
        ("remove", "absorbed_mid_turn", "deliver"),
        ("remove", "a_new_reason", "deliver"),
        ("remove", "cleared", "drop"),
        ("remove", "delivered_to_agent", "drop"),
        ("remove", "agent_stopped", "drop"),
        ("dequeue", None, "dequeue"),
        ("popAll", None, "drop"),
    ],
)
def test_how_something_leaves_the_queue(operation: str, reason: str | None, meaning: str) -> None:
    """A removal is a delivery, unless its reason says otherwise."""
    (read,) = _read(operation, **({"reason": reason} if reason else {}))
    assert (read.operation, read.is_blank) == (meaning, True)
    assert read.is_all is (operation == "popAll")


def test_the_command_of_a_removal_is_read() -> None:
    """It names the attachment."""
    (read,) = _read("remove", "dig", commandUuid="c-1")
    assert read.command_id == "c-1"


@pytest.mark.parametrize("operation", ["shuffle", None, 7, ["enqueue"]])
def test_unknown_operations_are_counted_only(operation: object) -> None:
    """They change nothing."""
    assert _read(operation) == []


def test_the_queue_of_a_subagent_is_left_out() -> None:
    """Nobody types there."""
    row = {"type": "queue-operation", "operation": "enqueue", "content": "dig"}
    assert read_row(row, Stream(f"agent-{AGENT}", SESSION, AGENT)).queue == []

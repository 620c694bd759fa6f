"""Which call started a subagent, by everything that says so, read in any order."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from ccsync_watch.store.conversations import list_subagents
from support.histories import Transcript, feed
from support.lines import SESSION, Writer, call, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.storing import World

Row = dict[str, Any]

AGENT = "a11"
OTHER_AGENT = "a22"
BACKGROUND_TEXT = (
    "Async agent launched successfully.\nagentId: {} (internal ID - do not mention to user.)\n"
    "The agent is working in the background."
)


def _report(agent_id: str, call_id: str) -> str:
    return (
        f"<task-notification>\n<task-id>{agent_id}</task-id>\n<tool-use-id>{call_id}</tool-use-id>"
        "\n<status>completed</status>\n<summary>Done</summary>\n</task-notification>"
    )


def _by_result(main: Writer, agent_id: str, call_id: str) -> Row:
    return main.result(call_id, "Long", detail={"status": "completed", "agentId": agent_id})


def _by_text(main: Writer, agent_id: str, call_id: str) -> Row:
    return main.result(call_id, [text(BACKGROUND_TEXT.format(agent_id))])


def _by_progress(main: Writer, agent_id: str, call_id: str) -> Row:
    data = {"message": {"type": "user"}, "type": "agent_progress", "agentId": agent_id}
    return main.row("progress", data=data, toolUseID="agent_msg_1", parentToolUseID=call_id)


def _by_bare_progress(main: Writer, agent_id: str, call_id: str) -> Row:
    row = _by_progress(main, agent_id, call_id)
    return {"type": "progress", **{key: value for key, value in row.items() if key != "type"}}


def _by_notification(main: Writer, agent_id: str, call_id: str) -> Row:
    return main.prompt(_report(agent_id, call_id), origin={"kind": "task-notification"})


def _by_queued_report(main: Writer, agent_id: str, call_id: str) -> Row:
    attachment = {
        "type": "queued_command",
        "prompt": _report(agent_id, call_id),
        "commandMode": "task-notification",
    }
    return main.row("attachment", body_first=True, attachment=attachment)


def _by_queue(main: Writer, agent_id: str, call_id: str) -> Row:
    content = orjson.dumps({"task_id": agent_id, "tool_use_id": call_id}).decode()
    return _enqueued(main, content)


def _by_queued_text(main: Writer, agent_id: str, call_id: str) -> Row:
    return _enqueued(main, _report(agent_id, call_id))


def _by_queue_object(main: Writer, agent_id: str, call_id: str) -> Row:
    return _enqueued(main, {"task_id": agent_id, "tool_use_id": call_id})


def _by_name_in_text(main: Writer, agent_id: str, call_id: str) -> Row:
    spawned = f"Spawned successfully.\n  agent_id: {agent_id}\nIt is running."
    return main.result(call_id, spawned)


def _enqueued(main: Writer, content: object) -> Row:
    return {
        "type": "queue-operation",
        "operation": "enqueue",
        "timestamp": "2026-11-28T10:00:00.000Z",
        "sessionId": main.session_id,
        "content": content,
    }


SOURCES = [
    _by_result,
    _by_text,
    _by_progress,
    _by_bare_progress,
    _by_notification,
    _by_queued_report,
    _by_queue,
    _by_queued_text,
    _by_queue_object,
    _by_name_in_text,
]


def _calls(main: Writer, *prompts: str, tool: str = "Task") -> list[Row]:
    return [
        main.answer(
            call(f"t{number}", tool, description=f"plan {number}", prompt=prompt,
                 subagent_type="Explore"),
            usage_id=f"m{number}",
        )
        for number, prompt in enumerate(prompts, start=1)
    ]  # fmt: skip


def _agent(agent_id: str, task: str) -> Transcript:
    writer = Writer(agent_id=agent_id)
    rows = [writer.prompt(task), writer.answer(text("Done"), usage_id=f"of {agent_id}")]
    return Transcript(SESSION, agent_id, writer, rows)


def _feed(world: World, transcripts: list[Transcript], seed: int | None = None) -> None:
    """Store transcripts whole, or line by line in any order."""
    pieces = [(transcript, transcript.lines()) for transcript in transcripts]
    if seed is not None:
        pieces = [(transcript, [item]) for transcript, lines in pieces for item in lines]
        random.Random(seed).shuffle(pieces)  # noqa: S311 - a repeatable order, not a secret
    for transcript, lines in pieces:
        feed(world.database, transcript, lines)


def _links(world: World) -> dict[str, tuple[str | None, str | None, str | None]]:
    return {
        agent.agent_id: (agent.tool_use_id, agent.agent_type, agent.description)
        for agent in list_subagents(world.database, SESSION)
    }


@pytest.mark.parametrize("by_source", SOURCES)
@pytest.mark.parametrize("is_agent_first", [False, True])
def test_each_source_names_the_call(
    world: World,
    by_source: Callable[[Writer, str, str], Row],
    *,
    is_agent_first: bool,
) -> None:
    """The type and the task are the call's, whichever file is read first."""
    main = Writer()
    rows = [main.prompt("Compare"), *_calls(main, "Look"), by_source(main, AGENT, "t1")]
    transcripts = [Transcript(SESSION, None, main, rows), _agent(AGENT, "Not the prompt")]
    _feed(world, transcripts[::-1] if is_agent_first else transcripts)
    assert _links(world) == {AGENT: ("t1", "Explore", "plan 1")}


@pytest.mark.parametrize("seed", range(8))
def test_contradicting_sources_have_one_rank(world: World, seed: int) -> None:
    """A result's own value counts before a progress row, and that before a report."""
    main = Writer()
    rows = [
        main.prompt("Compare"),
        *_calls(main, "One", "Two", "Three"),
        _by_notification(main, AGENT, "t1"),
        _by_progress(main, AGENT, "t2"),
        _by_result(main, AGENT, "t3"),
        _by_notification(main, OTHER_AGENT, "t1"),
        _by_progress(main, OTHER_AGENT, "t2"),
    ]
    agents = [_agent(AGENT, "One"), _agent(OTHER_AGENT, "Two")]
    _feed(world, [Transcript(SESSION, None, main, rows), *agents], seed)
    assert _links(world) == {
        AGENT: ("t3", "Explore", "plan 3"),
        OTHER_AGENT: ("t2", "Explore", "plan 2"),
    }


@pytest.mark.parametrize("seed", range(8))
def test_without_a_source_the_call_with_the_same_prompt_counts(world: World, seed: int) -> None:
    """One that a source names is not free; equal prompts go by the order of their times."""
    main = Writer()
    rows = [
        main.prompt("Compare"),
        *_calls(main, "Look", "Look", "Look"),
        _by_progress(main, "a33", "t1"),
    ]
    first, second, third = _agent(AGENT, "Look"), _agent(OTHER_AGENT, "Look"), _agent("a33", "Look")
    for row in second.rows:
        row["timestamp"] = "2026-09-21T14:13:10.000Z"
    for row in first.rows:
        row["timestamp"] = "2026-09-21T14:13:50.000Z"
    _feed(world, [Transcript(SESSION, None, main, rows), first, second, third], seed)
    assert {agent: link[0] for agent, link in _links(world).items()} == {
        "a33": "t1",
        OTHER_AGENT: "t2",
        AGENT: "t3",
    }


@pytest.mark.parametrize("seed", range(4))
def test_a_quoted_id_in_another_tools_result_links_nothing(world: World, seed: int) -> None:
    """A command may print what the client writes."""
    main = Writer()
    rows = [
        main.prompt("Compare"),
        main.answer(call("t9", "Bash", command="cat notes"), usage_id="m9"),
        _by_text(main, AGENT, "t9"),
    ]
    _feed(world, [Transcript(SESSION, None, main, rows), _agent(AGENT, "Look")], seed)
    assert _links(world) == {AGENT: (None, None, None)}


def test_what_was_sent_before_the_type_was_known_is_sent_again(world: World) -> None:
    """Each message names the type at the backend; what another subagent wrote is not sent again."""
    main = Writer()
    rows = [main.prompt("Compare"), *_calls(main, "Look"), _by_result(main, AGENT, "t1")]
    transcript = Transcript(SESSION, None, main, rows)
    feed(world.database, transcript, transcript.lines()[:1])
    _feed(world, [_agent(AGENT, "Not the prompt"), _agent(OTHER_AGENT, "Other")])
    world.work()
    assert len(world.ids()) == 5
    assert _due(world) == []
    feed(world.database, transcript, transcript.lines()[1:])
    assert [item for item in _due(world) if item[0]] == [(AGENT, "Explore")] * 2
    world.clock.advance(60)
    world.work()
    assert _due(world) == []
    _feed(world, [_agent(AGENT, "Not the prompt")])
    assert _due(world) == []


def test_a_type_that_becomes_known_while_messages_are_sent_is_sent_after_them(
    world: World,
) -> None:
    """What was read to be sent is not what is stored any more."""
    main = Writer()
    rows = [main.prompt("Compare"), *_calls(main, "Look"), _by_result(main, AGENT, "t1")]
    transcript = Transcript(SESSION, None, main, rows)
    feed(world.database, transcript, transcript.lines()[:1])
    _feed(world, [_agent(AGENT, "Not the prompt")])
    read = world.outbox.rows(SESSION, 1 << 50, 100).value
    feed(world.database, transcript, transcript.lines()[1:])
    world.outbox.ack(SESSION, read, host="h", size=10, now_ms=world.clock.now_ms, at_ms=1)
    assert [item for item in _due(world) if item[0]] == [(AGENT, "Explore")] * 2


def _due(world: World) -> list[tuple[str | None, str | None]]:
    """Return the subagent of each message that is to be sent, and its type."""
    rows = world.outbox.rows(SESSION, 1 << 50, 100).value
    return [(row.message.agent_id, row.message.agent_type) for row in rows]


@pytest.mark.parametrize("seed", range(4))
def test_a_message_to_a_running_subagent_does_not_start_it(world: World, seed: int) -> None:
    """Its result names the subagent too, and may be read first."""
    main = Writer()
    again = main.answer(call("t0", "SendMessage", to=AGENT, message="More"), usage_id="m0")
    rows = [
        main.prompt("Compare"),
        again,
        _by_result(main, AGENT, "t0"),
        *_calls(main, "Look"),
        _by_notification(main, AGENT, "t1"),
    ]
    _feed(world, [Transcript(SESSION, None, main, rows), _agent(AGENT, "Other")], seed)
    assert _links(world)[AGENT][0] == "t1"


def test_subagents_are_listed_in_the_order_of_their_calls(world: World) -> None:
    """Whichever was read first; what a subagent started follows it, before the next call's."""
    for number, order in enumerate(itertools.permutations(range(4))):
        session_id = f"s{number}"
        main = Writer(session_id)
        rows = [
            main.prompt("Compare"),
            *_calls(main, "One", "Two"),
            _by_result(main, "a1", "t1"),
            _by_result(main, "a2", "t2"),
        ]
        outer = Writer(session_id, "a1")
        nested = [
            outer.prompt("One"),
            outer.answer(call("n1", "Task", prompt="Dig"), usage_id=f"{session_id} a1"),
            outer.result("n1", [text("agentId: a0")]),
        ]
        transcripts = [Transcript(session_id, None, main, rows)]
        transcripts.append(Transcript(session_id, "a1", outer, nested))
        for agent_id, task in (("a0", "Dig"), ("a2", "Two")):
            writer = Writer(session_id, agent_id)
            transcripts.append(Transcript(session_id, agent_id, writer, [writer.prompt(task)]))
        _feed(world, [transcripts[index] for index in order])
        listed = [agent.agent_id for agent in list_subagents(world.database, session_id)]
        assert listed == ["a1", "a0", "a2"]

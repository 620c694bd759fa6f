"""Which rows are a subagent's, and which call started it, on clients that do not say it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.accounting import activity
from ccsync_watch.store.conversations import list_subagents
from support.histories import Transcript, feed
from support.lines import SESSION, Writer, call, text

if TYPE_CHECKING:
    from support.storing import World

Row = dict[str, Any]


def _in_sidechain(row: Row, parent: Row | None) -> Row:
    return {**row, "isSidechain": True, "parentUuid": parent and parent["uuid"]}


def _session(tasks: tuple[str, str] = ("Look at one", "Look at two")) -> list[Row]:
    """Return a session in which two subagents answer in turn, as 1.0.41 wrote it."""
    writer = Writer()
    prompt = writer.prompt("Compare")
    calls = [
        writer.answer(
            call(f"t{number}", "Task", description=f"plan {number}", prompt=task,
                 subagent_type="general-purpose"),
            usage_id="m1",
        )
        for number, task in enumerate(("Look at one", "Look at two"), start=1)
    ]  # fmt: skip
    for row in calls:
        row["message"]["stop_reason"] = "tool_use"
    roots = [_in_sidechain(writer.prompt(task), None) for task in tasks]
    second = _in_sidechain(writer.answer(text("Wide"), usage_id="s2"), roots[1])
    first = _in_sidechain(writer.answer(text("Long"), usage_id="s1"), roots[0])
    for row in (first, second):
        row["message"]["model"] = "claude-haiku"
    results = [writer.result("t2", "Wide"), writer.result("t1", "Long")]
    answer = writer.answer(text("Take two"), usage_id="m2")
    return [prompt, *calls, *roots, second, first, *results, answer]


def _feed(world: World, rows: list[Row], size: int = 100, seed: int | None = None) -> None:
    transcript = Transcript(SESSION, None, Writer(), rows)
    lines = transcript.lines()
    pieces = [lines[at : at + size] for at in range(0, len(lines), size)]
    if seed is not None:
        random.Random(seed).shuffle(pieces)  # noqa: S311 - a repeatable order, not a secret
    for piece in pieces:
        feed(world.database, transcript, piece)


class TestSidechains:
    """Chains of rows in the session's own transcript."""

    @pytest.mark.parametrize("size", [1, 3, 100])
    def test_each_chain_is_a_subagent_of_the_call_with_its_prompt(
        self, world: World, size: int
    ) -> None:
        """They are not turns, not answers of the main conversation, and not the session's model."""
        _feed(world, _session(), size)
        links = {
            (subagent.tool_use_id, subagent.agent_type, subagent.description, subagent.messages)
            for subagent in list_subagents(world.database, SESSION)
        }
        assert links == {
            ("t1", "general-purpose", "plan 1", 2),
            ("t2", "general-purpose", "plan 2", 2),
        }
        read = world.database.read()
        assert read.execute("SELECT model FROM sessions").fetchone()[0] == "claude-opus-5-5"
        owners = dict(
            read.execute("SELECT response_id, agent_id IS NOT NULL FROM usage").fetchall()
        )
        assert owners == {"m1": 0, "m2": 0, "s1": 1, "s2": 1}
        done = activity.by_session_id(world.database)[SESSION]
        assert (done.prompts, done.turns, done.tool_calls) == (1, 1, 2)

    @pytest.mark.parametrize("size", [1, 100])
    def test_a_chain_may_be_started_by_a_call_in_another(self, world: World, size: int) -> None:
        """A subagent's own subagent stands in the same file, as a chain of its own."""
        writer = Writer()
        rows = [
            writer.prompt("Compare"),
            writer.answer(call("t1", "Task", description="outer", prompt="Look"), usage_id="m1"),
            _in_sidechain(writer.prompt("Look"), None),
        ]
        nested = call("t2", "Task", description="inner", prompt="Dig", subagent_type="digger")
        rows.append(_in_sidechain(writer.answer(nested, usage_id="s1"), rows[-1]))
        rows.append(_in_sidechain(writer.prompt("Dig"), None))
        rows.append(_in_sidechain(writer.answer(text("Dug"), usage_id="s2"), rows[-1]))
        _feed(world, rows, size)
        links = {
            (subagent.tool_use_id, subagent.agent_type, subagent.description)
            for subagent in list_subagents(world.database, SESSION)
        }
        assert links == {("t1", None, "outer"), ("t2", "digger", "inner")}

    def test_chains_without_the_text_of_a_call_follow_the_order_of_the_calls(
        self, world: World
    ) -> None:
        """A chain whose text is a call's takes it first, though it comes later."""
        rows = _session(("Something else", "Look at one"))
        _feed(world, rows)
        agents = [
            (item.tool_use_id, item.agent_id) for item in list_subagents(world.database, SESSION)
        ]
        assert agents == [("t1", f"side-{rows[4]['uuid']}"), ("t2", f"side-{rows[3]['uuid']}")]

    @pytest.mark.parametrize("seed", range(6))
    def test_rows_read_in_another_order_are_the_same_chains(self, world: World, seed: int) -> None:
        """A row may be read before its parent."""
        rows = _session()
        _feed(world, rows, size=1, seed=seed)
        chains = dict(
            world.database.read()
            .execute("SELECT uuid, agent_id FROM messages WHERE agent_id IS NOT NULL")
            .fetchall()
        )
        roots, (second, first) = rows[3:5], rows[5:7]
        assert chains == {
            roots[0]["uuid"]: f"side-{roots[0]['uuid']}",
            roots[1]["uuid"]: f"side-{roots[1]['uuid']}",
            second["uuid"]: f"side-{roots[1]['uuid']}",
            first["uuid"]: f"side-{roots[0]['uuid']}",
        }


class TestResults:
    """Subagents in files of their own, without a sidecar."""

    @pytest.mark.parametrize("is_agent_first", [False, True])
    def test_a_result_names_the_subagent_of_its_call(
        self, world: World, *, is_agent_first: bool
    ) -> None:
        """Its type and description are those of the call, whichever file is read first."""
        main, agent = Writer(), Writer(agent_id="c226efc7")
        arguments = {"description": "plan", "prompt": "Look", "subagent_type": "Explore"}
        rows = [
            main.prompt("Compare"),
            main.answer(call("t1", "Task", **arguments)),
            main.result("t1", "Long", detail={"status": "completed", "agentId": "c226efc7"}),
        ]
        transcripts = [
            Transcript(SESSION, None, main, rows),
            Transcript(SESSION, "c226efc7", agent, [agent.answer(text("Long"), usage_id="s1")]),
        ]
        for transcript in reversed(transcripts) if is_agent_first else transcripts:
            feed(world.database, transcript, transcript.lines())
        (subagent,) = list_subagents(world.database, SESSION)
        assert (subagent.agent_id, subagent.agent_type) == ("c226efc7", "Explore")
        assert (subagent.description, subagent.tool_use_id) == ("plan", "t1")

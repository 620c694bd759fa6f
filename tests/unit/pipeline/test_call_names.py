"""Gateways number the calls of a conversation, or of each response; results keep to their calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from ccsync_watch.store.sendable_messages import sendable_messages
from support.lines import OTHER, SESSION, Writer, call
from support.pumping import Bench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ccsync_watch.privacy import Redactor

USED = "functions.Bash:0"
FILE = "the plum giraffe"
READ = {"file_path": "/home/user/project/.env"}


@pytest.fixture
def bench(tmp_path: Path, build_redactor: Callable[[], Redactor]) -> Iterator[Bench]:
    """Return a pump with real rules that a restart builds again."""
    bench = Bench(tmp_path, redactor=build_redactor(), build_redactor=build_redactor)
    yield bench
    bench.close()


def _turn(writer: Writer, usage_id: str, output: str, name: str = "Bash", **said: Any) -> list[Any]:  # noqa: ANN401 - any JSON
    return [
        writer.answer(call(USED, name, **said), usage_id=usage_id), writer.result(USED, output)
    ]  # fmt: skip


def _sent(bench: Bench, session_id: str = SESSION) -> list[tuple[str | None, Any]]:
    """Return of each result that may be sent its tool, and the call in a line."""
    messages = sendable_messages(bench.database, session_id, is_host_sent=False)
    parts = [part for message in messages for part in message.parts if part.kind == "tool-result"]
    return [
        (part.tool_name, part.content["call"]) for part in parts if isinstance(part.content, dict)
    ]


def _everything(bench: Bench) -> str:
    return "\n".join(bench.database.read().iterdump())


@pytest.mark.parametrize("step", ["together", "apart", "restarted"])
def test_a_file_is_not_taken_for_the_output_of_another_call(bench: Bench, step: str) -> None:
    """The id of the call that read it stood for commands before, and does so again."""
    writer = Writer()
    rows = [
        *_turn(writer, "msg_1", "one", command="echo one"),
        *_turn(writer, "msg_2", FILE, "Read", **READ),
        *_turn(writer, "msg_3", "three", command="echo three"),
    ]
    for chunk in [rows] if step == "together" else [[row] for row in rows]:
        bench.append(bench.path(), *chunk)
        bench.catch_up()
        if step == "restarted":
            bench.restart()
    assert FILE not in _everything(bench)
    assert _sent(bench) == [
        ("Bash", "Bash: echo one"), ("Read", "Read .env"), ("Bash", "Bash: echo three"),
    ]  # fmt: skip


def test_one_session_does_not_have_the_results_of_another(bench: Bench) -> None:
    """Each conversation begins with the same id."""
    for session_id, word in ((SESSION, "north"), (OTHER, "south")):
        rows = _turn(Writer(session_id), f"msg_{word}", f"{word} found", command=f"echo {word}")
        bench.append(bench.path(session_id), *rows)
        bench.catch_up()
    query = (
        "SELECT m.session_id, unpacked(r.content) FROM parts c"
        " JOIN parts r ON r.tool_use_id = c.tool_use_id AND r.kind = 'tool-result'"
        " JOIN messages m ON m.seq = c.message_seq WHERE c.kind = 'tool-call' ORDER BY m.seq"
    )
    outputs = [(row[0], orjson.loads(row[1])["output"]) for row in bench.select(query)]
    assert outputs == [(SESSION, "north found"), (OTHER, "south found")]
    assert _sent(bench, OTHER) == [("Bash", "Bash: echo south")]


def test_a_subagent_belongs_to_its_own_call(bench: Bench) -> None:
    """The result of the call names it; the sidecar has the id as the gateway wrote it."""
    agents = ("a00000000000000a1", "a00000000000000a2")
    writer = Writer()
    for number, agent in enumerate(agents):
        bench.append(
            bench.path(),
            writer.answer(call(USED, "Agent", description=agent), usage_id=f"msg_{number}"),
            writer.result(USED, "done", detail={"agentId": agent, "status": "completed"}),
        )
    folder = bench.path().with_suffix("") / "subagents"
    folder.mkdir(parents=True)
    for agent in agents:
        (folder / f"agent-{agent}.meta.json").write_bytes(orjson.dumps({"toolUseId": USED}))
        bench.append(folder / f"agent-{agent}.jsonl", Writer(agent_id=agent).prompt("look"))
    bench.catch_up()
    query = (
        "SELECT a.agent_id, json_extract(unpacked(p.content), '$.description') FROM subagents a"
        " JOIN parts p ON p.tool_use_id = a.tool_use_id AND p.kind = 'tool-call' ORDER BY 1"
    )
    assert [tuple(row) for row in bench.select(query)] == [(agent, agent) for agent in agents]

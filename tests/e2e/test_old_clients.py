"""The figures of real clients of every kind of transcripts, old ones too, equal to an oracle.

Each client works for a week, by its own clock, on all that old transcripts record differently;
the program reads along, and again afterwards, from nothing. CCSYNC_TEST_CLIENTS chooses the clients
(see `support.claude_client.versions`).
"""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import pytest

from support.ccsync_program.program import Program
from support.claude_client.api import ScriptedMessagesApi
from support.claude_client.client import SKIP_PERMISSIONS, ClaudeHome
from support.claude_client.oracle import NO_TOKENS, ExpectedSession, Oracle
from support.claude_client.script import MARKER, prompt, reply, say, subagent, tool, usage
from support.claude_client.versions import (
    chosen_versions,
    forks_by_resuming,
    is_native,
    marks_copies,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.claude_client.script import Part
    from support.opensync_double.server import OpenSyncDouble

pytestmark = pytest.mark.client

DAY_SECONDS = 86_400


@dataclass
class Clock:
    """The time of the client and of the API that it talks to."""

    offset_seconds: int = 0

    def now(self) -> float:
        """Return the time."""
        return time.time() + self.offset_seconds


@dataclass
class Worker:
    """A client at work: each turn uses other numbers, so that no two of them can be confused."""

    version: str
    home: ClaudeHome
    clock: Clock
    _number: int = field(default=0)

    def ask(self, text: str, *replies: tuple[Part, ...], args: tuple[str, ...] = ()) -> str:
        """Run a turn; return its session."""
        scripted = prompt(text, *(reply(*parts, self.used()) for parts in replies))
        return self.run(scripted, *args)

    def run(self, text: str, *args: str) -> str:
        """Run the client with a prompt or command as it is; return the session."""
        offset = str(self.clock.offset_seconds * 1000)
        run = self.home.with_env(CLIENT_CLOCK_OFFSET_MS=offset).run(text, *args, SKIP_PERMISSIONS)
        assert run.returncode == 0, run
        return run.session_id

    def agent(self, description: str, *replies: tuple[Part, ...]) -> Part:
        """Return a call that starts a subagent."""
        task = prompt(f"Task of {description}", *(reply(*parts, self.used()) for parts in replies))
        if is_native(self.version):
            return subagent(description, task)
        return subagent(description, task, background=None, name="Task")

    def used(self) -> Part:
        """Return a usage that no other response has."""
        self._number += 1
        number = self._number
        return usage(
            input=1000 + number, output=100 + number, cache_creation_5m=10 * number,
            cache_read=7000 + number,
        )  # fmt: skip

    def fork(self, source: str) -> tuple[str, ...]:
        """Return the arguments that continue a session under another id."""
        more = () if forks_by_resuming(self.version) else ("--fork-session",)
        return ("--resume", source, *more)


def _work(worker: Worker) -> None:
    """Work for a week."""
    ask, clock = worker.ask, worker.clock
    clock.offset_seconds = -6 * DAY_SECONDS
    tools = ask(
        "Use tools",
        (say("Both."), tool("Bash", command="echo one"), tool("Bash", command="exit 3")),
        (tool("Write", file_path=str(worker.home.workdir / "made.txt"), content="a\n"),),
        (say("Used."),),
    )
    agents = ask(
        "Send agents",
        (
            worker.agent("look at one", (tool("Bash", command="true"),), (say("Seen one."),)),
            worker.agent("look at two", (say("Seen two."),)),
        ),
        (say("Heard."),),
    )
    source = ask("Begin", (say("Begun."), tool("Bash", command="true")), (say("Done."),))
    clock.offset_seconds = -4 * DAY_SECONDS
    tools = ask("Continue with tools", (say("Continued."),), args=("--resume", tools))
    fork = ask("Fork it", (say("Forked."), tool("Bash", command="true")), (say("Now."),),
               args=worker.fork(source))  # fmt: skip
    source = ask("Continue in the source", (say("Source."),), args=("--resume", source))
    clock.offset_seconds = -2 * DAY_SECONDS
    ask(
        "Continue again",
        (tool("Bash", command="true"),),
        (say("Again."),),
        args=("--resume", tools),
    )
    ask("Fork the fork", (say("Forked twice."),), args=worker.fork(fork))
    third = worker.agent("look at three", (say("Seen three."),))
    ask("Send another", (third,), (say("Heard it."),), args=("--resume", agents))
    clock.offset_seconds = 0
    full = ask("Fill up", (say("Filled."), tool("Bash", command="true")), (say("Full."),))
    if not forks_by_resuming(worker.version):
        worker.run("/compact", "--resume", full)
    ask("After it", (say("Emptied."),), args=("--resume", full))
    ask("Fork at last", (say("At last."),), args=worker.fork(source))


def _shift_clock(home: ClaudeHome) -> ClaudeHome:
    """Return a home whose clients' clock is off by CLIENT_CLOCK_OFFSET_MS."""
    script = home.root / "clock.cjs"
    script.write_text(
        "const real = Date, offset = Number(process.env.CLIENT_CLOCK_OFFSET_MS);\n"
        "globalThis.Date = class Date extends real {\n"
        "  constructor(...values) { values.length ? super(...values) : super(Date.now()); }\n"
        "  static now() { return real.now() + offset; }\n"
        "};\n"
    )
    return home.with_env(NODE_OPTIONS=f"--require={script}", BUN_OPTIONS=f"--preload={script}")


def _stored(program: Program) -> dict[str, ExpectedSession]:
    """Return the program's figures in the form of the oracle's."""
    lines = json.loads(_out(program, "stats", "--by", "session", "--json", "--utc"))["lines"]
    return {line["session_id"]: _stored_session(program, line) for line in lines}


def _stored_session(program: Program, line: dict[str, Any]) -> ExpectedSession:
    session_id, account, activity = line["session_id"], line["account"], line["activity"]
    explained = json.loads(_out(program, "explain", session_id, "--json"))
    exported = json.loads(_out(program, "export", session_id, "--format", "json"))
    own = [message for message in exported["messages"] if not message["is_inherited"]]
    kinds = Counter(part["kind"] for message in own for part in message["parts"])
    assert kinds["tool-call"] == activity["tool_calls"]
    days: dict[str, tuple[int, int, int, int]] = {}
    for share in account["shares"]:
        before = days.get(share["day"], NO_TOKENS)
        mine = _tokens(share["tokens"])
        days[share["day"]] = (
            before[0] + mine[0], before[1] + mine[1], before[2] + mine[2], before[3] + mine[3]
        )  # fmt: skip
    agents = sorted(
        (agent["description"], agent["agent_type"], _tokens(agent["tokens"]))
        for agent in explained["subagents"]
        if agent["description"] is not None
    )
    return ExpectedSession(
        title=line["title"].partition(f" {MARKER}")[0],
        prompts=activity["prompts"],
        turns=activity["turns"],
        calls=activity["tool_calls"],
        results=kinds["tool-result"],
        compactions=activity["compactions"],
        tokens=_tokens(account["tokens"]),
        days=days,
        agents=agents,
        is_partial=account["cost"]["provenance"] == "partial",
    )


def _tokens(tokens: dict[str, int]) -> tuple[int, int, int, int]:
    written = tokens["cache_write_5m"] + tokens["cache_write_1h"]
    return tokens["input"], tokens["output"], written, tokens["cache_read"]


def _sent_prompts(opensync: OpenSyncDouble) -> Counter[tuple[str, str]]:
    """Return how often the backend has each prompt of each session."""
    return Counter(
        (session.external_id, message.text_content.partition(f" {MARKER}")[0])
        for session in opensync.backend.sessions()
        for message in opensync.backend.messages(session.external_id)
        if message.role == "user" and message.text_content and MARKER in message.text_content
    )


def _compare(
    stored: dict[str, ExpectedSession], expected: dict[str, ExpectedSession]
) -> Iterator[tuple[str, str, object, object]]:
    """Yield session, name, stored and right value of every figure that is wrong."""
    for session_id in sorted(stored.keys() | expected.keys()):
        one, other = stored.get(session_id), expected.get(session_id)
        if one is None or other is None:
            yield session_id, "session", one, other
            continue
        for field_ in fields(ExpectedSession):
            values = getattr(one, field_.name), getattr(other, field_.name)
            if values[0] != values[1]:
                yield session_id, field_.name, *values


def _total(program: Program) -> tuple[int, ...]:
    """Return the tokens of all models, also those that no session has."""
    lines = json.loads(_out(program, "stats", "--by", "model", "--json"))["lines"]
    return tuple(map(sum, zip(*(_tokens(line["tokens"]) for line in lines), strict=True)))


def _out(program: Program, *words: str) -> str:
    completed = program.call(*words)
    assert completed.code == 0, completed
    return completed.out


@pytest.mark.parametrize("version", chosen_versions())
def test_figures_of_a_client_equal_the_oracle(
    version: str,
    client_of: Callable[[str], Path],
    opensync: OpenSyncDouble,
    tmp_path: Path,
) -> None:
    """Read while the client worked, and read at once afterwards."""
    clock = Clock()
    with ScriptedMessagesApi(clock=clock.now) as api:
        home = ClaudeHome(tmp_path / "claude", api.url, binary=client_of(version))
        live = Program(tmp_path / "live", home.config_dir, {"TZ": "UTC"})
        later = Program(tmp_path / "later", home.config_dir, {"TZ": "UTC"})
        live.start()
        try:
            _work(Worker(version, _shift_clock(home), clock))
            _out(live, "sync-now")
        finally:
            home.close()
            live.stop()
    oracle = Oracle(api, home.projects)
    later.configure(convex_url=opensync.url, api_key=opensync.api_key)
    later.call("sync-now")
    differences = [
        f"{how} {session_id} {name}: {stored_value!r}, should be {value!r}"
        for how, program in (("live", live), ("later", later))
        for session_id, name, stored_value, value in _compare(_stored(program), oracle.sessions())
    ]
    assert not differences, "\n".join(differences)
    for program in (live, later):
        assert _total(program) == oracle.all_tokens()
    sent = _sent_prompts(opensync)
    prompts = oracle.prompts()
    assert {key: sent[key] for key in prompts} == dict.fromkeys(prompts, 1)
    if not marks_copies(version):
        # Copies that no row marks would be the same prompts twice.
        words = {prompt for _session_id, prompt in prompts}
        assert {key for key in sent if key[1] in words} == prompts

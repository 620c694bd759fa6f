"""What the figures of real sessions must be, from what the scripted API answered.

Written apart from the program, of which it imports nothing: it counts what the API recorded, each
response for the session that asked and the day on which it asked. Of the transcripts it takes, by
its own simple code, only which responses left a row, and what no request says: titles, compactions.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, TypeAlias

from support.claude_client.script import script_in

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from support.claude_client.api import ScriptedMessagesApi
    from support.claude_client.playback import Json
    from support.claude_client.recorded import RecordedAnswer

Tokens: TypeAlias = tuple[int, int, int, int]
"""Input, output, cache writes, cache reads."""

NO_TOKENS: Tokens = (0, 0, 0, 0)


@dataclass
class ExpectedSession:
    """The figures of one session.

    `agents` are the subagents that calls started: description, type and tokens, sorted.
    `is_partial`: the client never wrote how much came of some response, or that it ended.
    """

    title: str = ""
    prompts: int = 0
    turns: int = 0
    calls: int = 0
    results: int = 0
    compactions: int = 0
    tokens: Tokens = NO_TOKENS
    days: dict[str, Tokens] = field(default_factory=dict)
    agents: list[tuple[str, str, Tokens]] = field(default_factory=list)
    is_partial: bool = False


class Oracle:
    """The right figures of everything that clients did with one API and one folder of projects."""

    def __init__(self, api: ScriptedMessagesApi, projects: Path) -> None:
        self._files = {path: _read(path) for path in sorted(projects.rglob("*.jsonl"))}
        self._rows = [row for rows in self._files.values() for row in rows]
        self._written = _most_output(self._rows)
        self._answers = [answer for answer in api.answers if answer.is_whole]
        self._agents = _started_agents(self._answers)
        self._requests = api.messages_requests
        self._owner_of_prompt: dict[str, str] = {}
        for request in self._requests:
            if request.prompt is not None and request.prompt not in self._agents:
                self._owner_of_prompt.setdefault(request.prompt, request.session_id)
        self._has_totals = {
            row["sessionId"] for row in self._rows if row.get("type") == "cost-state"
        }

    def sessions(self) -> dict[str, ExpectedSession]:
        """Return every session in which somebody asked something."""
        expected = {name: ExpectedSession() for name in self._owner_of_prompt.values()}
        for owner in self._owner_of_prompt.values():
            expected[owner].prompts += 1
        agents: dict[tuple[str, str], Tokens] = defaultdict(lambda: NO_TOKENS)
        calls: dict[str, str] = {}
        for answer in self._answers:
            session = expected.get(owner := self._owner(answer))
            if session is None or not self._is_counted(answer, owner):
                continue
            tokens = self._tokens(answer)
            session.tokens = _add(session.tokens, tokens)
            day = _day(answer.at)
            session.days[day] = _add(session.days.get(day, NO_TOKENS), tokens)
            session.is_partial |= tokens[1] < answer.usage["output_tokens"]
            session.is_partial |= not self._has_ended(answer, owner)
            calls.update({call["id"]: owner for call in answer.calls})
            agent = answer.request.prompt if answer.request.prompt in self._agents else None
            if agent is not None:
                agents[owner, agent] = _add(agents[owner, agent], tokens)
            elif not answer.request.is_own and not answer.calls:
                session.turns += 1
        for owner in calls.values():
            expected[owner].calls += 1
        for call_id in {result for request in self._requests for result in request.results}:
            expected[calls[call_id]].results += 1
        for (owner, agent), tokens in agents.items():
            expected[owner].agents.append((*self._agents[agent], tokens))
        for name, session in expected.items():
            session.agents.sort()
            session.compactions = self._compactions(name)
            session.title = self._title(name)
        return expected

    def prompts(self) -> set[tuple[str, str]]:
        """Return every session's own prompts, by their words."""
        return {(owner, prompt) for prompt, owner in self._owner_of_prompt.items()}

    def all_tokens(self) -> Tokens:
        """Return the tokens of everything that left a row or is in a client's total."""
        total = NO_TOKENS
        for answer in self._answers:
            if self._is_counted(answer, self._owner(answer)):
                total = _add(total, self._tokens(answer))
        return total

    def _owner(self, answer: RecordedAnswer) -> str:
        """Return the session of an answer.

        Agents that a client starts before it resumes a session ask in the name of one that has no
        prompt; their answers' rows name the session that is resumed.
        """
        asked = answer.request.session_id
        if asked in self._owner_of_prompt.values():
            return asked
        return next((row["sessionId"] for row in self._rows_of(answer)), asked)

    def _is_counted(self, answer: RecordedAnswer, owner: str) -> bool:
        """Return whether a row reports an answer, or a total that the client wrote itself."""
        return answer.message_id in self._written or owner in self._has_totals

    def _tokens(self, answer: RecordedAnswer) -> Tokens:
        """Return an answer's tokens; of its output what the client wrote, if it wrote any."""
        usage = answer.usage
        output = usage["output_tokens"]
        if self._owner(answer) not in self._has_totals:
            output = min(output, self._written.get(answer.message_id, output))
        written = usage["cache_creation_input_tokens"]
        return usage["input_tokens"], output, written, usage["cache_read_input_tokens"]

    def _has_ended(self, answer: RecordedAnswer, owner: str) -> bool:
        """Return whether a row says how an answer ended, or the client's total covers it."""
        rows = self._rows_of(answer)
        ends = [row for row in rows if _message(row).get("stop_reason")]
        return bool(ends or not rows or owner in self._has_totals)

    def _rows_of(self, answer: RecordedAnswer) -> list[Json]:
        return [row for row in self._rows if _message(row).get("id") == answer.message_id]

    def _compactions(self, session_id: str) -> int:
        """Return how many compactions rows of a session say; each has one row or two."""
        of_session = [row for row in self._rows if row.get("sessionId") == session_id]
        boundaries = {row["uuid"] for row in of_session if row.get("subtype") == "compact_boundary"}
        summaries = {row["uuid"] for row in of_session if row.get("isCompactSummary")}
        return max(len(boundaries), len(summaries))

    def _title(self, session_id: str) -> str:
        """Return how a session's title begins: its last summary, or else its first prompt."""
        own = self._files_of(session_id)
        uuids = [row.get("uuid") for row in own]
        answered = {
            answer.message_id for answer in self._answers if self._owner(answer) == session_id
        }
        leaves = {
            row["leafUuid"]: row["summary"]
            for row in self._rows
            if "leafUuid" in row and "summary" in row
        }
        titles = [
            (uuids.index(row["uuid"]), leaves[row["uuid"]])
            for row in own
            if row.get("uuid") in leaves
            and not row.get("isSidechain")
            and (_message(row).get("id") in answered or row["type"] == "user")
        ]
        if titles:
            return str(max(titles)[1])
        # Some copies of the first prompt still name the session that it was typed in.
        for row in own:
            if row.get("sessionId") == session_id and (typed := _typed(row)) is not None:
                return typed
        raise AssertionError(f"{session_id} has neither a summary nor a prompt")

    def _files_of(self, session_id: str) -> list[Json]:
        return [
            row for path, rows in self._files.items() if path.stem == session_id for row in rows
        ]


def _read(path: Path) -> list[Json]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]


def _message(row: Json) -> Json:
    message = row.get("message")
    return message if isinstance(message, dict) else {}


def _typed(row: Json) -> str | None:
    """Return the words that a scripted prompt begins with; None for any other row."""
    content = _message(row).get("content")
    if row.get("type") != "user" or row.get("isSidechain") or content is None:
        return None
    texts = [content] if isinstance(content, str) else [block.get("text", "") for block in content]
    scripted = script_in("\n".join(texts))
    return scripted.prompt if scripted else None


def _most_output(rows: Iterable[Json]) -> dict[str, int]:
    """Return the responses that rows report, with the most output that one of them says."""
    most: dict[str, int] = {}
    for row in rows:
        message = _message(row)
        if row.get("type") == "assistant" and "usage" in message:
            output = message["usage"]["output_tokens"]
            most[message["id"]] = max(output, most.get(message["id"], 0))
    return most


def _started_agents(answers: Iterable[RecordedAnswer]) -> dict[str, tuple[str, str]]:
    """Return the tasks that answers gave to subagents: description and type by the task's words."""
    agents = {}
    for answer in answers:
        for call in answer.calls:
            if call["name"] in {"Task", "Agent"}:
                scripted = script_in(call["input"]["prompt"])
                assert scripted is not None
                about = call["input"]["description"], call["input"]["subagent_type"]
                agents[scripted.prompt] = about
    return agents


def _add(one: Tokens, other: Tokens) -> Tokens:
    return (one[0] + other[0], one[1] + other[1], one[2] + other[2], one[3] + other[3])


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%d")

"""Every row that the newest client writes of its rarer features, compared with an oracle's.

Nothing that a person or Claude said or did is missing, mislabelled or buried in the client's own
words: on the page, in both exports, and at the backend.
"""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from support.browser import FREE_PORT, DashboardAccess
from support.ccsync_program.program import Program
from support.claude_client.api import ScriptedMessagesApi
from support.claude_client.client import ClaudeHome
from support.claude_client.features.expected_rows import ROLES, SPEAKERS, expected_rows
from support.claude_client.features.playing import FeaturePlay
from support.claude_client.features.shown_starts import shown_pieces
from support.claude_client.rows import rows_of_type
from support.opensync_double.server import OpenSyncDouble
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.claude_client.features.expected_rows import ExpectedRow
    from support.opensync_double.records import Message

pytestmark = pytest.mark.client

TITLES = {
    "terminal": "Garden of beds",
    "planned": "Think of a plan",
    "accepted plan": "Plan of the beds",
    "team": "Form a team",
    "tools of a server": "Call the tools of the server",
    "failing tools": "Use tools that fail",
    "denied tools": "Use tools that are denied",
    "structured output": "How many beds?",
    "subagents": "Send three",
    "fork agent": "Send a fork of yourself",
    "workflow": "Run a workflow",
    "as an agent": "Who are you?",
    "refusal": "Ask for too much",
    "refusals": "Ask for far too much",
    "cut short": "Ask for a book",
    "retried error": "Try twice",
    "lasting error": "Try in vain",
    "compaction": "Begin",
}


@dataclass
class Shown:
    """What the program shows of the played sessions, by the name of the session."""

    play: FeaturePlay
    exported: dict[str, dict[str, Any]] = field(default_factory=dict)
    markdown: dict[str, str] = field(default_factory=dict)
    pages: dict[str, dict[int, Article]] = field(default_factory=dict)
    sent: dict[str, list[Message]] = field(default_factory=dict)
    status: dict[str, Any] = field(default_factory=dict)
    turns: dict[str, int] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    paths: dict[str, str | None] = field(default_factory=dict)

    def expected(self, name: str) -> list[ExpectedRow]:
        """Return what must come of a session's rows and those of its subagents."""
        home, session_id = self.play.home, self.play.sessions[name]
        agents = home.subagent_transcripts(session_id)
        paths = [home.transcript(session_id), *agents]
        rows = [row for path in paths for row in expected_rows(path)]
        # Of what was typed in mid-turn the row that was read first makes the message.
        messages = self.exported[name]["messages"]
        ids = {message["id"] for message in messages}
        queued = [message["id"] for message in messages if message["uuid"].startswith("queued-")]
        return [
            replace(row, id=queued.pop(0))
            if row.is_queued and row.id not in ids and queued
            else row
            for row in rows
        ]


@dataclass
class Article:
    """One message on a page."""

    kind: str = ""
    speaker: str = ""
    text: str = ""


class _Page(HTMLParser):
    """Collects the messages of a session's page, by their number."""

    def __init__(self) -> None:
        super().__init__()
        self.articles: dict[int, Article] = {}
        self._article = Article()
        self._is_speaker = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a message, or its speaker's name."""
        values = dict(attrs)
        classes = (values.get("class") or "").split()
        if tag == "article" and "entry" in classes:
            kind = next(name for name in classes if name.startswith("kind-"))
            self._article = Article(kind.removeprefix("kind-"))
            self.articles[int(values["data-seq"] or 0)] = self._article
        elif tag == "div" and "part" in classes:  # a further row of the same response
            self._article = Article(self._article.kind, self._article.speaker)
            self.articles[int(values["data-seq"] or 0)] = self._article
        self._is_speaker = "speaker" in classes

    def handle_data(self, data: str) -> None:
        """Add a text to the message."""
        if self._is_speaker:
            self._article.speaker = data.strip()
            self._is_speaker = False
        else:
            self._article.text += data


@pytest.fixture(scope="module")
def shown(client_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """Play everything while the program reads along, and fetch all that it shows of it."""
    root = tmp_path_factory.mktemp("features")
    with ScriptedMessagesApi() as api, OpenSyncDouble() as opensync:
        play = FeaturePlay(ClaudeHome(root / "claude", api.url, binary=client_binary))
        play.prepare()
        program = Program(root / "ccsync", play.home.config_dir, {"TZ": "UTC"})
        program.configure(
            convex_url=opensync.url, api_key=opensync.api_key, sync_thinking=True,
            dashboard=FREE_PORT,
        )  # fmt: skip
        program.start()
        try:
            with ThreadPoolExecutor(2) as clients:
                plays = (play.play_terminal, play.play_runs, play.play_plans, play.play_team)
                for played in [clients.submit(one) for one in plays]:
                    played.result()
            synced = program.call("sync-now")
            assert synced.code == 0, synced
            yield _fetch(play, program, opensync)
        finally:
            play.home.close()
            program.kill()


def _fetch(play: FeaturePlay, program: Program, opensync: OpenSyncDouble) -> Shown:
    shown = Shown(play, status=program.status())
    listed = json.loads(program.call("stats", "--by", "session", "--json").out)["lines"]
    shown.turns = {entry["session_id"]: entry["activity"]["turns"] for entry in listed}
    with DashboardAccess.request(program).client() as client:
        for name, session_id in play.sessions.items():
            path = f"/sessions/{session_id}"
            shown.exported[name] = json.loads(client.get(f"{path}/export.json").text)
            shown.markdown[name] = client.get(f"{path}/export.md").text
            page = _Page()
            for message in shown.exported[name]["messages"]:
                if message["seq"] not in page.articles:
                    query = {"at": message["seq"], "agent": message["agent_id"] or ""}
                    params = {key: value for key, value in query.items() if value}
                    page.feed(client.get(path, params=params).text)
            shown.pages[name] = page.articles
            shown.sent[name] = opensync.backend.shown(session_id)
            shown.paths[name] = opensync.backend.session(session_id).project_path
            shown.titles[name] = _arrived_title(opensync, session_id, shown.exported[name])
    return shown


def _arrived_title(opensync: OpenSyncDouble, session_id: str, exported: dict[str, Any]) -> str:
    """Return the backend's title once it is the one of the store: a change is sent later."""
    wanted = exported["session"]["title"] or ""

    def title() -> str:
        return opensync.backend.session(session_id).title or ""

    wait_until(lambda: title() == wanted, f"the title {wanted!r} arrives")
    return title()


def test_every_row_is_exported_with_its_kind_and_words(shown: Shown) -> None:
    """Once, in the order of the transcript, and nothing else."""
    faults = []
    for name in shown.play.sessions:
        messages = shown.exported[name]["messages"]
        wanted = {row.id: row for row in shown.expected(name)}
        stored = {message["id"]: message for message in messages}
        faults += [f"{name}: not expected {stored[key]}" for key in stored.keys() - wanted.keys()]
        faults += [f"{name}: missing {wanted[key]}" for key in wanted.keys() - stored.keys()]
        for agent_id in {row.agent_id for row in wanted.values()}:
            right = [
                key
                for key, row in wanted.items()
                if row.agent_id == agent_id and key in stored and not row.is_queued
            ]
            if right != [message["id"] for message in messages if message["id"] in set(right)]:
                faults.append(f"{name}: {agent_id} in another order")
        for key in wanted.keys() & stored.keys():
            faults += [f"{name}: {fault}" for fault in _compare(wanted[key], stored[key])]
    assert not faults, "\n".join(faults)


def _compare(row: ExpectedRow, message: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with an exported message."""
    parts = message["parts"]
    if message["kind"] != row.kind:
        yield f"{message['kind']}, should be {row.kind}: {row}"
    if message["is_inherited"] != row.is_copy:
        yield f"inherited {message['is_inherited']}: {row}"
    calls = tuple(part["tool_use_id"] for part in parts if part["kind"].startswith("tool-"))
    if row.calls and calls != row.calls:
        yield f"calls {calls}: {row}"
    if row.outcome:
        content = parts[0]["content"]
        outcome = content.get("denied") or ("ok" if content["ok"] else "error")
        if outcome != row.outcome:
            yield f"{outcome}, should be {row.outcome}: {row}"
    yield from _compare_words(row, "\n".join(_strings(parts)))


def _compare_words(row: ExpectedRow, text: str) -> Iterator[str]:
    """Yield the words that a text lacks, and those that it should not have."""
    text = _flat(text)
    for words in row.texts:
        if _flat(words) not in text:
            yield f"lacks {words!r}: {row.kind} {row.id} {text[:300]!r}"
    for words in row.hidden:
        if _flat(words) in text:
            yield f"shows {words!r}: {row.kind} {row.id} {text[:300]!r}"


def _strings(value: object) -> Iterator[str]:
    """Yield every text and number in a JSON value."""
    if isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif value is not None:
        yield str(value)


def _flat(text: str) -> str:
    """Return a text without line ends, and without the commas inside numbers."""
    return re.sub(r"(?<=\d),(?=\d{3})", "", " ".join(text.split()))


def test_every_row_is_on_the_page(shown: Shown) -> None:
    """With its speaker and words; a result with its call."""
    faults = []
    for name in shown.play.sessions:
        messages = shown.exported[name]["messages"]
        numbers = {message["id"]: message["seq"] for message in messages}
        calls = {
            part["tool_use_id"]: message["seq"]
            for message in messages
            for part in message["parts"]
            if part["kind"] == "tool-call"
        }
        for row in shown.expected(name):
            seq = calls[row.calls[0]] if row.outcome else numbers.get(row.id)
            article = shown.pages[name].get(seq or 0)
            if article is None:
                faults.append(f"{name}: missing {row}")
                continue
            faults += [f"{name}: {fault}" for fault in _compare_words(row, article.text)]
            if row.outcome and row.outcome not in {"ok", "error"}:
                faults += [] if row.outcome in article.text else [f"{name}: lacks {row.outcome}"]
            elif not row.outcome and not article.speaker.startswith(SPEAKERS.get(row.kind, "")):
                faults.append(f"{name}: {article.speaker} speaks: {row}")
    assert not faults, "\n".join(faults)


def test_every_row_is_in_the_document(shown: Shown) -> None:
    """In the order of the transcript, below the name of its speaker."""
    faults = []
    for name in shown.play.sessions:
        document = shown.markdown[name].replace("\\\\", "\\")  # as arguments are JSON
        sections = re.split(r"^## ", document, flags=re.MULTILINE)[1:]
        for row in shown.expected(name):
            speaker = {**SPEAKERS, "prompt": "Prompt", "tool_result": "Result"}.get(row.kind, "")
            if not any(
                section.startswith(speaker) and not list(_compare_words(row, section))
                for section in sections
            ):
                faults.append(f"{name}: missing {row}")
    assert not faults, "\n".join(faults)


def test_every_row_is_at_the_backend(shown: Shown) -> None:
    """Once, as whose words it is, saying first what it is, in the order of the transcript."""
    faults = []
    for name in shown.play.sessions:
        sent = shown.sent[name]
        messages = {message.external_id: message for message in sent}
        wanted = {row.id: row for row in shown.expected(name)}
        headers = {key for key in messages if key.endswith(":session")}
        assert len(sent) == len(messages)
        faults += [
            f"{name}: not expected {messages[key]}" for key in messages.keys() - wanted - headers
        ]
        for key, row in wanted.items():
            message = messages.get(key)
            if message is None:
                faults.append(f"{name}: missing {row}")
                continue
            if message.role != ROLES.get(
                row.kind, message.role if row.kind == "api_error" else "system"
            ):
                faults.append(f"{name}: sent as {message.role}: {row}")
            faults += [f"{name}: {fault}" for fault in _compare_shown(row, message)]
        for agent_id in {row.agent_id for row in wanted.values()}:
            right = [
                key
                for key, row in wanted.items()
                if row.agent_id == agent_id and key in messages and not row.is_queued
            ]
            if right != [key for key in messages if key in set(right)]:
                faults.append(f"{name}: {agent_id} in another order")
    assert not faults, "\n".join(faults)


def _compare_shown(row: ExpectedRow, message: Message) -> Iterator[str]:
    """Yield what is wrong with how the backend's app shows a message."""
    pieces = shown_pieces(message)
    if any(not piece.removeprefix(row.label).strip() for piece in pieces):
        yield f"an empty piece: {row} {pieces}"
    if not all(piece.startswith(row.label) for piece in pieces):
        yield f"not labelled {row.label!r}: {row} {pieces}"
    if not re.match(row.start, pieces[0].removeprefix(row.label)):
        yield f"begins {pieces[0][:300]!r}, should be {row.start!r}: {row.kind} {row.id}"
    text = "\n".join(_strings([part.content for part in message.parts]))
    yield from _compare_words(replace(row, texts=row.sent_texts), text)


def test_nothing_at_the_backend_names_this_machine(shown: Shown) -> None:
    """A public link to a session shows its state and its first message."""
    for name in shown.play.sessions:
        header = shown.sent[name][0]
        assert header.external_id.endswith(":session")
        lines = [line.partition(": ")[0] for line in str(header.text_content).splitlines()]
        assert not {"Folder", "Host", "Branch"} & set(lines), lines
        assert "Claude Code" in lines
        assert shown.paths[name] == shown.play.home.workdir.name


@pytest.mark.parametrize("name", TITLES)
def test_title_is_what_a_person_typed(shown: Shown, name: str) -> None:
    """Everywhere the same, and without the script that the tests add."""
    title = shown.exported[name]["session"]["title"]
    assert title.partition(" [[script")[0] == TITLES[name]
    assert shown.markdown[name].startswith(f"# {TITLES[name]}")
    assert shown.titles[name].startswith(TITLES[name])


def test_what_is_known_of_a_session_and_its_subagents_is_named(shown: Shown) -> None:
    """The agent and the effort that were chosen, and the tasks in the order of their calls."""
    assert {"- Agent: lily", "- Effort: low"} <= set(shown.markdown["as an agent"].splitlines())
    assert "Look: north bed" in shown.markdown["workflow"]
    parts = shown.markdown["subagents"].split("\n# Subagent ")[1:]
    tasks = [("Look around", "look now"), ("Be somebody", "name one"), ("Look later", "look later")]
    for (task, description), part in zip(tasks, parts, strict=True):
        assert task in part
        assert description in part
    assert "gärtner@home" in parts[1]


def test_turns_are_those_of_the_client(shown: Shown) -> None:
    """It writes the place of a turn into the row that begins it, also of one that is rewound."""
    for name, session_id in shown.play.sessions.items():
        rows = rows_of_type(shown.play.home.rows(session_id), "user")
        others = {"forkedFrom", "isCompactSummary"}
        begun = [row for row in rows if "turnPosition" in row and others.isdisjoint(row)]
        # The last one here ended in the session that the plan was handed to.
        ended = len(begun) - (name == "planned")
        assert (name, shown.turns[session_id]) == (name, ended)


def test_what_was_taken_back_is_marked(shown: Shown) -> None:
    """The prompt that was rewound and its answer, and nothing else."""
    messages = shown.exported["terminal"]["messages"]
    rewound = [message["parts"][0]["content"] for message in messages if message["is_rewound"]]
    assert [text.partition(" [[")[0] for text in rewound] == ["the wrong way", "Wrong."]


def test_nothing_was_left_unread(shown: Shown) -> None:
    """No line of the newest client's is unreadable, unknown or uncounted."""
    assert shown.status["problems"] == []

"""Sessions that a test writes, each with what must be true of it at the backend in the end.

What must be true follows from the lines that were written, without the program's own code.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from support.lines import Writer, call, line, text
from support.search_texts import right_search_text

if TYPE_CHECKING:
    from pathlib import Path

    from support.opensync_double.backend import Backend
    from support.opensync_double.records import Message

# Listed at 3 and 15 USD a million tokens in and out.
_MODEL = "claude-sonnet-4-5-20250929"
_USD_IN, _USD_OUT = 3e-6, 15e-6
_MAX_GAP_MS = 1_800_000
# A line that is sent at once is dated on arrival. One that the backend refuses while it takes
# others of the same request comes after them.
_MAX_DATE_SHIFT_MS = 10_000
_PLACEHOLDER = re.compile(r"\[REDACTED:[^\]]*\]")


@dataclass
class TrueSession:
    """A session below a Claude folder, whose every text has its `word`.

    `secret` is in its first prompt and titles, until the user removes it by a pattern; `password`
    is in its first prompt, and known as a secret only once a line reads it from a file.
    """

    claude_dir: Path
    number: int
    start_ms: int
    policy: str | None = None
    is_excluded: bool = False
    title: str = ""
    removed: set[str] = field(default_factory=set)
    _said: dict[str, tuple[int, str]] = field(default_factory=dict)
    _history_ms: int = 0
    _own: list[str] = field(default_factory=list)
    _tokens: list[int] = field(default_factory=lambda: [0, 0])

    def __post_init__(self) -> None:
        """Begin the conversation, and that of its subagent five hours later."""
        agent_id, five_hours_ms = f"a{self.number:016x}", 5 * 3_600_000
        self._main = Writer(self.session_id, cwd=self.folder, at_ms=self.start_ms)
        self._agent = Writer(
            self.session_id,
            agent_id=agent_id,
            cwd=self.folder,
            at_ms=self.start_ms + five_hours_ms,
        )
        project = self.claude_dir / "projects" / f"-home-jo-p{self.number:04}"
        self.path = project / f"{self.session_id}.jsonl"
        self.agent_path = project / self.session_id / "subagents" / f"agent-{agent_id}.jsonl"

    @property
    def session_id(self) -> str:
        """The session's id."""
        return f"{self.number:08}-2222-4333-8444-555555555555"

    @property
    def length(self) -> int:
        """How many messages it has."""
        return len(self._said)

    @property
    def folder(self) -> str:
        """The project's folder."""
        return f"/home/jo/p{self.number:04}"

    @property
    def word(self) -> str:
        """A word that only this session has."""
        return f"zebra{self.number:04}m"

    @property
    def secret(self) -> str:
        """What a pattern of the user removes."""
        return f"Bluebird{self.number:04}m"

    @property
    def password(self) -> str:
        """What becomes known as a secret."""
        return f"maple lantern {self.number:04} river"

    # What happens ---------------------------------------------------------------------------

    def write_history(self, *, length: int, has_long_text: bool, title: str | None) -> None:
        """Write a conversation of a while ago; its subagent's transcript is the newer file."""
        first = f"Plan {self.word} with {self.secret} and {self.password}"
        self.title = first
        self._prompt(self._main, first)
        for turn in range(length):
            self._answer(self._main, f"{self.word} answer {turn}")
            more = " 😀long" * 600 if has_long_text else ""
            self._prompt(self._main, f"{self.word} prompt {turn}{more}")
        if title is not None:
            self.rename(title)
        for turn in range(2):
            self._prompt(self._agent, f"{self.word} task {turn}")
            self._answer(self._agent, f"{self.word} done {turn}")
        self._history_ms = self._agent.at_ms
        ended = self.start_ms / 1000
        os.utime(self.path, (ended, ended))

    def rename(self, title: str) -> None:
        """Give the session a title, with its word."""
        self.title = f"{self.word} {title}"
        row = {"type": "custom-title", "customTitle": self.title, "sessionId": self.session_id}
        self._append(self.path, row)

    def say(self, now_ms: int, said: str) -> None:
        """Write a prompt and its answer now."""
        self._main.at_ms = max(now_ms - 200, self._main.at_ms)
        self._prompt(self._main, f"{self.word} {said}?", step_ms=50)
        self._answer(self._main, f"{self.word} {said}.", step_ms=50)

    def disclose(self, now_ms: int) -> None:
        """Read the password from a file; it is a secret from now on."""
        self._main.at_ms = max(now_ms - 200, self._main.at_ms)
        used = f"toolu_{self.number}_{len(self._own)}"
        content = f"DB_PASSWORD='{self.password}'\n"
        self._answer(self._main, "", call(used, "Read", file_path="/app/.env"), step_ms=50)
        detail = {"type": "text", "file": {"filePath": "/app/.env", "content": content}}
        self._write(self._main, self._main.result(used, f"1\t{content}", detail=detail), "", 50)
        self.removed.add(self.password)

    def restrict(self, policy: str) -> None:
        """Know that the settings allow no content of it any more."""
        self.policy = policy
        self.removed.update({self.word, self.secret, self.password})

    def _prompt(self, writer: Writer, said: str, *, step_ms: int = 1000) -> None:
        self._write(writer, writer.prompt(said), said, step_ms)

    def _answer(
        self, writer: Writer, said: str, *blocks: dict[str, Any], step_ms: int = 1000
    ) -> None:
        number = len(self._said)
        tokens = (100 + number, 7 + number)
        said_blocks = [text(said)] if said else []
        row = writer.answer(
            *said_blocks,
            *blocks,
            usage_id=f"msg_{self.number}_{number}",
            input_tokens=tokens[0],
            output_tokens=tokens[1],
        )
        row["message"]["model"] = _MODEL
        if self.policy != "off":
            self._tokens = [old + new for old, new in zip(self._tokens, tokens, strict=True)]
        self._write(writer, row, said, step_ms)

    def _write(self, writer: Writer, row: dict[str, Any], said: str, step_ms: int) -> None:
        at_ms = writer.at_ms - 1000
        writer.at_ms = at_ms + step_ms
        is_agent = writer.agent_id is not None
        names = [self.session_id, *([writer.agent_id] if writer.agent_id else []), row["uuid"]]
        identity = ":".join(names)
        self._said[identity] = (at_ms, said)
        if not is_agent:
            self._own.append(identity)
        self._append(self.agent_path if is_agent else self.path, row)

    def _append(self, path: Path, row: dict[str, Any]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(line(row))

    # What must be true ------------------------------------------------------------------------

    def differences(self, backend: Backend, stored: list[str]) -> list[str]:
        """Return what of it is wrong at the backend; `stored` are the ids in the store's order.

        The store orders the lines of several files as it reads them.
        """
        if self.policy == "off":
            return self._differences_of_recalled(backend, stored)
        try:
            held = backend.session(self.session_id)
        except KeyError:
            return ["missing"]
        messages = backend.messages(self.session_id)
        header = f"{self.session_id}:session"
        cost = self._tokens[0] * _USD_IN + self._tokens[1] * _USD_OUT
        facts: dict[str, tuple[object, object]] = {
            "rows": (sorted(row.external_id for row in messages), sorted([header, *self._said])),
            "count": (held.message_count, len(self._said) + 1),
            "date": (held.created_at_ms, self.start_ms),
            "tokens": ([held.prompt_tokens, held.completion_tokens], self._tokens),
            "cost": (round(held.cost or 0, 9), round(cost, 9)),
            "duration": (held.duration_ms, self._duration_ms()),
            "model": (held.model, _MODEL),
            "folder": (held.project_path, self.folder.replace("/home/jo", "~")),
            "order": (self._misplaced(backend), []),
            "dates": (self._misdated(messages), []),
            "search text": (self._has_right_search_text(backend, stored), True),
            "texts": (self._wrong_texts(messages), []),
        }
        if self.policy is None:
            facts["title"] = (_PLACEHOLDER.sub("…", held.title or ""), self._without(self.title))
        return self._unequal(facts)

    def _differences_of_recalled(self, backend: Backend, stored: list[str]) -> list[str]:
        messages = backend.messages(self.session_id)
        if not messages:
            return []
        held = backend.session(self.session_id)
        facts: dict[str, tuple[object, object]] = {
            "title": (held.title, "Excluded session"),
            "folder": (held.project_path, "excluded"),
            "texts": ({row.text_content for row in messages}, {"[removed]"}),
            "search text": (self._has_right_search_text(backend, stored), True),
            "once": (len({row.external_id for row in messages}), len(messages)),
        }
        return self._unequal(facts)

    def _unequal(self, facts: dict[str, tuple[object, object]]) -> list[str]:
        return [
            f"session {self.number}, {self.policy}: {name} is {is_!r}, not {must!r}"
            for name, (is_, must) in facts.items()
            if is_ != must
        ]

    def _misplaced(self, backend: Backend) -> list[str]:
        """Return the subagent's rows apart, those that the viewer shows too early."""
        own = set(self._own)
        first, *shown = [
            row.external_id
            for row in backend.shown(self.session_id)
            if row.external_id in own or row.role == "system"
        ]
        times = [self._said[name][0] for name in shown if name in self._said]
        latest = list(accumulate(times, max))
        misplaced = [
            name
            for name, at_ms, latest_ms in zip(shown, times, latest, strict=True)
            if latest_ms - at_ms > (_MAX_DATE_SHIFT_MS if at_ms > self._history_ms else 0)
        ]
        return misplaced if first == f"{self.session_id}:session" else [first, *misplaced]

    def _has_right_search_text(self, backend: Backend, stored: list[str]) -> bool:
        held = backend.session(self.session_id)
        rows = {row.external_id: row for row in backend.messages(self.session_id)}
        right = right_search_text(held.title, [rows[name] for name in stored if name in rows])
        return (held.searchable_text or "").rstrip() == right.rstrip()

    def _misdated(self, messages: list[Message]) -> list[tuple[str, float]]:
        shifts = [
            (row.external_id, row.created_at_ms - self._said[row.external_id][0])
            for row in messages
            if row.external_id in self._said
        ]
        return [shift for shift in shifts if not 0 <= shift[1] <= _MAX_DATE_SHIFT_MS]

    def _wrong_texts(self, messages: list[Message]) -> list[tuple[str, str]]:
        """Return the rows whose text lacks what was said."""
        texts = {
            row.external_id: _PLACEHOLDER.sub("…", row.text_content or "")
            for row in messages
            if row.external_id in self._said
        }
        if self.policy is not None:
            return [(name, said) for name, said in texts.items() if self.word in said]
        return [
            (name, f"{said[:60]}…{said[-60:]}")
            for name, said in texts.items()
            if self._without(self._said[name][1]) not in said
        ]

    def _without(self, said: str) -> str:
        for word in self.removed:
            said = said.replace(word, "…")
        return said

    def _duration_ms(self) -> int:
        times = sorted(at_ms for at_ms, _said in self._said.values())
        gaps = [later - earlier for earlier, later in pairwise(times)]
        return sum(gap for gap in gaps if gap <= _MAX_GAP_MS)

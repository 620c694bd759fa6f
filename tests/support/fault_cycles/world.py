"""The transcripts of a cycle, and what must come of each line: an oracle of its own."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from support.canaries import Canaries
from support.lines import AGENT, OTHER, SESSION, START_MS, Writer, call, line, text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.fault_cycles.places import Places

GONE = "77777777-2222-4333-8444-555555555555"
"""A session that is in the store and at the backend; its transcript is deleted."""
LIVE = OTHER
_PROJECT = "-home-user-project"


@dataclass
class World:
    """What Claude Code writes during a cycle, with a secret beside every text.

    `texts` has for every row, by the backend's id, in the order of its session, the words that it
    has there.
    """

    places: Places
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    texts: dict[str, str] = field(default_factory=dict)
    canaries: Canaries = field(default_factory=lambda: Canaries(18))
    _writers: dict[str, Writer] = field(default_factory=dict)
    _count: int = 0

    def write_gone(self) -> None:
        """Write the session that will be gone."""
        self._write_turns(GONE, 2)

    def remove_gone(self) -> None:
        """Delete its transcript."""
        self._path(GONE).unlink()

    def write_history(self) -> None:
        """Write turns of long ago, a subagent's, and a line that is not JSON."""
        self._write_turns(SESSION, 2)
        title = {"type": "custom-title", "customTitle": "Title", "sessionId": SESSION}
        self._append(self._path(SESSION), b"broken\n", line(title))
        # After the session's own rows, and before those of `write_more_history`.
        agent = Writer(agent_id=AGENT, at_ms=self._writers[SESSION].at_ms)
        self._writers[SESSION].at_ms += 60_000
        words = ["Task", "Done"]
        rows = [
            agent.prompt(self._text(words[0])),
            agent.answer(text(self._text(words[1])), usage_id="msg_a"),
        ]
        for row, word in zip(rows, words, strict=True):
            self.texts[f"{SESSION}:{AGENT}:{row['uuid']}"] = word
        path = self._path(SESSION).with_suffix("") / "subagents" / f"agent-{AGENT}.jsonl"
        self._append(path, *map(line, rows))
        path.with_name(f"{path.stem}.meta.json").write_bytes(b'{"agentType":"Explore"}')

    def write_more_history(self) -> None:
        """Continue a session that was read before, and whose last line is unfinished."""
        self._write_turns(SESSION, 1)

    def write_live(self) -> None:
        """Write a turn of this moment."""
        writer = self._writers.setdefault(LIVE, Writer(LIVE))
        writer.at_ms = self.now_ms() - 3000
        self._write_turns(LIVE, 1)

    def write_hook_event(self) -> None:
        """Have a hook report a stop, as the plugin's script does."""
        event = {"hook_event_name": "Stop", "session_id": LIVE}
        path = self.places.state / "signals" / f"Stop.{LIVE}.4242"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(orjson.dumps(event) + b"\n")

    def _write_turns(self, session_id: str, count: int) -> None:
        if session_id not in self._writers:
            self._writers[session_id] = Writer(session_id, at_ms=START_MS)
        writer = self._writers[session_id]
        self.texts.setdefault(f"{session_id}:session", "")
        for _ in range(count):
            self._count += 1
            number, used = self._count, f"toolu_{self._count}"
            self._write(writer, f"Question {number}", writer.prompt)
            self._write(
                writer,
                f"Answer {number}",
                lambda words, used=used, number=number: writer.answer(
                    text(words),
                    call(used, "Bash", command=f"deploy {self.canaries.github_token()}"),
                    usage_id=f"msg_{number}",
                ),
            )
            self._write(
                writer, f"Output {number}", lambda words, used=used: writer.result(used, words)
            )

    def _write(self, writer: Writer, words: str, make: Any) -> None:  # noqa: ANN401 - makes a row
        row = make(self._text(words))
        self.texts[f"{writer.session_id}:{row['uuid']}"] = words
        self._append(self._path(writer.session_id), line(row))

    def _text(self, words: str) -> str:
        return f"{words}, with {self.canaries.github_token()} ."

    def _append(self, path: Path, *lines: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(b"".join(lines))

    def _path(self, session_id: str) -> Path:
        return self.places.projects / _PROJECT / f"{session_id}.jsonl"

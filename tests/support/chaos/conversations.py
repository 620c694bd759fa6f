"""Transcripts as Claude Code writes, copies, moves, rewrites and deletes them, with their truth.

What must be true follows from what was written here; nothing of it is computed by the program.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from support.lines import Writer, call, line, text

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

    from support.canaries import Canaries

_WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "harbor", "island")
DAY_MS = 86_400_000


@dataclass
class Saying:
    """A message that was written at some time: `versions` are the marks of its texts.

    `at_ms` is its date by the clock of its machine, `written_ms` by the true one. `is_copy`: it was
    said in another session.
    """

    id: str
    at_ms: int
    written_ms: int
    is_copy: bool = False
    versions: list[str] = field(default_factory=list)


@dataclass
class World:
    """All that was ever written, on every machine; `texts` is what was said."""

    canaries: Canaries
    texts: list[str] = field(default_factory=list)
    sayings: dict[str, Saying] = field(default_factory=dict)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    counts: dict[str, int] = field(default_factory=dict)

    def mark(self) -> str:
        """Return a word that no other text has."""
        return f"row{next(self.numbers):06}v00"

    def count(self, what: str) -> None:
        """Count something that was done."""
        self.counts[what] = self.counts.get(what, 0) + 1


@dataclass
class TranscriptFile:
    """A file and its complete lines; `begun` is the unfinished line after them."""

    path: Path
    writer: Writer
    lines: list[bytes] = field(default_factory=list)
    begun: bytes = b""

    def append(self, *rows: bytes, cut: int = 0) -> None:
        """Add whole lines in one write; with `cut`, all but so many bytes of the last one."""
        self.finish()
        data = b"".join(rows)
        written = data[: len(data) - cut]
        if cut:
            self.lines += rows[:-1]
            self.begun = rows[-1]
        else:
            self.lines += rows
        self._write(written)

    def finish(self) -> None:
        """Write the rest of an unfinished line."""
        if self.begun:
            rest = self.begun[self._begun_bytes() :]
            self.lines.append(self.begun)
            self.begun = b""
            self._write(rest)

    def seal(self) -> None:
        """End an unfinished line as it is, as a client does that was killed and resumes."""
        if self.begun:
            self.lines.append(self.begun[: self._begun_bytes()] + b"\n")
            self.begun = b""
            self._write(b"\n")

    def _begun_bytes(self) -> int:
        return self.path.stat().st_size - sum(map(len, self.lines))

    def _write(self, data: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, data)
        finally:
            os.close(descriptor)

    def overwrite(self, index: int, new: bytes) -> None:
        """Replace a line in place by one of equal length."""
        self.finish()
        assert len(new) == len(self.lines[index])
        with self.path.open("r+b") as file:
            file.seek(sum(map(len, self.lines[:index])))
            file.write(new)
        self.lines[index] = new

    def cut_tail(self, count: int) -> None:
        """Take the last lines away, in place."""
        self.finish()
        del self.lines[max(1, len(self.lines) - count) :]
        with self.path.open("r+b") as file:
            file.truncate(sum(map(len, self.lines)))

    def replace(self, lines: list[bytes]) -> None:
        """Rename another file over it."""
        self.finish()
        new = self.path.with_name(f"{self.path.name}.compact.tmp.0a1b2c3d")
        new.write_bytes(b"".join(lines))
        new.chmod(0o600)
        new.rename(self.path)
        self.lines = list(lines)


class Conversation:
    """One session on one machine: its main transcript and those of its subagents."""

    def __init__(
        self, world: World, claude_dir: Path, session_id: str, *, now_ms: Callable[[], int]
    ) -> None:
        self.world = world
        self.session_id = session_id
        self.now_ms = now_ms
        self.claude_dir = claude_dir
        self.project = f"-home-jo-{session_id[:8]}"
        writer = Writer(session_id, cwd=f"/home/jo/{session_id[:8]}")
        self.main = TranscriptFile(self._main_path(), writer)
        self.agents: list[TranscriptFile] = []

    def _main_path(self) -> Path:
        return self.claude_dir / "projects" / self.project / f"{self.session_id}.jsonl"

    @property
    def files(self) -> list[TranscriptFile]:
        """All of its transcripts."""
        return [self.main, *self.agents]

    # Rows -----------------------------------------------------------------------------------

    def _dated(self, file: TranscriptFile, make: Callable[[], dict[str, Any]], mark: str) -> bytes:
        writer = file.writer
        writer.at_ms = self.now_ms()
        at_ms = writer.at_ms
        row = make()
        names = [self.session_id, *([writer.agent_id] if writer.agent_id else []), row["uuid"]]
        self._record(":".join(names), at_ms, mark)
        return line(row)

    def _record(self, identity: str, at_ms: int, mark: str, *, is_copy: bool = False) -> None:
        new = Saying(identity, at_ms, int(time.time() * 1000), is_copy=is_copy)
        self.world.sayings.setdefault(identity, new).versions.append(mark)

    def _said(self, chance: random.Random, mark: str) -> str:
        """Return a text between two marks; some have secrets in them."""
        words = [chance.choice(_WORDS) for _ in range(chance.randrange(2, 30))]
        if chance.random() < 0.5:
            canaries = self.world.canaries
            secret = canaries.github_token if chance.random() < 0.7 else canaries.hex_token
            words.insert(chance.randrange(len(words)), secret())
        if chance.random() < 0.05:
            words.append(self.world.canaries.assignment())
        said = f"{mark} {' '.join(words)} {mark}"
        self.world.texts.append(said)
        return said

    def prompt_row(self, file: TranscriptFile, chance: random.Random) -> bytes:
        """Return what the user types."""
        mark = self.world.mark()
        return self._dated(file, lambda: file.writer.prompt(self._said(chance, mark)), mark)

    def answer_rows(self, file: TranscriptFile, chance: random.Random) -> list[bytes]:
        """Return the rows of an answer: a text, and perhaps a call with its result."""
        usage_id = f"msg_{next(self.world.numbers):08}_{self.session_id[:8]}"
        mark = self.world.mark()
        said = self._said(chance, mark)
        rows = [self._dated(file, lambda: file.writer.answer(text(said), usage_id=usage_id), mark)]
        if chance.random() < 0.4:
            asked, answered = self.world.mark(), self.world.mark()
            used = f"toolu_{next(self.world.numbers):08}"
            block = call(used, "Bash", command=f"echo {self._said(chance, asked)}")
            rows.append(
                self._dated(file, lambda: file.writer.answer(block, usage_id=usage_id), asked)
            )
            output = self._said(chance, answered)
            rows.append(self._dated(file, lambda: file.writer.result(used, output), answered))
        return rows

    # What the client does ---------------------------------------------------------------------

    def turn(self, chance: random.Random, turns: int = 1) -> None:
        """Write prompts and answers, each in one write as the client does."""
        for _ in range(turns):
            self.main.append(self.prompt_row(self.main, chance))
            self.main.append(*self.answer_rows(self.main, chance))

    def burst(self, chance: random.Random) -> None:
        """Write many rows at once."""
        rows = [self.prompt_row(self.main, chance)]
        for _ in range(chance.randrange(20, 120)):
            rows += self.answer_rows(self.main, chance)
        self.main.append(*rows)

    def subagent(self, chance: random.Random) -> None:
        """Write to a subagent's transcript, mostly to a new one."""
        is_new = not self.agents or chance.random() < 0.6
        if is_new:
            agent_id = f"a{next(self.world.numbers):016x}"
            folder = self.main.path.with_suffix("") / "subagents"
            writer = Writer(self.session_id, agent_id=agent_id, cwd=self.main.writer.cwd)
            self.agents.append(TranscriptFile(folder / f"agent-{agent_id}.jsonl", writer))
            folder.mkdir(parents=True, exist_ok=True)
            sidecar = folder / f"agent-{agent_id}.meta.json"
            new = sidecar.with_name(f"{sidecar.name}.tmp.1")
            new.write_text(json.dumps({"agentType": "general-purpose", "description": "Look"}))
            new.rename(sidecar)
        agent = self.agents[-1] if is_new else chance.choice(self.agents)
        agent.append(self.prompt_row(agent, chance), *self.answer_rows(agent, chance))

    def half_line(self, chance: random.Random) -> None:
        """Write rows of which the last one is not there completely yet."""
        rows = self.answer_rows(self.main, chance)
        self.main.append(*rows, cut=chance.randrange(1, len(rows[-1])))

    def torn_line(self, chance: random.Random) -> None:
        """Leave a line torn for good, as a killed client does; the next one seals it."""
        row = self.prompt_row(self.main, chance)
        self.main.append(row, cut=chance.randrange(60, len(row) - 1))
        self.main.seal()
        self.turn(chance)

    def title(self) -> None:
        """Rename the session."""
        name = f"Renamed {self.world.mark()}"
        row = {"type": "custom-title", "customTitle": name, "sessionId": self.session_id}
        self.main.append(line(row))

    def noise(self, chance: random.Random) -> None:
        """Write rows of which nothing may be shown or sent, with secrets in them."""
        secret = self.world.canaries.github_token()
        rows: list[dict[str, Any]] = [
            {"type": "mode", "mode": "default", "sessionId": self.session_id},
            {"type": "api-request-blob", "sessionId": self.session_id, "message": {"c": secret}},
            {"type": "some-new-type", "sessionId": self.session_id, "content": secret},
            {"type": "cost-state", "sessionId": self.session_id, "totalCostUSD": 0.1},
        ]
        self.main.append(*map(line, chance.sample(rows, 2)))

    # What else happens to files ---------------------------------------------------------------

    def rewrite(self, chance: random.Random) -> bool:
        """Replace a message's text by one of equal length, as a person who removes words does."""
        file = chance.choice(self.files)
        marked = [at for at, data in enumerate(file.lines) if _is_tree_row(data)]
        if not marked:
            return False
        index = chance.choice(marked)
        row = orjson.loads(file.lines[index])
        identity = _identity(row)
        saying = self.world.sayings[identity]
        old, number = saying.versions[-1], len(saying.versions)
        if number > 99 or old.encode() not in file.lines[index]:
            return False
        new = f"{old[:-2]}{number:02}"
        saying.versions.append(new)
        file.overwrite(index, file.lines[index].replace(old.encode(), new.encode()))
        return True

    def tombstone(self, chance: random.Random) -> None:
        """Take the last rows back, and write others."""
        self.main.cut_tail(chance.randrange(1, 4))
        if chance.random() < 0.7:
            self.turn(chance)

    def collect_garbage(self, chance: random.Random) -> None:
        """Replace the transcript by a shorter one."""
        self.main.finish()
        lines = self.main.lines
        kept = [data for at, data in enumerate(lines) if not at or chance.random() < 0.7]
        self.main.replace(kept)

    def replace_by_copy(self) -> None:
        """Replace the transcript by a copy of itself, as a program does that syncs folders."""
        self.main.finish()
        self.main.replace(self.main.lines)

    def move(self, chance: random.Random) -> None:
        """Move it to another project's folder, as entering a worktree does."""
        old = self.main.path
        self.project = f"-home-jo-{self.session_id[:8]}-worktree-{chance.randrange(1000)}"
        new = self._main_path()
        if new == old:
            return
        self.main.finish()
        new.parent.mkdir(parents=True, exist_ok=True)
        old.rename(new)
        self.main.path = new
        if old.with_suffix("").exists():
            old.with_suffix("").rename(new.with_suffix(""))
        for agent in self.agents:
            agent.path = new.with_suffix("") / "subagents" / agent.path.name
        cwd = f"/home/jo/worktree-{chance.randrange(1000)}"
        row = {"type": "relocated", "relocatedCwd": cwd, "sessionId": self.session_id}
        self.main.append(line(row))

    def delete(self) -> None:
        """Delete it, as the client does with what is old."""
        self.main.path.unlink()
        shutil.rmtree(self.main.path.with_suffix(""), ignore_errors=True)

    def copy_into(self, fork: Conversation, chance: random.Random) -> None:
        """Begin another session with a copy of this one, and continue there."""
        self.main.finish()
        is_branch = chance.random() < 0.5
        rows = []
        for data in self.main.lines:
            if not _is_tree_row(data):
                continue
            row = orjson.loads(data)
            old = _identity(row)
            row["sessionId"] = fork.session_id
            if row["type"] == "assistant":
                row["requestSessionId"] = self.session_id
            if is_branch:
                row["forkedFrom"] = {"sessionId": self.session_id, "messageUuid": row["uuid"]}
            saying = self.world.sayings[old]
            # The same session may have been rewritten on the other machine only.
            versions = [version for version in saying.versions if version.encode() in data]
            mark = versions[-1] if versions else saying.versions[-1]
            fork._record(_identity(row), saying.at_ms, mark, is_copy=True)
            rows.append(line(row))
        if rows:
            fork.main.append(*rows)
        fork.main.writer.parent = self.main.writer.parent
        fork.turn(chance)

    def copy_to(self, claude_dir: Path, now_ms: Callable[[], int]) -> Conversation:
        """Return the same session on another machine, to which its file was copied."""
        self.main.finish()
        copy = Conversation(self.world, claude_dir, self.session_id, now_ms=now_ms)
        copy.main.append(*self.main.lines)
        # Each machine's rows have ids of their own.
        copy.main.writer = Writer(self.session_id, cwd=f"/home/jo/copy-{self.session_id[:8]}")
        copy.main.writer._numbers = itertools.count(1_000_000)
        return copy

    def write_old(self, chance: random.Random, ago_ms: int) -> None:
        """Write a history of long ago, all at once."""
        real, start = self.now_ms, self.now_ms() - ago_ms
        steps = itertools.count()
        self.now_ms = lambda: start + next(steps) * 7_000
        rows = [self.prompt_row(self.main, chance)]
        for _ in range(chance.randrange(2, 15)):
            rows += self.answer_rows(self.main, chance)
        self.now_ms = real
        self.main.append(*rows)
        os.utime(self.main.path, (start / 1000, start / 1000))


def _is_tree_row(data: bytes) -> bool:
    if not data.startswith(b'{"parentUuid"'):
        return False
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError:
        return False  # a torn one may end in a brace too
    return True


def _identity(row: dict[str, Any]) -> str:
    return ":".join(
        [row["sessionId"], *([row["agentId"]] if "agentId" in row else []), row["uuid"]]
    )


def session_id_of(number: int) -> str:
    """Return the id of a session."""
    return f"{number:08x}-5eed-4000-8000-000000000000"

"""Generated transcripts for measuring an import: the same bytes for the same size, every time.

*dense*: all bytes are messages. *modern*: 6 % are, as in what today's client writes; the rest are
its snapshots and progress rows. *many*: small files. *huge*: one file.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from support.ccsync_program.transcript import Transcript
from support.lines import START_MS, call, line, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_WORDS = (
    "pump", "reads", "file", "offset", "stores", "because", "every", "line", "is", "complete",
    "newline", "on", "the", "disk", "nothing", "lost", "after", "crash", "process", "return",
    "value", "None", "self", "import", "class", "test", "assert", "path", "rows", "commit",
)  # fmt: skip
_CODE = (
    "def total(rows: list[int]) -> int:\n    return sum(row for row in rows if row > 0)\n",
    '{"name": "ccsync", "version": "0.2.0", "files": ["src/main.py", "tests/test_main.py"]}\n',
    "src/server/app.py:118: warning: unused variable 'answer' [unused-variable]\n",
    "| name | bytes | rows |\n|---|---|---|\n| dense | 1,024 | 12 |\n",
)
_COMMANDS = (
    "uv run pytest -q tests/unit/test_module_{}.py 2>&1 | tail -20",
    "git log --oneline -{} -- src/server && git status --short",
    "cd /home/user/project && sed -n '{},+40p' src/server/app.py",
    "grep -rn 'def handler_{}' --include='*.py' src tests | head",
)
_SOURCE_CHARS = 1 << 20
_SESSION_BYTES = 2 << 20
_MESSAGE_SHARE = 0.06
FILE_BYTES = 47_000
"""Of a file of *many*."""


@dataclass(frozen=True)
class Corpus:
    """What was written; `messages` are the rows of conversations."""

    name: str
    files: tuple[Path, ...]
    bytes: int
    messages: int


class _Session:
    """One session's transcript, written turn by turn."""

    def __init__(self, claude_dir: Path, number: int, source: _Source) -> None:
        self._source = source
        self.transcript = Transcript(
            claude_dir,
            session_id=f"{number:08x}-2222-4333-8444-555555555555",
            project=f"-home-user-project-{number % 50}",
        )
        self.transcript.writer.at_ms = START_MS + number * 3_600_000
        self._turn = self.messages = 0

    def write(self, size: int, *, message_share: float = 1.0) -> int:
        """Write about so many bytes; return how many."""
        path = self.transcript.path
        path.parent.mkdir(parents=True, exist_ok=True)
        written = messages = 0
        with path.open("wb") as file:
            while written < size:
                if messages <= written * message_share:
                    rows = list(self._rows())
                    data = b"".join(line(row) for row in rows)
                    messages += len(data)
                    self.messages += len(rows)
                else:
                    data = line(self._left_out())
                written += file.write(data)
        return written

    def _rows(self) -> Iterator[dict[str, Any]]:
        """Yield the rows of one turn: a prompt, an answer, a call, its result and the end."""
        self._turn += 1
        writer, source = self.transcript.writer, self._source
        name = f"{self.transcript.session_id[:8]}_{self._turn}"
        used = f"toolu_{name}"
        tokens = {"cache_read_input_tokens": 1000 + self._turn, "output_tokens": 50}
        yield writer.prompt(source.text(200))
        yield writer.answer(text(source.text(700)), usage_id=f"msg_{name}_a", **tokens)
        arguments = {"command": source.command(), "description": source.text(40)}
        yield writer.answer(call(used, "Bash", **arguments), usage_id=f"msg_{name}_b", **tokens)
        output = source.text(1500)
        yield writer.result(used, output, detail={"stdout": output, "stderr": ""})
        yield writer.answer(text(source.text(400)), usage_id=f"msg_{name}_c", **tokens)

    def _left_out(self) -> dict[str, Any]:
        """Return a row that carries nothing that is kept."""
        files = {f"src/module_{number}.py": self._source.text(150) for number in range(40)}
        return {
            "type": "file-history-snapshot",
            "messageId": self.transcript.session_id,
            "snapshot": {"trackedFileBackups": files},
        }


class _Source:
    """Texts of any length, no two alike, cut from one long text: quicker than making each."""

    def __init__(self) -> None:
        self._random = random.Random(17)  # noqa: S311 - no secret
        pieces, size = [], 0
        while size < _SOURCE_CHARS:
            words = " ".join(self._random.choices(_WORDS, k=30))
            pieces.append(f"{words}.\n{self._random.choice(_CODE)}")
            size += len(pieces[-1])
        self._text = "".join(pieces)

    def command(self) -> str:
        """Return a command."""
        return self._random.choice(_COMMANDS).format(self._random.randrange(1000))

    def text(self, chars: int) -> str:
        """Return a text of about so many characters."""
        size = self._random.randint(chars // 2, chars * 3 // 2)
        start = self._random.randrange(len(self._text) - size)
        return self._text[start : start + size]


def dense(claude_dir: Path, size: int) -> Corpus:
    """Write sessions of 2 MB in which every byte is of a message."""
    return _sessions("dense", claude_dir, size, _SESSION_BYTES)


def modern(claude_dir: Path, size: int) -> Corpus:
    """Write sessions of 2 MB of which 6 % are messages."""
    return _sessions("modern", claude_dir, size, _SESSION_BYTES, message_share=_MESSAGE_SHARE)


def many(claude_dir: Path, size: int) -> Corpus:
    """Write files of 47 kB."""
    return _sessions("many", claude_dir, size, FILE_BYTES)


def huge(claude_dir: Path, size: int) -> Corpus:
    """Write one file."""
    return _sessions("huge", claude_dir, size, size)


CORPORA: dict[str, Callable[[Path, int], Corpus]] = {
    "dense": dense, "modern": modern, "many": many, "huge": huge,
}  # fmt: skip


def _sessions(
    name: str, claude_dir: Path, size: int, file_size: int, *, message_share: float = 1.0
) -> Corpus:
    source, written, messages = _Source(), 0, 0
    files: list[Path] = []
    while written < size:
        session = _Session(claude_dir, len(files), source)
        written += session.write(min(file_size, size - written), message_share=message_share)
        messages += session.messages
        files.append(session.transcript.path)
    return Corpus(name, tuple(files), written, messages)

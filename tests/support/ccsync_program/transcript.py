"""A transcript that a test writes line by line, as the client does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from support.lines import SESSION, Writer, line, text

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Transcript:
    """One session's file below a Claude folder; its first line creates the folder."""

    claude_dir: Path
    session_id: str = SESSION
    project: str = "-home-user-project"
    writer: Writer = field(init=False)

    def __post_init__(self) -> None:
        """Start the conversation."""
        self.writer = Writer(session_id=self.session_id)

    @property
    def path(self) -> Path:
        """The path of the file."""
        return self.claude_dir / "projects" / self.project / f"{self.session_id}.jsonl"

    def append(self, *rows: dict[str, Any]) -> None:
        """Add complete lines in one write."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            file.write(b"".join(line(row) for row in rows))

    def turn(self, number: int = 1) -> None:
        """Add a prompt and its answer."""
        self.append(
            self.writer.prompt(f"Question {number}?"),
            self.writer.answer(
                text(f"Answer {number}."), usage_id=f"msg_{number}_{self.session_id}"
            ),
        )

"""What the pump is given, and the counts that it gives back."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ccsync_watch.privacy.policy.projects import Projects
from ccsync_watch.transcripts import tail

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    from ccsync_watch.privacy.policy.policy import Policy
    from ccsync_watch.transcripts.discovery import Sweep, Transcript
    from ccsync_watch.transcripts.transcript_file import OpenFile


class Files(Protocol):
    """The file system, as far as the pump needs it."""

    def open_file(self, path: str) -> AbstractContextManager[OpenFile]:
        """Open a transcript. Raises OSError."""
        ...

    def read_sidecar(self, path: str) -> bytes:
        """Return the small file beside a subagent's transcript, empty when there is none."""
        ...

    def look(self, path: str) -> Transcript | None:
        """Return one transcript as `stat` sees it now. Raises OSError."""
        ...

    def sweep(self, roots: Iterable[str]) -> Sweep:
        """Return every transcript below the roots."""
        ...

    def sweep_session(self, roots: Iterable[str], session_id: str) -> Sweep:
        """Return one session's transcripts, its subagents' included."""
        ...


@dataclass(frozen=True, slots=True)
class PumpConfig:
    """What the pump is told once. `roots` are the `projects` folders."""

    roots: tuple[str, ...]
    policy: Policy
    install_key: bytes
    host: str
    is_released: bool = True
    projects: Projects = field(default_factory=Projects)
    chunk_bytes: int = tail.CHUNK_BYTES
    max_line_bytes: int = tail.MAX_LINE_BYTES


@dataclass(slots=True)
class Progress:
    """Counts since the start."""

    bytes_read: int = 0
    lines: int = 0
    rows: int = 0


def shown_name(path: str) -> str:
    """Return what a transcript is called where it is stored and shown: its file's name.

    The client makes the folder's name from the project's path and spells it differently, so that
    a secret in it is no longer known as one.
    """
    if not path.endswith(".jsonl"):
        return "a project's folder"
    return os.fsencode(os.path.basename(path)).decode("utf-8", "replace")  # noqa: PTH119 - a str path may hold bytes that Path would not print

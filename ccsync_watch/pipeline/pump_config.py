"""What the pump is configured with, the counts that it reports, and how it names transcripts."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ccsync_watch.privacy.policy.projects import Projects
from ccsync_watch.transcripts import tail

if TYPE_CHECKING:
    from ccsync_watch.privacy.policy.policy import Policy

SLOW_CHUNK_BYTES = 1 << 16
"""What is read at once while the redactor has a slow engine: a larger chunk would take seconds."""


@dataclass(frozen=True, slots=True)
class PumpConfig:
    """Settings of one pump. `roots` are the `projects` folders."""

    roots: tuple[str, ...]
    policy: Policy
    install_key: bytes
    host: str
    is_released: bool = True
    projects: Projects = field(default_factory=Projects)
    chunk_bytes: int = tail.CHUNK_BYTES
    max_line_bytes: int = tail.MAX_LINE_BYTES


@dataclass(slots=True)
class PumpProgress:
    """Counts since the start."""

    bytes_read: int = 0
    lines: int = 0
    rows: int = 0


def display_name(path: str) -> str:
    """Return the name under which a transcript is stored and shown: its file name, unredacted.

    The client derives the folder's name from the project's path and spells it differently, so a
    secret in it would no longer be recognised as one.
    """
    if not path.endswith(".jsonl"):
        return "a project's folder"
    return os.fsencode(os.path.basename(path)).decode("utf-8", "replace")  # noqa: PTH119 - a str path may hold bytes that Path would not print

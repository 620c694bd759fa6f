"""What a process that cleans a backlog ahead and the one that stores it send to each other."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ccsync_watch.transcripts import tail

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from ccsync_watch.model import Batch, Line, Redacted
    from ccsync_watch.pipeline.cleaning_reads import NotedRead
    from ccsync_watch.pipeline.files import Files
    from ccsync_watch.privacy.known.call_history import HistoryChange
    from ccsync_watch.privacy.policy.policy import Policy
    from ccsync_watch.privacy.policy.projects import Projects
    from ccsync_watch.transcripts.discovery import Transcript


@dataclass(frozen=True, slots=True)
class CleaningSetup:
    """What a process needs to clean as its parent does.

    `redactor` is what its redactor is built from, `state_dir` the folder of the database.
    """

    policy: Policy
    projects: Projects
    redactor: Mapping[str, Any]
    state_dir: Path
    files: Files
    chunk_bytes: int = tail.CHUNK_BYTES


class PlannedChunk(NamedTuple):
    """A chunk to be read; `is_last`: the transcript is to be read to its end then."""

    transcript: Transcript
    start: int
    is_last: bool


@dataclass(frozen=True, slots=True)
class CleaningPlan:
    """What to read, in this order, and what the parent knows before it.

    `known` are the redactor's values with their kinds. Each plan has a higher `number`.
    """

    number: int
    turns: tuple[PlannedChunk, ...]
    history: list[HistoryChange]
    known: dict[str, str]


class LeaveOut(NamedTuple):
    """The parent cleans these transcripts of the plan itself."""

    number: int
    paths: frozenset[str]


class IsReady(NamedTuple):
    """The process waits for a plan."""

    engine: str


class IsWorking(NamedTuple):
    """The next result of a plan takes long, and will come."""

    number: int


class PlanDone(NamedTuple):
    """Nothing more comes of a plan."""

    number: int


@dataclass(frozen=True, slots=True)
class ChunkCleaned:
    """A chunk of a plan, cleaned, and what that was based on.

    `start`, `end` and `checksum` (CRC-32) are those of its lines; `reads` is what was asked of the
    store. `history` and `known` are to be remembered by whoever uses it.
    """

    number: int
    path: str
    start: int
    end: int
    checksum: int
    batch: Redacted[Batch]
    excluded: frozenset[str]
    metadata_only: frozenset[str]
    disclosures: frozenset[tuple[int, int]]
    calls: frozenset[str]
    reads: list[NotedRead]
    history: list[HistoryChange]
    known: list[tuple[str, str]]


def checksum_of(lines: Iterable[Line]) -> int:
    """Return the checksum of lines."""
    checksum = 0
    for line in lines:
        checksum = zlib.crc32(b"\n", zlib.crc32(line.data, checksum))
    return checksum

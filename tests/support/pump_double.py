"""A pump whose disk is a list, to drive the daemon's parts without files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.pipeline.pump_config import PumpProgress
from ccsync_watch.stream import Stream
from ccsync_watch.transcripts.discovery import Transcript

if TYPE_CHECKING:
    from support.fakes import FakeClock


def transcript(name: str) -> Transcript:
    """Return a transcript as a scan returns it."""
    return Transcript(f"/p/{name}.jsonl", Stream(name, name, None), 1, 0, 1, 1)


class PumpDouble:
    """`disk` are sessions with something unread; a scan queues them, a step reads one."""

    def __init__(self, clock: FakeClock, *, scan_seconds: float = 0.0) -> None:
        self.disk: list[str] = []
        self.queued: list[str] = []
        self.scans = 0
        self.links: list[str] = []
        self.progress = PumpProgress()
        self._clock = clock
        self._scan_seconds = scan_seconds

    def reconcile(self) -> list[Transcript]:
        """Queue everything on the disk."""
        self.scans += 1
        self._clock.advance(self._scan_seconds)
        queued, self.disk = self.disk, []
        self.queued += queued
        return [transcript(name) for name in queued]

    def queue_session(self, session_id: str) -> None:
        """Queue one session."""
        self.scans += 1
        self.queued += [name for name in self.disk if name == session_id]
        self.disk = [name for name in self.disk if name != session_id]

    def has_work(self) -> bool:
        """Return whether anything is queued."""
        return bool(self.queued)

    def step(self) -> bool:
        """Read one."""
        if not self.queued:
            return False
        self.queued.pop()
        self.progress.lines += 1
        return True

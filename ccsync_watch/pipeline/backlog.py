"""The queue of transcripts with unread lines, the most recently written first.

A session's own transcript comes before those of its subagents, which make no session by themselves:
its start dates the session, titles it and is the first of what is sent.

One session that is written faster than it can be read does not keep the others from being read:
once it is far ahead of them, they get every second byte.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container

    from ccsync_watch.transcripts.discovery import Transcript


# A large transcript that is written to now is first for so many bytes without a pause.
LEAD_BYTES = 8 * 2**20


class Backlog:
    """A priority queue with one entry per path; the highest rank (in epoch ns) is first."""

    def __init__(self) -> None:
        self._queued: dict[str, tuple[int, Transcript]] = {}
        self._heap: list[tuple[int, str]] = []
        # Of each session: the path of its own queued transcript, and the highest rank of a
        # subagent's that was queued since the queue was last empty.
        self._own_paths: dict[str, str] = {}
        self._subagent_ranks: dict[str, int] = {}
        # Since the queue was last empty: the bytes read of all sessions, and of each session those
        # of all before its first turn, and its own.
        self._read_bytes = 0
        self._read_before: dict[str, int] = {}
        self._own_bytes: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._queued)

    def __contains__(self, path: str) -> bool:
        return path in self._queued

    def copy(self) -> Backlog:
        """Return a queue of its own with the same transcripts in the same order."""
        copied = Backlog()
        for name, value in vars(self).items():
            setattr(copied, name, value.copy() if isinstance(value, (dict, list)) else value)
        return copied

    def transcripts(self) -> list[Transcript]:
        """Return the queued transcripts, unordered; safe to call from another thread."""
        return [transcript for _rank, transcript in list(self._queued.values())]

    def put(self, transcript: Transcript, rank: int) -> None:
        """Queue a transcript in its latest state; its rank never falls while it is queued."""
        session_id = transcript.stream.session_id
        if transcript.stream.agent_id is None:
            self._own_paths[session_id] = transcript.path
            rank = max(rank, self._subagent_ranks.get(session_id, rank - 1) + 1)
        else:
            rank_before = self._subagent_ranks.get(session_id, rank)
            self._subagent_ranks[session_id] = max(rank, rank_before)
            own_path = self._own_paths.get(session_id)
            if own_path is not None:
                self._put(self._queued[own_path][1], self._subagent_ranks[session_id] + 1)
        self._put(transcript, rank)

    def _put(self, transcript: Transcript, rank: int) -> None:
        queued = self._queued.get(transcript.path)
        rank = max(rank, queued[0]) if queued else rank
        self._queued[transcript.path] = (rank, transcript)
        if queued is None or queued[0] != rank:
            heapq.heappush(self._heap, (-rank, transcript.path))

    def add_read(self, transcript: Transcript, size: int) -> None:
        """Count the bytes of a turn that a transcript has had."""
        session_id = transcript.stream.session_id
        self._read_before.setdefault(session_id, self._read_bytes)
        self._own_bytes[session_id] = self._own_bytes.get(session_id, 0) + size
        self._read_bytes += size

    def take(self) -> tuple[int, Transcript] | None:
        """Remove and return the first transcript with its rank; None when the queue is empty."""
        passed: list[tuple[int, Transcript]] = []
        while (queued := self._pop()) is not None and self._is_ahead(queued[1].stream.session_id):
            passed.append(queued)
        if queued is None and passed:
            queued = passed.pop(0)
        for rank, transcript in passed:
            self.put(transcript, rank)
        if queued is None:
            self._subagent_ranks.clear()
            self._read_before.clear()
            self._own_bytes.clear()
        return queued

    def take_other(self, paths: Container[str]) -> tuple[int, Transcript] | None:
        """As `take`, but leave the transcripts at some paths in the queue."""
        left: list[tuple[int, Transcript]] = []
        while (queued := self.take()) is not None and queued[1].path in paths:
            left.append(queued)
        for rank, transcript in left:
            self.put(transcript, rank)
        return queued

    def _is_ahead(self, session_id: str) -> bool:
        """Return whether a session was read much more than all others since its first turn."""
        own = self._own_bytes.get(session_id, 0)
        all_since = self._read_bytes - self._read_before.get(session_id, self._read_bytes)
        return own - (all_since - own) > LEAD_BYTES

    def _pop(self) -> tuple[int, Transcript] | None:
        while self._heap:
            rank, path = heapq.heappop(self._heap)
            queued = self._queued.get(path)
            # A path that was queued again with a higher rank is in the heap twice.
            if queued is not None and queued[0] == -rank:
                del self._queued[path]
                if queued[1].stream.agent_id is None:
                    self._own_paths.pop(queued[1].stream.session_id, None)
                return queued
        return None

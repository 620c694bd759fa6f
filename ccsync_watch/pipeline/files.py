"""The file system as the pump uses it: a protocol, so that tests can make any operation fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ccsync_watch.transcripts import discovery, transcript_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    from ccsync_watch.transcripts.discovery import Transcript, TranscriptScan
    from ccsync_watch.transcripts.transcript_file import OpenFile


class Files(Protocol):
    """What the pump needs of the file system."""

    def open_file(self, path: str) -> AbstractContextManager[OpenFile]:
        """Open a transcript. Raises OSError."""
        ...

    def read_sidecar(self, path: str) -> bytes:
        """Return a file that describes a subagent; empty if it does not exist."""
        ...

    def stat(self, path: str) -> Transcript | None:
        """Return a transcript's current state; None if it does not exist. Raises OSError."""
        ...

    def scan(self, roots: Iterable[str]) -> TranscriptScan:
        """Return every transcript below the roots."""
        ...

    def scan_session(self, roots: Iterable[str], session_id: str) -> TranscriptScan:
        """Return one session's transcripts, its subagents' included."""
        ...


class RealFiles:
    """The real file system."""

    def open_file(self, path: str) -> AbstractContextManager[OpenFile]:
        """Open a transcript."""
        return transcript_file.open_file(path)

    def read_sidecar(self, path: str) -> bytes:
        """Return a file that describes a subagent."""
        return transcript_file.read_sidecar(path)

    def stat(self, path: str) -> Transcript | None:
        """Return a transcript's current state."""
        return discovery.stat_transcript(path)

    def scan(self, roots: Iterable[str]) -> TranscriptScan:
        """Return every transcript below the roots."""
        return discovery.scan_transcripts(roots)

    def scan_session(self, roots: Iterable[str], session_id: str) -> TranscriptScan:
        """Return one session's transcripts, its subagents' included."""
        return discovery.scan_session(roots, session_id)

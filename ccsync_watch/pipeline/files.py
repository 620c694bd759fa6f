"""The file system as the pump uses it: a protocol, so that tests can make any operation fail."""

from __future__ import annotations

import os
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
    """The real file system.

    Below the folders of `confined`, no link leads to a file outside of them.
    """

    def __init__(self, confined: Iterable[str] = ()) -> None:
        self._confined = {root: os.path.realpath(root) for root in confined}

    def open_file(self, path: str) -> AbstractContextManager[OpenFile]:
        """Open a transcript."""
        return transcript_file.open_file(path)

    def read_sidecar(self, path: str) -> bytes:
        """Return a file that describes a subagent."""
        return transcript_file.read_sidecar(path)

    def stat(self, path: str) -> Transcript | None:
        """Return a transcript's current state."""
        return discovery.stat_transcript(path) if self._is_allowed(path) else None

    def scan(self, roots: Iterable[str]) -> TranscriptScan:
        """Return every transcript below the roots."""
        return self._confine(discovery.scan_transcripts(roots))

    def scan_session(self, roots: Iterable[str], session_id: str) -> TranscriptScan:
        """Return one session's transcripts, its subagents' included."""
        return self._confine(discovery.scan_session(roots, session_id))

    def _confine(self, scan: TranscriptScan) -> TranscriptScan:
        if not self._confined:
            return scan
        paths = [transcript.path for transcript in scan.transcripts]
        escapes = {path for path in (*scan.links, *paths) if not self._is_allowed(path)}
        scan.transcripts = [item for item in scan.transcripts if item.path not in escapes]
        scan.links = [link for link in scan.links if link not in escapes]
        links = tuple(link + os.sep for link in escapes)
        for path in sorted(escapes):
            if not path.startswith(links):
                scan.unread[path] = "a link out of a Claude folder that is not in claude_dirs"
        return scan

    def _is_allowed(self, path: str) -> bool:
        return all(
            os.path.realpath(path).startswith(real + os.sep)
            for root, real in self._confined.items()
            if path.startswith(root + os.sep)
        )

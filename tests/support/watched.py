"""The real file system, with its calls recorded and, where a test says so, failing."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ccsync_watch.pipeline.files import RealFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ccsync_watch.transcripts.discovery import Transcript, TranscriptScan
    from ccsync_watch.transcripts.transcript_file import OpenFile


@dataclass
class WatchedFiles(RealFiles):
    """The real file system, recorded; it fails where `refuse` returns an error."""

    refuse: Callable[[str], OSError | None] = lambda _path: None
    opened: list[str] = field(default_factory=list)
    most_bytes: int = 0

    def __post_init__(self) -> None:
        """Confine it nowhere."""
        super().__init__()

    @contextmanager
    def open_file(self, path: str) -> Iterator[OpenFile]:
        """Open a transcript."""
        self.opened.append(path)
        self._check(path)
        with super().open_file(path) as file:

            def read_at(offset: int, count: int) -> bytes:
                self.most_bytes = max(self.most_bytes, count)
                return file.read_at(offset, count)

            yield replace(file, read_at=read_at)

    def stat(self, path: str) -> Transcript | None:
        """Return one transcript as it is now."""
        self._check(path)
        return super().stat(path)

    def scan(self, roots: Iterable[str]) -> TranscriptScan:
        """Return every transcript that may be looked at."""
        scan = super().scan(roots)
        for transcript in list(scan.transcripts):
            folder = os.path.dirname(transcript.path)  # noqa: PTH120 - a str path
            error = self.refuse(folder)
            if error:
                scan.transcripts.remove(transcript)
                scan.unread[folder] = str(error.strerror)
        return scan

    def _check(self, path: str) -> None:
        error = self.refuse(path)
        if error:
            raise error

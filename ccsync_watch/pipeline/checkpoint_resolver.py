"""Find the checkpoint that a file goes on from: its path's own, a moved file's, or the start.

A path is known by its key alone, so that the store tells no names. A stream stands under several
paths when it was copied, and a file that moved keeps its place.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ccsync_watch.model import Checkpoint
from ccsync_watch.pipeline.pump_config import shown_name
from ccsync_watch.privacy.clean import Redacting, clean_text
from ccsync_watch.store import queries
from ccsync_watch.store.checkpoints import adopt_path, note_missing
from ccsync_watch.store.install_keys import path_key
from ccsync_watch.transcripts import fingerprint
from ccsync_watch.transcripts.fingerprint import Edges, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ccsync_watch.pipeline.pump_config import Files
    from ccsync_watch.store.database import Database
    from ccsync_watch.transcripts.discovery import Transcript
    from ccsync_watch.transcripts.transcript_file import OpenFile

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where to go on in an open file. `edges` are the bytes that its fingerprint was made of."""

    checkpoint: Checkpoint
    edges: Edges


class CheckpointResolver:
    """The checkpoints in force, and the paths that were there at the last look."""

    def __init__(
        self, database: Database, *, redactor: Redacting, files: Files, install_key: bytes
    ) -> None:
        self._database = database
        self._redactor = redactor
        self._files = files
        self._install_key = install_key
        self._known: dict[bytes, Checkpoint] = {}
        self._by_stream: dict[str, set[bytes]] = {}
        self._keys: dict[str, bytes] = {}
        self._present: dict[bytes, str] = {}
        for checkpoint in queries.checkpoints(database):
            self.remember(checkpoint)

    def checkpoint(self, path: str) -> Checkpoint | None:
        """Return what is known of the transcript at this path."""
        return self._known.get(self.key(path))

    def is_unchanged(self, found: Transcript) -> bool:
        """Tell whether a transcript is as it was when it was last read to its end."""
        checkpoint = self.checkpoint(found.path)
        if checkpoint is None:
            return False
        mark = checkpoint.fingerprint
        then = (checkpoint.size, checkpoint.mtime_ns, mark.device, mark.inode)
        return then == (found.size, found.mtime_ns, found.device, found.inode)

    def saw(self, found: Transcript) -> None:
        """Note that a transcript stands at its path."""
        self._present[self.key(found.path)] = found.path

    def swept(self, found: Iterable[Transcript]) -> None:
        """Note all transcripts that there are, and forget the paths of those that are not."""
        self._keys = {each.path: self.key(each.path) for each in found}
        self._present = {key: path for path, key in self._keys.items()}

    def is_present(self, path: str) -> bool:
        """Tell whether the last look saw a transcript at this path."""
        return self.key(path) in self._present

    def note_missing(self, now_ms: int) -> None:
        """Store since when transcripts are gone; call it after a sweep that saw all there is."""
        note_missing(self._database, set(self._present), now_ms)

    def resolve(self, found: Transcript, file: OpenFile) -> Place:
        """Return where to go on in this file. Raises OSError, StateError, RedactorUnavailable."""
        known = self.checkpoint(found.path)
        if known is None:
            return self._moved_here(found, file) or self._fresh(found, file)
        verdict, place = _judged(known, file)
        if verdict is Verdict.SAME:
            return place
        log.info("%s was %s: reading it again", known.stream.name, verdict.value)
        return self._fresh(found, file)

    def remember(self, checkpoint: Checkpoint) -> None:
        """Take a checkpoint that was stored into force."""
        self._known[checkpoint.path_key] = checkpoint
        self._by_stream.setdefault(checkpoint.stream.name, set()).add(checkpoint.path_key)

    def key(self, path: str) -> bytes:
        """Return what names a path in the store."""
        key = self._keys.get(path)
        if key is None:
            key = self._keys[path] = path_key(self._install_key, path)
        return key

    def _fresh(self, found: Transcript, file: OpenFile) -> Place:
        edges = Edges()
        checkpoint = Checkpoint(
            path_key=self.key(found.path),
            stream=found.stream,
            shown_path=clean_text(shown_name(found.path), self._redactor).value,
            offset=0,
            fingerprint=edges.fingerprint(device=file.device, inode=file.inode),
            size=file.size,
            mtime_ns=file.mtime_ns,
        )
        return Place(checkpoint, edges)

    def _moved_here(self, found: Transcript, file: OpenFile) -> Place | None:
        """Return the place in a file that the client moved here (worktrees do that)."""
        for key in self._by_stream.get(found.stream.name, ()):
            known = self._known[key]
            path = self._present.get(key)
            if path is not None and self._files.look(path) is not None:
                continue  # it is still there: this one is a copy
            verdict, place = _judged(known, file)
            if known.offset and verdict is Verdict.SAME:
                return replace(place, checkpoint=self._adopted(place.checkpoint, found))
        return None

    def _adopted(self, known: Checkpoint, found: Transcript) -> Checkpoint:
        key = self.key(found.path)
        shown = clean_text(shown_name(found.path), self._redactor)
        adopt_path(self._database, known, key, shown)
        moved = replace(known, path_key=key, shown_path=shown.value)
        del self._known[known.path_key]
        self._by_stream[known.stream.name].discard(known.path_key)
        self.remember(moved)
        return moved


def _judged(known: Checkpoint, file: OpenFile) -> tuple[Verdict, Place]:
    edges = Edges.at(file.read_at, known.offset)
    now = edges.fingerprint(device=file.device, inode=file.inode)
    verdict = fingerprint.judge(known.fingerprint, now, offset=known.offset, size=file.size)
    return verdict, Place(replace(known, fingerprint=now), edges)

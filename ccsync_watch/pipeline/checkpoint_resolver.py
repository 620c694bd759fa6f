"""Find where to continue reading a file: its own checkpoint, that of a moved file, or the start.

A path is known by its keyed hash alone, so the store does not reveal file names. One stream can
have several paths, since transcripts are copied; a file that was moved keeps its offset.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ccsync_watch.model import Checkpoint
from ccsync_watch.pipeline.known_checkpoints import KnownCheckpoints
from ccsync_watch.pipeline.pump_config import display_name
from ccsync_watch.privacy.clean import Redacting, clean_text
from ccsync_watch.store import checkpoints
from ccsync_watch.store.install_keys import path_key
from ccsync_watch.transcripts import fingerprint
from ccsync_watch.transcripts.fingerprint import Edges, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ccsync_watch.pipeline.files import Files
    from ccsync_watch.store.database import Database
    from ccsync_watch.stream import Stream
    from ccsync_watch.transcripts.discovery import Transcript
    from ccsync_watch.transcripts.transcript_file import OpenFile

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReadPosition:
    """Where to continue in an open file. `edges` are the bytes that its fingerprint hashes."""

    checkpoint: Checkpoint
    edges: Edges


class CheckpointResolver:
    """The current checkpoints, and the paths at which the last scan found transcripts."""

    def __init__(
        self, database: Database, *, redactor: Redacting, files: Files, install_key: bytes
    ) -> None:
        self._database = database
        self._redactor = redactor
        self._files = files
        self._install_key = install_key
        self._known = KnownCheckpoints()
        # Nearly all have one key: a tuple around it would take as much again, and a set more.
        self._by_stream: dict[str, bytes | tuple[bytes, ...]] = {}
        self._keys: dict[str, bytes] = {}
        self._present: dict[bytes, str] = {}
        # By device and inode: pairs of them would take more than all else that is kept of a file.
        self._files_by_identity: defaultdict[int, dict[int, str]] = defaultdict(dict)
        # The keys of paths whose bytes before the offset are not those that were read.
        self._rewritten: set[bytes] = set()
        for checkpoint in checkpoints.load_checkpoints(database):
            self.remember(checkpoint)

    def checkpoint(self, path: str) -> Checkpoint | None:
        """Return the checkpoint of the transcript at this path, None if it has none."""
        return self._known.get(self._key(path))

    def is_unchanged(self, transcript: Transcript) -> bool:
        """Return whether a transcript is as it was when it was last read to its end."""
        key = self._key(transcript.path)
        return key not in self._rewritten and self._known.is_unchanged(key, transcript)

    def add_present(self, transcript: Transcript) -> Transcript:
        """Record that a transcript exists at its path; return it under the path to read it by.

        That is another one if a link leads to the same file: it is read once.
        """
        identity = transcript.device, transcript.inode
        on_device = self._files_by_identity[transcript.device]
        path = on_device.get(transcript.inode)
        if path is not None and path != transcript.path:
            try:
                known = self._files.stat(path)
            except OSError:
                known = None
            if known is not None and (known.device, known.inode) == identity:
                return known
        on_device[transcript.inode] = transcript.path
        self._present[self._key(transcript.path)] = transcript.path
        return transcript

    def set_present(self, transcripts: Iterable[Transcript]) -> None:
        """Record all transcripts that exist, and forget the paths of those that do not."""
        transcripts = list(transcripts)
        self._files_by_identity.clear()
        for transcript in transcripts:
            self._files_by_identity[transcript.device][transcript.inode] = transcript.path
        self._keys = {transcript.path: self._key(transcript.path) for transcript in transcripts}
        self._present = {key: path for path, key in self._keys.items()}

    def is_present(self, path: str) -> bool:
        """Return whether a transcript was last seen at this path."""
        return self._key(path) in self._present

    def unfinished_sizes(self, session_id: str | None) -> list[int]:
        """Return the bytes of each last line that is not finished, of a session or of all.

        Only transcripts count that were read to the end of their last complete line.
        """
        return [
            checkpoint.size - checkpoint.offset
            for checkpoint in self._known.unfinished()
            if checkpoint.path_key in self._present
            and session_id in {None, checkpoint.stream.session_id}
        ]

    def store_missing(self, now_ms: int) -> None:
        """Store since when transcripts are missing; call it after a scan without errors."""
        checkpoints.mark_missing(self._database, self._present.keys(), now_ms)

    def resolve(self, transcript: Transcript, file: OpenFile) -> ReadPosition:
        """Return where to continue in this file.

        Raises OSError, StateError and RedactorUnavailable.
        """
        known = self.checkpoint(transcript.path)
        if known is None:
            return self._resolve_moved(transcript, file) or self._start(transcript, file)
        verdict, position = _compare(known, file)
        if known.path_key in self._rewritten:
            self._rewritten.discard(known.path_key)
            verdict = Verdict.REWRITTEN
        if verdict is Verdict.SAME:
            return position
        log.info("%s was %s: reading it again", known.stream.name, verdict.value)
        return self._start(transcript, file)

    def mark_rewritten(self, path: str) -> None:
        """Have a transcript read from its start: some of what was read of it has changed."""
        self._rewritten.add(self._key(path))

    def set_compared(self, path: str, offset: int) -> None:
        """Store that what was read of a transcript has not changed until its last read."""
        known = self.checkpoint(path)
        if known is not None and known.offset == offset:
            checkpoints.save_compared(self._database, known)

    def remember(self, checkpoint: Checkpoint) -> None:
        """Make a stored checkpoint the current one of its path."""
        self._known.add(checkpoint)
        keys = self._keys_of(checkpoint.stream)
        if checkpoint.path_key not in keys:
            self._set_keys(checkpoint.stream, (*keys, checkpoint.path_key))

    def _keys_of(self, stream: Stream) -> tuple[bytes, ...]:
        """Return the keys of the paths at which a stream is, or was."""
        keys = self._by_stream.get(stream.name, ())
        return (keys,) if isinstance(keys, bytes) else keys

    def _set_keys(self, stream: Stream, keys: tuple[bytes, ...]) -> None:
        self._by_stream[stream.name] = keys[0] if len(keys) == 1 else keys

    def _key(self, path: str) -> bytes:
        """Return the keyed hash under which the store knows a path."""
        key = self._keys.get(path)
        if key is None:
            key = self._keys[path] = path_key(self._install_key, path)
        return key

    def _start(self, transcript: Transcript, file: OpenFile) -> ReadPosition:
        """Return the start of a file that is new, or no longer the one read before."""
        edges = Edges()
        checkpoint = Checkpoint(
            path_key=self._key(transcript.path),
            stream=transcript.stream,
            shown_path=clean_text(display_name(transcript.path), self._redactor).value,
            offset=0,
            fingerprint=edges.fingerprint(device=file.device, inode=file.inode),
            size=file.size,
            mtime_ns=file.mtime_ns,
        )
        return ReadPosition(checkpoint, edges)

    def _resolve_moved(self, transcript: Transcript, file: OpenFile) -> ReadPosition | None:
        """Return the position in a file that the client moved here (worktrees do that)."""
        for key in self._keys_of(transcript.stream):
            known = self._known.get(key)
            path = self._present.get(key)
            if known is None or (path is not None and self._files.stat(path) is not None):
                continue  # the original still exists: this file is a copy
            verdict, position = _compare(known, file)
            if known.offset and verdict is Verdict.SAME:
                return replace(position, checkpoint=self._move(position.checkpoint, transcript))
        return None

    def _move(self, known: Checkpoint, transcript: Transcript) -> Checkpoint:
        """Store the new path of a checkpoint's file, and return its checkpoint there."""
        key = self._key(transcript.path)
        shown = clean_text(display_name(transcript.path), self._redactor)
        checkpoints.adopt_path(self._database, known, key, shown)
        moved = replace(known, path_key=key, shown_path=shown.value)
        self._known.remove(known.path_key)
        keys = self._keys_of(known.stream)
        self._set_keys(known.stream, tuple(key for key in keys if key != known.path_key))
        self.remember(moved)
        return moved


def _compare(known: Checkpoint, file: OpenFile) -> tuple[Verdict, ReadPosition]:
    """Compare a file with a checkpoint; the position is valid if the verdict is SAME."""
    edges = Edges.at(file.read_at, known.offset, known.fingerprint.prefix)
    now = edges.fingerprint(device=file.device, inode=file.inode)
    verdict = fingerprint.compare(known.fingerprint, now, offset=known.offset, size=file.size)
    return verdict, ReadPosition(known, edges)

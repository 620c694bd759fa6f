"""The checkpoints of all transcripts, in a quarter of the memory: nearly all are only compared.

There may be tens of thousands, and the daemon keeps them while it does nothing.
"""

from __future__ import annotations

import io
import marshal
from typing import TYPE_CHECKING

from ccsync_watch.model import Checkpoint, Fingerprint
from ccsync_watch.stream import Stream

if TYPE_CHECKING:
    from ccsync_watch.transcripts.discovery import Transcript

# Equal values have equal bytes in it: later versions mark values that are referred to.
_FORMAT = 2


class KnownCheckpoints:
    """The current checkpoint of each path, by the path's key."""

    def __init__(self) -> None:
        self._packed: dict[bytes, bytes] = {}
        # The keys of those that were not read to their end: few.
        self._unfinished: set[bytes] = set()

    def add(self, checkpoint: Checkpoint) -> None:
        """Make a checkpoint the current one of its path."""
        key = checkpoint.path_key
        self._packed[key] = _pack(checkpoint)
        if checkpoint.offset < checkpoint.size:
            self._unfinished.add(key)
        else:
            self._unfinished.discard(key)

    def remove(self, key: bytes) -> None:
        """Forget the checkpoint of a path."""
        del self._packed[key]
        self._unfinished.discard(key)

    def unfinished(self) -> list[Checkpoint]:
        """Return those before the end of their file; safe to call from another thread."""
        checkpoints = map(self.get, list(self._unfinished))
        return [checkpoint for checkpoint in checkpoints if checkpoint is not None]

    def get(self, key: bytes) -> Checkpoint | None:
        """Return the checkpoint of a path, None if it has none."""
        packed = self._packed.get(key)
        return None if packed is None else _unpack(key, packed)

    def is_unchanged(self, key: bytes, transcript: Transcript) -> bool:
        """Return whether a transcript is as its path's checkpoint says."""
        packed = self._packed.get(key)
        return packed is not None and packed.startswith(
            _pack_state(transcript.size, transcript.mtime_ns, transcript.device, transcript.inode)
        )


def _pack_state(size: int, mtime_ns: int, device: int, inode: int) -> bytes:
    return marshal.dumps((size, mtime_ns, device, inode), _FORMAT)


def _pack(checkpoint: Checkpoint) -> bytes:
    mark, stream = checkpoint.fingerprint, checkpoint.stream
    state = _pack_state(checkpoint.size, checkpoint.mtime_ns, mark.device, mark.inode)
    # Most are a session's own, and shown by its name: that is not repeated.
    session_id = None if stream.session_id == stream.name else stream.session_id
    shown = None if checkpoint.shown_path == _usual_path(stream.name) else checkpoint.shown_path
    rest = (
        stream.name, session_id, stream.agent_id, shown, checkpoint.offset, mark.head, mark.marker,
        mark.prefix, checkpoint.id, checkpoint.problem,
    )  # fmt: skip
    return state + marshal.dumps(rest, _FORMAT)


def _unpack(key: bytes, packed: bytes) -> Checkpoint:
    file = io.BytesIO(packed)
    size, mtime_ns, device, inode = marshal.load(file)  # noqa: S302 - our own
    name, session_id, agent_id, shown, offset, head, marker, prefix, row_id, problem = marshal.load(  # noqa: S302 - as above
        file
    )
    return Checkpoint(
        path_key=key,
        stream=Stream(name, name if session_id is None else session_id, agent_id),
        shown_path=_usual_path(name) if shown is None else shown,
        offset=offset,
        fingerprint=Fingerprint(device, inode, head, marker, prefix),
        size=size,
        mtime_ns=mtime_ns,
        id=row_id,
        problem=problem,
    )


def _usual_path(name: str) -> str:
    return f"{name}.jsonl"

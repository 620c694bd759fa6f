"""Decide whether a file is still the one that a checkpoint's offset refers to.

Neither an inode nor the head of a file identifies it alone: inodes are reused, and a fork begins
like its parent. Device and inode, a hash of the head and a hash of the bytes just before the
offset decide together. All hashes cover bytes that were read already, so growth does not change
them. A change in the middle is found by the checksum of all bytes before the offset, which takes
longer to compare.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from ccsync_watch.model import Fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ccsync_watch.model import Line

HEAD_BYTES = 1024
# The last few hundred bytes of a session's rows are alike; this many include the row's own id.
MARKER_BYTES = 1024
_DIGEST_BYTES = 16
_SLICE_BYTES = 4096  # small enough for any limit of memory; the system reads ahead


class Verdict(Enum):
    """What happened to a file since its checkpoint; all but SAME mean: read it from the start."""

    SAME = "same"
    TRUNCATED = "truncated"
    REPLACED = "replaced"
    REWRITTEN = "rewritten"


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).digest() if data else b""


@dataclass(frozen=True, slots=True)
class Edges:
    """The bytes that a fingerprint hashes: a file's first ones and the last before an offset.

    `prefix` is the checksum of all before it, None where it is not known.
    """

    head: bytes = b""
    last: bytes = b""
    prefix: int | None = 0

    @classmethod
    def at(cls, read_at: Callable[[int, int], bytes], offset: int, prefix: int | None) -> Edges:
        """Read them from a file; the checksum is given."""
        before = min(MARKER_BYTES, offset)
        return cls(read_at(0, min(HEAD_BYTES, offset)), read_at(offset - before, before), prefix)

    def after(self, lines: Sequence[Line]) -> Edges:
        """Return the edges after these lines, computed from the bytes that were read.

        Reading them from the file again would accept what a rewrite put there in the meantime.
        """
        head, last = self.head, b""
        for line in lines:
            if len(head) >= HEAD_BYTES:
                break
            head += line.data[:HEAD_BYTES] + b"\n"
        for line in reversed(lines):
            if len(last) >= MARKER_BYTES:
                break
            last = line.data[-MARKER_BYTES:] + b"\n" + last
        prefix = self.prefix
        if prefix is not None:
            for line in lines:
                prefix = zlib.crc32(b"\n", zlib.crc32(line.data, prefix))
        return Edges(head[:HEAD_BYTES], (self.last + last)[-MARKER_BYTES:], prefix)

    def fingerprint(self, *, device: int, inode: int) -> Fingerprint:
        """Return the hashes of the edges, with the file's device and inode."""
        return Fingerprint(device, inode, _digest(self.head), _digest(self.last), self.prefix)


def checksum(
    read_at: Callable[[int, int], bytes], start: int, end: int, before: int | None
) -> int | None:
    """Return the checksum of the bytes before `end`, given that of those before `start`.

    None where that is not known, or the file ends sooner.
    """
    while before is not None and start < end:
        data = read_at(start, min(_SLICE_BYTES, end - start))
        before = zlib.crc32(data, before) if data else None
        start += len(data)
    return before


def compare(stored: Fingerprint, current: Fingerprint, *, offset: int, size: int) -> Verdict:
    """Compare a checkpoint's fingerprint with the file's current one at the same offset.

    A file that was replaced by another with the same bytes before the offset counts as the same
    file: nothing of it has to be read again.
    """
    if size < offset:
        return Verdict.TRUNCATED
    if (stored.head, stored.marker) == (current.head, current.marker):
        return Verdict.SAME
    if (stored.device, stored.inode) != (current.device, current.inode):
        return Verdict.REPLACED
    return Verdict.REWRITTEN

"""Decide whether a file is still the one that a checkpoint's offset speaks of.

Neither an inode nor the head of a file is an identity alone: inodes are reused, and a fork begins
like its parent. Device and inode, a hash of the head and a hash of the bytes just before the
offset decide together; all are hashes over bytes already read, so growth never changes them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from ccsync_watch.model import Fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ccsync_watch.model import Line

HEAD_BYTES = 1024
# The ends of a session's rows are alike for some hundred bytes; this reaches the row's own id.
MARKER_BYTES = 1024
_DIGEST_BYTES = 16


class Verdict(Enum):
    """What became of a file since its checkpoint; all but SAME mean: read it from the start."""

    SAME = "same"
    TRUNCATED = "truncated"
    REPLACED = "replaced"
    REWRITTEN = "rewritten"


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).digest() if data else b""


@dataclass(frozen=True, slots=True)
class Edges:
    """What a fingerprint hashes: a file's first bytes, and the last ones before an offset."""

    head: bytes = b""
    last: bytes = b""

    @classmethod
    def at(cls, read_at: Callable[[int, int], bytes], offset: int) -> Edges:
        """Read them from a file."""
        before = min(MARKER_BYTES, offset)
        return cls(read_at(0, min(HEAD_BYTES, offset)), read_at(offset - before, before))

    def after(self, lines: Sequence[Line]) -> Edges:
        """Return them as they are after these lines, from the bytes that were read.

        Reading them again would vouch for what a rewrite may have put there meanwhile.
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
        return Edges(head[:HEAD_BYTES], (self.last + last)[-MARKER_BYTES:])

    def fingerprint(self, *, device: int, inode: int) -> Fingerprint:
        """Return their hashes, with the file's place on the disk."""
        return Fingerprint(device, inode, _digest(self.head), _digest(self.last))


def take(
    read_at: Callable[[int, int], bytes], *, device: int, inode: int, offset: int
) -> Fingerprint:
    """Return the fingerprint of a file that was read up to `offset`."""
    return Edges.at(read_at, offset).fingerprint(device=device, inode=inode)


def judge(then: Fingerprint, now: Fingerprint, *, offset: int, size: int) -> Verdict:
    """Compare a checkpoint's fingerprint with one taken at the same offset now.

    A file replaced by another with the same bytes before the offset is the same file: nothing
    of it need be read again.
    """
    if size < offset:
        return Verdict.TRUNCATED
    if (then.head, then.marker) == (now.head, now.marker):
        return Verdict.SAME
    if (then.device, then.inode) != (now.device, now.inode):
        return Verdict.REPLACED
    return Verdict.REWRITTEN

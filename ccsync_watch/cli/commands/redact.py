"""`ccsync-watch redact`: standard input to standard output, secrets removed, as it comes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, BinaryIO

from ccsync_watch.config import load
from ccsync_watch.daemon.runtime import make_redactor

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from ccsync_watch.privacy import Redactor

_BLOCK_BYTES = 1 << 20
# How much is held back for the end of a block (a private key) that began and has not ended.
_MAX_HELD_BYTES = 256 << 10
_BEGIN, _END = b"-----BEGIN ", b"-----END "


def main(_arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Redact a stream with the user's own rules and this installation's key."""
    settings = load(env, flags)
    redactor = make_redactor(settings)
    redact_stream(sys.stdin.buffer, sys.stdout.buffer, redactor)
    return 0


def redact_stream(source: BinaryIO, target: BinaryIO, redactor: Redactor) -> None:
    """Copy `source` to `target` without its secrets, whole lines at a time.

    What is no UTF-8 is replaced. A line is never split, however long it is.
    """
    held = b""
    while block := _read_some(source):
        held += block
        end = _safe_end(held)
        if end:
            _write(target, held[:end], redactor)
            held = held[end:]
    if held:
        _write(target, held, redactor)


def _read_some(source: BinaryIO) -> bytes:
    """Return what is there, without waiting for more once there is something."""
    read1 = getattr(source, "read1", source.read)
    return bytes(read1(_BLOCK_BYTES))


def _safe_end(held: bytes) -> int:
    """Return up to where `held` can be redacted alone: whole lines, no private key cut in two."""
    end = held.rfind(b"\n") + 1
    begin = held.rfind(_BEGIN, 0, end)
    if begin >= 0 and held.find(_END, begin, end) < 0 and end - begin < _MAX_HELD_BYTES:
        return held.rfind(b"\n", 0, begin) + 1
    return end


def _write(target: BinaryIO, data: bytes, redactor: Redactor) -> None:
    target.write(redactor.redact(data.decode("utf-8", "replace")).encode("utf-8", "replace"))
    target.flush()

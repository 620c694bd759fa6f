"""Copy standard input to standard output, with secrets removed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, BinaryIO

from ccsync_watch.config import load
from ccsync_watch.daemon.runtime import make_redactor

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from ccsync_watch.privacy import Redactor

ORDER = 120
_BLOCK_BYTES = 1 << 20
# How much is held back while a private key has begun and its end has not come yet.
_MAX_HELD_BYTES = 256 << 10
_BEGIN, _END = b"-----BEGIN ", b"-----END "


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Add nothing."""


def main(_arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Redact a stream with the user's own rules and this installation's key."""
    settings = load(env, flags)
    redact_stream(sys.stdin.buffer, sys.stdout.buffer, make_redactor(settings))
    return 0


def redact_stream(source: BinaryIO, target: BinaryIO, redactor: Redactor) -> None:
    """Copy `source` to `target` without its secrets, whole lines at a time.

    Bytes that are not UTF-8 are replaced. A line is never split, however long it is.
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
    """Return what is available; wait only until there is something."""
    read1 = getattr(source, "read1", source.read)
    return bytes(read1(_BLOCK_BYTES))


def _safe_end(held: bytes) -> int:
    """Return how much of `held` can be redacted alone: whole lines, no private key cut in two."""
    end = held.rfind(b"\n") + 1
    begin = held.rfind(_BEGIN, 0, end)
    if begin >= 0 and held.find(_END, begin, end) < 0 and end - begin < _MAX_HELD_BYTES:
        return held.rfind(b"\n", 0, begin) + 1
    return end


def _write(target: BinaryIO, data: bytes, redactor: Redactor) -> None:
    target.write(redactor.redact(data.decode("utf-8", "replace")).encode("utf-8", "replace"))
    target.flush()

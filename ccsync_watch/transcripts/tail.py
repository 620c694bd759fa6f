r"""Read complete lines from an offset, in bounded memory, and never an unfinished one.

A line ends at `\n` alone: raw U+2028 occurs inside strings. Bytes after the last newline are left
for the next read, since a write of the client can be visible half done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ccsync_watch.model import Line, Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable

CHUNK_BYTES = 1 << 20
MAX_LINE_BYTES = 32 << 20
HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive complete lines; `end` is the offset after the last of them.

    `skipped` is a line too long to hold in memory; its reason is empty if its type would have
    been dropped. `scanned` is how far an unfinished line was searched for its newline: the next
    read starts there.
    """

    lines: list[Line]
    end: int
    scanned: int
    skipped: Unreadable | None = None


def split(data: bytes, start: int) -> list[Line]:
    """Return the lines of `data`, which begins at offset `start` and ends with a newline."""
    lines = []
    for piece in data[:-1].split(b"\n"):
        end = start + len(piece) + 1
        lines.append(Line(start, end, piece))
        start = end
    return lines


def read_lines(
    read_at: Callable[[int, int], bytes],
    start: int,
    *,
    scanned: int = 0,
    is_skippable: Callable[[bytes], bool] = lambda _head: False,
    chunk_bytes: int = CHUNK_BYTES,
    max_line_bytes: int = MAX_LINE_BYTES,
) -> Chunk:
    """Return the next complete lines at `start`: about `chunk_bytes`, or one longer line.

    `read_at(offset, count)` returns up to `count` bytes. `scanned` is that of the last `Chunk`
    for this same offset. A line longer than `max_line_bytes` is skipped without being held in
    memory: as a dropped one if `is_skippable` returns True for its first bytes, else as
    unreadable.
    """
    data = read_at(start, chunk_bytes) if scanned <= start + chunk_bytes else b""
    cut = data.rfind(b"\n")
    if cut >= 0:
        return Chunk(split(data[: cut + 1], start), start + cut + 1, 0)
    newline, position = _find_newline(read_at, max(start + len(data), scanned), chunk_bytes)
    if newline is not None and scanned:
        # The part searched before may have been rewritten since: the first newline counts.
        newline, position = _find_newline(read_at, start, chunk_bytes)
    if newline is None:
        return Chunk([], start, position)
    end = newline + 1
    if end - start <= max_line_bytes:
        line = _read_range(read_at, start, newline)
        if len(line) == newline - start and b"\n" not in line:
            return Chunk([Line(start, end, line)], end, 0)  # not copied: it may be long
        return Chunk(split(line + b"\n", start), end, 0)  # the file changed meanwhile
    is_dropped = is_skippable(read_at(start, HEAD_BYTES))
    reason = "" if is_dropped else f"line longer than {max_line_bytes >> 20} MiB"
    return Chunk([], end, 0, Unreadable(start, end, reason))


def _find_newline(
    read_at: Callable[[int, int], bytes], position: int, chunk_bytes: int
) -> tuple[int | None, int]:
    """Return the offset of the next newline if there is one, and how far was searched."""
    while data := read_at(position, chunk_bytes):
        newline = data.find(b"\n")
        if newline >= 0:
            return position + newline, position
        position += len(data)
    return None, position


def _read_range(read_at: Callable[[int, int], bytes], start: int, end: int) -> bytes:
    """Return a range, in one piece of memory; less of it if the file was truncated meanwhile."""
    pieces = []
    while start < end and (data := read_at(start, end - start)):
        pieces.append(data)
        start += len(data)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)

"""Pack long texts of the database, and unpack them, in Python and in SQL; small ones stay text.

Zstandard, because it packs texts of one kB at 160 MB/s and unpacks them at 370 MB/s, where zlib
takes three times as long for 3 % less. A packed text is a BLOB, so a column may hold both.
"""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import sqlite3

MIN_PACKED_BYTES = 160
"""Shorter texts gain too little."""


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...


class _Decompressor(Protocol):
    def decompress(self, data: bytes, /) -> bytes: ...


class _Codec(threading.local):
    """The library's objects, which only one thread may use at a time: each has its own."""

    def __init__(self) -> None:
        import zstandard  # noqa: PLC0415 - commands that read no text start without it

        # Pages have no checksums either, and `quick_check` could not use these.
        self.compressor: _Compressor = zstandard.ZstdCompressor(level=3, write_checksum=False)
        self.decompressor: _Decompressor = zstandard.ZstdDecompressor()


@functools.cache
def _codec() -> _Codec:
    return _Codec()


def pack(text: str) -> str | bytes:
    """Return a text as it is to be stored."""
    if len(text) < MIN_PACKED_BYTES:
        return text
    encoded = text.encode()
    packed = _codec().compressor.compress(encoded)
    return packed if len(packed) < len(encoded) else text


def unpack(stored: str | bytes) -> str:
    """Return the text of what `pack` returned."""
    if isinstance(stored, str):
        return stored
    return _codec().decompressor.decompress(stored).decode()


def add_unpacked(connection: sqlite3.Connection) -> None:
    """Give a connection the SQL function `unpacked`."""
    connection.create_function("unpacked", 1, unpack, deterministic=True)

"""Pack long texts of the database, and unpack them, in Python and in SQL; small ones stay text.

Zstandard, because zlib takes three times as long. Most texts are of about one kB and contain too
little to be packed well by themselves: a dictionary of what such texts consist of makes them a
sixth smaller, and both directions quicker. What was packed without one is unpacked as before. A
packed text is a BLOB, so a column may hold both.

It has a checksum: one wrong bit could change much of a text. What is damaged reads as `DAMAGED`, so
that it hides nothing but itself. So has the dictionary: with another one nothing could be read, and
what that one packs could never be read again.
"""

from __future__ import annotations

import errno
import functools
import hashlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ccsync_watch.disk_faults import state_error
from ccsync_watch.errors import StateError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

MIN_PACKED_BYTES = 160
"""Shorter texts gain too little."""
DAMAGED = '"[this text is damaged in the database]"'
"""What a damaged text reads as; JSON, as the contents of parts are."""
_MAX_TEXT_BYTES = 1 << 30  # SQLite stores no longer ones
_LEVEL = 3
# Its number is in each text that was packed with it: see `scripts/train_text_dictionary.py`.
_DICTIONARY = "text_dictionary_1.bin"
_NO_DESCRIPTORS = {errno.EMFILE, errno.ENFILE}
_DIGEST = "3d865db1a4fc77e123b3f02938e79fdb5bf174a3cce158b587d3b221edf6c677"


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...


class _Decompressor(Protocol):
    def decompress(self, data: bytes, /) -> bytes: ...


class _Codec(threading.local):
    """The library's objects, which only one thread may use at a time: each has its own."""

    def __init__(self) -> None:
        import zstandard  # noqa: PLC0415 - commands that read no text start without it

        words = zstandard.ZstdCompressionDict(_dictionary())
        words.precompute_compress(level=_LEVEL)
        self.compressor: _Compressor = zstandard.ZstdCompressor(
            level=_LEVEL, write_checksum=True, dict_data=words
        )
        self.decompressor: _Decompressor = zstandard.ZstdDecompressor(dict_data=words)
        self.size_of: Callable[[bytes], int] = zstandard.frame_content_size
        self.error: type[Exception] = zstandard.ZstdError


def check_dictionary(path: Path) -> None:
    """Raise StateError where texts of the database can neither be packed nor be read."""
    try:
        _dictionary()
    except OSError as error:
        raise state_error(path, error) from None


@functools.cache
def _dictionary() -> bytes:
    try:
        data = (Path(__file__).parent / _DICTIONARY).read_bytes()
    except OSError as error:
        if error.errno in _NO_DESCRIPTORS:  # nothing is wrong with this file
            raise
        raise _unusable(f"cannot be read ({error.strerror})") from None
    if hashlib.sha256(data).hexdigest() != _DIGEST:
        raise _unusable("is damaged")
    return data


def _unusable(what: str) -> StateError:
    return StateError(
        f"the file {_DICTIONARY} of this installation {what}, and without it no stored text can be"
        " read or written",
        hint="reinstall ccsync-watch; nothing is lost",
        title="Installation damaged",
    )


@functools.cache
def _codec() -> _Codec:
    return _Codec()


def pack(text: str) -> str | bytes:
    """Return a text as it is to be stored."""
    if len(text) < MIN_PACKED_BYTES:
        return text
    return pack_bytes(text.encode()) or text


def pack_json(encoded: bytes) -> str | bytes:
    """Return JSON as it is to be stored."""
    return pack_bytes(encoded) or encoded.decode()


def pack_bytes(encoded: bytes) -> bytes | None:
    """Return an encoded text packed, None if that gains nothing.

    A migration packs what is stored as it is: it must not fail at a text that cannot be decoded.
    """
    if len(encoded) < MIN_PACKED_BYTES:
        return None
    packed = _codec().compressor.compress(encoded)
    return packed if len(packed) < len(encoded) else None


def unpack(stored: str | bytes) -> str:
    """Return the text of what `pack` returned, `DAMAGED` if it cannot be read."""
    if isinstance(stored, str):
        return stored
    codec = _codec()
    try:
        # A damaged size would be allocated before the damage is found.
        if codec.size_of(stored) <= _MAX_TEXT_BYTES:
            return codec.decompressor.decompress(stored).decode()
    except (codec.error, UnicodeDecodeError):
        pass
    return DAMAGED


def add_unpacked(connection: sqlite3.Connection) -> None:
    """Give a connection the SQL function `unpacked`."""
    connection.create_function("unpacked", 1, _unpack_or_null, deterministic=True)


def _unpack_or_null(stored: str | bytes | None) -> str | None:
    """Return NULL for NULL, as functions of SQL do: where an outer join finds no part."""
    return None if stored is None else unpack(stored)

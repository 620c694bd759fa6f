r"""Texts without what a terminal or a browser would obey instead of show; pure.

Colours, cursor movements and links of terminals are left out. Other control characters, and those
that turn the direction of the text, are replaced by U+FFFD. Line ends become `\n`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable

_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_ESCAPE_SEQUENCE = re.compile(
    # A colour or a movement; a link, a title or another string up to its end; any other sequence.
    r"(?:\x1b\[|\x9b)[0-?]{0,256}[ -/]{0,16}[@-~]?"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]{0,4096}(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]{0,16}[0-~]?"
)
# How JSON writes them; some of these also stand for harmless characters.
_ASCII_CONTROL = re.compile(rb"\\[urbf]")
_DELETE = b"\x7f"
_LATIN_CONTROL = re.compile(b"\xc2[\x80-\x9f]")
_DIRECTIONS = tuple(chr(code).encode() for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
_REPLACEMENT = "\ufffd"


def plain_text(text: str) -> str:
    """Return a text that can be shown anywhere, itself if it can be shown as it is."""
    if not _UNSAFE.search(text):
        return text
    text = _ESCAPE_SEQUENCE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return _UNSAFE.sub(_REPLACEMENT, text)


def plain_value(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a JSON value with all its texts plain, keys too; itself if they are already."""
    return _walk(value) if _may_be_unsafe(value) else value


def _may_be_unsafe(value: Any) -> bool:  # noqa: ANN401 - any JSON
    """Return False for a value that is certainly plain: all texts of transcripts pass here.

    Writing it as JSON takes a tenth of the time of a walk through it.
    """
    try:
        data = orjson.dumps(value)
    except TypeError:
        return True
    if _DELETE in data or _ASCII_CONTROL.search(data):
        return True
    if data.isascii():
        return False
    return any(mark in data for mark in _DIRECTIONS) or _LATIN_CONTROL.search(data) is not None


def _walk(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, list):
        items = [_walk(item) for item in value]
        return items if _differ(items, value) else value
    if isinstance(value, dict):
        items = [_walk(item) for item in value.values()]
        keys = [plain_text(key) for key in value]
        if _differ(items, value.values()) or _differ(keys, value):
            return dict(zip(keys, items, strict=True))
    return value


def _differ(new: list[Any], old: Iterable[object]) -> bool:
    return any(item is not before for item, before in zip(new, old, strict=True))

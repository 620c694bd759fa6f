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
# How JSON writes them, tabs and line ends apart; or what follows a backslash that it wrote.
_ASCII_CONTROL = re.compile(rb"\\[urbf]")
_BACKSLASH = ord("\\")
_DELETE = b"\x7f"
_LATIN_CONTROL = re.compile(b"\xc2[\x80-\x9f]")
_DIRECTION = re.compile(b"\xe2(?:\x80[\xaa-\xae]|\x81[\xa6-\xa9])")
_REPLACEMENT = "\ufffd"


def plain_text(text: str) -> str:
    """Return a text that can be shown anywhere, itself if it can be shown as it is."""
    if not _UNSAFE.search(text):
        return text
    text = _ESCAPE_SEQUENCE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return _UNSAFE.sub(_REPLACEMENT, text)


def plain_value(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a JSON value with all its texts plain, keys too; itself if they are already."""
    return value if is_plain(value) else _walk(value)


def is_plain(value: Any) -> bool:  # noqa: ANN401 - any JSON
    """Return whether all texts of a JSON value are certainly plain.

    All texts of transcripts pass here: writing them as JSON takes a tenth of a walk's time.
    """
    try:
        data = orjson.dumps(value)
    except TypeError:
        return False
    if _DELETE in data or any(_is_escape(data, m.start()) for m in _ASCII_CONTROL.finditer(data)):
        return False
    return data.isascii() or not (_DIRECTION.search(data) or _LATIN_CONTROL.search(data))


def _is_escape(data: bytes, at: int) -> bool:
    """Return whether the backslash at `at` is JSON's own, and not one that it wrote."""
    before = at
    while data[before - 1] == _BACKSLASH:
        before -= 1
    return (at - before) % 2 == 0


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

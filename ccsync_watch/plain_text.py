r"""Texts without what a terminal or a browser would obey instead of show; pure.

Colours, cursor movements and links of terminals are left out. Other control characters, and those
that turn the direction of the text, are replaced by U+FFFD. Line ends become `\n`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

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
# Blanks that `str.isspace` does not count: of no width, or letters without a form.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u115f\u1160\u180e\u200b-\u200f\u2060-\u2064\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0]"
)
_REPLACEMENT = "\ufffd"
_STYLE = re.compile(r"(?:\x1b\[|\x9b)[0-9;:]{0,256}m")
# More than these between two characters change nothing that is seen.
_MAX_STYLES = 16


def plain_text(text: str) -> str:
    """Return a text that can be shown anywhere, itself if it can be shown as it is."""
    if not _UNSAFE.search(text):
        return text
    return _UNSAFE.sub(_REPLACEMENT, _ESCAPE_SEQUENCE.sub("", _with_line_ends(text)))


def is_blank(text: str) -> bool:
    """Return whether nothing is seen of a text."""
    return not text.strip() or not _INVISIBLE.sub("", text).strip()


def split_sequences(text: str) -> Iterator[tuple[str, str]]:
    """Yield each escape sequence of a text, and what `plain_text` makes of the text behind it.

    The first sequence is empty: it stands for the text's start.
    """
    text = _with_line_ends(text)
    sequence, at = "", 0
    for match in _ESCAPE_SEQUENCE.finditer(text):
        yield sequence, _UNSAFE.sub(_REPLACEMENT, text[at : match.start()])
        sequence, at = match[0], match.end()
    yield sequence, _UNSAFE.sub(_REPLACEMENT, text[at:])


def has_sequences(text: str) -> bool:
    """Return whether a text may hold an escape sequence."""
    return "\x1b" in text or "\x9b" in text


def shown_start(text: str, limit: int) -> tuple[str, int]:
    """Return a text's start that shows `limit` characters, and how many the whole text shows.

    Of its sequences only styles are in it: the others can be much longer than what they show.
    """
    pieces: list[str] = []
    styles: list[str] = []
    chars = 0
    for sequence, piece in split_sequences(text):
        if _STYLE.fullmatch(sequence):
            styles.append(sequence)
        if piece and chars < limit:
            pieces += [*styles[-_MAX_STYLES:], piece[: limit - chars]]
            styles.clear()
        chars += len(piece)
    return "".join(pieces), chars


def _with_line_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def plain_value(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a JSON value with all its texts plain, keys too; itself if they are already."""
    return value if is_plain(value) else _walk(value, plain_text)


def is_plain(value: Any) -> bool:  # noqa: ANN401 - any JSON
    """Return whether all texts of a JSON value are certainly plain.

    All texts of transcripts pass here: writing them as JSON takes a tenth of a walk's time.
    """
    # Loaded here: it is slow to import, and most commands print texts only.
    import orjson  # noqa: PLC0415 - see above

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


def _walk(value: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        return change(value)
    if isinstance(value, (list, tuple)):
        items = [_walk(item, change) for item in value]
        return items if _differ(items, value) else value
    if isinstance(value, dict):
        items = [_walk(item, change) for item in value.values()]
        keys = [change(key) for key in value]
        if _differ(items, value.values()) or _differ(keys, value):
            return dict(zip(keys, items, strict=True))
    return value


def _differ(new: list[Any], old: Iterable[object]) -> bool:
    return any(item is not before for item, before in zip(new, old, strict=True))

"""What a terminal with a small character set shows instead of characters that it does not have."""

from __future__ import annotations

import codecs
import io

# Those that commands write themselves. Others, of titles and names, are shown by their numbers.
_SUBSTITUTES = {
    "\N{BOX DRAWINGS LIGHT HORIZONTAL}": "-",
    "\N{BOX DRAWINGS HEAVY HORIZONTAL}": "-",
    "\N{EN DASH}": "-",
    "\N{MIDDLE DOT}": "-",
    "\N{HORIZONTAL ELLIPSIS}": "...",
    "\N{GREATER-THAN OR EQUAL TO}": ">=",
    "\N{RIGHTWARDS ARROW}": "->",
    "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}": ">",
    "\N{BLACK CIRCLE}": "*",
    "\N{BULLET}": "*",
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{WARNING SIGN}": "!",
}
_HANDLER = "ccsync-watch"


def use_substitutes(stream: object) -> None:
    """Have a stream print substitutes instead of failing; other than real ones are left alone."""
    if isinstance(stream, io.TextIOWrapper):
        codecs.register_error(_HANDLER, _substitute)
        stream.reconfigure(errors=_HANDLER)


def substituted(text: str, stream: object) -> str:
    """Return a text as a stream shows it, whose substitutes may take more columns."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    if text.isascii() or encoding.lower().startswith("utf"):
        return text
    codecs.register_error(_HANDLER, _substitute)
    return text.encode(encoding, _HANDLER).decode(encoding)


def _substitute(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    substitute = _SUBSTITUTES.get(error.object[error.start])
    if substitute is None:
        return codecs.backslashreplace_errors(error)
    return substitute, error.start + 1

"""Shortens texts to their limit, roughly before the redactor and exactly after it; pure."""

from __future__ import annotations

import re
from operator import is_
from typing import TYPE_CHECKING

from ccsync_watch.plain_text import has_sequences, shown_start
from ccsync_watch.transcripts.long_texts import size_of

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue

# How much beyond the limit the redactor reads: a secret may begin before it.
_REDACTION_MARGIN_CHARS = 64 << 10
# How much of that is never kept: of a secret that reaches past the margin only a part was read, and
# placeholders, shorter than what they replace, may have moved it below the limit.
_UNCERTAIN_CHARS = 16 << 10
CUT_MARK = "… [cut: "
"""Where the rest of a text was cut off."""
PLACEHOLDER = re.compile(r"\[REDACTED:[^\]\s]{1,80}\]?|REDACTED-[a-z0-9-]{1,40}-[0-9a-f]{8}")


def bounded(text: str, limit: int, *, shown: int | None = None) -> str | dict[str, JsonValue]:
    """Return a text that is short enough to be redacted quickly, or its beginning and length.

    Where fewer than `limit` characters are to be shown, `shown` says how many.
    """
    end = limit + _REDACTION_MARGIN_CHARS
    if shown is not None and len(text) > shown:
        beginning = bounded(text, limit)
        values = {"_text": beginning} if isinstance(beginning, str) else beginning
        return {**values, "_shown": shown}
    if len(text) <= end:
        return text
    if has_sequences(text):
        start, chars = shown_start(text, end)
        chars += size_of(text).chars - len(text)
        return start if chars <= end else {"_text": start, "_chars": chars}
    return {"_text": text[:end], "_chars": size_of(text).chars}


def cut(content: JsonValue, limit: int) -> JsonValue:
    """Return redacted content with each text at its limit, marked with how much was cut.

    Content without a text that is longer is returned itself.
    """
    if isinstance(content, str):
        return cut_text(content, limit)
    if isinstance(content, dict):
        text, chars, shown = map(content.get, ("_text", "_chars", "_shown"))
        if isinstance(text, str) and (isinstance(chars, int) or isinstance(shown, int)):
            limit = min(limit, shown) if isinstance(shown, int) else limit
            return cut_text(text, limit, chars if isinstance(chars, int) else None)
        values = [cut(value, limit) for value in content.values()]
        is_same = all(map(is_, values, content.values()))
        return content if is_same else dict(zip(content, values, strict=True))
    if isinstance(content, list):
        items = [cut(item, limit) for item in content]
        return content if all(map(is_, items, content)) else items
    return content


def cut_text(text: str, limit: int, chars: int | None = None) -> str:
    """Return at most `limit` characters of `text`, and a mark that says how much was cut.

    `chars` is its full length if only its beginning was kept. A placeholder of the redactor is
    kept whole or left out.
    """
    if chars is None:
        chars = len(text)
    else:
        limit = min(limit, max(0, len(text) - _UNCERTAIN_CHARS))
    if chars <= limit:
        return text
    end = limit
    for placeholder in PLACEHOLDER.finditer(text, max(0, limit - 200), limit + 200):
        if placeholder.start() < limit < placeholder.end():
            end = placeholder.start()
    return f"{text[:end]}{CUT_MARK}{chars - end:,} of {chars:,} characters]"

"""Shorten texts to their limit, before the redactor roughly and after it exactly; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue

# What the redactor is shown beyond the limit: a secret may begin before it.
_REDACTION_MARGIN_CHARS = 64 << 10
# What of that is never shown: a secret that reaches past the margin was seen only in part, and
# placeholders, shorter than what they replace, may have moved it to below the limit.
_UNCERTAIN_CHARS = 16 << 10
_PLACEHOLDER = re.compile(r"\[REDACTED:[^\]\s]{1,80}\]?|REDACTED-[a-z0-9-]{1,40}-[0-9a-f]{8}")


def bounded(text: str, limit: int) -> str | dict[str, JsonValue]:
    """Return a text short enough to be redacted quickly, with its full length beside it."""
    if len(text) <= limit + _REDACTION_MARGIN_CHARS:
        return text
    return {"_text": text[: limit + _REDACTION_MARGIN_CHARS], "_chars": len(text)}


def cut(content: JsonValue, limit: int) -> JsonValue:
    """Return redacted content with each text at its limit, marked with how much was cut."""
    if isinstance(content, str):
        return cut_text(content, limit)
    if isinstance(content, dict):
        text, chars = content.get("_text"), content.get("_chars")
        if isinstance(text, str) and isinstance(chars, int):
            return cut_text(text, limit, chars)
        return {key: cut(value, limit) for key, value in content.items()}
    if isinstance(content, list):
        return [cut(value, limit) for value in content]
    return content


def cut_text(text: str, limit: int, chars: int | None = None) -> str:
    """Return at most `limit` characters of `text`, and a mark that says how much was cut.

    `chars` is the length it had when only its beginning was kept. A placeholder of the redactor
    is kept whole or left out.
    """
    if chars is None:
        chars = len(text)
    else:
        limit = min(limit, max(0, len(text) - _UNCERTAIN_CHARS))
    if chars <= limit:
        return text
    end = limit
    for found in _PLACEHOLDER.finditer(text, max(0, limit - 200), limit + 200):
        if found.start() < limit < found.end():
            end = found.start()
    return f"{text[:end]}… [cut: {chars - end:,} of {chars:,} characters]"

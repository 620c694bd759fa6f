"""What a session's search text at the backend must be, computed from what its viewer shows.

Written apart from the product and from the double: from the backend's facts alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from support.opensync_double.backend import Backend
    from support.opensync_double.records import Message

MAX_UNITS = 10_000


def right_search_text(title: str | None, messages: Iterable[Message]) -> str:
    """Return the title and the texts of the messages, each once, as long as they fit."""
    text = title or ""
    for message in messages:
        said = [
            part.content
            for part in message.parts
            if part.type == "text" and isinstance(part.content, str) and part.content
        ]
        if said:
            text += " " + " ".join(said)
    return _cut(text)


def _cut(text: str) -> str:
    """Return as many whole characters as fit; those beyond the first plane count twice."""
    left = MAX_UNITS
    for at, character in enumerate(text):
        left -= 2 if ord(character) > 0xFFFF else 1
        if left < 0:
            return text[:at]
    return text


def has_right_search_text(backend: Backend, session_id: str) -> bool:
    """Return whether the backend holds exactly the right search text; blanks at its end apart."""
    row = backend.session(session_id)
    return (row.searchable_text or "").rstrip() == right_search_text(
        row.title, backend.messages(session_id)
    ).rstrip()

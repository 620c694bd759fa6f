"""The text by which the backend's search finds a session: its title, then what was said; pure.

The backend appends the text of each message that it is sent, also of one that it had before, up to
a limit. Nothing but a new title in a single state ever removes from it: it becomes the title alone.
A title that comes in a batch leaves it as it is. So the right text is written at once, by two
requests that may be sent twice: a single state that has the whole text as its title, then a batch
that has the title.

A text that the limit would cut through a character of two UTF-16 units is rejected by the backend,
whenever it is sent. A full text has no such place any more: see `SessionState.fill_search_text`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.model import Redacted
from ccsync_watch.opensync import wire

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ccsync_watch.opensync.wire import Payload
    from ccsync_watch.outgoing import StoredMessage

MAX_SEARCH_UNITS = 10_000
# What the viewer calls a session without a title; a title cannot be taken away again.
UNTITLED = "Untitled Session"


def search_text(title: str, messages: Iterable[Redacted[StoredMessage]]) -> str:
    """Return what the backend would have appended by now, had each message been sent once."""
    pieces, left = [title], MAX_SEARCH_UNITS - _units(title)
    for message in messages:
        if left <= 0:
            break
        if message.value.is_pruned:
            continue
        piece = wire.searched_text(wire.message_payload(message, None).value)
        if piece:
            pieces.append(piece)
            left -= _units(piece) + 1
    return _cut(" ".join(pieces))


def writing_steps(payload: Payload, text: str) -> tuple[Redacted[Payload], Redacted[Payload]]:
    """Return the two states whose titles write the text: for a single state, then for a batch."""
    title = payload.get("title") or UNTITLED
    # The validators of a batch know no date.
    batched = {key: value for key, value in payload.items() if key != "createdAt"}
    return Redacted({**payload, "title": text}), Redacted({**batched, "title": title})


def clearing_steps(payload: Payload) -> tuple[Redacted[Payload], Redacted[Payload]]:
    """Return two single states, after which the text is the title alone, whatever it was."""
    title = payload.get("title") or UNTITLED
    return Redacted({**payload, "title": f"{title} …"}), Redacted({**payload, "title": title})


def is_full(text: str) -> bool:
    """Return whether the backend can append nothing to a search text."""
    return _units(text) == MAX_SEARCH_UNITS


def can_be_split(text: str) -> bool:
    """Return whether the limit may cut a text through a character."""
    return not text.isascii() and max(text) > "\uffff"


def _units(text: str) -> int:
    """Return a text's length as the backend measures it, in UTF-16."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _cut(text: str) -> str:
    """Return as much of a text as fits, with a blank where half a character would be."""
    units = text.encode("utf-16-le", "surrogatepass")[: 2 * MAX_SEARCH_UNITS]
    cut = units.decode("utf-16-le", "ignore")
    return cut if _units(cut) == len(units) // 2 else f"{cut} "

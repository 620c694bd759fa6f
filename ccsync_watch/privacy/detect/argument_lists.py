"""Redacts a list of arguments as the command that it stands for: `["mysql", "-p…"]`.

What a flag of one letter means depends on the program before it, which is another string.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ccsync_watch.model import JsonValue

_SHORT_FLAG = re.compile(r"-[A-Za-z]")
_OPAQUE = re.compile(r"\s|\A\Z|REDACTED")
"""What a command would not have as one word, or was redacted by itself."""
_OTHER = "_"
_MOST_ARGUMENTS = 64
_LONGEST_ARGUMENT = 512


def is_command(items: Sequence[JsonValue]) -> bool:
    """Tell whether a list is a program's arguments, with a flag of one letter among them."""
    return (
        1 < len(items) <= _MOST_ARGUMENTS
        and any(isinstance(item, str) and _SHORT_FLAG.match(item) for item in items)
        and all(isinstance(item, str) for item in items)
    )


def redact_command(items: list[JsonValue], redact: Callable[[str], str]) -> list[JsonValue]:
    """Return arguments without the secrets that show where all of them are read as a command."""
    words = [_word(item) for item in items if isinstance(item, str)]
    redacted = redact(" ".join(words)).split(" ")
    if len(redacted) != len(words):
        return items
    return [
        item if after == before else after
        for item, before, after in zip(items, words, redacted, strict=True)
    ]


def _word(item: str) -> str:
    is_long = len(item) > _LONGEST_ARGUMENT
    return _OTHER if is_long or _OPAQUE.search(item) else item

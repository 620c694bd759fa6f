"""The words with which people name a password or a token, in a file for each language.

A line names a role and lists words, separated by commas; a line with an indent continues it. Roles:
`password` and `token` name a secret (`*`: with any ending), `is` comes before its value, `skip` may
stand between, and `as` stands between a value and a word before it. A line that starts with `#` is
a comment.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

ROLES = ("password", "token", "shared-password", "shared-token", "is", "skip", "as")

_ROLE = re.compile(rf"(?:^|\n)({'|'.join(ROLES)}): ")
_FOLDER = Path(__file__).parent
_LEAST_PLAIN = 6
"""Without its accents a shorter word is part of other words."""
_STROKES = str.maketrans("łøđıæß", "lodias")


@cache
def load_vocabulary() -> dict[str, tuple[str, ...]]:
    """Return the words of all languages by their role, in lower case and without repetition."""
    words: dict[str, dict[str, None]] = {role: {} for role in ROLES}
    for path in sorted(_FOLDER.glob("*.txt")):
        lines = path.read_text("utf-8").splitlines()
        text = "\n".join(line for line in lines if line[:1] != "#")
        for role, entries in _roles_of(text):
            for entry in " ".join(entries.split()).split(","):
                words[role].update(dict.fromkeys(_spellings(entry.strip())))
    return {role: tuple(entries) for role, entries in words.items()}


def _roles_of(text: str) -> list[tuple[str, str]]:
    """Return each role in a file's text with what follows up to the next role."""
    parts = _ROLE.split(text)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def _spellings(word: str) -> list[str]:
    """Return a word as it is written, and as one types it without accents."""
    letters = unicodedata.normalize("NFD", word.translate(_STROKES))
    plain = "".join(c for c in letters if not unicodedata.combining(c))
    is_latin = plain.isascii()
    return [word, plain] if is_latin and len(plain) >= _LEAST_PLAIN and plain != word else [word]

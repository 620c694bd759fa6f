"""The word lists of the heuristics: one file each, with the words separated by blanks or lines.

A line that starts with `#` is a comment. The order of the words is kept.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent


@cache
def load_words(name: str) -> tuple[str, ...]:
    """Return the words of the list `name`, in order."""
    lines = (_FOLDER / f"{name}.txt").read_text("utf-8").splitlines()
    return tuple(word for line in lines if line[:1] != "#" for word in line.split())


def word_lists() -> dict[str, tuple[str, ...]]:
    """Return every list by its name, in the order of their names."""
    return {path.stem: load_words(path.stem) for path in sorted(_FOLDER.glob("*.txt"))}

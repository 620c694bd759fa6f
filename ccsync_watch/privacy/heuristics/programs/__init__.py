"""The programs that print secrets which they keep, fetch or generate: a table in text files.

A row is a line: `programs | words that follow | condition: globs | …`. Of the words, `a|b` is
either (written `a,b`) and `*` stands for any text; the last one may be missing. Conditions:
`needs`: options or operands, of which one must be there; `unless`: those that make it harmless;
`besides`: first words with which nothing is printed; `files`: options whose value is the file that
gets the output instead. An option with its value is written `-o=json`, however the command line
writes it. What a row matches is hidden unless something says that it is harmless.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent


@cache
def load_rows(name: str) -> tuple[tuple[str, ...], ...]:
    """Return the rows of the table `name`, each as its cells."""
    return tuple(tuple(cell.strip() for cell in line.split("|")) for line in load_lines(name))


@cache
def load_lines(name: str) -> tuple[str, ...]:
    """Return the lines of the table `name` that are not comments."""
    lines = (_FOLDER / f"{name}.txt").read_text("utf-8").splitlines()
    return tuple(line for line in lines if line.strip() and line[:1] != "#")

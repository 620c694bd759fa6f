"""Decide whether a text begins with a table that has secrets in a column named like one; pure."""

from __future__ import annotations

import re

from ccsync_watch.privacy.heuristics.name_strength import Strength, strength_of
from ccsync_watch.privacy.heuristics.value_characters import has_digit
from ccsync_watch.privacy.heuristics.value_strength import is_password, is_secret

_MOST_READ = 4096
_NUMBER = re.compile(r"^ {0,8}\d{1,6}(?:\t|→|:)", re.MULTILINE)
_DELIMITERS = ("\t", "|", ";", ",")


def has_secret_column(text: str) -> bool:
    """Tell whether a row under the header, which is the first line, has such a value."""
    lines = _NUMBER.sub("", text[:_MOST_READ]).strip().splitlines()
    delimiter = next((sign for sign in _DELIMITERS if lines and sign in lines[0]), "")
    if not delimiter:
        return False
    header, *rows = [[cell.strip(" \"'") for cell in line.split(delimiter)] for line in lines]
    strengths = [strength_of(name) for name in header]
    return any(
        _is_secret(cell, strength)
        for row in rows
        if len(row) == len(header)
        for cell, strength in zip(row, strengths, strict=True)
    )


def _is_secret(cell: str, strength: Strength) -> bool:
    if strength is Strength.TOKEN:
        return is_secret(cell, quoted=True)
    return strength is Strength.PASSWORD and has_digit(cell) and is_password(cell, quoted=True)

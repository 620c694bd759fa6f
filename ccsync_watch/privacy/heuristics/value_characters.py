"""What kinds of characters a value has, found without looking at each of them in Python."""

from __future__ import annotations

import re

_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[^\W\d_]")
_BLANK = re.compile(r"\s")


def has_digit(value: str) -> bool:
    """Tell whether a value has a digit of any script."""
    return _DIGIT.search(value) is not None


def has_letter(value: str) -> bool:
    """Tell whether a value has a letter of any script."""
    return _LETTER.search(value) is not None


def has_blank(value: str) -> bool:
    """Tell whether a value has a blank or a line's end."""
    return _BLANK.search(value) is not None

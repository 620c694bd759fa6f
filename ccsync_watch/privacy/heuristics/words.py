"""Lets a list of words be written as text, so that a table of hundreds is read in a few lines."""

from __future__ import annotations


def word_list(text: str) -> list[str]:
    """Return the words of `text`, in order."""
    return text.split()

"""Separates random letters from words, names and camelCase.

A table says how much likelier one letter follows another in English and in code than by chance. It
was counted over 39,000 distinct words of public documentation and source code.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from functools import lru_cache
from string import ascii_lowercase

from ccsync_watch.privacy.heuristics.thresholds import (
    ANNOUNCED_WORD_SCORE,
    CAMEL_PART_LETTERS,
    CASE_CHANGE_SCORE,
    LEAST_SCORED_LETTERS,
    WORD_SCORE,
)
from ccsync_watch.privacy.heuristics.value_characters import has_digit
from ccsync_watch.privacy.heuristics.words import load_words

_LETTERS = re.compile(r"[A-Za-z]+")
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

_LETTER_PAIRS = load_words("letter_pairs")
"""A row for each first letter, a to z, with a digit for each second letter."""

_PAIR_SCORES = {
    (first, second): int(score)
    for first, row in zip(ascii_lowercase, _LETTER_PAIRS, strict=True)
    for second, score in zip(ascii_lowercase, row, strict=True)
}


def letter_score(letters: str) -> float:
    """Return the mean likelihood of the pairs of letters; words score above `WORD_SCORE`."""
    parts = [part.lower() for part in _CAMEL.findall(letters)]
    pairs = sum(map(len, parts)) - len(parts)
    scores = [sum(map(_PAIR_SCORES.__getitem__, itertools.pairwise(part))) for part in parts]
    total = sum(scores) + CASE_CHANGE_SCORE * (len(parts) - 1)
    return total / max(1, pairs + len(parts) - 1)


@lru_cache(maxsize=4096)
def is_gibberish(value: str) -> bool:
    """Tell whether the ASCII letters of `value` are not words; False for fewer than seven."""
    letters = "".join(_LETTERS.findall(value))
    if len(letters) < LEAST_SCORED_LETTERS:
        return False
    parts = _CAMEL.findall(letters)
    if (
        not letters.islower()
        and not letters.isupper()
        and len(letters) / len(parts) < CAMEL_PART_LETTERS
    ):
        return True
    return letter_score(letters) < WORD_SCORE


@lru_cache(maxsize=4096)
def is_drawn(value: str) -> bool:
    """Tell whether mixed-case letters are unlikely to be words, where a password is announced.

    Looser than `is_gibberish`: a sentence has just said that a password follows.
    """
    inner = value[1:]
    return (
        len(value) >= LEAST_SCORED_LETTERS
        and value.isalpha()
        and value.isascii()
        and not inner.islower()
        and not value.isupper()
        and letter_score(value) < ANNOUNCED_WORD_SCORE
    )


def is_unlike_words(value: str) -> bool:
    """Tell whether a value has a digit, or letters that are not words: chosen or generated."""
    return has_digit(value) or is_gibberish(value) or is_drawn(value)


_LEAST_TURNS = 3


def is_mixed_draw(value: str) -> bool:
    """Tell whether letters of both cases and digits are mixed as in no name."""
    if not has_digit(value) or value.islower() or value.isupper():
        return False
    turns = sum(a.isdigit() is not b.isdigit() for a, b in itertools.pairwise(value))
    return is_gibberish(value) or (turns >= _LEAST_TURNS and not wordiness(value))


_WORD_RUN = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z]{3,}")
_SIGN = re.compile(r"[\W_]")
_VOWEL = re.compile(r"[aeiouyAEIOUY]")
_CLUSTER = re.compile(r"[bcdfghjklmnpqrstvwxz]{4,}|[aeiou]{4,}|q[^u]|[jqvwxz]{2}", re.IGNORECASE)


@lru_cache(maxsize=4096)
def entropy(value: str) -> float:
    """Return Shannon's entropy of the characters, in bits each."""
    size = len(value)
    return -sum([n / size * math.log2(n / size) for n in Counter(value).values()]) if size else 0.0


@lru_cache(maxsize=4096)
def wordiness(value: str) -> float:
    """Return the share of the letters and digits that are in pronounceable runs, from 0 to 1."""
    size = len(value) - len(_SIGN.findall(value))
    inside = sum(
        len(run)
        for run in _WORD_RUN.findall(value)
        if _VOWEL.search(run) and not _CLUSTER.search(run)
    )
    return inside / size if size else 0.0

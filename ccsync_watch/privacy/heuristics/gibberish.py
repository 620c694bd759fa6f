"""Tells letters drawn at random from words, names and camelCase.

A table says how much likelier one letter follows another in English and in code than by chance. It
was counted over 39,000 distinct words of public documentation and source code; random letters score
around 4.4, words above 5.4.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from functools import lru_cache

from ccsync_watch.privacy.heuristics.words import word_list

_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

# Row: the first letter, a to z; digit: log2 of the likelihood ratio of the next one, plus 6.
_FOLLOWS = word_list(
    "47774463615877161878544452 86657543763854752665733363 74657437627653842657632141"
    " 75569543823644742665643341 74775643423667454887354641 75567852821745741776623250"
    " 64559457712656640775643243 84559434814554842657524152 65766561223769751677150405"
    " 83559444636544853574745341 74559554833745652575535252 74469433813744740366642161"
    " 86459432813564770364622250 73777583725445752478553132 56773553425778670866756432"
    " 83448435603744762867633150 54553454532555446674944333 84659453705565750677543150"
    " 64648446714544663478734151 74558437803544751776534363 67657652603768470777321312"
    " 85549443802454642454443322 84558446823546742875345544 66767725722663581568454763"
    " 66656554613668682577455455 75559434803653632554435457"
)

_BREAK = 3.5
"""What a change of case costs: less than a likely pair, more than an impossible one."""

_LEAST_LETTERS = 7
_WORD_SCORE = 5.4
_CAMEL_LENGTH = 2.4
_ANNOUNCED_SCORE = 6.1


def score(letters: str) -> float:
    """Return the mean likelihood of the letters' pairs: below 5.4 is rarely a word."""
    parts = [part.lower() for part in _CAMEL.findall(letters)]
    pairs = [
        int(_FOLLOWS[ord(first) - 97][ord(second) - 97])
        for part in parts
        for first, second in itertools.pairwise(part)
    ]
    total = sum(pairs) + _BREAK * (len(parts) - 1)
    return total / max(1, len(pairs) + len(parts) - 1)


@lru_cache(maxsize=4096)
def is_gibberish(value: str) -> bool:
    """Tell whether the ASCII letters of `value` are no words; fewer than seven never are judged."""
    letters = "".join(c for c in value if c.isalpha() and c.isascii())
    if len(letters) < _LEAST_LETTERS:
        return False
    parts = _CAMEL.findall(letters)
    if (
        not letters.islower()
        and not letters.isupper()
        and len(letters) / len(parts) < _CAMEL_LENGTH
    ):
        return True
    return score(letters) < _WORD_SCORE


def is_drawn(value: str) -> bool:
    """Tell mixed-case letters that are unlikely to be words, where a secret is announced.

    Looser than `is_gibberish`: a sentence has just said that a password follows.
    """
    inner = value[1:]
    return (
        len(value) >= _LEAST_LETTERS
        and value.isalpha()
        and value.isascii()
        and not inner.islower()
        and not value.isupper()
        and score(value) < _ANNOUNCED_SCORE
    )


_WORD_RUN = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z]{3,}")
_VOWEL = re.compile(r"[aeiouyAEIOUY]")
_CLUSTER = re.compile(r"[bcdfghjklmnpqrstvwxz]{4,}|[aeiou]{4,}|q[^u]|[jqvwxz]{2}", re.IGNORECASE)


def entropy(value: str) -> float:
    """Return Shannon's entropy of the characters, in bits each."""
    size = len(value)
    return -sum(n / size * math.log2(n / size) for n in Counter(value).values()) if size else 0.0


def wordiness(value: str) -> float:
    """Return the share of the letters and digits that stand in pronounceable runs, from 0 to 1."""
    size = sum(character.isalnum() for character in value)
    inside = sum(
        len(run)
        for run in _WORD_RUN.findall(value)
        if _VOWEL.search(run) and not _CLUSTER.search(run)
    )
    return inside / size if size else 0.0

"""Finds passwords and tokens that sentences of other languages than English name.

`lösenordet är …`, `мой пароль …`, `密码是…`, `… ist das Passwort`. The words are data, a file for
each language; one rule joins a word for a secret, what may stand between, and the value. A value
is decided by its characters: one that could be a word of the language is left.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from ccsync_watch.privacy.detect.sentence_syntax import (
    UNSPACED,
    NamedValue,
    values_after,
    values_before,
)
from ccsync_watch.privacy.engine.pattern_syntax import prefix_tree
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import (
    StructuralRule,
    in_groups,
    last,
)
from ccsync_watch.privacy.heuristics.dummy_values import FUNCTION_WORDS
from ccsync_watch.privacy.heuristics.languages import load_vocabulary
from ccsync_watch.privacy.heuristics.sentence_values import (
    is_named_password,
    is_named_token,
    is_reversed_password,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_BEFORE = 160
_AFTER = 400
"""How many bytes around a word are read."""

_WORDS = load_vocabulary()


def _spelled(word: str) -> set[bytes]:
    """Return how a word may begin a sentence or be a label, as UTF-8 with small ASCII letters."""
    forms = {word, word.capitalize(), word.upper(), word.title()}
    return {form.encode().lower() for form in forms}


def _stems(role: str) -> dict[bytes, bool]:
    """Return the beginnings of words for a secret, and whether each may have another ending."""
    return {
        form: word.endswith("*")
        for word in _WORDS[role]
        for form in _spelled(word.removesuffix("*"))
    }


_SHARED = _stems("shared-password") | _stems("shared-token")
"""English words that other languages use too, and English text too often for a trigger."""
_OWN = _stems("token") | _stems("password")
_STEMS = _OWN | _SHARED
_PASSWORDS = frozenset(_stems("password") | _stems("shared-password"))
_LONGEST_STEM = max(map(len, _STEMS))
_EDGE = min(map(len, _STEMS))


def _sizes(edge: slice) -> dict[bytes, list[int]]:
    """Return the sizes of the words that begin or end alike, the longest first."""
    sizes: dict[bytes, list[int]] = {}
    for size, stem in sorted({(len(stem), stem) for stem in _STEMS}, reverse=True):
        if size not in sizes.setdefault(stem[edge], []):
            sizes[stem[edge]].append(size)
    return sizes


_SIZES_BY_HEAD = _sizes(slice(_EDGE))
_SIZES_BY_TAIL = _sizes(slice(-_EDGE, None))


@in_groups
def find_named_secrets(data: bytes, ends: list[int], _since: int) -> Iterator[Span]:
    """Yield the value before or after a word for a secret that ends at a hit or begins there."""
    last_start = -1
    for end in ends:
        start = _word_start(data, end)
        if start is not None and start != last_start:
            last_start = start
            yield from _named_at(data, start)


def _named_at(data: bytes, start: int) -> Iterator[Span]:
    text = data[start : start + _LONGEST_STEM].lower()
    for size in _SIZES_BY_HEAD.get(text[:_EDGE], ()):
        stem = text[:size]
        is_open = _STEMS.get(stem)
        if is_open is not None and len(stem) == size:
            yield from _after(data, start + size, stem, is_open=is_open)
            if stem in _PASSWORDS:
                yield from _before(data, start)


@in_groups
def find_named_in_english(data: bytes, ends: list[int], since: int) -> Iterator[Span]:
    """Yield the same, where a hit has joining words of another language next to an English one."""
    read = since - _LONGEST_STEM
    for end in ends:
        low = max(0, end - 40, read)
        for word in _SHARED_WORD.finditer(data[low:end].lower()):
            read = low + word.end()
            start = _word_start(data, read)
            if start is not None:
                yield from _named_at(data, start)


@in_groups
def find_spoken_passwords(data: bytes, ends: list[int], _since: int) -> Iterator[Span]:
    """Yield the password after an English name, with no more than "is" or "to" between."""
    read = -1
    for end in ends:
        name = last(_SPOKEN_NAME.finditer(data, max(0, end - 120, read), end))
        if name is None:
            continue  # or the one that was read at the hit before
        read = name.end()
        before = data[max(0, name.start() - 60) : name.start()]
        if name[1].lower() == b"pass" and _OF_PERSON.search(before) is None:
            continue  # a verb
        yield from _after(data, name.end(), b"pw", is_open=False)


def _word_start(data: bytes, end: int) -> int | None:
    """Return where the longest word for a secret that ends at `end` begins."""
    text = data[max(0, end - _LONGEST_STEM) : end].lower()
    for size in _SIZES_BY_TAIL.get(text[-_EDGE:], ()):
        start = end - size
        if start >= 0 and text[-size:] in _STEMS:
            return None if size < _LEAST_COMPOUND and _is_inside_word(data, start) else start
    return None


def _is_inside_word(data: bytes, start: int) -> bool:
    """Tell whether a letter is before `start`, in a script with blanks between words."""
    letter = data[max(0, start - 4) : start].decode("utf-8", "ignore")[-1:]
    first = data[start : start + 3].decode("utf-8", "ignore")
    return letter.isalpha() and not UNSPACED.match(first)


_LEAST_COMPOUND = 6
"""A shorter word is part of other words: `Datenbankpasswort` is a compound."""


def _after(data: bytes, position: int, stem: bytes, *, is_open: bool) -> Iterator[Span]:
    """Yield the value after a word for a secret that ends at `position`."""
    place = _value_after(data[position : position + _AFTER], stem, is_open=is_open)
    if place is not None:
        first, size, kind = place
        yield Span(position + first, position + first + size, kind, Rank.SENTENCE)


@lru_cache(maxsize=1024)
def _value_after(data: bytes, stem: bytes, *, is_open: bool) -> tuple[int, int, str] | None:
    """Return where the value in the text after a word begins, its size, and its kind."""
    text = data.decode("utf-8", "surrogateescape")
    is_spaced = not UNSPACED.match(stem.decode()[-1:]) and not UNSPACED.match(text)
    for value in values_after(text, is_open=is_open, is_spaced=is_spaced):
        kind = _kind_of(value, stem)
        if kind:
            return _size(text[: value.start]), _size(value.text), kind
    return None


def _kind_of(value: NamedValue, stem: bytes) -> str:
    """Return which kind of secret a value after a word is, or nothing."""
    if stem in _PASSWORDS and is_named_password(
        value.text, value.rest, is_announced=value.is_announced, is_quoted=value.is_quoted
    ):
        return "password"
    return "secret" if is_named_token(value.text, is_announced=value.is_announced) else ""


def _before(data: bytes, start: int) -> Iterator[Span]:
    """Yield the value before a word for a password that begins at `start`."""
    low = max(0, start - _BEFORE)
    place = _value_before(data[low:start])
    if place is not None:
        first, size = place
        yield Span(low + first, low + first + size, "password", Rank.SENTENCE)


@lru_cache(maxsize=1024)
def _value_before(data: bytes) -> tuple[int, int] | None:
    """Return where the value in the text before a word begins, and its size."""
    text = data.decode("utf-8", "surrogateescape")
    for value, place in values_before(text):
        if is_reversed_password(value):
            return _size(text[:place]), _size(value)
    return None


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape"))


def _triggers() -> Iterator[str]:
    """Yield triggers for all words; of words that begin alike the shortest finds the others."""
    shortest: list[bytes] = []
    for stem in sorted(_OWN):
        if not shortest or not stem.startswith(shortest[-1]):
            shortest.append(stem)
    for first in range(0, len(shortest), _WORDS_OF_TRIGGER):
        part = shortest[first : first + _WORDS_OF_TRIGGER]
        yield prefix_tree([stem.decode("latin-1") for stem in part])


_WORDS_OF_TRIGGER = 200
"""Hyperscan refuses patterns that are too long."""

_ENGLISH = FUNCTION_WORDS | frozenset({"was", "as", "on", "per", "for", "era", "an", "die"})


def _bytes_of(words: Iterable[str]) -> list[str]:
    return sorted({form.decode("latin-1") for word in words for form in _spelled(word)})


_REVERSED_NAMES = sorted(stem.decode() for stem in _stems("shared-password"))
_SHARED_WORD = re.compile(prefix_tree(sorted(stem.decode() for stem in _SHARED)).encode())
_OTHER_JOINS = [word for word in _WORDS["is"] if word not in _ENGLISH and len(word.encode()) > 1]
_SPACED_JOINS = prefix_tree(_bytes_of(w for w in _OTHER_JOINS if not UNSPACED.search(w)))
_CLOSE_JOINS = prefix_tree(_bytes_of(w for w in _WORDS["is"] if UNSPACED.search(w)))
_AS = prefix_tree(_bytes_of((*_WORDS["as"], *_WORDS["is"])))

_SPOKEN_NAME = re.compile(
    rb"(?<![A-Za-z_-])(pw|pass|pwd|pass(?:word|[ -]?phrase|code)(?: to)?)(?=[ ])", re.IGNORECASE
)
_OF_PERSON = re.compile(
    rb"(?:\b(?:with|and|user(?:name)? \S{1,40})|[,/&])[ ]{1,2}\Z", re.IGNORECASE
)
_CHOSEN = r"(?:[!-~]{1,24}[0-9][!-~]{0,2}|(?:[a-z]{2,12}[-_.+]){3}[a-z]{2})"

RULES: tuple[StructuralRule, ...] = (
    *(
        StructuralRule(
            "password",
            "a password or token that a sentence of another language names",
            trigger,
            find_named_secrets,
        )
        for trigger in _triggers()
    ),
    StructuralRule(
        "password",
        "a password or token with an English name in a sentence of another language",
        rf"{_SHARED_WORD.pattern.decode()}[a-z]{{0,2}}"
        rf"(?:[ ]{_SPACED_JOINS}[ :]|[ ]?{_CLOSE_JOINS})",
        find_named_in_english,
    ),
    StructuralRule(
        "password",
        "a password with an English name and its owner in a sentence of another language",
        rf"{_SHARED_WORD.pattern.decode()}[ ](?:d[eiu]|del|della|do|da|van|voor|f\xc3\xb6r|til|"
        rf"f\xc3\xbcr|para|pour|per|vom|von|zum)[ ][\w@.-]{{1,24}}(?:[ ]{_SPACED_JOINS}[ :]|:[ ])",
        find_named_in_english,
    ),
    StructuralRule(
        "password",
        "a password before its name: `use … as the password`",
        rf"[ ]{_AS}[ ](?:[a-z']{{1,8}}[ ]){{0,3}}{prefix_tree(_REVERSED_NAMES)}",
        find_named_in_english,
    ),
    StructuralRule(
        "password",
        "a password after an English name without a verb",
        rf"(?:(?:pw|pass|pwd)[ ]{_CHOSEN}|"
        r"pass(?:word|[ -]?phrase|code)(?: to)?[ ](?:[a-z]{2,12}[-_.+]){3}[a-z]{2})",
        find_spoken_passwords,
    ),
)

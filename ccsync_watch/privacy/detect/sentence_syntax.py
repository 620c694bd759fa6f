"""Reads what stands between a word for a secret and its value, in any language.

Words are looked up one by one rather than searched for by a pattern of all of them, so that a text
that repeats such words costs little.
"""

# ruff: noqa: RUF001 - signs of other languages look like ours

from __future__ import annotations

import itertools
import re
from typing import NamedTuple

from ccsync_watch.privacy.heuristics.languages import load_vocabulary
from ccsync_watch.privacy.heuristics.words import load_words

UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""A character of a script that writes words without blanks, or puts particles after them."""

_MARKS = r"\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff\u0e31-\u0e4e\u200c"
"""Vowels and accents that are characters of their own."""
_LETTER = rf"(?:[^\W\d_]|[{_MARKS}])"
_SIGN = r"[:：=＝→]|->|=>|[-–—](?=\s)"
_WORDS = load_vocabulary()


def _single(*roles: str) -> frozenset[str]:
    """Return the words of joining phrases, of scripts with blanks between words."""
    return frozenset(
        word
        for role in roles
        for phrase in _WORDS[role]
        if not UNSPACED.search(phrase)
        for word in phrase.split()
    )


def _close(*roles: str) -> str:
    """Return the alternatives of joining words that no blanks surround, the longest first."""
    words = {word for role in roles for word in _WORDS[role] if UNSPACED.search(word)}
    return "|".join(sorted(words, key=lambda word: (-len(word), word)))


_PLACES = frozenset(load_words("password_places"))
"""What a password is for, in many languages."""
_IS = _single("is")
_IS_OR_AS = _single("is", "as")
_JOINS = _single("is", "skip") | _PLACES
_CLOSE_JOINS = _close("is", "skip")
_CLOSE_BEFORE = _close("is", "as")

_ENDING = re.compile(rf"({_LETTER}{{0,8}})(?!{_LETTER}|\d)[*_\"'`»”“’)]{{0,3}}")
_PARTICLES = re.compile(rf"((?:(?!{_CLOSE_JOINS}){UNSPACED.pattern}){{0,6}})[*_\"'`»”」)]{{0,3}}")
_STEP = re.compile(
    rf"[\s,]{{0,3}}(?:(?P<sign>{_SIGN})|(?P<close>{_CLOSE_JOINS})|"
    rf"(?<![^\W\d_])(?P<word>{_LETTER}{{1,12}}(?:['’]{_LETTER}{{1,5}})?)(?!{_LETTER}|\d|[-_@.'/~#$%^&*!+=]\w))"
)
_MOST_STEPS = 5
_VALUE = re.compile(
    r"[*_]{0,2}(?P<blank>\s{0,3})(?P<open>[*_]{0,2}\\{0,7}[\"'`«“„‘‚「『（(<\[]{0,2}\s?)"
    r"(?P<value>(?:(?!</?[a-z][a-z0-9]{0,9}>)[!#-&(-_a-~\u00c0-\u024f\u0400-\u052f]){3,256})"
)
_LOOSE_STEP = re.compile(
    rf"(?P<sign>{_SIGN})|(?<=\s)(?P<word>{_LETTER}{{1,12}}(?:['’]{_LETTER}{{1,5}})?)(?=\s)|[\n;|<>{{}}]|\.(?=\s|\Z)"
)
_LONGEST_LOOSE = 64
_COULD_HOLD = re.compile(r"[0-9@#$^*!~]|[a-z][-_.+][a-z]|[a-z][A-Z]")
"""What every value has somewhere; most sentences about passwords have nothing of it."""
_READ = 160

_BEFORE_CLOSE = re.compile(
    rf"(?P<value>[!#-&(-_a-~]{{5,64}})[\"'`」]{{0,2}}\s?(?:{_CLOSE_BEFORE})"
    rf"(?:{_LETTER}{{0,3}}の|的|)\s?\Z"
)
_WORD = re.compile(r"\S+")
_LAST_WORDS = 5
_QUOTES = frozenset("\"'`«“„「『")
_TRAILING = ".,;:)]}>*_\\\"'`。"
_AROUND = "\"'`«»“”「」()*_,"


class NamedValue(NamedTuple):
    """A value that a sentence names, and where in the text it is."""

    text: str
    start: int
    rest: str
    """What follows it."""
    is_announced: bool
    """A colon or a word for "is" stands before it."""
    is_quoted: bool


def values_after(text: str, *, is_open: bool, is_spaced: bool) -> list[NamedValue]:
    """Return what could be the value in the text after a word for a secret, the likeliest first.

    `is_open`: the word may have another ending; `is_spaced`: its script has blanks between words.
    """
    if _COULD_HOLD.search(text, 0, _READ) is None:
        return []
    ending = (_ENDING if is_spaced else _PARTICLES).match(text)
    if ending is None or (is_spaced and ending[1] and not is_open):
        return []
    position, is_announced, has_sign = ending.end(), False, False
    for _ in range(_MOST_STEPS):
        step = _STEP.match(text, position)
        if step is None or not (step["sign"] or step["close"] or step["word"].lower() in _JOINS):
            break
        has_sign = True
        is_announced = is_announced or not step["word"] or step["word"].lower() in _IS
        position = step.end()
    values = []
    match = _VALUE.match(text, position)
    if match is not None and (has_sign or match["blank"] or not is_spaced):
        values.append(_named(text, match, is_announced=is_announced))
    loose = _after_others(text, position) if text[position : position + 1] in {" ", "("} else None
    if loose is not None:
        values.append(loose)
    return [value for value in values if value.text]


def _after_others(text: str, start: int) -> NamedValue | None:
    """Return the value behind other words and a colon or "is": `Passwort für den Server: …`."""
    for step in _LOOSE_STEP.finditer(text, start, start + _LONGEST_LOOSE):
        if step["sign"] or (step["word"] and step["word"].lower() in _IS):
            position = step.end()
            more = _STEP.match(text, position)
            if more is not None and (more["sign"] or (more["word"] or "").lower() in _JOINS):
                position = more.end()
            match = _VALUE.match(text, position)
            return match and _named(text, match, is_announced=True)
        if not step["word"]:
            return None
    return None


def _named(text: str, match: re.Match[str], *, is_announced: bool) -> NamedValue:
    value = match["value"].rstrip(_TRAILING)
    start = match.start("value")
    is_quoted = match["open"].strip()[-1:] in _QUOTES
    return NamedValue(value, start, text[start + len(value) :], is_announced, is_quoted)


def values_before(text: str) -> list[tuple[str, int]]:
    """Return what could be the value in the text before a word for a secret, and where it is."""
    low = max(0, len(text) - _READ)
    if _COULD_HOLD.search(text, low) is None:
        return []
    match = (
        _BEFORE_CLOSE.search(text, max(0, len(text) - 80)) if UNSPACED.search(text[-4:]) else None
    )
    if match is not None:
        return [(match["value"], match.start("value"))]
    words = [word for word in _WORD.finditer(text, low) if word[0].strip(_AROUND)]
    words = words[-_LAST_WORDS:]
    values = []
    for word, join in itertools.pairwise(words):
        if join[0].lower() in _IS_OR_AS:
            value = word[0].strip(_AROUND)
            values.append((value, word.start() + word[0].index(value)))
    return values

"""Finds literals that a comment on the same line calls a secret: `value = "…"  # password`.

The line need not name it otherwise. The last literal before the comment is meant.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.detect.password_shapes import is_rare_phrase
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import (
    StructuralRule,
    in_groups,
    pattern_rule,
    text_of,
)
from ccsync_watch.privacy.heuristics.dummy_values import is_regex
from ccsync_watch.privacy.heuristics.password_forms import is_numbered_words, is_surely_chosen
from ccsync_watch.privacy.heuristics.sentence_values import is_reversed_password
from ccsync_watch.privacy.heuristics.value_characters import has_digit
from ccsync_watch.privacy.heuristics.value_strength import is_random, is_secret

if TYPE_CHECKING:
    from collections.abc import Iterator

_REACH = 320
_NAME = (
    r"(?:passw(?:or)?d|passphrase|passcode|pass|pwd|token|secret|credentials?|api[ _-]?key|"
    r"access[ _-]?key|auth[ _-]?key)"
)
_WORD = (
    r"(?:(?:the|my|our|an?|api|auth|access|db|database|admin|root|user|plain|old|new|test|real|"
    r"temporary|initial|default|secret|bearer|bot|service|deploy|smtp|wifi|[A-Z][A-Za-z]{1,14})"
    r"[ _-])"
)
_START = r"(?:(?:#|//|/\*|<!--)[ ]?|--[ ]|[ ];[ ]|[ ]{2}'[ ])"
"""Two hyphens and a word are an option of a command."""
_COMMENT = rf"{_START}{_WORD}{{0,2}}{_NAME}"
_BEFORE_COMMENT = re.compile(
    rf"[^\n]*?(?=[ \t;,)'])[ \t;,)]?(?P<comment>{_COMMENT})(?=[\s.,:;!?)*-]|\Z)".encode(),
    re.IGNORECASE,
)
_LITERAL = re.compile(
    rb"\\{0,7}(?P<quote>[\"'`])(?P<quoted>[^\"'`\s\\]{6,512}?)(?i:\{enter\})?\\{0,7}(?P=quote)|"
    rb"(?:^|[ \t=:])(?P<bare>[^\s\"'`#;,(){}\[\]<>=:]{8,512})(?=[ \t;,)]|\Z)"
)

_CHANGED = re.compile(rb"[ ]{1,4}[-=]>[ ]{1,4}")
"""Between the old and the new value in a plan."""


@in_groups
def find_commented_values(data: bytes, ends: list[int], _since: int) -> Iterator[Span]:
    """Yield the last literal before comments that end at hits, if it looks generated."""
    read: tuple[int, int] | None = None
    for end in ends:
        start = data.rfind(b"\n", max(0, end - _REACH), end) + 1 or max(0, end - _REACH)
        line = data[start : end + 1]
        comment = _BEFORE_COMMENT.match(line)
        if comment is not None and read != (start, comment.start("comment")):
            read = start, comment.start("comment")
            yield from _literal_before(line, start, comment)


def _literal_before(line: bytes, start: int, comment: re.Match[bytes]) -> Iterator[Span]:
    """Yield the last literal before a comment in a line that begins at `start`."""
    literals = list(_LITERAL.finditer(line, 0, comment.start("comment")))
    if len(literals) > 1 and _CHANGED.fullmatch(line, literals[-2].end(), literals[-1].start()):
        meant = literals[-2:]
    else:
        meant = literals[-1:]
    for literal in meant:
        span = literal.span(literal.lastgroup or "quoted")
        if _is_generated(text_of(line, span)):
            yield Span(start + span[0], start + span[1], "secret", Rank.NAMED_FIELD)


def _is_generated(value: str) -> bool:
    if is_regex(value):
        return False
    if is_surely_chosen(value) or is_numbered_words(value) or is_rare_phrase(value):
        return True
    has_both = has_digit(value) and any(c.isupper() for c in value)
    return has_both and is_secret(value, quoted=False) and is_random(value)


_MARK = r"(?:/\*|<!--|//|#|--|;|\{#)[ ]{1,2}"
_SHORT_NAME = r"(?:pass|pw|pwd|password)[ :=]{1,3}[\"'`]?[^\s\"'`]{6}"

# The triggers have two branches, since Hyperscan overlooks the shortest matches of a single one.
RULES: tuple[StructuralRule, ...] = (
    StructuralRule(
        "commented-value",
        "a literal that a comment on its line calls a secret",
        rf"{_START}{_NAME}|{_START}{_WORD}{{1,2}}{_NAME}",
        find_commented_values,
    ),
    pattern_rule(
        "password",
        "a comment that is a short name and a password",
        r"(?:/\*|<!--|//|#|--|;|\{#)[ ]{1,2}(?:[a-z]{2,12}[ ]){0,2}"
        r"(?:pass|pw|pwd|password)[ :=]{1,3}"
        r"[\"'`]?(?P<secret>[^\s\"'`]{6,64})[\"'`]?[ ]{0,4}(?=\*/|-->|#\}|\r?\n|\\n|\Z)",
        trigger=rf"{_MARK}{_SHORT_NAME}|{_MARK}(?:[a-z]{{2,12}}[ ]){{1,2}}{_SHORT_NAME}",
        rank=Rank.SENTENCE,
        reach=60,
        accept=is_reversed_password,
    ),
)

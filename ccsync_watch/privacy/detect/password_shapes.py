"""Finds words that only a password looks like, whatever stands before them.

No name and no syntax says that they are one: numbered words with a sign between (`Reef#lamp1977`),
letters, digits and signs in disorder, a passphrase of words that no name has. What could be an id
is removed only where a word of a secret's name is near, and no field's name is before it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.detect.name_patterns import SOUGHT_WORDS
from ccsync_watch.privacy.detect.nearby_names import is_about_other, is_name_near, is_of_thing
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import (
    StructuralRule,
    at_each_hit,
    pattern_rule,
    text_of,
)
from ccsync_watch.privacy.heuristics.dummy_values import (
    is_placeholder,
    is_public,
    is_reference,
    is_regex,
)
from ccsync_watch.privacy.heuristics.gibberish import entropy, is_gibberish, wordiness
from ccsync_watch.privacy.heuristics.password_forms import (
    is_hyphened_passphrase,
    is_numbered_words,
    talks_of_secrets,
)
from ccsync_watch.privacy.heuristics.publishable import is_publishable
from ccsync_watch.privacy.heuristics.thresholds import (
    LEAST_DRAWN_WORD,
    LEAST_SIGNED_PASSWORD,
    MOST_SLUG_WORDS,
    OPAQUE_WORDINESS,
    RANDOM_ENTROPY,
    STRICT_WORDINESS,
)
from ccsync_watch.privacy.heuristics.words import load_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ccsync_watch.privacy.engine.structural_rule import Finder

_LONGEST = 64
_BEFORE_WORD = b" \t\r\n\"'`(,|>{[=:"
_WORD = re.compile(rb"[^\s\"'`,;()\[\]{}<>|\\]{8,64}(?=[\s\"'`,;)\]}<|\\]|\Z)")
_NAME_BEFORE = re.compile(rb"[\w\])]\\{0,7}[\"'`]?[ ]{0,2}(?:=>|[:=])[ ]{0,2}\\{0,7}[\"'`]?\Z")
_ACCESSOR = re.compile(rb"accessor[ ]{1,40}\Z")
_NEARBY = re.compile(rf"(?<!--)(?<!\s-)(?:{SOUGHT_WORDS}|[_-]pat\Z)".encode(), re.IGNORECASE)
"""An option after a word is not about it: `deploy x81… --token`."""
_NO_WORD = re.compile(rb"(?:\(\?:|base64,|@|\]\()\Z")
"""Before a group of a regular expression, before data, and before the target of a link."""
_CAMEL_NAME = re.compile(r"[a-z]{0,12}(?:[A-Z][a-z]{2,}[0-9]{0,2}|[A-Z]{1,3}[0-9]{1,2}){2,}")
"""Words and abbreviations with their versions: `AwsSdkSigV4Signer`."""
_CONTEXT_BEFORE = 160
_CONTEXT_AFTER = 60
_SIGNED_WORDS = re.compile(
    r"[A-Z][a-z0-9]{2,11}[!#*?%+^][A-Za-z][a-z0-9]{2,11}[0-9]{2,4}|"
    r"[A-Z][a-z0-9]{2,11}[A-Z][a-z0-9]{2,11}[!#*?^][0-9]{2,4}|"
    r"[A-Z][a-z0-9]{2,11}(?:[A-Z][a-z0-9]{2,11})?[!#*?^+%$&~][0-9]{2,4}[a-z]{2,4}"
)
_JOINED_WORDS = re.compile(
    r"[A-Z][a-z0-9]{2,11}(?:[A-Z][a-z0-9]{2,11})?[_.@-][0-9]{2,4}[a-z]{2,4}|"
    r"[A-Z][a-z0-9]{2,11}[._-]?(?:19|20)[0-9]{2}[!?*#_]|"
    r"[a-z]{3,11}[A-Z][a-z]{3,11}[0-9]{3,4}"
)
_UNIT = re.compile(
    r"[0-9](?:bit|px|ms|min|sec|th|st|nd|rd|am|pm|kb|mb|gb|tb|le|be|hz|ghz|mhz|fps)\Z"
)
_SIGN = re.compile(r"[!#$%^&*?~@]")
_LOCALE = re.compile(r"[a-z]{2,3}_[A-Z]{2}(?:\.[\w-]{2,16})?@[a-z]{2,16}")
"""Of a system: `sr_RS.UTF-8@latin`."""
_CODE = re.compile(
    r"0-9|[aA]-[zZ]|%[0-9a-fA-F]{2}|%[a-zA-Z(]|\$[A-Za-z_{(]|[&?]\w+=|==|#x|\\|/|://|\.\w+\(|&&|"
    r"\|\||"
    r"^[#@&?*!~$%-]|[=~]{2}|<|>|@[a-z0-9-]+\."
)
"""What is in code, addresses and formats rather than in passwords."""
_CLASSES = (re.compile(r"[a-z]"), re.compile(r"[A-Z]"), re.compile(r"[0-9]"))
_SLUG_WORDS = frozenset(load_words("slug_words"))
_NAMING_WORDS = frozenset(load_words("naming_words"))


def is_signed_words(value: str) -> bool:
    """Tell whether a value is two words with a sign between or after them, and a number."""
    return _SIGNED_WORDS.fullmatch(value) is not None and not (
        talks_of_secrets(value) or is_placeholder(value)
    )


def is_joined_words(value: str) -> bool:
    """Tell whether a value is words with a number, joined and ended as in few names."""
    return (
        _JOINED_WORDS.fullmatch(value) is not None
        and _UNIT.search(value) is None
        and not talks_of_secrets(value)
        and not is_placeholder(value)
    )


def is_disordered(value: str) -> bool:
    """Tell whether a value is letters of both cases, digits and signs, and not code."""
    return (
        LEAST_SIGNED_PASSWORD <= len(value) <= _LONGEST
        and len(set(_SIGN.findall(value))) > 1
        and _is_mixed(value, STRICT_WORDINESS)
    )


def is_disordered_literal(value: str) -> bool:
    """Tell whether a whole literal is letters of both cases, digits and a sign, and not code."""
    return _is_mixed(value, OPAQUE_WORDINESS)


def _is_mixed(value: str, wordiness_bound: float) -> bool:
    return (
        all(part.search(value) for part in _CLASSES)
        and _CODE.search(value) is None
        and _LOCALE.fullmatch(value) is None
        and wordiness(value) < wordiness_bound
        and entropy(value) > RANDOM_ENTROPY
        and not (is_placeholder(value) or is_reference(value) or is_regex(value))
    )


def is_rare_phrase(value: str) -> bool:
    """Tell whether words joined by hyphens are a passphrase: names have more frequent words."""
    if not is_hyphened_passphrase(value) or not value.islower() or "-" not in value:
        return False
    words = value.split("-")
    is_name = not _NAMING_WORDS.isdisjoint(words)
    is_name = is_name or is_placeholder(value)
    return not is_name and sum(word in _SLUG_WORDS for word in words) <= MOST_SLUG_WORDS


def _is_drawn_word(value: str) -> bool:
    """Tell whether letters and digits are in such disorder that no name or number is in them."""
    return (
        LEAST_DRAWN_WORD <= len(value) <= _LONGEST
        and value.isascii()
        and value.isalnum()
        and all(part.search(value) for part in _CLASSES)
        and is_gibberish(value)
        and _CAMEL_NAME.fullmatch(value) is None
        and wordiness(value) < OPAQUE_WORDINESS
        and entropy(value) > RANDOM_ENTROPY
    )


def _find(
    accept_near: Callable[[str], bool], accept_anywhere: Callable[[str], bool] | None = None
) -> Finder:
    """Return the finder of words to remove near a word of a secret's name, or anywhere."""

    @at_each_hit
    def find(data: bytes, end: int, since: int) -> Iterator[Span]:
        start = end
        low = max(since, end - _LONGEST)
        while start > low and data[start - 1] not in _BEFORE_WORD:
            start -= 1
        if start == low and low > 0 and data[low - 1] not in _BEFORE_WORD:
            return
        word = _WORD.match(data, start)
        if word is None or word.end() <= since or _NO_WORD.search(data, max(0, start - 8), start):
            return
        value = text_of(data, word.span())
        if is_publishable(value) or is_public(value):
            return
        if (accept_anywhere is not None and accept_anywhere(value)) or (
            accept_near(value) and _is_name_near(data, *word.span())
        ):
            yield Span(*word.span(), "password", Rank.CONTEXT)

    return find


def _is_name_near(data: bytes, start: int, end: int) -> bool:
    """Tell whether a word of a secret's name is on the line, and no field's name before."""
    if _ACCESSOR.search(data, max(0, start - 24), start):
        return False
    if is_name_near(data, start, end):
        return True
    if _NAME_BEFORE.search(data, max(0, start - 24), start):
        return False
    line = max(
        data.rfind(b"\n", max(0, start - _CONTEXT_BEFORE), start) + 1, start - _CONTEXT_BEFORE, 0
    )
    before = data[line:start]
    after = data[end : end + _CONTEXT_AFTER]
    if is_about_other(before) or is_of_thing(before, data[start:end], after):
        return False
    stop = data.find(b"\n", end, end + _CONTEXT_AFTER)
    stop = stop if stop >= 0 else min(len(data), end + _CONTEXT_AFTER)
    return bool(_NEARBY.search(data, line, start) or _NEARBY.search(data, end, stop))


def _is_numbered(value: str) -> bool:
    return is_numbered_words(value) or _is_drawn_word(value)


_DISORDER = (
    r"(?:[a-z][0-9][A-Z]|[A-Z][0-9][a-z]|[0-9][a-z][A-Z]|[0-9][A-Z][a-z]|[a-z][A-Z][0-9]|"
    r"[A-Z][a-z][0-9])"
)

RULES: tuple[StructuralRule, ...] = (
    StructuralRule(
        "password",
        "two words with a sign between and a number, as in no name",
        r"[A-Za-z0-9][!#*?%+^](?:[A-Za-z][a-z0-9]{2,11})?[0-9]{2}",
        _find(is_disordered, is_signed_words),
        is_caseless=False,
    ),
    StructuralRule(
        "password",
        "words joined and numbered, or letters and digits in disorder, near a secret's name",
        rf"[\s\"'(,|][A-Za-z0-9]{{0,20}}{_DISORDER}|[\s\"'(,|][A-Z][a-z0-9]{{2,11}}[A-Z]"
        rf"[a-z0-9]{{2,11}}[0-9]{{3}}",
        _find(_is_numbered),
        is_caseless=False,
        is_near_words=True,
    ),
    StructuralRule(
        "password",
        "letters, digits and signs in disorder",
        r"[a-zA-Z0-9][!#$%^&*?~@][a-zA-Z0-9=+_.-]{0,12}[!#$%^&*?~@]",
        _find(is_disordered),
        is_caseless=False,
        is_near_words=True,
    ),
    StructuralRule(
        "password",
        "words and a number, joined or ended as in few names, near a secret's name",
        r"[a-z0-9][_.@-][0-9]{2,4}[a-z]{2}|[a-z](?:[._-]?(?:19|20)[0-9]{2}[!?*#_]|[0-9]{3})",
        _find(is_joined_words),
        is_caseless=False,
        is_near_words=True,
    ),
    pattern_rule(
        "password",
        "a literal that is a password by its characters",
        r"(?P<quote>[\"'])(?P<secret>[A-Za-z0-9_.=-]{0,24}[A-Za-z0-9][!#$%^&*?~@][A-Za-z0-9_.=!#$%^&*?~@+-]{1,24})(?P=quote)",
        trigger=r"[A-Za-z0-9][!#$%^&*?~@][A-Za-z0-9_.=!#$%^&*?~@+-]{1,24}[\"']",
        rank=Rank.CONTEXT,
        reach=64,
        after=32,
        accept=is_disordered_literal,
        is_caseless=False,
    ),
    StructuralRule(
        "password",
        "a passphrase of words that names do not have",
        r"[\s\"'(,|=:][a-z]{3,9}-[a-z]{3,9}-[a-z]{3,9}-[a-z]{3}",
        _find(is_rare_phrase),
        is_caseless=False,
        is_near_words=True,
    ),
)

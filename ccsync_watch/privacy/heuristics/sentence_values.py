"""Separates a password or token that a sentence names from the sentence's other words.

The sentence may be of any language, so that a value of letters alone says nothing: it needs digits
or signs, changes of case that no word has, or many words that are joined by signs.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ccsync_watch.privacy.heuristics.dummy_values import (
    FUNCTION_WORDS,
    is_accented_word,
    is_code,
    is_placeholder,
    is_reference,
)
from ccsync_watch.privacy.heuristics.gibberish import is_drawn, is_gibberish
from ccsync_watch.privacy.heuristics.password_forms import (
    has_password_form,
    looks_chosen,
    talks_of_secrets,
)
from ccsync_watch.privacy.heuristics.thresholds import (
    LEAST_HYPHENED_WORDS,
    LEAST_LONG_TOKEN,
    LEAST_MIXED_WORD_AS_PASSWORD,
    LEAST_TOKEN_IN_PROSE,
)
from ccsync_watch.privacy.heuristics.value_characters import has_digit, has_letter
from ccsync_watch.privacy.heuristics.value_strength import is_random, is_strict_random

_NOT_VALUE = re.compile(
    r"^[\w.+-]+@[\w-]+\.\w|://|^[/~.]{1,2}[\w/]|^--?\w|%(?:[.*(%]|[a-z](?![A-Za-z0-9])|0A|\d\$)|\{\w*\}|^&\w|"
    r"&\w+;|^</?|\\(?:[nt-]|f[BIRP]|u[0-9a-f]{4})|"
    r"^\d+(?:[.,:/-]\d+)+$|^[A-Z]{2,8}[-_ ]?v?\d{0,4}(?:[-_/]\w+)?$|"
    r"^[\w./-]*\.(?:[a-z][a-z0-9]{1,3}|[A-Z]{2,4}|local)$|[()\[\]{}<>]|^[a-z]+\d?_[a-z_]+(?:\d|16|32|64)?$",
)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=[^=]")
_PRODUCT = re.compile(r"([A-Z][A-Za-z]*|[a-z]{2,5})[.#v]?\d{1,2}(?:\.\d+)*")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SIGNS = re.compile(r"[@#$^*!~]")
_JOINTS = re.compile(r"[%=+?_.-]")
"""Signs that join the words of names and addresses."""
_WORDS = re.compile(r"[A-Za-z]{2,12}(?:[-_.+][A-Za-z]{2,12})+")
_CLAUSE = re.compile(
    r"\\{0,15}\"[ ]?[,}\]]|"
    r"\\{0,15}[\"'`*_»\u2018\u2019\u201c\u201d」)]{0,3}[.,;!)\u3002\uff0c]{0,2}(?:\s|$|</?[a-z]|[\u0e00-\u0e7f\u3000-\u9fff\uac00-\ud7af])"
)
_MOST_PIN = 12
_LEAST_PIN = 4


def is_named_password(value: str, rest: str, *, is_announced: bool, is_quoted: bool) -> bool:
    """Tell whether the value after a word for a password is one; `rest` is what follows it.

    `is_announced`: a colon or a word for "is" stands between.
    """
    core = value.rstrip("!?")
    if _CLAUSE.match(rest) is None or (not is_announced and is_commit(core)):
        return False
    if is_joined(core):
        return is_announced or "-" in core
    if _is_other(value, is_announced=is_announced) or is_accented_word(value):
        return False
    if has_digit(core):
        return _has_digits_of_password(core, is_announced=is_announced)
    return (is_announced or is_quoted) and _has_letters_of_password(core)


def _has_digits_of_password(core: str, *, is_announced: bool) -> bool:
    if core.isdigit():
        return is_announced and _LEAST_PIN <= len(core) <= _MOST_PIN
    if not has_letter(core):
        return False
    return looks_chosen(core) or (is_announced and has_password_form(core) and _is_mixed(core))


def _has_letters_of_password(core: str) -> bool:
    """Tell whether a value without digits is not a word, by its letters' case or by signs."""
    if core.isalpha():
        return len(core) >= LEAST_MIXED_WORD_AS_PASSWORD and is_drawn(core) and core.isascii()
    is_drawn_with_joints = _JOINTS.search(core[1:-1]) is not None and is_gibberish(core)
    return (_SIGNS.search(core[1:-1]) is not None or is_drawn_with_joints) and has_letter(core)


@lru_cache(maxsize=4096)
def is_reversed_password(value: str) -> bool:
    """Tell whether the value before "is the password" is one; any word can stand there."""
    core = value.rstrip("!?")
    if _is_other(value) or is_commit(core):
        return False
    return is_joined(core) or (
        has_digit(core)
        and looks_chosen(core)
        and (_is_mixed(core) or is_gibberish(core) or core[-2:].isdigit() or is_random(core))
    )


@lru_cache(maxsize=4096)
def is_named_token(value: str, *, is_announced: bool) -> bool:
    """Tell whether the value after a word for a token or key is one."""
    least = LEAST_TOKEN_IN_PROSE if is_announced else LEAST_LONG_TOKEN
    if len(value) < least or _is_other(value) or is_assignment(value):
        return False
    has_both = has_digit(value) and has_letter(value)
    return (has_both and is_random(value)) or is_strict_random(value)


def is_commit(value: str) -> bool:
    """Tell whether a value is as long as a commit's name, which sentences have more often."""
    return _COMMIT.fullmatch(value) is not None


def is_assignment(value: str) -> bool:
    """Tell whether it is not a value but the line of the next variable, after one that is empty."""
    return _ASSIGNMENT.match(value) is not None


def _is_mixed(core: str) -> bool:
    """Tell whether a value has capitals and small letters, or signs, beside its digits."""
    is_cased = any(c.islower() for c in core) and any(c.isupper() for c in core)
    return is_cased or _SIGNS.search(core) is not None or "-" in core or "_" in core


def is_joined(core: str) -> bool:
    """Tell whether a value is a passphrase: four words or more that signs join."""
    words = re.split(r"[-_.+]", core)
    return (
        len(words) >= LEAST_HYPHENED_WORDS
        and _WORDS.fullmatch(core) is not None
        and core.islower()
        and not FUNCTION_WORDS.intersection(words)
        and not is_placeholder(core)
    )


def _is_other(value: str, *, is_announced: bool = False) -> bool:
    return (
        is_placeholder(value)
        or is_reference(value)
        or is_code(value)
        or talks_of_secrets(value)
        or _NOT_VALUE.search(value) is not None
        or (_is_product(value) and not (is_announced and "#" in value))
    )


def _is_product(value: str) -> bool:
    """Tell whether a value is a name with a version: `OAuth2`, `Windows7`, `LDAPv3`."""
    match = _PRODUCT.fullmatch(value)
    return match is not None and not is_drawn(match[1]) and not is_gibberish(match[1])

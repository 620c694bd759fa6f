"""Decides whether a value is a secret where its place suggests it and its format does not.

Only rules of context use it; a token with a vendor's prefix is not measured by its entropy. All
functions are pure, and linear in a value whose length the caller has bounded.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from functools import lru_cache

from ccsync_watch.privacy.heuristics.dummy_values import (
    FUNCTION_WORDS,
    IDENTIFIER,
    is_accented_word,
    is_code,
    is_dotted_name,
    is_identifier,
    is_passphrase,
    is_placeholder,
    is_public,
    is_reference,
    is_regex,
    is_sentence,
    is_word,
)
from ccsync_watch.privacy.heuristics.gibberish import entropy, is_gibberish, wordiness
from ccsync_watch.privacy.heuristics.harmless_forms import (
    is_algorithm,
    is_code_after_string,
    is_file,
    without_time,
)
from ccsync_watch.privacy.heuristics.publishable import is_publishable
from ccsync_watch.privacy.heuristics.thresholds import (
    DENSE_ENTROPY,
    DENSE_WORDINESS,
    HEX_ENTROPY,
    LEAST_DENSE,
    LEAST_HYPHENED_WORDS,
    LEAST_RANDOM,
    LEAST_RANDOM_LETTERS,
    LEAST_SECRET,
    LEAST_SECRET_PHRASE_WORDS,
    LEAST_WORD_AS_PASSWORD,
    LONGEST_SPACED_PASSWORD,
    OPAQUE_WORDINESS,
    PATH_WORDINESS,
    RANDOM_ENTROPY,
    RANDOM_LETTERS_ENTROPY,
    RANDOM_WORDINESS,
    SHARE_OF_MOST_ENTROPY,
    STRICT_ENTROPY,
    STRICT_WORDINESS,
)
from ccsync_watch.privacy.heuristics.value_characters import has_blank, has_digit, has_letter

_UUID = re.compile(r"^\{?[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}?$")
_PATH = re.compile(
    r"^(?:[\w.@~-]*/)+[\w.@ -]*$|^[\w.-]+\.(?:json|ya?ml|toml|py|js|ts|tsx|txt|pem|key|crt|"
    r"cer|env|md|html?|css|go|rs|java|rb|php|sh|cfg|conf|ini|xml|sql|log|lock|p12|pfx|jks|png|svg)$"
)
_URL = re.compile(r"^[a-z][a-z0-9+.-]{1,20}:(?://|\\/\\/)", re.IGNORECASE)
_HEX = re.compile(r"^(?:0x)?[0-9a-fA-F]+$")
_CONSTANT = re.compile(r"[A-Z]{2,}[A-Z0-9]{0,20}(?:_[A-Z0-9]{1,20})+")
_APP_PASSWORD = re.compile(r"[a-z]{4}(?: [a-z]{4}){3}")
_BOOTSTRAP = re.compile(r"[a-z0-9]{6}\.[a-z0-9]{16}")
"""The format of a token that lets a node join a Kubernetes cluster."""
_LONG_RUN = re.compile(r"[A-Za-z0-9+/=]{12}")
_JOINED_TOKEN = re.compile(r"[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+){1,8}")
_HEX_END = re.compile(
    r"^(?:0x)?[0-9a-fA-F]+$|(?:^|[^0-9A-Za-z])(?:0x)?[0-9a-f]{16,}$|"
    r"^[A-Z]{2}[0-9a-f]{32}$"
)
_DATE = re.compile(
    r"^\d{4}-\d\d-\d\d(?:[T ]|$)|^\d{1,2}:\d\d(?::\d\d)?$|^v?\d+(?:\.\d+){1,3}$|^\d{1,2}-\d{2,3}$"
)
"""Also a range, as in "password: 8-64 characters"."""
_NUMBER = re.compile(r"^[-+]?[0-9][0-9_,.]*(?:[a-zA-Z%]{0,3})$")
_COORDINATE = re.compile(r"[\w.-]+:v?\d+(?:\.\d+)+[\w.-]{0,24}")
"""A module and its version: `jjwt-api:0.12.3`."""
_DRAWN_NAMES = frozenset({"pass", "secret", "token"})
"""Words for secrets that passphrases are drawn from too."""
_NUMBERED_ITEM = re.compile(r"[A-Z]{1,5}-?\d{2,6}(?:\.\d{1,4})?")
"""A ticket, or a technique in a catalogue: `T1552.004`."""
_RULES = re.compile(r"[a-z_]+(?::[\w,.]+)?(?:\|[a-z_]+(?::[^\s|]+)?)+")


@lru_cache(maxsize=4096)
def is_password(value: str, *, quoted: bool) -> bool:
    """Tell whether a value in a password's position is one; `quoted` as in the source text."""
    is_dummy = is_placeholder(value) or is_reference(value) or is_word(value)
    is_code_end = value.endswith("()") or is_code_after_string(value)
    if is_dummy or is_regex(value) or is_code_end:  # a function, as prose quotes it
        return False
    if has_blank(value):
        return quoted and (
            _APP_PASSWORD.fullmatch(value) is not None
            or is_passphrase(value)
            or (
                has_digit(value)
                and not is_sentence(value)
                and len(value) <= LONGEST_SPACED_PASSWORD
            )
        )
    if not quoted and (is_code(value) or is_identifier(value)):
        return False
    if _URL.match(value) or _DATE.match(value) or is_validation(value):
        return False
    if _PATH.match(value) and (value[0] in "/~." or wordiness(value) > PATH_WORDINESS):
        return False
    return _is_password_word(value)


def _is_password_word(value: str) -> bool:
    """Tell whether letters alone are a password rather than a label or an identifier."""
    if is_accented_word(value):
        return False
    if not value.isalpha():
        is_named = any(word in value.lower() for word in ("pass", "secret", "token"))
        is_name = is_named and (IDENTIFIER.match(value) or _CONSTANT.fullmatch(value))
        return not is_name or _is_phrase_with_name(value)
    if is_gibberish(value):
        return True
    if value[0].isupper() and value[1:].islower():
        return False
    lower = value.lower()
    if any(word in lower for word in ("password", "passwd", "secret", "token")):
        return False
    return len(value) >= LEAST_WORD_AS_PASSWORD


def _is_phrase_with_name(value: str) -> bool:
    """Tell whether words are a passphrase, of which one is by chance a word for secrets."""
    words = value.split("-")
    names = _DRAWN_NAMES.intersection(words)
    others = [word for word in words if word not in names]
    return (
        len(names) == 1
        and len(words) >= LEAST_HYPHENED_WORDS
        and all(word.isalpha() and word.islower() for word in words)
        and not any("password" in word or is_word(word) for word in others)
        and not is_placeholder(" ".join(others))
        and FUNCTION_WORDS.isdisjoint(others)
    )


@lru_cache(maxsize=4096)
def is_secret(value: str, *, quoted: bool) -> bool:
    """Tell whether a value in the position of a token, key or secret is one."""
    if len(value) < LEAST_SECRET or is_placeholder(value) or is_reference(value):
        return False
    if has_blank(value):
        return is_passphrase(value) and len(value.split()) >= LEAST_SECRET_PHRASE_WORDS
    return (
        not is_public(value)
        and not is_regex(value)
        and not is_dotted_name(value)
        and (quoted or not is_code(value))
        and not _has_harmless_form(value)
        and is_random(value)
    )


def _has_harmless_form(value: str) -> bool:
    """Tell whether a value is a URL, a path, the name of a constant, a date or a count."""
    return bool(
        _URL.match(value)
        or _CONSTANT.fullmatch(value)
        or _COORDINATE.fullmatch(value)
        or _NUMBERED_ITEM.fullmatch(value)
        or (_PATH.match(value) and not is_dense(value))
        or is_file(value)
        or is_algorithm(value)
        or _DATE.match(value)
        or (_NUMBER.match(value) and len(value) < LEAST_RANDOM),
    )


def is_dense(value: str) -> bool:
    """Tell whether a value with slashes is base64 rather than a path."""
    is_wordless = wordiness(value) < DENSE_WORDINESS or is_gibberish(value)
    return len(value) >= LEAST_DENSE and is_wordless and entropy(value) > DENSE_ENTROPY


@lru_cache(maxsize=4096)
def is_random(value: str) -> bool:
    """Tell whether the characters look generated by a machine to be kept, not for a reader."""
    size = len(value)
    if is_publishable(value):
        return False
    if _UUID.match(value) or _BOOTSTRAP.fullmatch(value):
        return True
    if _HEX.match(value) and size >= LEAST_RANDOM:
        return entropy(value.lower()) > HEX_ENTROPY
    is_numbered = has_digit(value)
    words = wordiness(value)
    if is_numbered:
        is_wordless = words < RANDOM_WORDINESS or is_gibberish(value)
        least = min(RANDOM_ENTROPY, math.log2(size) * SHARE_OF_MOST_ENTROPY)
        return is_wordless and entropy(value) >= least
    return (
        size >= LEAST_RANDOM_LETTERS
        and is_gibberish(value)
        and entropy(value) > RANDOM_LETTERS_ENTROPY
    )


@lru_cache(maxsize=4096)
def is_strict_random(value: str) -> bool:
    """Tell whether a value is random beyond doubt, as needed under a name that proves little."""
    if len(value) < LEAST_RANDOM or _UUID.match(value) or _HEX_END.search(value):
        return False
    if is_placeholder(value) or is_reference(value) or is_code(value):
        return False
    is_path = is_file(value) or (_PATH.match(value) and not is_dense(value))
    if _URL.match(value) or is_path or is_algorithm(value):
        return False
    if is_public(value) or is_regex(value) or not (_LONG_RUN.search(value) or _is_long_mix(value)):
        return False
    if is_publishable(value):
        return False
    return (
        has_digit(value)
        and has_letter(value)
        and (wordiness(value) < STRICT_WORDINESS or is_gibberish(value))
        and entropy(value) > STRICT_ENTROPY
    )


def _is_long_mix(value: str) -> bool:
    """Tell whether a value is long, and of letters of both cases and digits without words."""
    return (
        len(value) >= LEAST_DENSE
        and any(map(str.islower, value))
        and any(map(str.isupper, value))
        and _JOINED_TOKEN.fullmatch(value) is not None
        and wordiness(value) < DENSE_WORDINESS
    )


def is_opaque(value: str) -> bool:
    """Tell whether a parameter of a query is a signature or key, not a word, reference or uuid."""
    value = without_time(value)
    return (
        not is_reference(value)
        and not is_placeholder(value)
        and not is_publishable(value)
        and not _UUID.match(value)
        and not is_file(value)
        and (has_digit(value) or is_gibberish(value))
        and has_letter(value)
        and (wordiness(value) < OPAQUE_WORDINESS or is_gibberish(value) or is_random(value))
    )


def is_validation(value: str) -> bool:
    """Tell whether a value is a form's rules for a field: `required|string|min:8`."""
    return _RULES.fullmatch(value) is not None


def is_app_password(value: str) -> bool:
    """Tell whether a value is a mail provider's password for programs: four by four letters."""
    return _APP_PASSWORD.fullmatch(value) is not None


def decodes_to_credentials(value: str) -> bool:
    """Tell whether `value` is base64 of `name:secret`."""
    text = value.rstrip("=")
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return False
    name, colon, secret = decoded.partition(":")
    is_dummy = is_placeholder(secret)
    return bool(colon and secret) and decoded.isprintable() and name.isascii() and not is_dummy

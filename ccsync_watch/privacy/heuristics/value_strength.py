"""Judges a value whose place, not whose form, makes it a secret.

Only contextual rules ask here; a token with a vendor's prefix is never judged by its entropy. All
functions are pure, and linear in a value that the caller has bounded.
"""

from __future__ import annotations

import base64
import binascii
import math
import re

from ccsync_watch.privacy.heuristics.dummy_values import (
    IDENTIFIER,
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

_UUID = re.compile(r"^\{?[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}?$")
_PATH = re.compile(
    r"^(?:[\w.@~-]*/)+[\w.@ -]*$|^[\w.-]+\.(?:json|ya?ml|toml|py|js|ts|tsx|txt|pem|key|crt|"
    r"cer|env|md|html?|css|go|rs|java|rb|php|sh|cfg|conf|ini|xml|sql|log|lock|p12|pfx|jks|png|svg)$"
)
_URL = re.compile(r"^[a-z][a-z0-9+.-]{1,20}://", re.IGNORECASE)
_HEX = re.compile(r"^(?:0x)?[0-9a-fA-F]+$")
_CONSTANT = re.compile(r"[A-Z]{2,}[A-Z0-9]{0,20}(?:_[A-Z0-9]{1,20})+")
_APP_PASSWORD = re.compile(r"[a-z]{4}(?: [a-z]{4}){3}")
_BOOTSTRAP = re.compile(r"[a-z0-9]{6}\.[a-z0-9]{16}")
"""The form of a token that lets a node join a Kubernetes cluster."""
_LONG_RUN = re.compile(r"[A-Za-z0-9+/=]{12}")
_HEX_END = re.compile(r"^(?:0x)?[0-9a-fA-F]+$|(?:^|[^0-9A-Za-z])(?:0x)?[0-9a-f]{16,}$")
_DATE = re.compile(r"^\d{4}-\d\d-\d\d(?:[T ]|$)|^\d{1,2}:\d\d(?::\d\d)?$|^v?\d+(?:\.\d+){1,3}$")
_NUMBER = re.compile(r"^[-+]?[0-9][0-9_,.]*(?:[a-zA-Z%]{0,3})$")
_RULES = re.compile(r"[a-z_]+(?::[\w,.]+)?(?:\|[a-z_]+(?::[\w,.]+)?)+")


def is_password(value: str, *, quoted: bool) -> bool:
    """Tell whether a value that stands as a password is one; `quoted` as in the source text."""
    is_stand_in = is_placeholder(value) or is_reference(value) or is_word(value)
    if is_stand_in or is_regex(value) or value.endswith("()"):  # a function, as prose quotes it
        return False
    if any(character.isspace() for character in value):
        return quoted and (
            _APP_PASSWORD.fullmatch(value) is not None
            or is_passphrase(value)
            or (any(c.isdigit() for c in value) and not is_sentence(value) and len(value) < 64)  # noqa: PLR2004
        )
    if not quoted and (is_code(value) or is_identifier(value)):
        return False
    if _URL.match(value) or _DATE.match(value) or _RULES.fullmatch(value):
        return False
    if _PATH.match(value) and (value[0] in "/~." or wordiness(value) > 0.5):  # noqa: PLR2004 - words
        return False
    return _is_password_word(value)


def _is_password_word(value: str) -> bool:
    """Tell a password of letters alone from a label or an identifier."""
    if not value.isalpha():
        return not (
            IDENTIFIER.match(value) and any(w in value.lower() for w in ("pass", "secret", "token"))
        )
    if is_gibberish(value):
        return True
    if value[0].isupper() and value[1:].islower():
        return False
    lower = value.lower()
    if any(word in lower for word in ("password", "passwd", "secret", "token")):
        return False
    return len(value) >= 6  # noqa: PLR2004 - shorter ones are words


def is_secret(value: str, *, quoted: bool) -> bool:
    """Tell whether a value that stands as a token, key or secret is one."""
    if len(value) < _LEAST_SECRET or is_placeholder(value) or is_reference(value):
        return False
    if any(character.isspace() for character in value):
        return is_passphrase(value) and len(value.split()) > 5  # noqa: PLR2004 - seed phrases
    return (
        not is_public(value)
        and not is_regex(value)
        and not is_dotted_name(value)
        and (quoted or not is_code(value))
        and not _is_known_form(value)
        and is_random(value)
    )


def _is_known_form(value: str) -> bool:
    """Tell a URL, a path, a constant's name, a date and a count."""
    return bool(
        _URL.match(value)
        or _CONSTANT.fullmatch(value)
        or (_PATH.match(value) and not is_dense(value))
        or _DATE.match(value)
        or (_NUMBER.match(value) and len(value) < _LEAST_RANDOM),
    )


_LEAST_SECRET = 8
"""No vendor's are shorter."""
_LEAST_RANDOM = 16
"""Sixty-four bits in hexadecimal."""


def is_dense(value: str) -> bool:
    """Tell base64 with slashes from a path."""
    is_wordless = wordiness(value) < 0.45 or is_gibberish(value)  # noqa: PLR2004 - measured
    return len(value) >= 24 and is_wordless and entropy(value) > 3.8  # noqa: PLR2004 - as above


def is_random(value: str) -> bool:
    """Tell whether the characters look drawn by a machine, not chosen for a reader."""
    size = len(value)
    if _UUID.match(value) or _BOOTSTRAP.fullmatch(value):
        return True
    if _HEX.match(value) and size >= _LEAST_RANDOM:
        return entropy(value.lower()) > 2.5  # noqa: PLR2004 - measured
    has_digit = any(c.isdigit() for c in value)
    words = wordiness(value)
    if has_digit:
        is_wordless = words < 0.7 or is_gibberish(value)  # noqa: PLR2004 - measured
        return is_wordless and entropy(value) >= min(3.1, math.log2(size) * 0.78)
    return size >= 12 and is_gibberish(value) and entropy(value) > 3.0  # noqa: PLR2004 - measured


def is_strict_random(value: str) -> bool:
    """Tell a value that is random beyond doubt: under a name that proves little."""
    if len(value) < _LEAST_RANDOM or _UUID.match(value) or _HEX_END.search(value):
        return False
    if is_placeholder(value) or is_reference(value) or is_code(value):
        return False
    if _URL.match(value) or _PATH.match(value):
        return False
    if is_public(value) or is_regex(value) or not _LONG_RUN.search(value):
        return False
    return (
        any(c.isdigit() for c in value)
        and any(c.isalpha() for c in value)
        and (wordiness(value) < 0.4 or is_gibberish(value))  # noqa: PLR2004 - measured
        and entropy(value) > 3.4  # noqa: PLR2004 - as above
    )


def is_opaque(value: str) -> bool:
    """Tell a signature or key in a query string from a word, a reference and a uuid."""
    return (
        not is_reference(value)
        and not is_placeholder(value)
        and not _UUID.match(value)
        and (any(c.isdigit() for c in value) or is_gibberish(value))
        and any(c.isalpha() for c in value)
        and (wordiness(value) < 0.5 or is_gibberish(value))  # noqa: PLR2004 - measured
    )


def is_app_password(value: str) -> bool:
    """Tell the form in which mail providers give passwords to programs: four by four letters."""
    return _APP_PASSWORD.fullmatch(value) is not None


def decodes_to_credentials(value: str) -> bool:
    """Tell whether `value` is base64 of `name:secret`."""
    text = value.rstrip("=")
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return False
    name, colon, secret = decoded.partition(":")
    return bool(colon and secret) and decoded.isprintable() and name.isascii()

"""Estimates from a name alone how secret the value under it is.

The last words of a name decide (`stripe_secret_key_test` is a key, `token_type` is a type),
whatever the spelling: `API_KEY`, `apiKey`, `x-api-key`, `apikey`. Trailing qualifiers (`_PROD`,
`_2`, `_old`) are skipped.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache

from ccsync_watch.privacy.engine.pattern_syntax import prefix_tree
from ccsync_watch.privacy.heuristics.words import load_words


class Strength(IntEnum):
    """How much the name alone proves."""

    NONE = 0
    WEAK = 1  # `key`, `hash`, `session`: only a value that looks random
    TOKEN = 2  # `token`, `secret`, `api_key`: a value that is not a word
    PASSWORD = 3  # `password`: anything but a reference or a dummy value
    HEADER = 4  # `authorization`, `cookie`: the whole value but its scheme


_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_LONGEST_NAME = 96
_VARIABLE = re.compile(r"[A-Z]{2}[A-Za-z]{0,12}_Key")
"""Of acme.sh, for the providers of DNS: `CF_Key`."""

_QUALIFIERS = frozenset(load_words("name_qualifiers"))
_OWNERS_AFTER = frozenset(load_words("owners_after_name"))
_VARIABLE_ENDS = frozenset({"key", "salt", "auth", "pat"})

_HEADERS = ("authorization", "proxyauthorization", "cookie", "setcookie", "xauth")

_PASSWORD_WORDS = frozenset({"pass", "pin", "pw", "psk", "pwd"})
_PASSWORD_ENDINGS = (
    *load_words("password_names"),
    *(f"{owner}{word}" for owner in load_words("owners_of_pass") for word in ("pass", "pw")),
)
_TOKEN_ENDINGS = (
    *load_words("token_names"),
    *(f"{owner}{word}" for owner in load_words("owners_of_key") for word in ("key", "tok")),
)
_WEAK_ENDINGS = load_words("weak_names")
_SESSION_BOUND = ("csrftoken", "csrftokens", "xsrftoken")
"""Of use with a session's cookie only, and in every page: no more than a weak name."""

_NOT_BEFORE = {
    "token": ("token", "tokens", "tok", "toks"),
    "key": ("key", "keys"),
    "hash": ("hash", "digest", "signature"),
    "code": ("code",),
    "pass": ("pass",),
    "password": ("password",),
}
"""For each list `not_before_…`, the words before which its words make a harmless name."""

_HARMLESS = frozenset(
    f"{word}{joint}{thing}"
    for name, things in _NOT_BEFORE.items()
    for word in load_words(f"not_before_{name}")
    for thing in things
    for joint in ("", "_")
) | {"tokens", "keyid", "key_id", "goog_hash", "old_pwd", "oldpwd"}
_HARMLESS |= {"otpauth", "application_server_key", "applicationserverkey"}
_SECRET_PLURALS = ("accesstokens", "authtokens", "apitokens", "refreshtokens", "bearertokens")
_PIN_OF = frozenset({"gpio", "is", "data", "led", "un"})


def is_session_bound(name: str) -> bool:
    """Tell whether a name is that of a token against forged requests: `csrf_token`."""
    return name.lower().replace("-", "").replace("_", "").endswith(_SESSION_BOUND)


@lru_cache(maxsize=8192)
def strength_of(name: str) -> Strength:
    """Return what the name of a key, flag, header, column or tag proves about its value."""
    if name.count("::") > 1:
        return Strength.NONE  # a type of a cloud resource
    words = [word.lower() for word in _WORD.findall(name[-_LONGEST_NAME:])]
    while len(words) > 1 and (words[-1] in _QUALIFIERS or words[-1].isdigit()):
        words.pop()
    joined = "".join(words)
    if joined.endswith(_HEADERS):
        return Strength.HEADER
    if not words or _is_harmless(words, joined):
        return Strength.NONE
    if words[-1] in _PASSWORD_WORDS or joined.endswith(_PASSWORD_ENDINGS):
        is_part = words[-1] == "pin" and len(words) > 1 and words[-2] in _PIN_OF
        return Strength.NONE if is_part else Strength.PASSWORD
    # STRIPE_KEY: an environment's variable for a key to some service
    is_variable = len(words) > 1 and words[-1] in _VARIABLE_ENDS and name.isupper()
    is_variable = is_variable or _VARIABLE.fullmatch(name) is not None
    is_header = words[0] == "x" and words[-1] == "key" and name[1] == "-"
    is_token = joined.endswith(_TOKEN_ENDINGS) and not joined.endswith(_SESSION_BOUND)
    is_token = is_token or (words[-1] == "tok" and len(words) > 1)
    if is_variable or is_header or is_token:
        return Strength.TOKEN
    is_weak = joined.endswith(_WEAK_ENDINGS) or joined == "tok"
    return Strength.WEAK if is_weak else _strength_of_longer(name, words)


_ENDINGS = (
    *_HEADERS,
    *_PASSWORD_WORDS,
    *_PASSWORD_ENDINGS,
    *_TOKEN_ENDINGS,
    *_VARIABLE_ENDS,
    *_WEAK_ENDINGS,
    "tok",
)
_IN_NAMES = re.compile(
    prefix_tree(
        [word for word in _ENDINGS if not any(len(w) < len(word) and w in word for w in _ENDINGS)]
    ).encode()
)
"""What every name of a secret contains, signs left out."""
_SIGNS = b"_-."


@lru_cache(maxsize=8192)
def may_name_secret(word: bytes) -> bool:
    """Tell whether a word of code, or a part of it, can be the name of a secret.

    This takes less than its strength, which depends on where it ends.
    """
    return _IN_NAMES.search(word.lower().translate(None, _SIGNS)) is not None


_ASKED = re.compile(r"password|passphrase|passcode|token|api[ -]?key|secret", re.IGNORECASE)
_ASKS_FOR_IT = re.compile(
    r"what(?:'s| is| are)(?: the| your| my)? [\w .-]{0,40}?(?P<subject>[\w-]+(?: key)?)\?\Z",
    re.IGNORECASE,
)


def _strength_of_question(question: str) -> Strength:
    """Return what a question proves about its answer: most are about a secret, and not for it."""
    if _ASKED.search(question) is None:
        return Strength.NONE
    asked = _ASKS_FOR_IT.search(question)
    return max(Strength.WEAK, strength_of(asked["subject"]) if asked else Strength.WEAK)


def _strength_of_longer(name: str, words: list[str]) -> Strength:
    """Return what a name proves in which the word for a secret is not the last."""
    if name[-1] == "?":
        return _strength_of_question(name[-_LONGEST_NAME:])
    return _strength_before_owner(words)


def _strength_before_owner(words: list[str]) -> Strength:
    """Return what a name proves that ends with whose secret it is: `TOKEN_GITLAB`."""
    if len(words) == 1 or words[-1] not in _OWNERS_AFTER:
        return Strength.NONE
    strength = strength_of("_".join(words[:-1]))
    is_sure = strength in {Strength.TOKEN, Strength.PASSWORD}
    return strength if is_sure else Strength.NONE


@lru_cache(maxsize=1024)
def is_code_name(name: str) -> bool:
    """Tell whether a name is that of a code of digits: `otp`, `mfa_code`, `cvv`."""
    words = _WORD.findall(name[-_LONGEST_NAME:])
    return "".join(words).lower() in _CODE_NAMES or "".join(words[-2:]).lower() in _CODE_NAMES


_CODE_NAMES = frozenset(load_words("code_names"))
_FIELD_WORDS = re.compile(
    r"[ _-]?(?:(?:text)?(?:field|box|input|entry|area)|input|element|control|locator|selector|"
    r"elem|el|edit)[0-9]{0,2}\Z",
    re.IGNORECASE,
)


@lru_cache(maxsize=1024)
def strength_of_label(label: str) -> Strength:
    """Return what the label or id of a form's field proves: `Password field`."""
    return strength_of(_FIELD_WORDS.sub("", label))


def _is_harmless(words: list[str], joined: str) -> bool:
    """Tell whether a name only ends like a secret's: `max_tokens`, `cache_key`."""
    if joined.endswith(("publickey", "pubkey")):
        return True
    if joined.endswith(_SECRET_PLURALS):
        return False
    return words[-1] in _HARMLESS or (
        len(words) > 1 and ("_".join(words[-2:]) in _HARMLESS or "_".join(words[-3:]) in _HARMLESS)
    )

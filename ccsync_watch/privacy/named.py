"""Finds secrets in a parsed JSON value by the keys they stand under, and copies it without them.

Stricter than for text: the key of a parsed object is certainly a name, and its value certainly
whole, so a value under `password` is secret whatever it looks like, short of a stand-in.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.keys import Strength, strength_of
from ccsync_watch.privacy.stand_ins import (
    is_identifier,
    is_passphrase,
    is_placeholder,
    is_reference,
    is_sentence,
    is_word,
)
from ccsync_watch.privacy.validators import is_secret, is_strict_random

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.model import JsonValue

_NOTHING = (None, "", True, False)
_NAME_FIELDS = ("name", "key", "header", "variable", "field", "Name", "Key")
_VALUE_FIELDS = frozenset({"value", "Value", "secret", "default", "content"})
_LONGEST_NAME = 100
_LONGEST_PASSWORD = 256
_LEAST_DIGITS = 4
_LEAST_CREDENTIAL = 6
_LEAST_TOKEN = 8
_SCHEME = re.compile(r"[A-Za-z][\w-]{1,31}[ =](?=\S)")
_LABEL = re.compile(r"[A-Z][a-z]+")
_KINDS = {Strength.PASSWORD: "password", Strength.HEADER: "authorization"}


def collect(obj: JsonValue, append: Callable[[str], None]) -> bool:
    """Append every string of `obj`, keys included; tell whether a key or flag names a secret."""
    if isinstance(obj, str):
        append(obj)
        return False
    names_secrets = False
    if isinstance(obj, dict):
        for key, value in obj.items():
            append(key)
            if isinstance(value, str):
                append(value)
            elif isinstance(value, dict | list):
                names_secrets = collect(value, append) or names_secrets
            if strength_of(key) and value not in _NOTHING:
                names_secrets = True
        return names_secrets or "value" in obj or "Value" in obj
    if isinstance(obj, list):
        for item in obj:
            names_secrets = collect(item, append) or names_secrets
            if isinstance(item, str) and item[:1] == "-" and strength_of(item):
                names_secrets = True
    return names_secrets


class Rebuild:
    """Copies a JSON value without its secrets, visiting strings in the order of `collect`."""

    def __init__(
        self,
        redact: Callable[[str], str],
        placeholder: Callable[[str, str], str],
        dirty: frozenset[int],
    ) -> None:
        self._redact = redact
        self._placeholder = placeholder
        self._dirty = dirty
        self._visited = 0

    def value(self, obj: JsonValue, strength: Strength = Strength.NONE) -> JsonValue:
        """Return the copy of `obj`, which stands under a key of `strength`."""
        if isinstance(obj, str):
            return self._text(obj, strength)
        if isinstance(obj, dict):
            return self._mapping(obj, strength)
        if isinstance(obj, list):
            return self._sequence(obj, strength)
        if strength is Strength.PASSWORD and not isinstance(obj, bool) and obj is not None:
            digits = str(obj)
            if len(digits) >= _LEAST_DIGITS:
                return self._placeholder(digits, "password")
        return obj

    def _mapping(self, obj: dict[str, JsonValue], strength: Strength) -> dict[str, JsonValue]:
        named = _named_by_field(obj)
        result: dict[str, JsonValue] = {}
        for key, value in obj.items():
            own = strength_of(key)
            if key in _VALUE_FIELDS:
                own = max(own, named, strength if key != "content" else Strength.NONE)
            if own is Strength.NONE and strength is Strength.TOKEN:
                own = Strength.WEAK  # under `secrets`, `credentials`
            # In the order of `collect`: an assignment would visit its right side first.
            name = self._text(key, Strength.NONE)
            result[name] = self.value(value, own)
        return result

    def _sequence(self, obj: list[JsonValue], strength: Strength) -> list[JsonValue]:
        result: list[JsonValue] = []
        flag = Strength.NONE
        for item in obj:
            result.append(self.value(item, max(strength, flag)))
            is_flag = isinstance(item, str) and item[:1] == "-" and "=" not in item
            flag = strength_of(item) if is_flag and isinstance(item, str) else Strength.NONE
        return result

    def _text(self, text: str, strength: Strength) -> str:
        is_dirty = self._visited in self._dirty
        self._visited += 1
        start = secret_start(text, strength) if strength else None
        if start is None:
            return self._redact(text) if is_dirty else text
        if is_dirty:
            redacted = self._redact(text)
            if "REDACTED" in redacted[start:]:
                return (
                    redacted
                    if redacted[start : start + 10] == "[REDACTED:"
                    else (
                        text[:start]
                        + self._placeholder(text[start:], _KINDS.get(strength, "secret"))
                    )
                )
        if "[REDACTED:" in text or "REDACTED-" in text:
            return self._redact(text)
        return text[:start] + self._placeholder(text[start:], _KINDS.get(strength, "secret"))


def _named_by_field(obj: dict[str, JsonValue]) -> Strength:
    """Return what a sibling says of `value`: `{"name": "DB_PASSWORD", "value": …}`."""
    named = Strength.NONE
    for field in _NAME_FIELDS:
        name = obj.get(field)
        if isinstance(name, str) and len(name) < _LONGEST_NAME:
            named = max(named, strength_of(name))
    return named


def secret_start(text: str, strength: Strength) -> int | None:
    """Return where in `text` the secret begins under a key of `strength`; it ends with the text.

    None when there is none. A header's scheme stays readable.
    """
    value = text.strip()
    if not value or is_placeholder(value) or is_reference(value):
        return None
    if strength is Strength.HEADER:
        scheme = _SCHEME.match(text)
        start = scheme.end() if scheme and ";" not in text else 0
        credential = text[start:]
        is_stand_in = is_reference(credential) or is_placeholder(credential)
        return None if is_stand_in or len(credential) < _LEAST_CREDENTIAL else start
    if strength is Strength.PASSWORD:
        return 0 if _is_password(value) else None
    if strength is Strength.TOKEN:
        return 0 if _is_token(value) else None
    return 0 if is_strict_random(value) else None


def _is_password(value: str) -> bool:
    if is_word(value) or _LABEL.fullmatch(value) or len(value) > _LONGEST_PASSWORD:
        return False
    if any(c.isspace() for c in value):
        return is_passphrase(value) or (not is_sentence(value) and any(c.isdigit() for c in value))
    return True


def _is_token(value: str) -> bool:
    if is_secret(value, quoted=True):
        return True
    return (
        len(value) >= _LEAST_TOKEN
        and any(c.isdigit() for c in value)
        and not any(c.isspace() for c in value)
        and not value.isdigit()
        and not is_word(value)
        and not is_identifier(value)
        and value[0] not in "{[<("
        and "/" not in value
    )

"""States how secret the members of a JSON object are by what its other members say of them.

`{"name": "DB_PASSWORD", "value": …}`, what a browser types into a field, the private members of a
JSON web key, the data of a Kubernetes Secret.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.privacy.detect.assigned_secrets import is_code_digits, is_postal_code
from ccsync_watch.privacy.detect.counted_names import is_counted_member
from ccsync_watch.privacy.detect.named_values import is_value_in_code
from ccsync_watch.privacy.engine.pauses import paced
from ccsync_watch.privacy.heuristics.encrypted_values import is_envelope, names_encrypted
from ccsync_watch.privacy.heuristics.name_strength import (
    Strength,
    is_code_name,
    strength_of,
    strength_of_label,
)
from ccsync_watch.privacy.heuristics.words import load_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.model import JsonValue

_SECRET_NAMES = frozenset({"keyName", "secretName", "SecretName", "secret_name"})
"""Fields next to which a value is a secret, whatever the name in them."""
_NAMES = frozenset({*load_words("name_fields")}) | _SECRET_NAMES
_LABELS = frozenset(load_words("label_fields"))
_VALUES = frozenset(load_words("value_fields"))
_VAGUE = frozenset({"text", "contents", "current"})
"""Fields that hold prose as often as a value."""
_NAMING = _NAMES | _LABELS
_MARKS = frozenset({"kty", "kind"})
_WEB_KEY_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "k"})
_KUBERNETES_DATA = frozenset({"data", "stringData"})
_RECOVERY_CODES = re.compile(r"(?:recovery|backup|scratch)_?codes?", re.IGNORECASE)
_TYPES = ("type", "@type", "key_type", "keyType")
_PUBLIC_TYPE = re.compile(r"pub(?:lic)?_?key(?!_?auth)", re.IGNORECASE)
_LONGEST_NAME = 100
_LEAST_KEY_MEMBER = 16


def speaks_by_keys(keys: dict[str, JsonValue]) -> bool:
    """Tell whether a key of an object says something about a member's value, or about others'."""
    return any(map(is_code_name, keys)) or not _MARKS.isdisjoint(keys)


class NamingFields(NamedTuple):
    """The fields of an object whose texts say what the values in others are."""

    names: tuple[str, ...]
    labels: tuple[str, ...]
    values: tuple[str, ...]

    def strengths(self, obj: dict[str, JsonValue]) -> tuple[Strength, Strength]:
        """Return what the names prove, and what they and the labels do; those are of texts."""
        named = _most(obj, self.names)
        if not _SECRET_NAMES.isdisjoint(self.names):
            named = max(named, Strength.TOKEN)
        for field in self.values:
            if isinstance(obj[field], str):
                return named, max(named, _most(obj, self.labels))
        return named, named


def naming_fields(keys: dict[str, JsonValue]) -> NamingFields | None:
    """Return the naming fields of an object with such keys."""
    values = tuple(_VALUES.intersection(keys))
    if not values or _NAMING.isdisjoint(keys):
        return None
    names, labels = tuple(_NAMES.intersection(keys)), tuple(_LABELS.intersection(keys))
    return NamingFields(names, labels, values)


class Members:
    """What the members of one object prove about each other; with `pause` between its many keys."""

    def __init__(self, obj: dict[str, JsonValue], pause: Callable[[], None]) -> None:
        self._obj = obj
        self._named = self._labelled = Strength.NONE
        self._has_code = any(map(is_code_name, paced(obj, pause)))
        self._is_web_key = "kty" in obj
        self._is_envelope = is_envelope(obj)
        self.is_kubernetes = obj.get("kind") == "Secret"
        types = [kind for field in _TYPES if isinstance(kind := obj.get(field), str)]
        self._is_public = any(_PUBLIC_TYPE.search(kind[:_LONGEST_NAME]) for kind in types)
        fields = naming_fields(obj)
        if fields:
            self._named, self._labelled = fields.strengths(obj)

    def name_secrets(self) -> bool:
        """Tell whether any member may be a secret because of another."""
        return bool(
            self._has_code
            or self._is_web_key
            or self.is_kubernetes
            or self._named
            or self._labelled
        )

    def strength_of(self, key: str, value: JsonValue, above: Strength) -> Strength:
        """Return how secret the member `key` is; `above` is what the object's own key proves."""
        own = strength_of(key)
        if self._is_envelope:
            above = Strength.NONE
        is_published = self._is_public and own is Strength.WEAK  # `"type": "…/PubKeyEd25519"`
        is_count = own is Strength.PASSWORD and is_counted_member(self._obj, key)
        if is_published or is_count or (isinstance(value, str) and _is_harmless(key, value)):
            return Strength.NONE
        if _RECOVERY_CODES.fullmatch(key):
            return Strength.PASSWORD
        if is_code_name(key):
            return Strength.PASSWORD if is_code_digits(str(value)) else own
        if key in _VALUES and key not in _VAGUE:
            own = max(own, self._named, above if key != "content" else Strength.NONE)
        if key in _VALUES and isinstance(value, str) and self._labelled > own:
            own = self._labelled if is_value_in_code(value, self._labelled) else own
        if self._is_web_key and key in _WEB_KEY_MEMBERS and _is_key_member(value):
            return Strength.PASSWORD
        if own is Strength.NONE and above is Strength.TOKEN:
            return Strength.WEAK  # under `secrets`, `credentials`
        return own

    def hold_secrets(self, key: str, value: JsonValue) -> bool:
        """Tell whether all values of the object under `key` are secrets."""
        return self.is_kubernetes and key in _KUBERNETES_DATA and isinstance(value, dict)


def pair_strength(items: list[JsonValue]) -> Strength:
    """Return what the first of two strings proves of the second, as in the rows of a form."""
    if len(items) != 2:  # noqa: PLR2004 - a name and a value
        return Strength.NONE
    name, value = items
    if not (isinstance(name, str) and isinstance(value, str) and len(name) < _LONGEST_NAME):
        return Strength.NONE
    strength = strength_of(name)
    return strength if strength and is_value_in_code(value, strength) else Strength.NONE


def _is_harmless(key: str, value: str) -> bool:
    """Tell whether a value is an area's code, or encrypted, by its key and its form."""
    return is_postal_code(key, value) or names_encrypted(key, value)


def _is_key_member(value: JsonValue) -> bool:
    return isinstance(value, str) and len(value) >= _LEAST_KEY_MEMBER


def _most(obj: dict[str, JsonValue], fields: tuple[str, ...]) -> Strength:
    """Return the most that a name in one of the fields proves."""
    most = Strength.NONE
    for field in fields:
        name = obj[field]
        if isinstance(name, str) and len(name) < _LONGEST_NAME:
            most = max(most, strength_of_label(name))
    return most

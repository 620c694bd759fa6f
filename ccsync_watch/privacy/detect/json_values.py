"""Finds secrets in a parsed JSON value by the keys above them, and copies it without them.

Stricter than for text: the key of a parsed object is certainly a name, and its value certainly
whole, so that a value under `password` is secret whatever it looks like, unless it is a dummy.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from ccsync_watch.privacy.detect.argument_lists import is_command, redact_command
from ccsync_watch.privacy.detect.json_fields import (
    Members,
    NamingFields,
    naming_fields,
    pair_strength,
    speaks_by_keys,
)
from ccsync_watch.privacy.engine.pauses import paced
from ccsync_watch.privacy.heuristics.dummy_values import (
    is_identifier,
    is_passphrase,
    is_placeholder,
    is_reference,
    is_sentence,
    is_word,
)
from ccsync_watch.privacy.heuristics.name_strength import Strength, strength_of
from ccsync_watch.privacy.heuristics.thresholds import (
    LEAST_CREDENTIAL,
    LEAST_JSON_PIN_DIGITS,
    LEAST_JSON_TOKEN,
    LONGEST_JSON_PASSWORD,
)
from ccsync_watch.privacy.heuristics.value_characters import has_blank, has_digit
from ccsync_watch.privacy.heuristics.value_strength import (
    is_secret,
    is_strict_random,
    is_validation,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from ccsync_watch.model import JsonValue

_UNSEEN = NamingFields((), (), ())
_NOTHING = (None, "", True, False)
_CONTAINERS = (dict, list)
_MOST_KEYS = 8192
_LONGEST_KEY = 64
_MOST_SHAPES = 2048
_MOST_FIELDS = 32
_DEEPEST = 128
"""What is nested deeper is replaced unread: no tool's arguments are so deep, and the stack ends."""
_SCHEME = re.compile(r"[A-Za-z][\w-]{1,31}[ =](?=\S)")
_LABEL = re.compile(r"[A-Z][a-z]+")
_KINDS = {Strength.PASSWORD: "password", Strength.HEADER: "authorization"}


class SeenShapes:
    """What was read before and need not be read again: most objects have one of a few shapes.

    `keys` are keys without a secret in them. `shapes` are the keys of whole objects, in order, that
    are all among these and of which none says anything about a value; with each, the fields whose
    texts can, as in `{"name": …, "value": …}`.
    """

    def __init__(self) -> None:
        self.keys: set[str] = set()
        self.shapes: dict[tuple[str, ...], NamingFields | None] = {}

    def forget(self) -> None:
        """Read everything again: there is more to find now, or too much was remembered."""
        self.keys = set()  # a new one, since `Strings` may be reading the old one
        self.shapes.clear()

    def remember(self, keys: Collection[str]) -> None:
        """Remember keys without a secret, up to a number and a length that are worth it."""
        if len(self.keys) + len(keys) > _MOST_KEYS:
            self.forget()
        if len(keys) > _MOST_KEYS:
            return  # an object with so many keys is data
        self.keys.update(key for key in keys if len(key) <= _LONGEST_KEY)

    def remember_shape(self, obj: dict[str, JsonValue]) -> None:
        """Remember an object's shape if its keys prove that they need not be read again."""
        is_plain = (
            len(obj) <= _MOST_FIELDS
            and self.keys.issuperset(obj)
            and not speaks_by_keys(obj)
            and not any(map(strength_of, obj))
        )
        if is_plain and len(self.shapes) < _MOST_SHAPES:
            self.shapes[tuple(obj)] = naming_fields(obj)


class Strings:
    """The strings of a JSON value, in one order, and what is known of its containers.

    `texts` has every string, keys included, except the keys in `seen`, which most are. `pause` may
    read other values and have `seen` changed: a key that is in `texts` once is there each time.
    """

    def __init__(self, obj: JsonValue, seen: SeenShapes, pause: Callable[[], None]) -> None:
        self.texts: list[str] = []
        self.keys: set[str] = set()
        self._seen_shapes = seen
        self._seen_keys = seen.keys
        self._pause = pause
        self._known: dict[int, int] = {}
        self._too_deep: set[int] = set()
        self.names_secrets = self._collect(obj)

    def facts_of(self, container: object) -> tuple[int, bool]:
        """Return how many strings a container has, and whether a key or flag names a secret."""
        known = self._known[id(container)]
        return known >> 1, bool(known & 1)

    def is_too_deep(self, container: object) -> bool:
        """Tell whether a container is nested too deep to be read."""
        return id(container) in self._too_deep

    def _collect(self, obj: JsonValue, depth: int = 1) -> bool:
        texts = self.texts
        start = len(texts)
        names_secrets = False
        if isinstance(obj, str):
            texts.append(obj)
        elif depth > _DEEPEST and isinstance(obj, _CONTAINERS):
            self._too_deep.add(id(obj))
            names_secrets = True
        elif isinstance(obj, dict):
            is_new = self.keys and not self.keys.isdisjoint(obj)
            naming = _UNSEEN if is_new else self._seen_shapes.shapes.get(tuple(obj), _UNSEEN)
            if naming is _UNSEEN:
                names_secrets = self._collect_mapping(obj, depth)
            else:
                for value in obj.values():
                    if isinstance(value, str):
                        texts.append(value)
                    elif isinstance(value, _CONTAINERS):
                        names_secrets = self._collect(value, depth + 1) or names_secrets
                if naming:
                    names_secrets = names_secrets or any(naming.strengths(obj))
        elif isinstance(obj, list):
            names_secrets = self._collect_items(obj, depth)
        self._known[id(obj)] = (len(texts) - start) << 1 | names_secrets  # as small as can be
        return names_secrets

    def _collect_items(self, obj: list[JsonValue], depth: int) -> bool:
        texts = self.texts
        names_secrets = pair_strength(obj) is not Strength.NONE
        has_flag = False
        for item in paced(obj, self._pause):
            if isinstance(item, str):
                texts.append(item)
                if item[:1] == "-":
                    has_flag = True
                    names_secrets = names_secrets or strength_of(item) is not Strength.NONE
            elif isinstance(item, _CONTAINERS):
                names_secrets = self._collect(item, depth + 1) or names_secrets
        return names_secrets or (has_flag and is_command(obj))

    def _collect_mapping(self, obj: dict[str, JsonValue], depth: int) -> bool:
        """Collect from an object whose shape is new."""
        texts, seen = self.texts, self._seen_keys
        self._seen_shapes.remember_shape(obj)
        names_secrets = False
        for key, value in paced(obj.items(), self._pause):
            if key not in seen or key in self.keys:
                self.keys.add(key)
                texts.append(key)
            if isinstance(value, str):
                texts.append(value)
            elif isinstance(value, _CONTAINERS):
                names_secrets = self._collect(value, depth + 1) or names_secrets
            if strength_of(key) and value not in _NOTHING:
                names_secrets = True
        return names_secrets or Members(obj, self._pause).name_secrets()


class Rebuild:
    """Copies a JSON value without its secrets, visiting strings in the order of `Strings`.

    Containers without secrets are not copied. `dirty` are the indices of the texts that need
    `redact`, in order.
    """

    def __init__(
        self,
        redact: Callable[[str], str],
        placeholder: Callable[[str, str], str],
        strings: Strings,
        dirty: Sequence[int],
        pause: Callable[[], None],
    ) -> None:
        self._redact = redact
        self._placeholder = placeholder
        self._strings = strings
        self._dirty = dirty
        self._pause = pause
        self._visited = 0

    def value(self, obj: JsonValue, strength: Strength = Strength.NONE) -> JsonValue:
        """Return the copy of `obj`, whose key has `strength`."""
        if isinstance(obj, str):
            return self._copy_text(obj, strength)
        if isinstance(obj, _CONTAINERS):
            return self._copy_container(obj, strength)
        if strength is Strength.PASSWORD and not isinstance(obj, bool) and obj is not None:
            digits = str(obj)
            if len(digits) >= LEAST_JSON_PIN_DIGITS:
                return self._placeholder(digits, "password")
        return obj

    def _copy_container(
        self, obj: dict[str, JsonValue] | list[JsonValue], strength: Strength
    ) -> JsonValue:
        if self._strings.is_too_deep(obj):
            return self._placeholder("", "nested")
        if strength is Strength.NONE and self._skip(obj):
            return obj
        if isinstance(obj, dict):
            return self._copy_mapping(obj, strength)
        return self._copy_sequence(obj, strength)

    def _skip(self, container: object) -> bool:
        """Skip a container that has nothing to redact; return whether it was skipped."""
        count, names_secrets = self._strings.facts_of(container)
        if names_secrets or self._next_dirty() < self._visited + count:
            return False
        self._visited += count
        return True

    def _next_dirty(self) -> float:
        index = bisect_left(self._dirty, self._visited)
        return self._dirty[index] if index < len(self._dirty) else math.inf

    def _copy_mapping(
        self,
        obj: dict[str, JsonValue],
        strength: Strength,
        all_of: Strength = Strength.NONE,
    ) -> dict[str, JsonValue]:
        """Copy an object under a key of `strength`; with `all_of` every member has that one."""
        members = Members(obj, self._pause)
        result: dict[str, JsonValue] = {}
        is_changed = False
        for key, value in paced(obj.items(), self._pause):
            own = all_of or members.strength_of(key, value, strength)
            # In the order of `Strings`: an assignment would visit its right side first.
            name = self._copy_text(key, Strength.NONE) if key in self._strings.keys else key
            if isinstance(value, dict) and members.hold_secrets(key, value):
                result[name] = self._copy_mapping(value, own, Strength.PASSWORD)
            else:
                result[name] = self.value(value, own)
            is_changed = is_changed or name is not key or result[name] is not value
        return result if is_changed else obj

    def _copy_sequence(self, obj: list[JsonValue], strength: Strength) -> list[JsonValue]:
        result: list[JsonValue] = []
        flag = Strength.NONE
        pair = pair_strength(obj)
        if pair:
            result.append(self.value(obj[0], strength))
            flag = pair
        for item in paced(obj[len(result) :], self._pause):
            result.append(self.value(item, max(strength, flag)))
            is_flag = isinstance(item, str) and item[:1] == "-" and "=" not in item
            flag = strength_of(item) if is_flag and isinstance(item, str) else Strength.NONE
        if is_command(result):
            result = redact_command(result, self._redact)
        is_changed = any(new is not old for new, old in zip(result, obj, strict=True))
        return result if is_changed else obj

    def _copy_text(self, text: str, strength: Strength) -> str:
        is_dirty = self._next_dirty() == self._visited
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


def secret_start(text: str, strength: Strength) -> int | None:
    """Return where in `text` the secret under a key of `strength` begins; it ends with the text.

    None without a secret. A header's scheme stays readable.
    """
    value = text.strip()
    if not value or is_placeholder(value) or is_reference(value):
        return None
    if strength is Strength.HEADER:
        scheme = _SCHEME.match(text)
        start = scheme.end() if scheme and ";" not in text else 0
        credential = text[start:]
        is_dummy = is_reference(credential) or is_placeholder(credential)
        return None if is_dummy or len(credential) < LEAST_CREDENTIAL else start
    if strength is Strength.PASSWORD:
        return 0 if _is_json_password(value) else None
    if strength is Strength.TOKEN:
        return 0 if _is_json_token(value) else None
    return 0 if is_strict_random(value) else None


def _is_json_password(value: str) -> bool:
    if is_word(value) or _LABEL.fullmatch(value) or len(value) > LONGEST_JSON_PASSWORD:
        return False
    if is_validation(value):
        return False
    if has_blank(value):
        is_numbered = has_digit(value)
        # An article alone does not make it a sentence.
        return is_passphrase(value) or (is_numbered and not is_sentence(value.removeprefix("a ")))
    return True


def _is_json_token(value: str) -> bool:
    if is_secret(value, quoted=True):
        return True
    return (
        len(value) >= LEAST_JSON_TOKEN
        and has_digit(value)
        and not has_blank(value)
        and not value.isdigit()
        and not is_word(value)
        and not is_identifier(value)
        and value[0] not in "{[<("
        and "/" not in value
    )

"""What the engine rejects: argument validators, value rules and size limits.

Messages are worded as Convex's test engine words them; the hosted engine says the same in other
words, so no client may depend on the wording.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import orjson

from support.opensync_double.records import Fields, Json

MAX_BODY_BYTES = 20 * 1024 * 1024
MAX_DOCUMENT_BYTES = 1024 * 1024
MAX_ARRAY_ENTRIES = 8192
MAX_OBJECT_ENTRIES = 1024
MAX_FIELD_NAME_CHARS = 1024
MAX_ARGUMENT_NESTING = 64
MAX_DOCUMENT_NESTING = 16
ROLES = ("user", "assistant", "system", "tool", "unknown")


class EngineError(Exception):
    """What a backend function throws; its text is what JavaScript's `String(e)` makes of it."""

    def __str__(self) -> str:
        """Return the message with JavaScript's name for the class."""
        return f"Error: {self.args[0]}"


Check: TypeAlias = Callable[[Json], None]
Shape: TypeAlias = Mapping[str, Check]


def _shown(value: Json) -> str:
    """Render a value as a JavaScript template string would."""
    if isinstance(value, dict):
        return "[object Object]"
    if isinstance(value, list):
        return ",".join(_shown(entry) for entry in value)
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _expected(what: str, value: Json) -> EngineError:
    return EngineError(f"Validator error: Expected {what}, got `{_shown(value)}`")


def string(value: Json) -> None:
    """Refuse what is not a string; null is not undefined."""
    if not isinstance(value, str):
        raise _expected("`string`", value)


def number(value: Json) -> None:
    """Reject what is not a number; booleans are not numbers in JavaScript."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _expected("`number`", value)


def role(value: Json) -> None:
    """Refuse a role outside the closed set."""
    if value not in ROLES:
        raise _expected(f"one of {', '.join(ROLES)}", value)


def anything(value: Json) -> None:
    """Accept every JSON value, null included."""


def parts(value: Json) -> None:
    """Refuse anything but an array of exactly `{type, content}`."""
    if not isinstance(value, list):
        raise _expected("`array`", value)
    for part in value:
        check_object(part, {"type": string, "content": anything}, required=("type", "content"))


SESSION: Shape = {
    "externalId": string,
    "title": string,
    "projectPath": string,
    "projectName": string,
    "model": string,
    "provider": string,
    "source": string,
    "promptTokens": number,
    "completionTokens": number,
    "cost": number,
    "durationMs": number,
}
MESSAGE: Shape = {
    "sessionExternalId": string,
    "externalId": string,
    "role": role,
    "textContent": string,
    "model": string,
    "promptTokens": number,
    "completionTokens": number,
    "durationMs": number,
    "source": string,
    "parts": parts,
}
DATED: Shape = {"createdAt": number}
SESSION_REQUIRED = ("externalId",)
MESSAGE_REQUIRED = ("sessionExternalId", "externalId", "role")


def check_object(value: Json, shape: Shape, *, required: tuple[str, ...]) -> None:
    """Refuse a missing required field, a wrong type, and any field that `shape` does not name."""
    if not isinstance(value, dict):
        raise _expected("`object`", value)
    for name, check in shape.items():
        if name in value:
            check(value[name])
        elif name in required:
            raise EngineError(f"Validator error: Missing required field `{name}` in object")
    for name in value:
        if name not in shape:
            raise EngineError(f"Validator error: Unexpected field `{name}` in object")


def check_value(value: Json) -> None:
    """Refuse what the engine cannot carry at any depth: reserved names, long arrays, deep nests."""
    depth = nesting(value)
    if depth > MAX_ARGUMENT_NESTING:
        raise _too_nested(MAX_ARGUMENT_NESTING)
    pending: list[Json] = [value]
    while pending:
        current = pending.pop()
        if isinstance(current, dict):
            if len(current) > MAX_OBJECT_ENTRIES:
                raise EngineError(
                    f"Object has too many fields ({len(current)} > maximum {MAX_OBJECT_ENTRIES})"
                )
            for name in current:
                _check_field_name(name)
            pending.extend(current.values())
        elif isinstance(current, list):
            if len(current) > MAX_ARRAY_ENTRIES:
                raise EngineError(
                    f"Array length is too long ({len(current)} > maximum length"
                    f" {MAX_ARRAY_ENTRIES})"
                )
            pending.extend(current)


def _check_field_name(name: str) -> None:
    if not name:
        raise EngineError("Field name cannot be empty.")
    if len(name) > MAX_FIELD_NAME_CHARS:
        raise EngineError(
            f"Field name {name} exceeds maximum field name length {MAX_FIELD_NAME_CHARS}."
        )
    if name[0] in "$_":
        raise EngineError(f"Field name {name} starts with a '{name[0]}', which is reserved.")
    if not (name.isascii() and name.isprintable()):
        raise EngineError(
            f"Field name {name} has invalid character: "
            "Field names can only contain non-control ASCII characters"
        )


def nesting(value: Json) -> int:
    """Return how many objects and arrays lie around the deepest value."""
    deepest = 0
    pending: list[tuple[Json, int]] = [(value, 0)]
    while pending:
        current, depth = pending.pop()
        deepest = max(deepest, depth)
        if isinstance(current, (dict, list)):
            children = current.values() if isinstance(current, dict) else current
            deepest = max(deepest, depth + 1)
            pending.extend((child, depth + 1) for child in children)
    return deepest


def _too_nested(limit: int) -> EngineError:
    return EngineError(
        f"Value is too nested (nested {limit + 1} levels deep > maximum nesting {limit})"
    )


def check_document(document: Fields) -> None:
    """Refuse a row that is larger or deeper than a document may be."""
    size = len(orjson.dumps(document))
    if size > MAX_DOCUMENT_BYTES:
        raise EngineError(
            f"Value is too large ({size / MAX_DOCUMENT_BYTES:.2f} MiB > maximum size 1 MiB)"
        )
    if nesting(document) > MAX_DOCUMENT_NESTING:
        raise _too_nested(MAX_DOCUMENT_NESTING)

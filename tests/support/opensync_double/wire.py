"""Bodies as the backend's HTTP functions read them, before any validator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from support.opensync_double import validators
from support.opensync_double.validators import EngineError

if TYPE_CHECKING:
    from support.opensync_double.records import Fields, Json


class ScriptError(Exception):
    """A JavaScript exception that is not an `Error` proper; the text carries its class."""


def decoded(body: bytes) -> Fields:
    """Return the fields of a JSON body; raise `ScriptError` where JavaScript would throw."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ScriptError(f"SyntaxError: {error}") from None
    if value is None:
        raise ScriptError("TypeError: Cannot read properties of null")
    # JavaScript finds no field in an array or a number, and says so nowhere.
    return value if isinstance(value, dict) else {}


def checked_rows(rows: Json, shape: validators.Shape, *, required: tuple[str, ...]) -> list[Fields]:
    """Return an array whose every row fits; what has no length counts as no array at all."""
    if not rows or not isinstance(rows, (list, str)):
        return []
    validators.check_value(rows)
    if isinstance(rows, str):
        raise EngineError(f"Validator error: Expected `array`, got `{rows}`")
    for row in rows:
        validators.check_object(row, shape, required=required)
    return rows


def row_counts(path: str, body: bytes) -> tuple[int, int]:
    """Return how many sessions and messages a body carries; none where it is not readable."""
    if path.endswith("/sync/session"):
        return 1, 0
    if path.endswith("/sync/message"):
        return 0, 1
    if not path.endswith("/sync/batch"):
        return 0, 0
    try:
        fields = decoded(body)
    except ScriptError:
        return 0, 0
    counts = [
        len(rows) if isinstance(rows := fields.get(name), list) else 0
        for name in ("sessions", "messages")
    ]
    return counts[0], counts[1]

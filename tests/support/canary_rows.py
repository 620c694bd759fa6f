"""Rows as clients write them, once for each string and object in them, with a canary there.

`client_rows.jsonl` has a row of every type, subtype, attachment and tool result, with all keys that
clients wrote to one and with texts of our own.
"""

from __future__ import annotations

import copy
import json
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from support.row_samples import samples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ccsync_watch.model import JsonValue

Row: TypeAlias = dict[str, Any]
_Place: TypeAlias = "tuple[str | int, ...]"

# What all rows of the conversation have: tried once for each type.
_ENVELOPE = frozenset(
    {
        "cwd", "entrypoint", "gitBranch", "parentUuid", "sessionId", "timestamp", "type",
        "userType", "uuid", "version",
    }
)  # fmt: skip


def client_rows() -> Iterator[Row]:
    """Yield a row of every kind that clients write, and of every kind that is read."""
    path = Path(__file__).with_name("client_rows.jsonl")
    yield from map(json.loads, path.read_text("utf-8").splitlines())
    yield from (sample.row for sample in samples())


def client_rows_with_canaries(next_canary: Callable[[], str]) -> Iterator[Row]:
    """Yield all rows with a canary in each of their places, once each."""
    types: set[str] = set()
    for row in client_rows():
        is_new = row["type"] not in types
        types.add(row["type"])
        for place, changed in with_canaries(row, next_canary):
            if is_new or place[:1] not in {(name,) for name in _ENVELOPE}:
                yield changed


def with_canaries(row: Row, next_canary: Callable[[], str]) -> Iterator[tuple[_Place, Row]]:
    """Yield copies of a row: each string replaced and extended, each object with two more keys.

    Each is a row and an answer of its own, unless the canary stands there.
    """
    for place, value in _places(row):
        if isinstance(value, str):
            yield place, _put(row, place, next_canary())
            yield place, _put(row, place, f"{value} {next_canary()}")
        else:
            yield place, _put(row, (*place, next_canary()), "words")
            yield place, _put(row, (*place, "words"), {next_canary(): True})


def _places(value: JsonValue, place: _Place = ()) -> Iterator[tuple[_Place, JsonValue]]:
    if isinstance(value, (str, dict)):
        yield place, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _places(inner, (*place, key))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _places(inner, (*place, at))


def _put(row: Row, place: _Place, value: object) -> Row:
    changed = copy.deepcopy(row)
    if "uuid" in changed:
        changed["uuid"] = str(uuid.uuid4())
    message = changed.get("message")
    if isinstance(message, dict) and "id" in message:
        message["id"] = f"msg_{uuid.uuid4().hex}"
    inner: Any = changed
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    return changed

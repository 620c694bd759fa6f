"""Rows of every type, and the same with other values at any place."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from ccsync_watch.transcripts.left_out import LEFT_OUT
from ccsync_watch.transcripts.line_types import LINE_TYPES
from support.lines import AGENT, SESSION, Writer, call
from support.row_samples import samples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccsync_watch.model import JsonValue

_FACTS: list[dict[str, Any]] = [
    {"type": name, "sessionId": SESSION, "value": "words"}
    for name, line_type in LINE_TYPES.items()
    if line_type.read_fact or line_type.read_queue or line_type.read_links
]
_CHANGED = {"hookSpecificOutput": {"updatedInput": {"command": "words"}}}
# Rows of which more is read than of the samples: a call that a hook changed, a prompt that was
# taken back, a fork.
_RICHER: list[tuple[dict[str, Any], bool]] = [
    (
        Writer().row(
            "attachment",
            attachment={
                "type": "hook_success", "hookName": "PreToolUse:Bash", "hookEvent": "PreToolUse",
                "toolUseID": "t1", "stdout": json.dumps(_CHANGED), "exitCode": 0,
            },
        ),
        False,
    ),
    (
        {"type": "queue-operation", "operation": "remove", "reason": "cleared",
         "content": "words", "commandUuid": "c1", "sessionId": SESSION},
        False,
    ),
    (Writer(agent_id=AGENT).answer(call("t1", "Agent", subagent_type="fork")), True),
]  # fmt: skip
SAMPLES: list[tuple[dict[str, Any], bool]] = [
    *((sample.row, sample.is_subagent) for sample in samples()),
    *((row, False) for row in _FACTS),
    *_RICHER,
    *(({"type": name, "sessionId": SESSION}, False) for name in LEFT_OUT if "/" not in name),
]
_NUMBERS = st.integers(-(1 << 70), 1 << 70) | st.floats()
_TEXTS = (
    st.text(max_size=12)
    | st.sampled_from(["", "words", "\x1b[31mred", "\ud800", "\0", "../..", "<b>", "x" * 3000])
    | st.sampled_from([*LINE_TYPES, *(name.rpartition("/")[2] for name in LEFT_OUT)])
)
VALUES = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=6,
)
CHANGES = st.lists(
    st.tuples(st.integers(0, 1 << 16), st.sampled_from(["replace", "remove", "wrap"]), VALUES),
    min_size=1,
    max_size=3,
)


def places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value inside a JSON value."""
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


def change(row: dict[str, Any], changes: list[tuple[int, str, Any]]) -> dict[str, Any]:
    """Return a row with other values at some places."""
    row = copy.deepcopy(row)
    for number, how, value in changes:
        paths = list(places(row))
        if not paths:
            break
        *path, last = paths[number % len(paths)]
        container: Any = row
        for key in path:
            container = container[key]
        if how == "remove":
            del container[last]
        else:
            container[last] = value if how == "replace" else [container[last], value]
    return row


def with_value(row: dict[str, Any], path: tuple[Any, ...], value: JsonValue) -> dict[str, Any]:
    """Return a row with another value at a place."""
    row = copy.deepcopy(row)
    container: Any = row
    for key in path[:-1]:
        container = container[key]
    container[path[-1]] = value
    return row

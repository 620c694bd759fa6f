"""A file, a folder or an image of a message in words, from what the store keeps of it; pure.

`privacy.policy.reduction` decides what that is and writes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.transcripts.fields import mapping
from ccsync_watch.units import plural, yes_or_no

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue

_COUNTED = {"bytes": "byte", "entries": "entry", "lines": "line"}
_NAMED = frozenset({"media_type", "state"})


def describe_file(kind: str, content: JsonValue) -> str:
    """Return `folder beds, 2 entries` or `image, image/png, 825 bytes`."""
    values = mapping(content)
    name = "folder" if "entries" in values else kind
    if values.get("path"):
        name = f"{name} {values['path']}"
    return ", ".join([name, *describe_values(values, skipped="path")])


def describe_values(values: dict[str, JsonValue], *, skipped: str = "") -> list[str]:
    """Return small values in words: counts with their noun, others with their name."""
    return [
        _describe(key, value)
        for key, value in values.items()
        if key != skipped and isinstance(value, (str, int, float))
    ]


def _describe(key: str, value: str | float) -> str:
    if isinstance(value, bool):
        return f"{key.replace('_', ' ')} {yes_or_no(value)}"
    if isinstance(value, (int, float)):
        noun = _COUNTED.get(key)
        return f"{key.replace('_', ' ')} {value:g}" if noun is None else _count(value, noun)
    return value if key in _NAMED else f"{key.replace('_', ' ')} {value}"


def _count(value: float, noun: str) -> str:
    count = round(value)
    if noun.endswith("y") and count != 1:
        return f"{count:,} {noun[:-1]}ies"
    return plural(count, noun)

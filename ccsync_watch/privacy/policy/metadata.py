"""Reduce a part to metadata, where no text may be kept: sizes, outcomes, tool names; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.privacy.policy.reduction import measure

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue


def metadata_of(kind: str, content: JsonValue, *, raw: JsonValue = None) -> JsonValue:
    """Return a part's reduced content without any text.

    `raw` is the content before its reduction, if it is known: a text's full length is measured.
    """
    if kind in {"text", "thinking"}:
        text = raw if isinstance(raw, str) else content
        return measure(text) if isinstance(text, str) else _numbers(content)
    if kind == "note":
        note = content.get("text") if isinstance(content, dict) else None
        return measure(note) if isinstance(note, str) else _numbers(content)
    return {} if kind == "tool-call" else _numbers(content)


def _numbers(content: JsonValue) -> JsonValue:
    """Return the numbers and booleans at the top of an object; deeper values may be anything."""
    if not isinstance(content, dict):
        return {}
    return {key: item for key, item in content.items() if isinstance(item, (bool, int, float))}

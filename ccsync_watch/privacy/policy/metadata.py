"""What is left of a message where no text may be kept: sizes, outcomes, names of tools; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.privacy.policy.reduction import measure

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue


def metadata_of(kind: str, content: JsonValue, *, raw: JsonValue = None) -> JsonValue:
    """Return a part's reduced content without anything that somebody wrote.

    `raw` is the content before its reduction, where it is known: a text is measured whole.
    """
    if kind in {"text", "thinking"}:
        text = raw if isinstance(raw, str) else content
        return measure(text) if isinstance(text, str) else _plain(content)
    return {} if kind == "tool-call" else _plain(content)


def _plain(content: JsonValue) -> JsonValue:
    """Return the numbers and outcomes at the top of an object; what is deeper may be anything."""
    if not isinstance(content, dict):
        return {}
    return {key: item for key, item in content.items() if isinstance(item, (bool, int, float))}

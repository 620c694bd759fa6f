"""Read the line types that say something about the whole session: titles, costs; pure.

Each reader returns the fact's value, None if the row has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccsync_watch.transcripts.fields import identity, text

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue


def read_custom_title(row: dict[str, Any]) -> JsonValue:
    """Return the title that the user gave with /rename."""
    return text(row.get("customTitle"))


def read_generated_title(row: dict[str, Any]) -> JsonValue:
    """Return the title that the model wrote."""
    return text(row.get("aiTitle"))


def read_summary(row: dict[str, Any]) -> JsonValue:
    """Return an older client's title; the session that holds `leaf` gets it, not this one."""
    return {"text": text(row.get("summary")), "leaf": identity(row.get("leafUuid"))}


def read_leaf(row: dict[str, Any]) -> JsonValue:
    """Return the row at which the conversation's live branch ends."""
    return identity(row.get("leafUuid"))


def read_cost_state(row: dict[str, Any]) -> JsonValue:
    """Return the client's own figures, cumulative over the session."""
    return {key: value for key, value in row.items() if key not in {"type", "sessionId"}}

"""Read the line types that say something about the whole session: titles, costs, links; pure.

Each reader returns the fact's value, None if the row has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccsync_watch.transcripts.api_errors import is_error_text
from ccsync_watch.transcripts.fields import count, identity, text
from ccsync_watch.transcripts.project_folders import folder_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.model import JsonValue


def read_custom_title(row: dict[str, Any]) -> JsonValue:
    """Return the title that the user gave with /rename, empty if it was taken away."""
    title = row.get("customTitle", 0)
    if title is None or isinstance(title, str):
        return (title or "").strip()
    return None


def read_generated_title(row: dict[str, Any]) -> JsonValue:
    """Return the title that the model wrote."""
    return _written_title(row.get("aiTitle"))


def read_summary(row: dict[str, Any]) -> JsonValue:
    """Return an older client's title; the session that holds `leaf` gets it, not this one."""
    title = _written_title(row.get("summary"))
    return None if title is None else {"text": title, "leaf": identity(row.get("leafUuid"))}


def _written_title(value: object) -> str | None:
    """Return a title that a model wrote, None of what a client wrote where that failed."""
    title = text(value)
    return None if title is None or is_error_text(title) else title


def read_leaf(row: dict[str, Any]) -> JsonValue:
    """Return the row at which the conversation's live branch ends."""
    return identity(row.get("leafUuid"))


def read_continuation(row: dict[str, Any]) -> JsonValue:
    """Return the session that continues this one in the background."""
    return identity(row.get("continuedInSessionId"))


def read_cost_state(row: dict[str, Any]) -> JsonValue:
    """Return the client's own figures, cumulative over the session."""
    return {key: value for key, value in row.items() if key not in {"type", "sessionId"}}


def read_text(key: str) -> Callable[[dict[str, Any]], JsonValue]:
    """Return the reader of a fact that is the text under a key."""
    return lambda row: text(row.get(key))


def read_pull_request(row: dict[str, Any]) -> JsonValue:
    """Return a pull request that the session worked on, as a list that grows."""
    url = text(row.get("prUrl"))
    repository, number = text(row.get("prRepository")), count(row.get("prNumber"))
    name = f"{repository or ''}#{number}" if number else repository
    return [{"url": url, "name": name}] if url or name else None


def read_artifact(row: dict[str, Any]) -> JsonValue:
    """Return a page that the session published, as a list that grows, or how many there are."""
    url = text(row.get("frameUrl"))
    number = count(row.get("artifactCount"))
    if url is None:
        return [{"url": None, "name": f"{number} artifacts"}] if number else None
    name = text(row.get("title")) or folder_name(text(row.get("path")) or "")
    return [{"url": url, "name": name or None}]

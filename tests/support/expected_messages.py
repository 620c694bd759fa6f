"""The messages that a transcript must become at the backend, without the program's own parser.

The oracle reads a finished transcript as JSON and knows only which rows are part of the
conversation, and which kinds of part each has.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_SYSTEM_WITH_TEXT = {"compact_boundary", "api_error", "informational", "local_command"}
_ATTACHMENTS = {"queued_command", "file", "directory", "at_mention_reference", "agent_mention"}
_KINDS = {"text": "text", "tool_use": "tool-call", "tool_result": "tool-result", "image": "text"}


@dataclass(frozen=True)
class Expected:
    """One message: its scoped id, the kinds of its parts, its time, and a text to look for."""

    id: str
    kinds: tuple[str, ...]
    at_ms: int
    text: str | None


def expected_messages(transcript: Path) -> list[Expected]:
    """Return the messages that a transcript's rows must become, in the order of the file."""
    messages = []
    for line in transcript.read_bytes().split(b"\n"):
        row = json.loads(line) if line else {}
        if not row.get("uuid"):
            continue
        kinds, text = _parts(row)
        if kinds:
            agent = [row["agentId"]] if row.get("agentId") else []
            identity = ":".join([row["sessionId"], *agent, row["uuid"]])
            messages.append(Expected(identity, kinds, _milliseconds(row["timestamp"]), text))
    return messages


def _milliseconds(timestamp: str) -> int:
    return round(datetime.fromisoformat(timestamp.replace("Z", "+00:00")).timestamp() * 1000)


def _parts(row: dict[str, Any]) -> tuple[tuple[str, ...], str | None]:
    if row["type"] == "system":
        return (("text",), None) if row.get("subtype") in _SYSTEM_WITH_TEXT else ((), None)
    if row["type"] == "attachment":
        kind = row["attachment"].get("type")
        return (("text",), None) if kind in _ATTACHMENTS else ((), None)
    content = row["message"]["content"]
    if row.get("isCompactSummary") and "\n<system-reminder>" in content:
        return ("text", "text"), None  # what the client adds to a summary is a note of its own
    if isinstance(content, str):
        return ("text",), _plain(content)
    blocks = [block for block in content if block["type"] in _KINDS]
    texts = [block["text"] for block in blocks if block["type"] == "text"]
    return tuple(_KINDS[block["type"]] for block in blocks), _plain(texts[0]) if texts else None


def _plain(text: str) -> str | None:
    """Return a text that arrives as it is: short, and without the client's own tags."""
    return text if len(text) < 1000 and not text.lstrip().startswith(("<", "Caveat:")) else None

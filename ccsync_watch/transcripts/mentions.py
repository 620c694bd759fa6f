"""Read the attachments of a prompt: what it mentions with `@`, and what the IDE adds; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccsync_watch.model import Part
from ccsync_watch.transcripts.fields import text
from ccsync_watch.transcripts.message_content import MessageContent, note
from ccsync_watch.transcripts.tools import PATHS

if TYPE_CHECKING:
    from collections.abc import Callable


def read_mentioned_file(attachment: dict[str, Any]) -> MessageContent:
    """Read a file or a folder that a prompt mentioned; the policy decides what of it is kept."""
    return MessageContent("system", "mention", [Part("file", attachment)], {})


def read_mentioned_references(attachment: dict[str, Any]) -> MessageContent | None:
    """Read the files that a prompt mentioned and the client did not read."""
    mentions = attachment.get("mentions")
    paths = [path for path in mentions if text(path)] if isinstance(mentions, list) else []
    if not paths:
        paths = [path for key in PATHS if (path := text(attachment.get(key)))][:1]
    details = {key: value for key, value in attachment.items() if key not in {"mentions", *PATHS}}
    details.setdefault("unread", "left to Claude")
    parts = [Part("file", {**details, "filename": path}) for path in paths]
    return MessageContent("system", "mention", parts, {}) if parts else None


def _read_named(label: str, *keys: str) -> Callable[[dict[str, Any]], MessageContent | None]:
    """Return the reader of a mention that is a name only, under one of some keys."""

    def read(attachment: dict[str, Any]) -> MessageContent | None:
        names = (text(attachment.get(key)) for key in keys)
        name = next((name for name in names if name), None)
        return MessageContent("system", "mention", [note(label, name)], {}) if name else None

    return read


MENTION_READERS: dict[str, Callable[[dict[str, Any]], MessageContent | None]] = {
    "agent_mention": _read_named("agent", "agentType", "name"),
    "already_read_file": read_mentioned_file,
    "at_mention_reference": read_mentioned_references,
    "directory": read_mentioned_file,
    "file": read_mentioned_file,
    "mcp_resource": _read_named("MCP resource", "uri", "name"),
    "opened_file_in_ide": _read_named("opened file", "filename", "displayPath"),
    "pdf_reference": read_mentioned_file,
    "selected_lines_in_ide": read_mentioned_file,
    "skill_mention": _read_named("skill", "skill", "name", "skillName"),
}

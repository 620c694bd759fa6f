"""What may be sent: results with the calls that they answer, and nothing that names the host.

The pages and the export show a result with its call, and no header: they read `stored_messages`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ccsync_watch.model import Redacted
from ccsync_watch.store.session_writer import FOLDER, HOST, without_lines
from ccsync_watch.store.stored_messages import find_call, session_messages
from ccsync_watch.transcripts.project_folders import below_home, shown_path
from ccsync_watch.transcripts.tools import describe_call

if TYPE_CHECKING:
    import sqlite3

    from ccsync_watch.model import Part
    from ccsync_watch.outgoing import SessionSummary, StoredMessage
    from ccsync_watch.store.database import Database


def sendable_messages(
    database: Database, session_id: str, *, is_host_sent: bool
) -> list[StoredMessage]:
    """Return every message of a session as it may be sent, in the order of sending.

    Those that were pruned are not sent any more.
    """
    read = database.read()
    return [
        make_sendable(read, message, is_host_sent=is_host_sent)
        for message in session_messages(database, session_id)
        if not message.is_pruned
    ]


def make_sendable(
    read: sqlite3.Connection, message: StoredMessage, *, is_host_sent: bool
) -> StoredMessage:
    """Return a message as it may be sent; `is_host_sent`: also where this machine's files are."""
    if message.kind == "session":
        return message if is_host_sent else _without_host(message)
    if not any(part.kind in {"tool-result", "image", "file"} for part in message.parts):
        return message
    folders = _folders(read, message.session_id)
    parts = tuple(_with_call(read, message.session_id, part, folders) for part in message.parts)
    return replace(message, parts=tuple(_with_short_path(part, folders) for part in parts))


def sendable_summary(
    summary: Redacted[SessionSummary], *, is_host_sent: bool
) -> Redacted[SessionSummary]:
    """Return a session's state as it may be sent: a public link to a session has its folder.

    Without the host that is a path below the home, or else the project's name.
    """
    path = summary.value.project_path
    if is_host_sent or path is None:
        return summary
    shown = below_home(path) or summary.value.project_name
    return Redacted(replace(summary.value, project_path=shown))


def _without_host(message: StoredMessage) -> StoredMessage:
    parts = []
    for part in message.parts:
        header = part.content if isinstance(part.content, str) else ""
        parts.append(replace(part, content=without_lines(header, (FOLDER, HOST))))
    return replace(message, parts=tuple(parts))


def _folders(read: sqlite3.Connection, session_id: str) -> list[str]:
    """Return the folders that a session works in."""
    folders = read.execute(
        "SELECT folder, project_path, cwd FROM sessions WHERE id = ?", (session_id,)
    ).fetchone()
    return [folder for folder in folders or () if folder]


def _with_short_path(part: Part, folders: list[str]) -> Part:
    """Return a part with the path of its file as people read it; others unchanged."""
    path = part.content.get("path") if isinstance(part.content, dict) else None
    if part.kind == "tool-call" or not isinstance(part.content, dict) or not isinstance(path, str):
        return part
    return replace(part, content={**part.content, "path": shown_path(path, folders)})


def _with_call(read: sqlite3.Connection, session_id: str, part: Part, folders: list[str]) -> Part:
    """Return a result with the call that it answers in a line, as `call`; others unchanged."""
    if part.kind != "tool-result" or not isinstance(part.content, dict):
        return part
    call = find_call(read, session_id, part.tool_use_id) if part.tool_use_id else None
    if call is None:
        return part
    line = describe_call(call.tool_name or "unknown", call.content, folders)
    return replace(part, content={**part.content, "call": line})

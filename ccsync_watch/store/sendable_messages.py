"""Messages as they may be sent: results with the calls that they answer, headers without the host.

The pages and the export show a result with its call, and no header: they read `stored_messages`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ccsync_watch.store.session_writer import FOLDER, HOST
from ccsync_watch.store.stored_messages import find_call, session_messages
from ccsync_watch.transcripts.tools import describe_call

if TYPE_CHECKING:
    import sqlite3

    from ccsync_watch.model import Part
    from ccsync_watch.outgoing import StoredMessage
    from ccsync_watch.store.database import Database

_LOCAL_LINES = (f"{FOLDER}: ", f"{HOST}: ")


def sendable_messages(
    database: Database, session_id: str, *, is_host_sent: bool
) -> list[StoredMessage]:
    """Return every message of a session as it may be sent, in the order of sending."""
    read = database.read()
    return [
        make_sendable(read, message, is_host_sent=is_host_sent)
        for message in session_messages(database, session_id)
    ]


def make_sendable(
    read: sqlite3.Connection, message: StoredMessage, *, is_host_sent: bool
) -> StoredMessage:
    """Return a message as it may be sent; `is_host_sent`: also where this machine's files are."""
    if message.kind == "session":
        return message if is_host_sent else _without_host(message)
    if not any(part.kind == "tool-result" for part in message.parts):
        return message
    parts = tuple(_with_call(read, message.session_id, part) for part in message.parts)
    return replace(message, parts=parts)


def _without_host(message: StoredMessage) -> StoredMessage:
    parts = []
    for part in message.parts:
        lines = part.content.split("\n") if isinstance(part.content, str) else []
        text = "\n".join(line for line in lines if not line.startswith(_LOCAL_LINES))
        parts.append(replace(part, content=text))
    return replace(message, parts=tuple(parts))


def _with_call(read: sqlite3.Connection, session_id: str, part: Part) -> Part:
    """Return a result with the call that it answers in a line, as `call`; others unchanged."""
    if part.kind != "tool-result" or not isinstance(part.content, dict):
        return part
    call = find_call(read, session_id, part.tool_use_id) if part.tool_use_id else None
    if call is None:
        return part
    folders = read.execute(
        "SELECT folder, project_path, cwd FROM sessions WHERE id = ?", (session_id,)
    ).fetchone()
    line = describe_call(call.tool_name or "unknown", call.content, filter(None, folders or ()))
    return replace(part, content={**part.content, "call": line})

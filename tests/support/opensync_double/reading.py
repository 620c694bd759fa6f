"""What the backend's own `/api/…` addresses return, for the key that also writes.

The search text itself is never returned: only which sessions a search finds.
"""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING

import orjson

from support.opensync_double.validators import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from support.opensync_double.records import Fields, Message, Session
    from support.opensync_double.tables import Tables

# The engine's limits of one query: index ranges, and bytes of documents.
MAX_INDEX_RANGES = 4096
MAX_READ_BYTES = 16 * 1024 * 1024


def read_all_sessions(tables: Tables, user_id: str, *, max_bytes: int) -> list[Session]:
    """Return a user's sessions, read whole with their search texts; raise above the limit."""
    own = [row for row in tables.sessions if row.user_id == user_id]
    if sum(len(orjson.dumps(asdict(row))) for row in own) > max_bytes:
        raise EngineError(
            f"Too many bytes read in a single function execution (limit: {max_bytes} bytes)."
        )
    return own


def list_sessions(tables: Tables, user_id: str, query: Mapping[str, str]) -> Fields:
    """Do what GET /api/sessions does: the sessions that were updated last."""
    own = [row for row in tables.sessions if row.user_id == user_id]
    own.sort(key=lambda row: row.updated_at_ms, reverse=True)
    return {"sessions": [_session_fields(row) for row in own[: int(query.get("limit", "50"))]]}


def read_session(tables: Tables, user_id: str, query: Mapping[str, str]) -> Fields | None:
    """Do what GET /api/sessions/get does; None for a session of somebody else, or none."""
    session = _own_session(tables, user_id, query)
    if session is None:
        return None
    messages = _messages_in_order(tables, session)
    return {
        "session": _session_fields(session),
        "messages": [_message_fields(row) for row in messages],
    }


def search_sessions(tables: Tables, user_id: str, query: Mapping[str, str]) -> Fields:
    """Do what GET /api/search does: any word is enough, and the last one may be a beginning."""
    if query.get("type", "fulltext") != "fulltext":
        raise EngineError("OPENAI_API_KEY not set")
    words = _words(query["q"])
    rows = [
        row
        for row in tables.sessions
        if row.user_id == user_id and words and _matches(_words(row.searchable_text or ""), words)
    ]
    return {"results": [_session_fields(row) for row in rows[: int(query.get("limit", "20"))]]}


def export_session(tables: Tables, user_id: str, query: Mapping[str, str]) -> Fields | None:
    """Do what GET /api/export does in its default format: text parts, else the message's text."""
    session = _own_session(tables, user_id, query)
    if session is None:
        return None
    rows = []
    for message in _messages_in_order(tables, session):
        texts = [part.content for part in message.parts if part.type == "text"]
        content = "\n".join(filter(None, texts)) or message.text_content or ""
        rows.append({"role": message.role, "content": content})
    return {"session": {"id": session.id, "title": session.title}, "messages": rows}


def read_statistics(tables: Tables, user_id: str, _query: Mapping[str, str]) -> Fields:
    """Do what GET /api/stats does."""
    own = [row for row in tables.sessions if row.user_id == user_id]
    return {
        "sessionCount": len(own),
        "messageCount": sum(row.message_count for row in own),
        "totalTokens": sum(row.total_tokens for row in own),
        "totalCost": sum(row.cost for row in own),
        "totalDurationMs": sum(row.duration_ms or 0 for row in own),
    }


def _own_session(tables: Tables, user_id: str, query: Mapping[str, str]) -> Session | None:
    own = [row for row in tables.sessions if row.user_id == user_id]
    return next((row for row in own if row.id == query["id"]), None)


def _messages_in_order(tables: Tables, session: Session) -> list[Message]:
    rows = sorted(tables.messages_of(session), key=lambda row: row.created_at_ms)
    if len(rows) + 1 > MAX_INDEX_RANGES:  # the parts of each message are a range of their own
        raise EngineError(
            f"Too many reads in a single function execution (limit: {MAX_INDEX_RANGES})."
        )
    return rows


def _words(text: str) -> list[str]:
    return [word.casefold()[:32] for word in re.findall(r"\w+", text)]


def _matches(held: list[str], sought: list[str]) -> bool:
    *whole, last = sought
    return not set(whole).isdisjoint(held) or any(word.startswith(last) for word in held)


def _session_fields(row: Session) -> Fields:
    fields = {
        "id": row.id,
        "externalId": row.external_id,
        "title": row.title,
        "projectPath": row.project_path,
        "projectName": row.project_name,
        "model": row.model,
        "provider": row.provider,
        "promptTokens": row.prompt_tokens,
        "completionTokens": row.completion_tokens,
        "totalTokens": row.total_tokens,
        "cost": row.cost,
        "durationMs": row.duration_ms,
        "isPublic": False,
        "messageCount": row.message_count,
        "createdAt": row.created_at_ms,
        "updatedAt": row.updated_at_ms,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _message_fields(row: Message) -> Fields:
    fields = {
        "id": row.id,
        "externalId": row.external_id,
        "role": row.role,
        "textContent": row.text_content,
        "model": row.model,
        "promptTokens": row.prompt_tokens,
        "completionTokens": row.completion_tokens,
        "durationMs": row.duration_ms,
        "createdAt": row.created_at_ms,
        "parts": [{"type": part.type, "content": part.content} for part in row.parts],
    }
    return {name: value for name, value in fields.items() if value is not None}

"""Understand one row of the conversation tree: whose it is, where it stands, what it costs; pure.

What it says is read by `readers`, one for each type of row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccsync_watch.model import Message, SessionObservation, Unreadable
from ccsync_watch.transcripts.fields import identity, mapping, milliseconds, text
from ccsync_watch.transcripts.row_readers import READERS
from ccsync_watch.transcripts.usage import SYNTHETIC_MODEL, source_session, usage_of

if TYPE_CHECKING:
    from ccsync_watch.model import Batch, Line, Stream


def take_row(name: str, row: dict[str, Any], line: Line, stream: Stream, batch: Batch) -> None:
    """Add one tree row to `batch`; a row whose ids cannot be trusted is recorded as unreadable."""
    session_id = identity(row.get("sessionId")) or stream.session_id
    uuid = identity(row.get("uuid"))
    if not session_id or not uuid:
        batch.unreadable.append(Unreadable(line.start, line.end, "a row without usable ids"))
        return
    agent_id = identity(row.get("agentId")) or stream.agent_id
    timestamp_ms = milliseconds(row.get("timestamp"))
    batch.counted[_label(name, row)] += 1
    batch.observations.append(_observation(row, session_id, timestamp_ms, line.start))
    if name == "assistant":
        usage = usage_of(
            row,
            session_id=session_id,
            agent_id=agent_id,
            uuid=uuid,
            timestamp_ms=timestamp_ms,
            start=line.start,
        )
        if usage:
            batch.usages.append(usage)
    read = READERS[name](row, agent_id is not None or row.get("isSidechain") is True)
    if read is None:
        return
    role, kind, parts, facts = read
    scope = f"{session_id}:{agent_id}" if agent_id else session_id
    message = mapping(row.get("message"))
    model = text(message.get("model"))
    batch.messages.append(
        Message(
            id=f"{scope}:{uuid}",
            session_id=session_id,
            agent_id=agent_id,
            uuid=uuid,
            parent_uuid=identity(row.get("parentUuid")) or identity(row.get("logicalParentUuid")),
            start=line.start,
            end=line.end,
            role=role,
            kind=kind,
            timestamp_ms=timestamp_ms,
            model=model if model != SYNTHETIC_MODEL else None,
            usage_id=identity(message.get("id")) if kind == "answer" else None,
            parts=tuple(parts),
            is_inherited=source_session(row) not in {None, session_id},
            facts=facts,
        )
    )


def _label(name: str, row: dict[str, Any]) -> str:
    detail = row.get("subtype")
    if name == "attachment":
        detail = mapping(row.get("attachment")).get("type")
    return f"{name}/{detail}" if identity(detail) else name


def _observation(
    row: dict[str, Any], session_id: str, timestamp_ms: int | None, start: int
) -> SessionObservation:
    source = source_session(row)
    return SessionObservation(
        session_id=session_id,
        timestamp_ms=timestamp_ms,
        cwd=text(row.get("cwd")),
        git_branch=text(row.get("gitBranch")),
        client_version=text(row.get("version")),
        entrypoint=text(row.get("entrypoint")),
        forked_from=source if source != session_id else None,
        is_branch=isinstance(row.get("forkedFrom"), dict),
        start=start,
    )

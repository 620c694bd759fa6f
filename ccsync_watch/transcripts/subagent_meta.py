"""Read the sidecar file of a subagent's transcript; pure."""

from __future__ import annotations

import orjson

from ccsync_watch.model import Stream, Subagent
from ccsync_watch.transcripts.fields import count, identity, opaque_id, text


def read_subagent(data: bytes, stream: Stream, session_id: str) -> Subagent | None:
    """Return a subagent as its sidecar describes it, None if its session or id is unknown.

    A sidecar that is missing or broken adds nothing; the subagent is recorded anyway.
    """
    try:
        meta = orjson.loads(data)
    except orjson.JSONDecodeError:
        meta = {}
    if not isinstance(meta, dict) or not stream.agent_id or not session_id:
        return None
    finished = meta.get("finished")
    return Subagent(
        agent_id=stream.agent_id,
        session_id=session_id,
        agent_type=text(meta.get("agentType")),
        description=text(meta.get("description")),
        tool_use_id=opaque_id(meta.get("toolUseId")),
        parent_agent_id=identity(meta.get("parentAgentId")),
        depth=count(meta.get("spawnDepth")) or None,
        model=text(meta.get("model")),
        is_finished=finished if isinstance(finished, bool) else None,
    )

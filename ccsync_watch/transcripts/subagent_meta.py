"""Read what describes a subagent: its sidecar file, the call that started it, its result; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from ccsync_watch.model import Stream, Subagent
from ccsync_watch.transcripts.blocks import content_blocks
from ccsync_watch.transcripts.fields import (
    agent_identity,
    count,
    mapping,
    opaque_id,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SUBAGENT_TOOLS = ("Agent", "Task")
"""The tools that start a subagent; older clients called it Task."""


class SubagentTask(NamedTuple):
    """What a call asks of the subagent that it starts."""

    agent_type: str | None
    description: str | None
    prompt: str | None


def read_task(arguments: object) -> SubagentTask:
    """Return what the arguments of one of `SUBAGENT_TOOLS` ask for."""
    values = mapping(arguments)
    return SubagentTask(
        text(values.get("subagent_type")),
        text(values.get("description")),
        text(values.get("prompt")),
    )


def read_started_subagent(row: dict[str, Any], session_id: str) -> Iterator[Subagent]:
    """Yield the subagent that a result's row names, with the call that started it.

    Older clients wrote no sidecar, or one without the call.
    """
    agent_id = agent_identity(mapping(row.get("toolUseResult")).get("agentId"))
    if agent_id is None:
        return
    calls = [
        opaque_id(block.get("tool_use_id"))
        for block in content_blocks(mapping(row.get("message")))
        if block.get("type") == "tool_result"
    ]
    if len(calls) == 1 and calls[0]:
        yield Subagent(agent_id, session_id, None, None, calls[0], None, None, None, None)


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
        parent_agent_id=agent_identity(meta.get("parentAgentId")),
        depth=count(meta.get("spawnDepth")) or None,
        model=text(meta.get("model")),
        is_finished=finished if isinstance(finished, bool) else None,
    )

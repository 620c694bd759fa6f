"""Read what describes a subagent: its sidecar file, the call that started it, its result; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from ccsync_watch.model import AgentLink, Subagent
from ccsync_watch.transcripts.fields import (
    agent_identity,
    count,
    mapping,
    milliseconds,
    opaque_id,
    text,
)
from ccsync_watch.transcripts.tags import edges
from ccsync_watch.transcripts.workflow_run import WorkflowAgent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ccsync_watch.model import Part
    from ccsync_watch.stream import Stream
    from ccsync_watch.transcripts.workflow_run import WorkflowRun

SUBAGENT_TOOLS = ("Agent", "Task")
"""The tools that start a subagent; older clients called it Task."""

STARTING_TOOLS = (*SUBAGENT_TOOLS, "Skill", "Workflow")
"""These, and the tools that start subagents on their way."""

HELPERS = {
    "agent_summary": "summary of a subagent",
    "auto_dream": "memory",
    "away_summary": "summary",
    "compact": "compaction",
    "extract_memories": "memory",
    "prompt_suggestion": "prompt suggestion",
    "rename": "title",
    "resume_cache_warm": "cache",
    "session_memory": "memory",
    "speculation": "speculation",
}
"""What the client starts subagents for by itself, by the word in their ids."""
_SIDE_QUESTION = "side_question"
"""That of one that answers what a person asked beside the conversation."""
_LEAD = "team-lead"
_HELPER = re.compile(r"a([a-z_]{1,40})-[0-9a-f]{4,32}")
# What a result's values call a subagent, a member of a team, and the run of a workflow.
_DETAIL_IDS = frozenset({"agentId", "agent_id", "teammate_id", "runId"})
_NAMED = re.compile(r"^[ \t]*(?:agentId|agent_id|Run ID): ([^\s()]{1,128})", re.MULTILINE)
_TASK_ID = re.compile(r"<task-id>\s*([^<>\s]{1,128})\s*</task-id>")
_CALL_ID = re.compile(r"<tool-use-id>\s*([^<>\s]{1,128})\s*</tool-use-id>")


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


def read_result_links(
    parts: Iterable[Part], session_id: str, timestamp_ms: int | None
) -> Iterator[AgentLink]:
    """Yield what results say of the subagents that their calls started.

    Older clients wrote no sidecar, or one without the call.
    """
    for part in parts:
        tool_use_id, result = part.tool_use_id, part.content
        if part.kind != "tool-result" or not tool_use_id or not isinstance(result, dict):
            continue
        detail = result.get("detail")
        if isinstance(detail, dict) and not _DETAIL_IDS.isdisjoint(detail):
            for key in _DETAIL_IDS:
                name = agent_identity(detail.get(key))
                if name:
                    yield AgentLink(name, session_id, tool_use_id, "result", timestamp_ms)
        content = result.get("content")
        for value in (content,) if isinstance(content, str) else _texts_of(content):
            ends = edges(value)
            if "Run ID: " in ends or "agentId: " in ends or "agent_id: " in ends:
                for match in _NAMED.finditer(value):
                    name = agent_identity(match[1])
                    if name:
                        yield AgentLink(name, session_id, tool_use_id, "text", timestamp_ms)


def _texts_of(content: object) -> Iterator[str]:
    for block in content if isinstance(content, list) else ():
        value = block.get("text") if isinstance(block, dict) else block
        if isinstance(value, str):
            yield value


def read_progress_links(row: dict[str, Any], session_id: str) -> Iterator[AgentLink]:
    """Yield the subagent of a row that reports what one does, with the call that started it."""
    data = mapping(row.get("data"))
    name, tool_use_id = agent_identity(data.get("agentId")), opaque_id(row.get("parentToolUseID"))
    if data.get("type") == "agent_progress" and name and tool_use_id:
        at_ms = milliseconds(row.get("timestamp"))
        yield AgentLink(name, session_id, tool_use_id, "progress", at_ms)


def read_queue_links(row: dict[str, Any], session_id: str) -> Iterator[AgentLink]:
    """Yield the background tasks that a queued report names, each with its call."""
    content = row.get("content")
    report = mapping(content)
    content = text(content) or ""
    at_ms = milliseconds(row.get("timestamp"))
    if content.lstrip()[:1] == "{":
        try:
            report = mapping(orjson.loads(content))
        except orjson.JSONDecodeError:
            report = {}
    if report:
        pairs = [(report.get("task_id"), report.get("tool_use_id"))]
    else:
        pairs = read_notified_tasks(content)
    yield from _links_of(pairs, session_id, at_ms)


def read_notification_links(
    texts: Iterable[str], session_id: str, timestamp_ms: int | None
) -> Iterator[AgentLink]:
    """Yield the background tasks that the client's reports name, each with its call."""
    for value in texts:
        yield from _links_of(read_notified_tasks(value), session_id, timestamp_ms)


def read_notified_tasks(content: str) -> list[tuple[object, object]]:
    """Return the task and the call of each report in a text that begins with one."""
    if not content.lstrip().startswith("<task-notification>"):
        return []
    # What a task reported may quote another report.
    reports = [piece.partition("<result>")[0] for piece in content.split("<task-notification>")]
    pairs = [
        (_TASK_ID.search(report), _CALL_ID.search(report)) for report in reports if report.strip()
    ]
    return [(task[1], call[1]) for task, call in pairs if task and call]


def _links_of(
    pairs: Iterable[tuple[object, object]], session_id: str, timestamp_ms: int | None
) -> Iterator[AgentLink]:
    for task_id, call_id in pairs:
        name, tool_use_id = agent_identity(task_id), opaque_id(call_id)
        if name and tool_use_id:
            yield AgentLink(name, session_id, tool_use_id, "notification", timestamp_ms)


def read_subagent(
    data: bytes, stream: Stream, session_id: str, run: WorkflowRun | None = None
) -> Subagent | None:
    """Return a subagent as the files next to it describe it, None if it has no session or id.

    `data` is its sidecar, `run` the workflow that it is part of. What is missing or broken adds
    nothing; the subagent is recorded anyway.
    """
    try:
        meta = orjson.loads(data)
    except orjson.JSONDecodeError:
        meta = {}
    if not isinstance(meta, dict) or not stream.agent_id or not session_id:
        return None
    finished = meta.get("finished")
    tool_use_id = opaque_id(meta.get("toolUseId"))
    teammate_id = _teammate_id(meta)
    purpose = None if tool_use_id or teammate_id or run else _purpose(stream.agent_id)
    helper = HELPERS.get(purpose or "")
    own_type = text(meta.get("agentType"))
    if purpose == _SIDE_QUESTION:
        own_type = own_type or "side question"
    agent = run.find_agent(stream.agent_id) if run else WorkflowAgent()
    return Subagent(
        agent_id=stream.agent_id,
        session_id=session_id,
        agent_type=helper or own_type,
        description=agent.label or text(meta.get("description")),
        tool_use_id=tool_use_id,
        parent_agent_id=agent_identity(meta.get("parentAgentId")),
        depth=count(meta.get("spawnDepth")) or None,
        model=text(meta.get("model")) or agent.model,
        is_finished=finished if isinstance(finished, bool) else None,
        phase=agent.phase or text(meta.get("workflowPhase")),
        teammate_id=teammate_id,
        run_id=run.run_id if run else None,
        task_id=run.task_id if run else None,
        position=agent.position,
        is_helper=helper is not None,
    )


def _teammate_id(meta: dict[str, Any]) -> str | None:
    """Return how a team calls its member, None for other subagents."""
    name, team = text(meta.get("name")), text(meta.get("teamName"))
    return agent_identity(f"{name}@{team}") if name and team else None


def read_team(row: dict[str, Any]) -> tuple[str | None, str | None]:
    """Return the team of agents that a row's session is part of, and its name there.

    The lead has no name, and its rows may say that it leads one only when a member starts.
    """
    team = text(row["teamName"]) if "teamName" in row else None
    if team is None:
        detail = row.get("toolUseResult")
        member = None
        if isinstance(detail, dict):
            member = detail.get("teammate_id") or detail.get("lead_agent_id")
        return (member.partition("@")[2] or None) if isinstance(member, str) else None, None
    name = text(row.get("agentName"))
    return team, None if name == _LEAD else name


def _purpose(agent_id: str) -> str | None:
    """Return the word in the id of a subagent that no call started, None without one."""
    match = _HELPER.fullmatch(agent_id)
    return match and match[1]

"""Turn one row into records: to whom it belongs, what it says, what it cost; pure.

What a row says is read by the reader of its line type, see `line_types`.
"""

from __future__ import annotations

import re
from dataclasses import fields, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from ccsync_watch.model import Fact, Message, SessionObservation, SidechainRow, Unreadable
from ccsync_watch.transcripts.api_errors import RETRACTED, SUPERSEDED, read_withdrawn
from ccsync_watch.transcripts.blocks import content_blocks, unknown_blocks
from ccsync_watch.transcripts.fields import (
    agent_identity,
    hashed_id,
    identity,
    mapping,
    may_be_secret,
    milliseconds,
    text,
)
from ccsync_watch.transcripts.line_types import LINE_TYPES, is_known
from ccsync_watch.transcripts.mentions import MENTION_READERS
from ccsync_watch.transcripts.message_readers import WORDS
from ccsync_watch.transcripts.subagent_meta import (
    read_notification_links,
    read_result_links,
    read_team,
)
from ccsync_watch.transcripts.usage import (
    SYNTHETIC_MODEL,
    RowIdentity,
    read_usages,
    row_response_id,
    source_session,
)
from ccsync_watch.transcripts.web_searches import read_searches
from ccsync_watch.transcripts.worktrees import NEW_WORKTREE, find_worktrees

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccsync_watch.model import AgentLink, Batch, Line
    from ccsync_watch.stream import Stream
    from ccsync_watch.transcripts.line_types import MessageReader
    from ccsync_watch.transcripts.message_content import MessageContent

_NAMING_AGENTS = frozenset({"tool_result", "notification"})
# A type's name that can be shown and stored without redaction.
# Where a row says what it says; without it nothing of the row is understood.
_BODIES = {"assistant": "message", "attachment": "attachment", "user": "message"}
EFFORT = "effort"
"""The fact that rows of responses say: how much effort the model was asked for."""
_TIMES = frozenset({"start", "timestamp_ms"})
_SAYS = attrgetter(*(item.name for item in fields(SessionObservation) if item.name not in _TIMES))
_SAFE_NAME = re.compile(r"[A-Za-z0-9_./-]{1,48}")


def add_row(row: dict[str, Any], line: Line, stream: Stream, batch: Batch) -> None:
    """Add what a row says to `batch`; a type that is not in the table is only counted."""
    name = row.get("type")
    name = name if isinstance(name, str) else ""
    line_type = LINE_TYPES.get(name)
    body = _BODIES.get(name)
    if body is not None and not isinstance(row.get(body), dict):
        line_type = None
    if line_type is not None and line_type.read_message:
        _add_message(line_type.read_message, name, row, line, stream, batch)
        return
    if line_type is not None and line_type.read_fact:
        value = line_type.read_fact(row)
        if value is not None:
            session_id = _session_of(row, stream)
            batch.facts.append(Fact(session_id, line_type.fact, value, line.start))
    elif line_type is not None and line_type.read_queue and not stream.agent_id:
        operation = line_type.read_queue(row, _session_of(row, stream), line)
        if operation is not None:
            batch.queue.append(operation)
        else:
            line_type = None  # an operation that is not known
    if line_type is not None and line_type.read_links:
        session_id = _session_of(row, stream)
        if session_id:
            batch.links.extend(line_type.read_links(row, session_id))
    label = _safe_name(name)
    batch.counted[f"?{label}" if line_type is None else label] += 1


def _session_of(row: dict[str, Any], stream: Stream) -> str:
    """Return the session that a row belongs to, empty if it is not known.

    Rows of some subagents name themselves as session: they belong to that of their folder.
    """
    session_id = identity(row.get("sessionId")) or stream.session_id
    if stream.agent_id and stream.session_id and session_id in {stream.agent_id, stream.name}:
        return stream.session_id
    return session_id


def _place_of(line: Line, stream: Stream, session_id: str, agent_id: str | None) -> str:
    """Return what identifies a row without a uuid among those of its session and subagent.

    That is its file, and its place in it.
    """
    if (session_id, agent_id) == (stream.session_id, stream.agent_id):
        return f"offset-{line.start}"
    return hashed_id(f"{stream.name}/{line.start}")


def _add_message(
    read: MessageReader, name: str, row: dict[str, Any], line: Line, stream: Stream, batch: Batch
) -> None:
    """Add a row of the conversation; one without a session is recorded as unreadable."""
    session_id = _session_of(row, stream)
    if not session_id:
        batch.unreadable.append(Unreadable(line.start, line.end, "a row without a session"))
        return
    agent_id = agent_identity(row.get("agentId")) or stream.agent_id
    uuid = identity(row.get("uuid")) or _place_of(line, stream, session_id, agent_id)
    timestamp_ms = milliseconds(row.get("timestamp"))
    is_sidechain = row.get("isSidechain") is True
    is_subagent = is_sidechain or agent_id is not None
    observation = _observe_session(
        row, session_id, timestamp_ms, line.start, is_subagent=is_subagent
    )
    _add_observation(observation, batch.observations)
    usage_id = None
    if name == "assistant" or "searchCount" in mapping(row.get("toolUseResult")):
        source = RowIdentity(session_id, agent_id, uuid, timestamp_ms, line.start)
        usage_id = _add_usages(name, row, source, batch)
    if is_sidechain and agent_id is None:
        parent_uuid = identity(row.get("parentUuid"))
        batch.sidechains.append(SidechainRow(session_id, uuid, parent_uuid))
    content = read(row, is_subagent)
    if content is not None and content.kind in _NAMING_AGENTS:
        batch.links.extend(_read_links(row, content, session_id, timestamp_ms))
    says_nothing = content is None or not content.parts
    batch.counted[_label(name, row, says_nothing=says_nothing)] += 1
    message = mapping(row.get("message"))
    if message and _has_more(message.get("content"), content):
        _count_unknown(name, message.get("content"), batch)
    if RETRACTED in row or SUPERSEDED in row:
        content = read_withdrawn(row, content)
    if content is None:
        return
    for worktree in find_worktrees(row, content):
        batch.facts.append(Fact(session_id, NEW_WORKTREE, worktree, line.start))
    scope = f"{session_id}:{agent_id}" if agent_id else session_id
    model = text(message.get("model"))
    if model == SYNTHETIC_MODEL:
        # The client's own words: no response has them.
        model, usage_id = None, None
    batch.messages.append(
        Message(
            id=f"{scope}:{uuid}",
            session_id=session_id,
            agent_id=agent_id,
            uuid=uuid,
            parent_uuid=identity(row.get("parentUuid")) or identity(row.get("logicalParentUuid")),
            start=line.start,
            end=line.end,
            role=content.role,
            kind=content.kind,
            timestamp_ms=timestamp_ms,
            model=model,
            usage_id=usage_id if content.kind == "answer" else None,
            parts=tuple(content.parts),
            is_inherited=source_session(row) not in {None, session_id},
            facts=content.facts,
        )
    )
    _add_prompts(content, batch)


def _add_prompts(content: MessageContent, batch: Batch) -> None:
    """Add the prompts that the row of the last message holds besides."""
    for number, prompt in enumerate(content.prompts):
        row, suffix = batch.messages[-1 - number], f":said-{number}"
        batch.messages.append(
            replace(
                row,
                id=row.id + suffix,
                uuid=row.uuid + suffix,
                role=prompt.role,
                kind=prompt.kind,
                parts=tuple(prompt.parts),
                facts=prompt.facts,
            )
        )


def _add_effort(row: dict[str, Any], source: RowIdentity, batch: Batch) -> None:
    """Add the effort with which the session's response was made, if it is a new one."""
    value = row.get("perTurnEffort") or row.get("effort")
    if value is None or row.get("isSidechain") is True:
        return
    last = batch.facts[-1] if batch.facts else None
    if last and last.value == value and (last.session_id, last.name) == (source.session_id, EFFORT):
        return
    effort = identity(value)
    if effort is not None:
        batch.facts.append(Fact(source.session_id, EFFORT, effort, source.start))


def _add_usages(name: str, row: dict[str, Any], source: RowIdentity, batch: Batch) -> str | None:
    """Add the responses that a row reports; return the id of the one that it is part of."""
    if name != "assistant":
        batch.usages.extend(read_searches(row, source))
        return None
    _add_effort(row, source, batch)
    usages, uncounted = read_usages(row, source)
    batch.usages += usages
    batch.uncounted += uncounted
    return usages[0].id if usages else row_response_id(row, source.uuid)


def _has_more(raw: object, content: MessageContent | None) -> bool:
    """Return whether a message has more blocks than parts, as few have."""
    if isinstance(raw, list) and content is not None:
        return len(content.parts) < len(raw)
    return not isinstance(raw, str)


def _count_unknown(name: str, raw: object, batch: Batch) -> None:
    """Count the blocks of a row that are of no known type."""
    for kind in unknown_blocks(raw):
        batch.counted[f"?{name}/{_safe_name(kind)}"] += 1


def _safe_name(name: str) -> str:
    """Return a type's name as it may be stored."""
    return name if _SAFE_NAME.fullmatch(name) and not may_be_secret(name) else "other"


def _read_links(
    row: dict[str, Any], content: MessageContent, session_id: str, timestamp_ms: int | None
) -> Iterator[AgentLink]:
    """Return the subagents that a row of the conversation names, with their calls."""
    if content.kind == "tool_result":
        return read_result_links(content.parts, session_id, timestamp_ms)
    queued = mapping(row.get("attachment")).get("prompt")
    message = mapping(row.get("message")) if queued is None else {"content": queued}
    texts = [value for block in content_blocks(message) if (value := text(block.get("text")))]
    return read_notification_links(texts, session_id, timestamp_ms)


def _label(name: str, row: dict[str, Any], *, says_nothing: bool) -> str:
    """Return the name under which a row is counted: its type, and its subtype if it has one.

    One of which nothing is understood, and that is not known either, has a `?` before its name.
    """
    subtype = row.get("subtype")
    if name == "attachment":
        subtype = mapping(row.get("attachment")).get("type")
    label = f"{name}/{_safe_name(str(subtype))}" if identity(subtype) else name
    is_quiet = says_nothing and name in {"attachment", "system"}
    if is_quiet and (not is_known(label) or _has_unread_words(label, row)):
        return f"?{label}"
    return label


def _has_unread_words(label: str, row: dict[str, Any]) -> bool:
    """Return whether a row that says nothing has something where its words should be.

    A mention without a name is one whose name was not found.
    """
    if mapping(row.get("attachment")).get("type") in MENTION_READERS:
        return True
    key = WORDS.get(label)
    value = mapping(row.get("attachment")).get(key) or row.get(key) if key else None
    return bool(value) and not isinstance(value, (str, bool))


def _add_observation(
    observation: SessionObservation, observations: list[SessionObservation]
) -> None:
    """Add what a row says of its session; of many rows that say the same, the first and the last.

    Only if their times are in order: then no other is the earliest or the latest.
    """
    if len(observations) > 1:
        first, last = observations[-2:]
        says = _SAYS(observation)
        if (
            says == _SAYS(last)
            and says == _SAYS(first)
            and first.timestamp_ms is not None
            and last.timestamp_ms is not None
            and observation.timestamp_ms is not None
            and first.timestamp_ms <= last.timestamp_ms <= observation.timestamp_ms
        ):
            observations[-1] = observation
            return
    observations.append(observation)


def _observe_session(
    row: dict[str, Any],
    session_id: str,
    timestamp_ms: int | None,
    start: int,
    *,
    is_subagent: bool,
) -> SessionObservation:
    source = source_session(row)
    team, member = (None, None) if is_subagent else read_team(row)
    return SessionObservation(
        session_id=session_id,
        timestamp_ms=timestamp_ms,
        cwd=text(row.get("cwd")),
        git_branch=text(row.get("gitBranch")),
        client_version=text(row.get("version")),
        entrypoint=text(row.get("entrypoint")),
        forked_from=source if source != session_id else None,
        is_branch=isinstance(row.get("forkedFrom"), dict),
        is_subagent=is_subagent,
        start=start,
        team=team,
        member=member,
    )

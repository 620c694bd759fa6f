"""Every line type of a transcript, in one table; pure.

To add a type, add a row to `LINE_TYPES`. A type that says something names its reader, in
`message_readers` (a message of the conversation) or in `fact_readers` (a property of the whole
session). One that says nothing is in `left_out` and dropped by its first bytes, without being
parsed: these are more than nine tenths of the bytes that the client writes. See the README.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from ccsync_watch.transcripts import fact_readers, message_readers, worktrees
from ccsync_watch.transcripts.left_out import LEFT_OUT
from ccsync_watch.transcripts.queue_operations import read_queue_operation
from ccsync_watch.transcripts.subagent_meta import read_progress_links, read_queue_links

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ccsync_watch.model import AgentLink, JsonValue, Line, QueueOperation
    from ccsync_watch.transcripts.message_content import MessageContent

MessageReader: TypeAlias = "Callable[[dict[str, Any], bool], MessageContent | None]"
FactReader: TypeAlias = "Callable[[dict[str, Any]], JsonValue]"
QueueReader: TypeAlias = "Callable[[dict[str, Any], str, Line], QueueOperation | None]"
LinkReader: TypeAlias = "Callable[[dict[str, Any], str], Iterable[AgentLink]]"


@dataclass(frozen=True, slots=True)
class LineType:
    """One line type, by the value of its `type` key.

    `read_message` gets the row and whether it belongs to a subagent, and returns None for a row
    that says nothing. `read_fact` returns the value of the session's fact `fact`, None for none.
    `read_queue` gets the row, its session and its line, and returns None for one that says nothing.
    `read_links` yields the subagents that the row names, with their calls; without another reader
    the type is dropped, unless the line holds one of `markers`. `is_text`: the fact is a text
    of the user's or the model's, or may contain one; a project of which only metadata is kept does
    without it.
    """

    name: str
    read_message: MessageReader | None = None
    fact: str = ""
    read_fact: FactReader | None = None
    is_text: bool = True
    read_queue: QueueReader | None = None
    read_links: LinkReader | None = None
    markers: tuple[bytes, ...] = ()

    @property
    def is_dropped(self) -> bool:
        """Return whether the type carries nothing that is kept."""
        return not (self.read_message or self.read_fact or self.read_queue)


_NAMING_AGENTS = {
    "progress": LineType(
        "progress", read_links=read_progress_links, markers=(b'"agent_progress"',)
    ),
}
"""The types that are left out, but for the subagents that their rows name."""
_ALL = (
    *(_NAMING_AGENTS.get(name, LineType(name)) for name in LEFT_OUT if "/" not in name),
    # The conversation. Only these have a uuid.
    LineType("user", message_readers.read_user),
    LineType("assistant", message_readers.read_assistant),
    LineType("system", message_readers.read_system),
    LineType("attachment", message_readers.read_attachment),
    # Facts about the session; repeated often, the last one counts.
    LineType("agent-name", fact="agent_name", read_fact=fact_readers.read_text("agentName")),
    LineType("agent-setting", fact="agent", read_fact=fact_readers.read_text("agentSetting")),
    LineType("ai-title", fact="generated_title", read_fact=fact_readers.read_generated_title),
    LineType(
        "cost-state", fact="cost_state", read_fact=fact_readers.read_cost_state, is_text=False
    ),
    LineType(
        "continued-in",
        fact="continued_in",
        read_fact=fact_readers.read_continuation,
        is_text=False,
    ),
    LineType("custom-title", fact="custom_title", read_fact=fact_readers.read_custom_title),
    LineType("frame-link", fact="artifacts", read_fact=fact_readers.read_artifact),
    LineType("last-prompt", fact="leaf", read_fact=fact_readers.read_leaf, is_text=False),
    LineType("pr-link", fact="pull_requests", read_fact=fact_readers.read_pull_request),
    LineType("summary", fact="summary", read_fact=fact_readers.read_summary),
    LineType("tag", fact="tag", read_fact=fact_readers.read_text("tag")),
    LineType(
        "worktree-state",
        fact=worktrees.ENTERED_WORKTREE,
        read_fact=worktrees.read_worktree_state,
        is_text=False,
    ),
    # What is typed while Claude works.
    LineType("queue-operation", read_queue=read_queue_operation, read_links=read_queue_links),
)
LINE_TYPES = {line_type.name: line_type for line_type in _ALL}

TEXT_FACTS = tuple(line_type.fact for line_type in _ALL if line_type.fact and line_type.is_text)
"""The facts about a session that are text."""

_DROPPED = frozenset(line_type.name for line_type in _ALL if line_type.is_dropped)
_KEPT_ATTACHMENTS = frozenset(name.encode() for name in message_readers.ATTACHMENT_READERS)
_READ_LABELS = frozenset(
    [f"attachment/{name}" for name in message_readers.ATTACHMENT_READERS]
    + [f"system/{name}" for name in message_readers.SYSTEM_READERS]
)
_MARKERS = {line_type.name: line_type.markers for line_type in _ALL if line_type.markers}
_TYPE_HEAD = b'{"type":"'
_ATTACHMENT_HEAD = re.compile(
    rb'\{"parentUuid":(?:null|"[^"]{0,64}"),(?:"logicalParentUuid":(?:null|"[^"]{0,64}"),)?'
    rb'"isSidechain":(?:true|false),(?:"(?:teamName|agentName)":"[^"]{0,64}",){0,2}'
    rb'(?:"promptId":"[^"]{0,64}",)?(?:"agentId":"[^"]{0,128}",)?'
    rb'"attachment":\{"type":"([a-z_]{1,40})"'
)


def is_known(label: str) -> bool:
    """Return whether an attachment or a system row, by its counted name, is in a table."""
    return label in LEFT_OUT or label in _READ_LABELS


def dropped_type(head: bytes) -> str | None:
    """Return the type of a line that carries nothing that is kept, from its first bytes.

    Returns None if the line has to be parsed, also in doubt.
    """
    if head.startswith(_TYPE_HEAD):
        name = head[len(_TYPE_HEAD) : head.find(b'"', len(_TYPE_HEAD))].decode("utf-8", "replace")
        return name if name in _DROPPED else None
    attachment = _ATTACHMENT_HEAD.match(head)
    if attachment and attachment[1] not in _KEPT_ATTACHMENTS:
        label = f"attachment/{attachment[1].decode()}"
        return label if label in LEFT_OUT else f"?{label}"
    return None


def may_link(name: str, data: bytes) -> bool:
    """Return whether a line of a dropped type may name a subagent with its call."""
    return any(marker in data for marker in _MARKERS.get(name, ()))


def is_dropped(head: bytes) -> bool:
    """Return whether a line may be skipped without being parsed, from its first bytes."""
    return dropped_type(head) is not None

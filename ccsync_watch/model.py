"""The values that pass from a transcript's bytes to the store; data only, no behavior.

Byte ranges are half open: `start` is the first byte, `end` the one after the last. Times are
milliseconds since the Unix epoch, in names that end in `_ms`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Literal, TypeAlias, TypeVar

from ccsync_watch.records import record

if TYPE_CHECKING:
    from ccsync_watch.stream import Stream

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"

T = TypeVar("T")

Role: TypeAlias = Literal["user", "assistant", "system", "tool"]

PartKind: TypeAlias = Literal[
    "text", "thinking", "tool-call", "tool-result", "image", "file", "note"
]

StyleRun: TypeAlias = tuple[int, int, str]
"""Start, end and names of a style, of a text that was written for a terminal."""

MessageKind: TypeAlias = Literal[
    "prompt",  # typed by the user, or queued while Claude was busy
    "blocked",  # typed by the user, and kept from the model by a hook
    "command",  # a slash command or `!` line typed by the user
    "command_output",  # the output of such a command
    "answer",  # the model's text, thinking or tool call
    "tool_result",
    "task",  # the prompt of a subagent
    "teammate",  # what another member of an agent team wrote
    "cross_session",  # what another session of Claude, or a channel, sent
    "plan",  # a plan that the user accepted, handed to a new session
    "mention",  # what a prompt names with `@`: a file, a folder, an agent
    "injected",  # written by the client in the user's name
    "notification",  # the report of a background task
    "interrupt",
    "summary",  # the conversation so far, as a compaction summarized it
    "compaction",  # the point at which it happened
    "api_error",
    "notice",  # other system rows with text
    "session",  # written by the store: facts for which the backend has no field
]


@dataclass(frozen=True, slots=True)
class Redacted(Generic[T]):
    """Proof that `value` passed the redactor: the store and the destination accept nothing else.

    Built by `privacy.clean`, and by the store for what it reads back.
    """

    value: T


@record
class Line:
    """One complete line of a transcript; `end` is after its newline, `data` is without it."""

    start: int
    end: int
    data: bytes


@record
class Part:
    """One displayable piece of a message.

    `styles` are those of its text: a terminal's colours, which only pages show.
    """

    kind: PartKind
    content: JsonValue
    tool_use_id: str | None = None
    tool_name: str | None = None
    styles: tuple[StyleRun, ...] = ()


@record
class Message:
    """One row of a conversation.

    `is_inherited` marks a copy that a fork took from its parent. `usage_id` is that of
    its response; `facts` are values that figures need and that have no column (stop reason).
    """

    id: str
    session_id: str
    agent_id: str | None
    uuid: str
    parent_uuid: str | None
    start: int
    end: int
    role: Role
    kind: MessageKind
    timestamp_ms: int | None
    model: str | None
    usage_id: str | None
    parts: tuple[Part, ...]
    is_inherited: bool = False
    facts: dict[str, JsonValue] = field(default_factory=dict)


@record
class Usage:
    """The tokens of one API response, as one row reports them.

    `id` is equal on rows that certainly report the same response: the same `response_id` (the
    message id, else that of the request), `request_id` (empty if it has none) and prompt tokens; it
    is that of the row alone where these say too little. `session_id` is the
    session whose request it was, as far as the row says; `is_marked`: the row names that session
    itself. `row_session_id`, `uuid` and `start` identify the row. `is_final`: the response had
    ended, so no later row of it can report more. Cache writes are split by lifetime (5 minutes, 1
    hour). `cost_usd` is the client's own price. `iterations` are its requests, if several: input,
    output, cache writes (5 minutes, 1 hour), reads of each.
    """

    id: str
    session_id: str
    agent_id: str | None
    model: str | None
    timestamp_ms: int | None
    input_tokens: int
    output_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    cache_read_tokens: int
    web_searches: int
    tier: str | None
    is_marked: bool
    row_session_id: str
    uuid: str
    start: int = 0
    is_final: bool = False
    is_fast: bool = False
    is_us_only: bool = False
    cost_usd: float | None = None
    response_id: str = ""
    request_id: str = ""
    iterations: tuple[tuple[int, ...], ...] = ()

    @property
    def prompt_tokens(self) -> int:
        """Input, cache writes and cache reads."""
        written = self.cache_write_5m_tokens + self.cache_write_1h_tokens
        return self.input_tokens + written + self.cache_read_tokens


@dataclass(frozen=True, slots=True)
class UncountedUsage:
    """A row that reports tokens which no total contains; `row_id` is unique in its transcript."""

    session_id: str
    agent_id: str | None
    row_id: str
    reason: str


@record
class SessionObservation:
    """What one row says about its session: folder, branch, client; `start` is the row's.

    `is_branch`: /branch copied it from `forked_from`; the costs of such a copy start at zero.
    `is_subagent`: it is a subagent's row. `team` is the team of agents that the session is part of,
    `member` its name there, None if it leads.
    """

    session_id: str
    timestamp_ms: int | None
    cwd: str | None
    git_branch: str | None
    client_version: str | None
    entrypoint: str | None
    forked_from: str | None
    start: int = 0
    is_branch: bool = False
    is_subagent: bool = False
    team: str | None = None
    member: str | None = None


@record
class QueueOperation:
    """A change of the queue of what was typed while Claude worked.

    `deliver`: Claude got it, at this place; `dequeue`: a row of its own follows; `drop`: Claude
    never got it. `prompts` is what was typed, if the row says it and if it is a person's; all that
    waits is meant by a `drop` with `is_all`. `key` identifies the row in its session, whichever
    file has it. `is_blank`: the row adds something whose words it does not have.
    """

    session_id: str
    operation: Literal["enqueue", "deliver", "dequeue", "drop"]
    key: str
    start: int
    end: int
    timestamp_ms: int | None
    prompts: tuple[Message, ...] = ()
    command_id: str | None = None
    is_all: bool = False
    is_blank: bool = False


@record
class Fact:
    """A property of a session, of which the last row counts: a title, the cost state."""

    session_id: str
    name: str
    value: JsonValue
    start: int = 0


LinkSource: TypeAlias = Literal["result", "progress", "text", "notification"]
"""What said which call started a subagent: a result's values or text, a row while it ran, or a
background task's report."""


@record
class AgentLink:
    """That a call started a subagent, as one source says.

    `name` is the subagent's id, `name@team`, or the id of its workflow's run or task.
    """

    name: str
    session_id: str
    tool_use_id: str
    source: LinkSource
    timestamp_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Subagent:
    """A subagent's place in its session, from the files next to its transcript.

    `phase`, `run_id`, `task_id` and `position` are those of an agent of a workflow; `teammate_id`
    is `name@team` of a team's member. `is_helper`: the client itself started it, for its own ends.
    """

    agent_id: str
    session_id: str
    agent_type: str | None
    description: str | None
    tool_use_id: str | None
    parent_agent_id: str | None
    depth: int | None
    model: str | None
    is_finished: bool | None
    phase: str | None = None
    teammate_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None
    position: int | None = None
    is_helper: bool = False


@dataclass(frozen=True, slots=True)
class SidechainRow:
    """A subagent's row in the session's own transcript; its chain of parents identifies it."""

    session_id: str
    uuid: str
    parent_uuid: str | None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Bytes of a transcript that are not a row; `reason` quotes nothing of them."""

    start: int
    end: int
    reason: str


@dataclass(slots=True)
class Batch:
    """The records in consecutive lines of one transcript, up to the offset `end`.

    `counted` counts lines by type, dropped ones included; a type that the parser does not know
    has a `?` before its name, and so has a type of block in them. It
    also counts repaired rows, by `REPAIRED_PREFIX` and what was wrong.
    """

    start: int
    end: int
    lines: int = 0
    messages: list[Message] = field(default_factory=list)
    usages: list[Usage] = field(default_factory=list)
    uncounted: list[UncountedUsage] = field(default_factory=list)
    observations: list[SessionObservation] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    subagents: list[Subagent] = field(default_factory=list)
    queue: list[QueueOperation] = field(default_factory=list)
    links: list[AgentLink] = field(default_factory=list)
    sidechains: list[SidechainRow] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Proof that a file is still the one that an offset refers to.

    `head` hashes its first `min(1024, offset)` bytes, `marker` the last `min(1024, offset)` bytes
    before it; both are empty at offset 0. `prefix` is the CRC-32 of all bytes before it, or None.
    """

    device: int
    inode: int
    head: bytes
    marker: bytes
    prefix: int | None = None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a transcript was read: everything before `offset` is in the store.

    `path_key` identifies the file without revealing its path (see `install_keys.path_key`).
    `size` and `mtime_ns` are those of the last read: while they are unchanged, the file is not
    opened.
    """

    path_key: bytes
    stream: Stream
    shown_path: str
    offset: int
    fingerprint: Fingerprint
    size: int
    mtime_ns: int
    id: int | None = None
    problem: str | None = None

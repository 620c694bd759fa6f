"""The values that leave the store, to pages, exports and the destination; data only, no behavior.

Times are milliseconds since the Unix epoch, in names that end in `_ms`.
"""

from __future__ import annotations

from dataclasses import dataclass

from ccsync_watch.errors import DestinationError  # noqa: TC001 - as below
from ccsync_watch.model import JsonValue, Part  # noqa: TC001 - annotations are read at run time

PRUNED = "pruned"
"""The fact of a message, and of a session, whose texts were removed."""


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """One message as the store returns it: to pages, exports, the uploader and repair alike.

    `timestamp_ms` is the date in the order of its file (see `store.file_order.FileOrder`).
    Tokens are those of its response if this is the message that carries them, else None;
    `prompt_tokens` are input + cache writes + cache reads. `agent_type` is its subagent's.
    """

    seq: int
    id: str
    session_id: str
    agent_id: str | None
    agent_type: str | None
    uuid: str
    role: str
    kind: str
    timestamp_ms: int | None
    model: str | None
    is_inherited: bool
    prompt_tokens: int | None
    output_tokens: int | None
    facts: dict[str, JsonValue]
    parts: tuple[Part, ...]

    @property
    def is_pruned(self) -> bool:
        """Return whether its texts were removed, see `store.pruned_texts`."""
        return PRUNED in self.facts


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A message to send. `is_certain`: the backend certainly does not have it yet.

    `version` counts the changes of its content, `attempts` those that failed on this row alone.
    """

    message: StoredMessage
    version: int
    is_certain: bool
    attempts: int


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """A session's absolute state, as the dashboards show it; None where it is not known.

    Prompt tokens are input + cache writes + cache reads, the backend's meaning of the word.
    """

    session_id: str
    title: str | None
    project_path: str | None
    project_name: str | None
    model: str | None
    prompt_tokens: int
    output_tokens: int
    cost_usd: float | None
    started_ms: int | None
    duration_ms: int | None


@dataclass(frozen=True, slots=True)
class BackendInfo:
    """What a destination that accepts our key reports of itself.

    `clock_skew_seconds` is its clock minus ours, None when it does not say; `missing_sessions`
    counts those that it had acknowledged and does not hold any more: they are sent again.
    """

    clock_skew_seconds: float | None
    missing_sessions: int = 0


@dataclass(frozen=True, slots=True)
class DeliveryStep:
    """What one step of an upload came to; `is_last`: there was nothing left to send now.

    `error` ended it after rows were acknowledged; `is_rejected`: a row was set aside.
    """

    rows_acked: int
    is_last: bool
    error: DestinationError | None = None
    is_rejected: bool = False

"""What the double keeps: the backend's rows, and a record of every call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import orjson

# What JSON decodes to. `Any` is honest here: the double's task is to be sent anything at all.
Json: TypeAlias = Any
Fields: TypeAlias = dict[str, Json]
Role: TypeAlias = Literal["user", "assistant", "system", "tool", "unknown"]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a message, as it was sent; its place in the tuple is its order."""

    type: str
    content: Json


@dataclass(slots=True)
class Message:
    """One row of `messages`, with the rows of `parts` that hang on it."""

    id: str
    session_id: str
    external_id: str
    role: Role
    text_content: str | None
    model: str | None
    prompt_tokens: float | None
    completion_tokens: float | None
    duration_ms: float | None
    created_at_ms: float
    parts: tuple[Part, ...] = ()


@dataclass(slots=True)
class Session:
    """One row of `sessions`."""

    id: str
    user_id: str
    external_id: str
    source: str
    created_at_ms: float
    updated_at_ms: float
    title: str | None = None
    project_path: str | None = None
    project_name: str | None = None
    model: str | None = None
    provider: str | None = None
    prompt_tokens: float = 0
    completion_tokens: float = 0
    total_tokens: float = 0
    cost: float = 0
    duration_ms: float | None = None
    searchable_text: str | None = None
    message_count: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it arrived; `fault` names what was done to it, None when it was served."""

    method: str
    path: str
    at_seconds: float
    session_rows: int
    message_rows: int
    has_authorization: bool
    fault: str | None = None
    body: bytes = field(default=b"", repr=False)

    @property
    def rows(self) -> int:
        """Return how many sessions and messages the body carried."""
        return self.session_rows + self.message_rows

    @property
    def json(self) -> Json:
        """Return the decoded body; raise `orjson.JSONDecodeError` where it is not JSON."""
        return orjson.loads(self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a body, before they become HTTP."""

    status: int
    body: bytes
    content_type: str = "application/json"

    @classmethod
    def of(cls, payload: Json, status: int = 200) -> Answer:
        """Return `payload` as JSON."""
        return cls(status, orjson.dumps(payload))

    @property
    def json(self) -> Json:
        """Return the decoded body."""
        return orjson.loads(self.body)

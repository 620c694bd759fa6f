"""Transcript lines in the client's format, written for these tests; none is copied from it."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import orjson

SESSION = "11111111-2222-4333-8444-555555555555"
OTHER = "99999999-2222-4333-8444-555555555555"
AGENT = "a0123456789abcdef"
START_MS = 1_790_000_000_000


def iso(at_ms: int) -> str:
    """Return a time as the client writes it."""
    moment = datetime.fromtimestamp(at_ms / 1000, tz=timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def line(row: dict[str, Any]) -> bytes:
    """Return a row as it stands in the file."""
    return orjson.dumps(row) + b"\n"


@dataclass
class Writer:
    """Makes the rows of one conversation, each a second after the last and a child of it."""

    session_id: str = SESSION
    agent_id: str | None = None
    cwd: str = "/home/user/project"
    at_ms: int = START_MS
    parent: str | None = None
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def row(
        self,
        name: str,
        *,
        body_first: bool = False,
        **content: Any,  # noqa: ANN401 - any JSON
    ) -> dict[str, Any]:
        """Return a tree row with its keys in the client's order."""
        number = next(self._numbers)
        identity = str(
            uuid.uuid5(uuid.NAMESPACE_URL, f"{self.session_id}/{self.agent_id}/{number}")
        )
        head: dict[str, Any] = {"parentUuid": self.parent, "isSidechain": self.agent_id is not None}
        if self.agent_id:
            head["agentId"] = self.agent_id
        named = {"type": name}
        row = {
            **head,
            **(content if body_first else named),
            **(named if body_first else content),
            "uuid": identity,
            "timestamp": iso(self.at_ms),
            "userType": "external",
            "entrypoint": "cli",
            "cwd": self.cwd,
            "sessionId": self.session_id,
            "version": "2.1.330",
            "gitBranch": "main",
        }
        self.parent = identity
        self.at_ms += 1000
        return row

    def prompt(self, text: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        """Return what the user typed."""
        return self.row("user", message={"role": "user", "content": text}, **more)

    def answer(
        self, *blocks: dict[str, Any], usage_id: str = "msg_1", **usage: int
    ) -> dict[str, Any]:
        """Return an assistant row; `usage` are token counts by the API's names."""
        message = {
            "id": usage_id,
            "type": "message",
            "role": "assistant",
            "model": "claude-opus-5-5",
            "content": list(blocks),
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 10, "output_tokens": 5, **usage},
        }
        return self.row("assistant", body_first=True, message=message, requestId=f"req_{usage_id}")

    def result(
        self,
        used: str,
        content: object,
        *,
        is_error: bool = False,
        detail: object = None,
    ) -> dict[str, Any]:
        """Return a tool's result; `detail` is what stands under `toolUseResult`."""
        block = {"type": "tool_result", "tool_use_id": used, "content": content}
        if is_error:
            block["is_error"] = True
        more: dict[str, Any] = {} if detail is None else {"toolUseResult": detail}
        return self.row("user", message={"role": "user", "content": [block]}, **more)


def text(value: str) -> dict[str, Any]:
    """Return a text block."""
    return {"type": "text", "text": value}


def thinking(value: str) -> dict[str, Any]:
    """Return a thinking block."""
    return {"type": "thinking", "thinking": value, "signature": "c2lnbmF0dXJl"}


def call(used: str, name: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Return a tool call."""
    return {"type": "tool_use", "id": used, "name": name, "input": arguments}

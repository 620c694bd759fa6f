"""What the scripted API records of requests and of its answers."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from support.claude_client.playback import Event, text_of

if TYPE_CHECKING:
    from support.claude_client.playback import Json, Turn

MESSAGES_PATH = "/v1/messages"
# Clients that send no header name their session here: as text, or later as JSON.
_SESSION_ID = re.compile(r"session_(?:id\W+)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One request: when it arrived, its path, and a summary of its body.

    `prompt` and `step` say which scripted prompt it asks about; `is_own` is what the client asks by
    itself. `results` are the ids of the calls whose results it brings.
    """

    method: str
    path: str
    at: float
    model: str = ""
    session_id: str = ""
    is_stream: bool = False
    message_count: int = 0
    tool_names: tuple[str, ...] = ()
    last_text: str = ""
    prompt: str | None = None
    step: int | None = None
    is_own: bool = False
    results: tuple[str, ...] = ()

    @property
    def is_messages(self) -> bool:
        """Whether it is a request to the model."""
        return self.method == "POST" and self.path == MESSAGES_PATH

    @classmethod
    def of_messages(cls, session_id: str, body: Json, turn: Turn, at: float) -> RecordedRequest:
        """Summarize a request for messages, whose body is too long to keep."""
        named = _SESSION_ID.search(str(body.get("metadata", {}).get("user_id", "")))
        messages = body["messages"]
        return cls(
            "POST",
            MESSAGES_PATH,
            at,
            model=body["model"],
            session_id=session_id or (named[1] if named else ""),
            is_stream=bool(body.get("stream")),
            message_count=len(messages),
            tool_names=tuple(tool.get("name", "") for tool in body.get("tools", [])),
            last_text=text_of(messages[-1])[-200:],
            prompt=turn.prompt,
            step=turn.step,
            is_own=turn.is_own,
            results=tuple(
                block["tool_use_id"]
                for message in messages
                for block in message["content"]
                if isinstance(block, dict) and block["type"] == "tool_result"
            ),
        )


@dataclass(slots=True)
class RecordedAnswer:
    """A response as far as it was sent: `usage` is the last, `at` is when it was sent.

    `calls` are the tools that it calls, as the client has them.
    """

    request: RecordedRequest
    at: float
    message_id: str = ""
    usage: Json = field(default_factory=dict)
    stop_reason: str | None = None
    calls: list[Json] = field(default_factory=list)
    is_whole: bool = False

    def add(self, event: Event) -> None:
        """Record an event that was sent."""
        if event.name == "message_start":
            self.message_id = event.data["message"]["id"]
            self.usage = event.data["message"]["usage"]
        elif event.name == "content_block_start":
            block = event.data["content_block"]
            if block["type"] == "tool_use":
                self.calls.append({**block, "input": ""})
        elif event.name == "content_block_delta":
            if event.data["delta"]["type"] == "input_json_delta":
                self.calls[-1]["input"] += event.data["delta"]["partial_json"]
        elif event.name == "content_block_stop" and self.calls:
            if isinstance(arguments := self.calls[-1]["input"], str):
                self.calls[-1]["input"] = json.loads(arguments)
        elif event.name == "message_delta":
            self.usage = event.data["usage"]
            self.stop_reason = event.data["delta"]["stop_reason"]
        elif event.name == "message_stop":
            self.is_whole = True

    def add_whole(self, message: Json) -> None:
        """Record a response that was sent as one message."""
        self.message_id, self.usage = message["id"], message["usage"]
        self.stop_reason = message["stop_reason"]
        self.calls = [block for block in message["content"] if block["type"] == "tool_use"]
        self.is_whole = True

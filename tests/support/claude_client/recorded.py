"""What the scripted API records of a request."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from support.claude_client.playback import text_of

if TYPE_CHECKING:
    from support.claude_client.playback import Json

MESSAGES_PATH = "/v1/messages"


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One request: when it arrived, its path, and a summary of its body."""

    method: str
    path: str
    at: float
    model: str = ""
    session_id: str = ""
    is_stream: bool = False
    message_count: int = 0
    tool_names: tuple[str, ...] = ()
    last_text: str = ""
    step: int | None = None

    @property
    def is_messages(self) -> bool:
        """Whether it is a request to the model."""
        return self.method == "POST" and self.path == MESSAGES_PATH

    @classmethod
    def of_messages(cls, session_id: str, body: Json, step: int | None) -> RecordedRequest:
        """Summarize a request for messages, whose body is too long to keep."""
        return cls(
            "POST",
            MESSAGES_PATH,
            time.time(),
            model=body["model"],
            session_id=session_id,
            is_stream=bool(body.get("stream")),
            message_count=len(body["messages"]),
            tool_names=tuple(tool.get("name", "") for tool in body.get("tools", [])),
            last_text=text_of(body["messages"][-1])[-200:],
            step=step,
        )

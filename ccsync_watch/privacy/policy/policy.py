"""The user's choices of what may leave at all, and how many characters of it; pure.

Two steps follow from them, with the redactor in between: `reduction` removes what never leaves
whole, `limits` shortens the rest afterwards: if a secret were cut before the redactor read it, half
of it would be exposed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from ccsync_watch.config import Settings
    from ccsync_watch.model import Message, Part

MAX_TEXT_CHARS = 100_000

Reads: TypeAlias = Literal[
    "secrets",  # a file made to hold them, or a command that prints them: not shown
    "variables",  # the environment: the values under a secret's name are not shown
    "anything",
]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What is known of the call that a result answers."""

    name: str
    timestamp_ms: int | None
    reads: Reads = "anything"


@dataclass(frozen=True, slots=True)
class Policy:
    """The user's choices, and the limits in characters."""

    tool_calls: bool = True
    thinking: bool = False
    max_prompt_chars: int = 4000
    max_output_chars: int = 1000

    @classmethod
    def of(cls, settings: Settings) -> Policy:
        """Return the policy that the settings ask for."""
        return cls(
            tool_calls=settings.sync_tool_calls,
            thinking=settings.sync_thinking,
            max_prompt_chars=settings.max_prompt_chars,
            max_output_chars=settings.max_output_chars,
        )

    def allows(self, part: Part) -> bool:
        """Tell whether a part may leave in any form."""
        if part.kind == "thinking":
            return self.thinking
        return self.tool_calls or part.kind not in {"tool-call", "tool-result"}

    def limit(self, message: Message, part: Part) -> int:
        """Return how many characters of a part's text may leave."""
        if part.kind == "tool-result" and isinstance(part.content, dict) and "said" in part.content:
            return self.max_prompt_chars  # a person's words
        if part.kind == "tool-result" or message.kind == "command_output":
            return self.max_output_chars
        if part.kind in {"tool-call", "note"} or (
            part.kind == "text" and message.role != "assistant"
        ):
            return self.max_prompt_chars
        return MAX_TEXT_CHARS

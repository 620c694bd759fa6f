"""What one row of a conversation says: the value that every reader of a line type returns."""

from __future__ import annotations

from typing import NamedTuple

from ccsync_watch.model import JsonValue, MessageKind, Part, Role


class MessageContent(NamedTuple):
    """What a row says; `facts` are the small values that later figures need.

    `prompts` are messages of their own that the row holds besides.
    """

    role: Role
    kind: MessageKind
    parts: list[Part]
    facts: dict[str, JsonValue]
    prompts: tuple[MessageContent, ...] = ()


def note(label: str, text: str = "") -> Part:
    """Return a note: something beside the words of a message, named by `label`."""
    return Part("note", {"label": label, "text": text})

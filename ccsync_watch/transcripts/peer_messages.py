"""Messages that other sessions of Claude send: teammates, other sessions, channels; pure.

The client writes them in the user's name, one or several in a row, with words of its own around
them. These words are left out.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import orjson

from ccsync_watch.model import Part
from ccsync_watch.transcripts.fields import mapping, short_name
from ccsync_watch.transcripts.kept_files import describe_values
from ccsync_watch.transcripts.message_content import MessageContent, note
from ccsync_watch.transcripts.tags import Tag, read_tag

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue

TEAMMATE_TAG = "teammate-message"
PEER_TAGS = frozenset(
    {
        TEAMMATE_TAG, "agent-message", "channel", "coordinator-relay", "cross-session-message",
        "slack-ping", "slack-tag-message",
    }
)  # fmt: skip
_SENDER_ATTRIBUTES = ("teammate_id", "from", "from_name", "name", "source")
_HEAD = re.compile(
    r"\s*(?:Another Claude|A peer) session sent a message(?: while you were working)?:"
    r"[ \t\r]*(?=\n)"
)
_TRAILER = re.compile(
    r"\s*(?:This came from another Claude session|That \"other Claude session\")", re.IGNORECASE
)
_MAX_SENDER_CHARS = 64
# To whom and when a program's message was sent says its row.
_ROUTING_KEYS = frozenset({"from", "to", "timestamp", "color", "backendType", "paneId"})
_CAPITAL = re.compile(r"(?<=[a-z0-9])([A-Z])")


def read_peer_messages(text: str) -> MessageContent | None:
    """Return the messages that a text consists of, None if a person may have written it."""
    head = _HEAD.match(text)
    at = head.end() if head else 0
    tags = _read_messages(text, at)
    rest = text[tags[-1].end if tags else at :]
    trailer = _TRAILER.search(rest) if head else _TRAILER.match(rest)
    if trailer:
        rest = rest[: trailer.start()]
    if not head and (not tags or rest.strip()):
        return None
    parts = [part for tag in tags for part in peer_parts(tag)]
    if rest.strip():
        parts.append(Part("text", rest.strip()))
    senders = {sender for tag in tags if (sender := sender_of(tag))}
    facts: dict[str, JsonValue] = {"from": senders.pop()} if len(senders) == 1 else {}
    is_teammate = any(tag.name == TEAMMATE_TAG for tag in tags)
    return MessageContent("system", "teammate" if is_teammate else "cross_session", parts, facts)


def _read_messages(text: str, at: int) -> list[Tag]:
    """Return the messages that follow each other from `at` on.

    One that quotes the end of its own tag within a line ends where a line begins with that.
    """
    tags: list[Tag] = []
    while tag := read_tag(text, PEER_TAGS, at):
        close = f"</{tag.name}>"
        if tag.inner.startswith(("\n", "\r\n")) and not tag.inner.endswith("\n"):
            next_start = text.find(f"<{tag.name}", tag.end)
            end = text.find(f"\n{close}", tag.end, len(text) if next_start < 0 else next_start)
            if end >= 0:
                start = tag.end - len(close) - len(tag.inner)
                tag = replace(tag, inner=text[start:end], end=end + 1 + len(close))
        tags.append(tag)
        at = tag.end
    return tags


def read_mailbox(attachment: dict[str, JsonValue]) -> MessageContent | None:
    """Read the attachment with which a client delivers teammates' messages."""
    listed = attachment.get("messages")
    messages = [mapping(item) for item in listed] if isinstance(listed, list) else []
    parts: list[Part] = []
    for message in messages:
        values = {"teammate_id": message.get("from"), "summary": message.get("summary")}
        attributes = {name: value for name, value in values.items() if isinstance(value, str)}
        if isinstance(message.get("text"), str):
            parts += peer_parts(Tag(TEAMMATE_TAG, attributes, message["text"], 0))
    return MessageContent("system", "teammate", parts, {}) if parts else None


def peer_parts(tag: Tag) -> list[Part]:
    """Return one message: who sent it and its subject as a note, then its words.

    What programs send each other, such as that a teammate is idle, is a note only.
    """
    sender = sender_of(tag)
    words = tag.inner.strip()
    event = _read_event(words)
    if event:
        name, details = event
        return [note(f"{sender or 'peer'}: {name}", details)]
    label = f"from {sender}" if sender else "from another session"
    return [note(label, tag.attributes.get("summary", "")), Part("text", words)]


def sender_of(tag: Tag) -> str:
    """Return the name of a message's sender, empty without one."""
    names = (tag.attributes.get(name, "") for name in _SENDER_ATTRIBUTES)
    return short_name(next((name for name in names if name), ""), _MAX_SENDER_CHARS)


def _read_event(words: str) -> tuple[str, str] | None:
    """Return what a program's message reports, and its details in words; None for a text."""
    if not (words.startswith("{") and words.endswith("}")):
        return None
    try:
        values = mapping(orjson.loads(words))
    except orjson.JSONDecodeError:
        return None
    kind = values.pop("type", None)
    if not isinstance(kind, str):
        return None
    details = {_in_words(key): value for key, value in values.items() if key not in _ROUTING_KEYS}
    return short_name(_in_words(kind), _MAX_SENDER_CHARS), ", ".join(describe_values(details))


def _in_words(name: str) -> str:
    """Return a program's name for something in words: `idleReason` as `idle reason`."""
    return _CAPITAL.sub(r" \1", name).replace("_", " ").lower().strip()

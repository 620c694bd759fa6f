"""The payloads that are sent to the backend; pure.

The ids of messages are scoped by session, as the backend's index of them is global. What the
engine cannot store as an object (reserved or non-ASCII field names, deep nesting) is sent as a
text of JSON instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import orjson

from ccsync_watch.model import JsonValue, Redacted
from ccsync_watch.opensync.part_texts import (
    blank_text,
    name_kind,
    note_text,
    result_text,
    said_text,
    short_agent_id,
    thinking_text,
    withheld,
)
from ccsync_watch.plain_text import is_blank
from ccsync_watch.transcripts.kept_files import describe_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ccsync_watch.model import Part
    from ccsync_watch.outgoing import SessionSummary, StoredMessage

Payload = dict[str, JsonValue]

MAX_MESSAGE_BYTES = 512 << 10
MAX_PARTS = 1000
MAX_TITLE_CHARS = 200
_MAX_NESTING = 8
_MAX_FIELDS = 1000
_MAX_NAME_CHARS = 1000
_HOSTED_SUFFIX = ".convex.cloud"
_ACTIONS_SUFFIX = ".convex.site"
# An upsert that differs in one of these is never dropped by the 10 s rule.
_WATCHED_FIELDS = ("title", "model", "projectPath", "promptTokens", "completionTokens")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The address of the backend's HTTP actions; `host` is the one that the ledger names."""

    base_url: str
    host: str


def endpoint(convex_url: str) -> Endpoint:
    """Return the address of the HTTP actions for a deployment's URL.

    Hosted deployments serve them at `.convex.site`; any other host is taken as it is.
    """
    parts = urlsplit(convex_url)
    # A name with a point at its end is the same one.
    host = (parts.hostname or "").removesuffix(".")
    netloc = parts.netloc
    if host.endswith(_HOSTED_SUFFIX):
        host = host.removesuffix(_HOSTED_SUFFIX) + _ACTIONS_SUFFIX
        netloc = host if parts.port is None else f"{host}:{parts.port}"
    return Endpoint(urlunsplit((parts.scheme, netloc, parts.path.rstrip("/"), "", "")), netloc)


def session_payload(summary: Redacted[SessionSummary]) -> Redacted[Payload]:
    """Return a session's absolute state. Unknown values are left out: they overwrite nothing."""
    value = summary.value
    has_used = bool(value.prompt_tokens or value.output_tokens or value.cost_usd)
    payload: Payload = {
        "externalId": value.session_id,
        "title": value.title and value.title[:MAX_TITLE_CHARS],
        "projectPath": value.project_path,
        "projectName": value.project_name,
        "model": value.model,
        "provider": "anthropic",
        "source": "claude-code",
        "promptTokens": value.prompt_tokens,
        "completionTokens": value.output_tokens,
        # Nothing used is not yet a cost: it would overwrite, where such tokens do not.
        "cost": value.cost_usd if has_used else None,
        "durationMs": value.duration_ms,
        "createdAt": value.started_ms,
    }
    return Redacted({key: item for key, item in payload.items() if item is not None})


def survives_quiet_period(payload: Payload, applied: Payload) -> bool:
    """Return whether the backend applies `payload` within 10 s of its last write to the session.

    Tokens of 0 mean "unknown" to it, and do not count as a change.
    """
    return any(
        payload.get(name) != applied.get(name) and payload.get(name) != 0
        for name in _WATCHED_FIELDS
    )


def message_payload(message: Redacted[StoredMessage], created_ms: int | None) -> Redacted[Payload]:
    """Return one message, dated `created_ms`; None leaves the date to the backend."""
    value = message.value
    parts = _shown_parts(value)
    text = "\n\n".join(_texts(parts))
    payload: Payload = {
        "sessionExternalId": value.session_id,
        "externalId": value.id,
        "role": value.role,
        "textContent": text,
        "model": value.model,
        "promptTokens": value.prompt_tokens,
        "completionTokens": value.output_tokens,
        "source": "claude-code",
        "parts": list(parts),
        "createdAt": created_ms,
    }
    payload = {key: item for key, item in payload.items() if item is not None}
    is_fitting = len(parts) <= MAX_PARTS and size(payload) <= MAX_MESSAGE_BYTES
    return Redacted(payload if is_fitting else _shorten(payload, parts))


def searched_text(payload: Payload) -> str:
    """Return what the backend appends of a message to its session's search text."""
    parts = payload["parts"]
    texts = [
        part["content"]
        for part in (parts if isinstance(parts, list) else [])
        if isinstance(part, dict) and part["type"] == "text"
    ]
    return " ".join(text for text in texts if isinstance(text, str) and text)


def size(payload: JsonValue) -> int:
    """Return a payload's bytes as sent."""
    return len(orjson.dumps(payload))


def total_size(payloads: Iterable[Redacted[Payload]]) -> int:
    """Return the bytes of several payloads as sent."""
    return sum(size(payload.value) for payload in payloads)


def _label(message: StoredMessage) -> str | None:
    """Return what marks a subagent's message, as the backend has one conversation per session."""
    if message.agent_id is None:
        return None
    name = message.agent_type or "subagent"
    return f"[{name} {short_agent_id(message.agent_id)}]"


def _shown_parts(message: StoredMessage) -> list[Payload]:
    """Return what is shown of a message, which is never nothing: that draws an empty bubble."""
    described = [(part.kind, _part(message, part)) for part in message.parts]
    shown = [(kind, part) for kind, part in described if not _is_blank(part)]
    parts = [part for _kind, part in shown]
    if shown and shown[0][0] == "text":
        parts[0] = {**parts[0], "content": name_kind(message.kind, str(parts[0]["content"]))}
    if "withdrawn" in message.facts:
        parts.insert(0, {"type": "text", "content": f"[{message.facts['withdrawn']}]"})
    if not parts:
        parts.append({"type": "text", "content": blank_text(message)})
    label = _label(message)
    return [_add_label(part, label) for part in parts] if label else parts


def _is_blank(part: Payload) -> bool:
    content = part["content"]
    return isinstance(content, str) and is_blank(content)


def _add_label(part: Payload, label: str) -> Payload:
    """Return a part that says whose it is in the words that the viewer shows of it."""
    content = part["content"]
    if isinstance(content, dict):
        shown = "name" if part["type"] == "tool-call" else "result"
        return {**part, "content": {**content, shown: f"{label} {content[shown]}"}}
    return {**part, "content": f"{label} {content}"}


def _texts(parts: list[Payload]) -> Iterator[str]:
    for part in parts:
        content = part["content"]
        if part["type"] in {"text", "thinking"} and isinstance(content, str):
            yield content


def _part(message: StoredMessage, part: Part) -> Payload:
    content = part.content
    if part.kind == "tool-call":
        call: JsonValue = {"name": part.tool_name or "unknown", "args": _make_storable(content)}
        return {"type": "tool-call", "content": call}
    if part.kind == "tool-result":
        name = part.tool_name or "unknown"
        return {"type": "tool-result", "content": {"name": name, "result": result_text(part)}}
    if part.kind in {"image", "file"}:
        return {"type": "text", "content": f"[{describe_file(part.kind, content)}]"}
    if part.kind == "note":
        return {"type": "text", "content": note_text(content)}
    # Where a text must not be stored, there is its size instead.
    if not isinstance(content, str):
        return {"type": part.kind, "content": withheld(content)}
    text = thinking_text(content) if part.kind == "thinking" else said_text(message, content)
    return {"type": part.kind, "content": text}


def _make_storable(value: JsonValue) -> JsonValue:
    return value if _is_storable(value, _MAX_NESTING) else orjson.dumps(value).decode()


def _is_storable(value: JsonValue, depth: int) -> bool:
    if isinstance(value, dict):
        return (
            depth > 0
            and len(value) <= _MAX_FIELDS
            and all(_is_field_name(name) for name in value)
            and all(_is_storable(item, depth - 1) for item in value.values())
        )
    if isinstance(value, list):
        return (
            depth > 0
            and len(value) <= _MAX_FIELDS
            and all(_is_storable(item, depth - 1) for item in value)
        )
    return True


def _is_field_name(name: str) -> bool:
    return (
        0 < len(name) <= _MAX_NAME_CHARS
        and name[0] not in "$_"
        and name.isascii()
        and name.isprintable()
    )


def _shorten(payload: Payload, parts: list[Payload]) -> Payload:
    """Return a payload that is too large with its longest texts cut, and marked as cut."""
    sent = parts[:MAX_PARTS]
    # Each character is at most 6 bytes of JSON, and every text is in the payload twice.
    max_chars = MAX_MESSAGE_BYTES // (16 * max(1, len(sent)))
    short: list[JsonValue] = [
        {"type": part["type"], "content": _cut_content(part["content"], max_chars)} for part in sent
    ]
    if len(parts) > len(sent):
        short.append({"type": "text", "content": f"[cut: {len(parts) - len(sent):,} parts]"})
    return {**payload, "textContent": _cut(payload["textContent"], max_chars), "parts": short}


def _cut_content(content: JsonValue, max_chars: int) -> JsonValue:
    """Cut a part's content; a tool's keeps its name, without which the viewer does not show it."""
    if not isinstance(content, dict):
        return _cut(content, max_chars)
    return {
        key: value if key == "name" else _cut(value, max_chars) for key, value in content.items()
    }


def _cut(content: JsonValue, max_chars: int) -> JsonValue:
    text = content if isinstance(content, str) else orjson.dumps(content).decode()
    if len(text) <= max_chars:
        return content
    return f"{text[:max_chars]}… [cut: {len(text) - max_chars:,} of {len(text):,} characters]"

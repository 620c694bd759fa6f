"""Select the scripted reply to a request, and turn it into Messages API events.

Pure: from the body of a request to the events of its response. The conversation alone decides
which reply is next: the newest user message with a script, and the assistant messages after it.
"""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from support.claude_client.script import Reply, expand_repeats, say, script_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.claude_client.script import Part

Json: TypeAlias = dict[str, Any]

AFTER_THE_SCRIPT = Reply((say("Done."),))
TITLE = Reply((say('{"title": "Scripted session"}'),))
# Old clients ask for a title of an earlier session, all of which the request quotes.
OLD_TITLE_REQUEST = re.compile(
    r"5-10 word title .*?^User: (.*?) ?(?:\[\[script|$)", re.DOTALL | re.MULTILINE
)
SUMMARY = Reply(
    (say("<summary>\nThe user gave scripted prompts, all of which succeeded.\n</summary>"),)
)
SUMMARY_REQUEST = "create a detailed summary"
# What the system prompt of old clients says where the request's last message does not.
SUMMARIZER = "AI assistant tasked with summarizing conversations"
DELTA_CHARS = 65_536
DEFAULT_USAGE: Part = {"do": "usage", "input": 10, "output": 5}
BLOCKS = {"say", "think", "tool"}
# The last characters of a call's id; those before are the same for all calls of a response.
CALL_CHARS = 4


@dataclass(frozen=True, slots=True)
class Turn:
    """The reply to a request, and its position.

    `step` counts from 0 in the script of the message `prompted_at`, whose words are `prompt`; all
    are None outside scripts. `is_own`: the client asks by itself, not for the conversation.
    """

    reply: Reply
    step: int | None = None
    prompted_at: int | None = None
    prompt: str | None = None
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event."""

    name: str
    data: Json


@dataclass(frozen=True, slots=True)
class Pause:
    """A wait between two events."""

    seconds: float


def next_turn(body: Json) -> Turn:
    """Return the next reply of the conversation in `body`.

    Requests that the client makes by itself, for a title, a summary or about a command's output,
    may contain the user's prompts too: they get a fixed answer and consume no step.
    """
    messages: list[Json] = body["messages"]
    schema = body.get("output_config", {}).get("format", {}).get("schema", {})
    if "title" in schema.get("properties", {}):
        return Turn(TITLE, is_own=True)
    if SUMMARY_REQUEST in text_of(messages[-1]) or SUMMARIZER in str(body.get("system")):
        return Turn(SUMMARY, is_own=True)
    if not body.get("tools"):
        asked = OLD_TITLE_REQUEST.search(text_of(messages[-1]))
        reply = Reply((say(f"About: {asked[1]}"),)) if asked else AFTER_THE_SCRIPT
        return Turn(reply, is_own=True)
    responses: set[str] = set()
    for index in range(len(messages) - 1, -1, -1):
        message = messages[index]
        if message["role"] == "assistant":
            responses.add(_response_of(message) or str(index))
        elif (scripted := script_in(text_of(message))) is not None:
            step = len(responses)
            is_over = step >= len(scripted.replies)
            reply = AFTER_THE_SCRIPT if is_over else scripted.replies[step]
            return Turn(reply, step, index, scripted.prompt)
    return Turn(AFTER_THE_SCRIPT)


def _response_of(message: Json) -> str | None:
    """Return what the ids of a message's calls say of the response: old clients divide it."""
    for block in message["content"]:
        if isinstance(block, dict) and block["type"] == "tool_use":
            return str(block["id"][:-CALL_CHARS])
    return None


def text_of(message: Json) -> str:
    """Return the text of a message, without tool results."""
    content = message["content"]
    if isinstance(content, str):
        return content
    return "\n".join(block["text"] for block in content if block["type"] == "text")


def find_part(reply: Reply, kind: str) -> Part | None:
    """Return the reply's part of this kind, if it has one."""
    return next((part for part in reply.parts if part["do"] == kind), None)


def whole_message(reply: Reply, model: str) -> Json:
    """Return the response as one JSON message, as a request without `stream` gets it."""
    name = _new_name()
    parts = [part for part in reply.parts if part["do"] in BLOCKS]
    blocks = [_block(part, name, index) for index, part in enumerate(parts)]
    return _opening(reply, model, name) | {
        "content": blocks,
        "stop_reason": _stop_reason(reply),
        "usage": _usage(reply),
    }


def message_events(reply: Reply, model: str, *, is_cut: bool) -> Iterator[Event | Pause]:
    """Yield the response's events in order; a cut one ends halfway through a block."""
    name = _new_name()
    yield Event("message_start", {"message": _opening(reply, model, name)})
    parts = list(reply.parts)
    unfinished: Part | None = None
    if is_cut:
        parts = parts[: next(i for i, part in enumerate(parts) if part["do"] == "cut")]
        if parts and parts[-1]["do"] in BLOCKS:
            unfinished = parts.pop()
    index = 0
    for part in parts:
        if part["do"] == "delay":
            yield Pause(part["seconds"])
        elif part["do"] in BLOCKS:
            yield from _block_events(_block(part, name, index), index)
            index += 1
    if unfinished is not None:
        events = list(_block_events(_block(unfinished, name, index), index, pieces=2))
        yield from events[:2]
    if not is_cut:
        delta = {"stop_reason": _stop_reason(reply), "stop_sequence": None, **_stop_details(reply)}
        yield Event("message_delta", {"delta": delta, "usage": _usage(reply)})
        yield Event("message_stop", {})


def _new_name() -> str:
    """Return what the id of a response and those of its calls have in common."""
    return uuid.uuid4().hex[:20]


def _opening(reply: Reply, model: str, name: str) -> Json:
    return {
        "id": f"msg_{name}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": _usage(reply) | {"output_tokens": 1},
    }


def _usage(reply: Reply) -> Json:
    counts = find_part(reply, "usage") or DEFAULT_USAGE
    for_5m, for_1h = counts.get("cache_creation_5m", 0), counts.get("cache_creation_1h", 0)
    names = ("speed", "inference_geo", "iterations")
    optional = {name: counts[name] for name in names if counts.get(name)}
    if counts.get("web_searches"):
        optional["server_tool_use"] = {"web_search_requests": counts["web_searches"]}
    return {
        **optional,
        "input_tokens": counts["input"],
        "output_tokens": counts["output"],
        "cache_creation_input_tokens": for_5m + for_1h,
        "cache_read_input_tokens": counts.get("cache_read", 0),
        "cache_creation": {
            "ephemeral_5m_input_tokens": for_5m,
            "ephemeral_1h_input_tokens": for_1h,
        },
        "service_tier": "standard",
    }


def _stop_reason(reply: Reply) -> str:
    if (stop := find_part(reply, "stop")) is not None:
        return str(stop["reason"])
    return "tool_use" if find_part(reply, "tool") else "end_turn"


def _stop_details(reply: Reply) -> Json:
    """Return why a response was refused, if its script says it."""
    part = find_part(reply, "stop")
    if part is None or part.get("explanation") is None:
        return {}
    explanation = part["explanation"]
    return {"stop_details": {"type": "refusal", "category": "cyber", "explanation": explanation}}


def _block(part: Part, name: str, index: int) -> Json:
    if part["do"] == "tool":
        identity = f"toolu_{name}{index:0{CALL_CHARS}}"
        arguments = expand_repeats(part["input"])
        return {"type": "tool_use", "id": identity, "name": part["name"], "input": arguments}
    text = expand_repeats(part["text"])
    if part["do"] == "think":
        return {"type": "thinking", "thinking": text, "signature": "c2NyaXB0ZWQ="}
    return {"type": "text", "text": text}


def _block_events(block: Json, index: int, *, pieces: int = 1) -> Iterator[Event]:
    """Yield a block's start, its content in at least `pieces` deltas if it can, and its stop."""
    field, delta, content = {
        "text": ("text", "text_delta", block.get("text", "")),
        "thinking": ("thinking", "thinking_delta", block.get("thinking", "")),
        "tool_use": ("partial_json", "input_json_delta", json.dumps(block.get("input"))),
    }[block["type"]]
    blank: Json = {"text": "", "thinking": "", "signature": "", "input": {}}
    start_block = {key: blank.get(key, value) for key, value in block.items()}
    yield Event("content_block_start", {"index": index, "content_block": start_block})
    size = min(DELTA_CHARS, max(1, -(-len(content) // pieces)))
    for start in range(0, len(content), size):
        chunk = {"type": delta, field: content[start : start + size]}
        yield Event("content_block_delta", {"index": index, "delta": chunk})
    if block["type"] == "thinking":
        signature = {"type": "signature_delta", "signature": block["signature"]}
        yield Event("content_block_delta", {"index": index, "delta": signature})
    yield Event("content_block_stop", {"index": index})

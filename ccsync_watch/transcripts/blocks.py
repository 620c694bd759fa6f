"""The content blocks of a message, and the parts that are made of them; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.model import JsonValue, Part
from ccsync_watch.plain_text import is_blank
from ccsync_watch.transcripts.api_errors import read_fallback
from ccsync_watch.transcripts.denials import read_denial
from ccsync_watch.transcripts.fields import mapping, opaque_id, text

if TYPE_CHECKING:
    from collections.abc import Iterator

_CALL_TYPES = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})
_KNOWN_TYPES = _CALL_TYPES | {
    "document", "fallback", "image", "redacted_thinking", "text", "thinking", "tool_result",
}  # fmt: skip
# Some clients say only there that a call did not run.
_REJECTED_DETAILS = ("User rejected tool use", "Error: The user doesn't want to ")
_EXIT_CODE = re.compile(r"\s*(?:Error:\s*)?Exit code (-?\d{1,5})\b")


_WORDS = frozenset({"text", "thinking"})
"""The blocks that are words, under a key that is called as the block."""


def content_blocks(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the blocks of a message; a text in the place of a block counts as a text block."""
    content = message.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if isinstance(content, list):
        return [
            block if isinstance(block, dict) else {"type": "text", "text": block}
            for block in content
            if isinstance(block, (dict, str))
        ]
    return [content] if isinstance(content, dict) else []


def unknown_blocks(content: object) -> Iterator[str]:
    """Yield the type of each block that is not understood, empty for what has no type at all.

    It is of no known type, or its words are not a text.
    """
    values = content if isinstance(content, list) else [content]
    for value in values:
        kind = mapping(value).get("type")
        if isinstance(value, str) or (
            isinstance(kind, str)
            and (kind in _KNOWN_TYPES or kind.endswith("_tool_result"))
            and (kind not in _WORDS or isinstance(mapping(value).get(kind) or "", str))
        ):
            continue
        yield kind if isinstance(kind, str) else ""


def answer_parts(blocks: list[dict[str, Any]]) -> list[Part]:
    """Return the parts of the model's response; empty and unknown blocks are left out."""
    parts: list[Part] = []
    for block in blocks:
        kind = text(block.get("type"))
        if kind == "text" and text(block.get("text")):
            parts.append(Part("text", block["text"]))
        elif kind == "thinking" and text(block.get("thinking")):
            parts.append(Part("thinking", block["thinking"]))
        elif kind in _CALL_TYPES:
            name = text(block.get("name")) or ""
            name = "unknown" if is_blank(name) else name
            arguments = _arguments(block.get("input"))
            parts.append(Part("tool-call", arguments, opaque_id(block.get("id")), name))
        elif kind and kind.endswith("_tool_result"):
            tool_use_id = opaque_id(block.get("tool_use_id"))
            parts.append(Part("tool-result", _server_outcome(block), tool_use_id))
        elif kind == "fallback":
            parts.append(read_fallback(block))
    return parts


def _server_outcome(block: dict[str, Any]) -> dict[str, JsonValue]:
    """Return the result of a call that the API ran itself; an error is the content's type."""
    content = block.get("content")
    said = mapping(content[0] if isinstance(content, list) and content else content)
    code = said.get("return_code")
    has_failed = isinstance(code, int) and code != 0
    is_error = has_failed or block.get("is_error") is True
    if is_error or (text(said.get("type")) or "").endswith("_error"):
        failure: dict[str, JsonValue] = {"exit_code": code} if has_failed else {}
        return {"content": content, "is_error": True, **failure}
    return {"content": content}


def _arguments(value: JsonValue) -> JsonValue:
    """Return a call's arguments; some gateways write the object as a text of JSON."""
    if isinstance(value, str) and value.lstrip()[:1] == "{":
        try:
            arguments = orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
        return arguments if isinstance(arguments, dict) else value
    return value


def prompt_parts(blocks: list[dict[str, Any]]) -> list[Part]:
    """Return the texts, images and documents of a prompt."""
    parts: list[Part] = []
    for block in blocks:
        kind = text(block.get("type"))
        if kind == "text" and text(block.get("text")):
            parts.append(Part("text", block["text"]))
        elif kind in {"image", "document"}:
            parts.append(Part("image" if kind == "image" else "file", block))
    return parts


def result_parts(row: dict[str, Any], blocks: list[dict[str, Any]]) -> list[Part]:
    """Return the tool results of a user row, each with its outcome.

    The row's `toolUseResult` belongs to its result if it has one only.
    """
    results = [block for block in blocks if block.get("type") == "tool_result"]
    detail = row.get("toolUseResult") if len(results) == 1 else None
    return [_result_part(row, block, detail, is_only=len(results) == 1) for block in results]


def _result_part(
    row: dict[str, Any], block: dict[str, Any], detail: object, *, is_only: bool
) -> Part:
    content = block.get("content")
    is_error = block.get("is_error") is True
    outcome: dict[str, JsonValue] = {"is_error": is_error, "content": content}
    if isinstance(detail, dict):
        outcome["detail"] = detail
    # What the row says of a denial is about its only result, or about those that are errors.
    is_rejected = isinstance(detail, str) and detail.startswith(_REJECTED_DETAILS)
    if is_error or is_rejected or (is_only and row.get("toolDenialKind")):
        denial = read_denial(row, _first_text(content), is_error=is_error or is_rejected)
        if denial:
            outcome["denied"] = denial.label
            if denial.is_bare:
                outcome["content"] = None
            if denial.said:
                outcome["said"] = denial.said
    code = _EXIT_CODE.match(content) if is_error and isinstance(content, str) else None
    if code:
        outcome["exit_code"] = int(code[1])
    return Part("tool-result", outcome, opaque_id(block.get("tool_use_id")))


def _first_text(content: object) -> str:
    """Return the first text of a result's content."""
    if isinstance(content, str):
        return content
    blocks = content_blocks({"content": content})
    return next((value for block in blocks if (value := text(block.get("text")))), "")

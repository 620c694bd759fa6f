"""Read errors of the API, refusals, and the models that answered instead; pure.

What went wrong stands at different depths, by the client's version and the kind of error.
"""

from __future__ import annotations

import re
from typing import Any

from ccsync_watch.model import JsonValue, Part
from ccsync_watch.transcripts.fields import count, identity, mapping, text
from ccsync_watch.transcripts.message_content import MessageContent, note

_MAX_DEPTH = 4
_MAX_UUIDS = 1000
RETRACTED = "retractedMessageUuids"
SUPERSEDED = "supersedesUuids"
"""The keys of a row that name rows which no longer stand."""
_WITHDRAWALS = {RETRACTED: "retracts", SUPERSEDED: "supersedes"}
# What the client writes as an answer where there is none. Old ones took it for a title, too.
_ERROR_TEXT = re.compile(
    r"(?:API Error(?::|\s\(|\Z)|Invalid API key · |Please run /login · |OAuth token ).*"
    r"|Prompt is too long|Credit balance is too low|Claude AI usage limit reached(?:\|\d*)?"
    r"|Repeated (?:server overload with Opus model|529 Overloaded errors)"
    r"|Opus is experiencing high load, please use /model .*|Request timed out|\(no content\)",
    re.DOTALL,
)
_REFUSALS = ("apiRefusalCategory", "apiRefusalExplanation")


def describe_error(row: dict[str, Any]) -> str:
    """Return what a failed request reports, with its code and the attempt."""
    error = row.get("error")
    message = text(mapping(error).get("formatted")) or _inner_message(error) or "API error"
    for code in (_status(error), _cause_code(row)):
        if code and code not in message:
            message = f"{message} ({code})"
    attempt, limit = count(row.get("retryAttempt")), count(row.get("maxRetries"))
    if not attempt:
        return message
    return (
        f"{message} (attempt {attempt} of {limit})" if limit else f"{message} (attempt {attempt})"
    )


def is_error_text(said: str) -> bool:
    """Return whether a text is what the client writes where a request failed."""
    return _ERROR_TEXT.fullmatch(said.strip()) is not None


def _inner_message(error: object) -> str | None:
    """Return the message of the error that is nested deepest: the outer ones only repeat it."""
    message: str | None = None
    for _ in range(_MAX_DEPTH):
        if isinstance(error, str):
            return message or text(error)
        values = mapping(error)
        message = text(values.get("message")) or message
        error = values.get("error")
    return message


def _status(error: object) -> str | None:
    status = mapping(error).get("status")
    return str(status) if isinstance(status, int) and not isinstance(status, bool) else None


def _cause_code(row: dict[str, Any]) -> str | None:
    """Return the code of what kept a request from the API, such as ECONNRESET."""
    values = [row, mapping(row.get("error"))]
    for _ in range(_MAX_DEPTH):
        inner = [mapping(value.get(key)) for value in values for key in ("cause", "connection")]
        code = next((code for value in inner if (code := text(value.get("code")))), None)
        if code:
            return code
        values = inner
    return text(mapping(row.get("error")).get("code"))


def read_refusal(values: dict[str, Any]) -> list[Part]:
    """Return why the API refused an answer, from a row of the client's or a response.

    `values` are the row or the response's message.
    """
    details = mapping(values.get("stop_details"))
    category, explanation = (text(values.get(key)) for key in _REFUSALS)
    category = category or text(details.get("category"))
    explanation = explanation or text(details.get("explanation"))
    if not category and not explanation:
        return []
    return [note(f"refused: {category}" if category else "refused", explanation or "")]


def read_fallback(block: dict[str, Any]) -> Part:
    """Return the note of a block that says which model answered instead of which."""
    models = [
        text(mapping(block.get(key)).get("model")) or text(block.get(key)) for key in ("from", "to")
    ]
    origin, model = (name or "another model" for name in models)
    trigger = text(mapping(block.get("trigger")).get("type")) or text(block.get("trigger"))
    return note(f"answered by {model} instead of {origin}", trigger or "")


def read_model_change(row: dict[str, Any]) -> MessageContent | None:
    """Read a row of the client's on a refusal, or on a change of the model that answers."""
    parts: list[Part] = []
    content = text(row.get("content"))
    if content:
        parts.append(Part("text", content))
    origin, model = text(row.get("originalModel")), text(row.get("fallbackModel"))
    # The client's text names both already.
    if origin and model and not content:
        parts.append(read_fallback({"from": origin, "to": model, "trigger": row.get("trigger")}))
    parts += read_refusal(row)
    return MessageContent("system", "notice", parts, {}) if parts else None


def read_withdrawn(row: dict[str, Any], content: MessageContent | None) -> MessageContent | None:
    """Return what a row says, with the rows that it withdraws among its facts."""
    facts: dict[str, JsonValue] = {}
    for key, fact in _WITHDRAWALS.items():
        uuids = row.get(key)
        usable = [identity(uuid) for uuid in uuids[:_MAX_UUIDS]] if isinstance(uuids, list) else []
        if any(usable):
            facts[fact] = [uuid for uuid in usable if uuid]
    if not facts:
        return content
    content = content or MessageContent(
        "system", "notice", [note("earlier messages withdrawn")], {}
    )
    return content._replace(facts={**content.facts, **facts})

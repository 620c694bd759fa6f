"""The one way from raw records to records that may be kept: policy, redactor, limits; pure.

Everything that the store will hold passes here, texts and names alike. Whatever goes wrong in the
redactor is raised as `RedactorUnavailable`, and nothing of the batch passes.
"""

from __future__ import annotations

from dataclasses import replace
from operator import is_
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from ccsync_watch.errors import RedactorUnavailable
from ccsync_watch.model import Batch, JsonValue, Message, Part, QueueOperation, Redacted
from ccsync_watch.plain_text import plain_value
from ccsync_watch.privacy.kept_styles import kept_styles
from ccsync_watch.privacy.policy.limits import cut
from ccsync_watch.privacy.policy.metadata import metadata_of
from ccsync_watch.privacy.policy.reduction import reduce
from ccsync_watch.privacy.text_fields import R, visit_texts
from ccsync_watch.transcripts.line_types import TEXT_FACTS
from ccsync_watch.transcripts.tools import ASKING_TOOLS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ccsync_watch.privacy.policy.policy import Policy, ToolCall


class Redacting(Protocol):
    """What `clean` needs of a redactor."""

    def redact_value(self, obj: JsonValue) -> JsonValue:
        """Return `obj` with its secrets replaced, keys included."""
        ...


def clean(
    batch: Batch,
    *,
    policy: Policy,
    redactor: Redacting,
    calls: Mapping[str, ToolCall],
    metadata_from: Mapping[str, int] = MappingProxyType({}),
) -> Redacted[Batch]:
    """Return what of a batch may be kept.

    `calls` are the tool calls that its results answer, by their id, and what commands that the user
    typed read, by the id of the message with their output. Of the sessions in `metadata_from`
    nothing but metadata is kept, from that offset on. A message of which nothing may leave is left
    out; its tokens still count. Raises RedactorUnavailable.
    """
    batch = _without_session_texts(batch, metadata_from)
    messages = [
        _reduce_message(message, policy, calls, metadata_from) for message in batch.messages
    ]
    reduced = [message for message in messages if message.parts]
    queue = _reduce_queue(batch.queue, policy, metadata_from) if batch.queue else []
    batch = redact_texts([replace(batch, messages=reduced, queue=queue)], redactor)[0]
    batch.queue = [
        _cut_prompt(operation, before, policy)
        for operation, before in zip(batch.queue, queue, strict=True)
    ]
    batch.messages = [
        _cut_message(message, before, policy)
        for message, before in zip(batch.messages, reduced, strict=True)
    ]
    return Redacted(batch)


def redact_texts(records: list[R], redactor: Redacting) -> list[R]:
    """Return the records with their texts redacted and plain. Raises RedactorUnavailable."""
    texts: list[JsonValue] = []

    def collect(record_texts: list[JsonValue]) -> list[JsonValue]:
        texts.append(record_texts)
        return record_texts

    for record in records:
        visit_texts(record, collect)
    redacted = _redact_plain(redactor, texts)
    if redacted is texts:
        return records
    remaining = iter(redacted)
    try:
        return [visit_texts(record, lambda _: next(remaining)) for record in records]
    except (TypeError, ValueError):
        raise _shape_changed() from None


def _redact_plain(redactor: Redacting, values: list[Any]) -> list[Any]:
    """Return values without secrets and control characters, the same list if they have none.

    The redactor sees through colours and other dressing; they are left out afterwards.
    """
    return plain_value(redact_values(redactor, values))  # type: ignore[no-any-return]


def clean_text(text: str, redactor: Redacting) -> Redacted[str]:
    """Return a path, a host or another name without secrets. Raises RedactorUnavailable."""
    (redacted,) = _redact_plain(redactor, [text])
    return Redacted(str(redacted))


def redact_values(redactor: Redacting, values: list[JsonValue]) -> list[Any]:
    """Return as many values, without secrets. Raises RedactorUnavailable, whatever goes wrong."""
    try:
        redacted = redactor.redact_value(values)
    except Exception as error:  # noqa: BLE001 - whatever it is, nothing passes
        # The error's text may quote what it failed on; its type says enough.
        raise RedactorUnavailable(
            f"the redactor failed ({type(error).__name__})",
            hint="nothing passes until it works; please report this",
        ) from None
    if not isinstance(redacted, list) or len(redacted) != len(values):
        raise _shape_changed()
    return redacted


def _shape_changed() -> RedactorUnavailable:
    return RedactorUnavailable(
        "the redactor changed the shape of a record",
        hint="nothing passes until it works; please report this",
    )


def _without_session_texts(batch: Batch, metadata_from: Mapping[str, int]) -> Batch:
    """Return the batch without titles and descriptions of sessions that are metadata only."""
    if not metadata_from:
        return batch
    return replace(
        batch,
        facts=[
            fact
            for fact in batch.facts
            if fact.session_id not in metadata_from or fact.name not in TEXT_FACTS
        ],
        subagents=[
            replace(subagent, description=None, phase=None)
            if subagent.session_id in metadata_from
            else subagent
            for subagent in batch.subagents
        ],
    )


def _reduce_queue(
    queue: list[QueueOperation], policy: Policy, metadata_from: Mapping[str, int]
) -> list[QueueOperation]:
    """Return the queue's rows with what the policies allow of the prompts in them.

    They come before the rows that say in which folder a session begins, so that of a session in
    `metadata_from` none has a text.
    """
    starts = dict.fromkeys(metadata_from, 0)
    reduced = []
    for item in queue:
        prompts = [_reduce_message(message, policy, {}, starts) for message in item.prompts]
        reduced.append(replace(item, prompts=tuple(prompt for prompt in prompts if prompt.parts)))
    return reduced


def _reduce_message(
    message: Message,
    policy: Policy,
    calls: Mapping[str, ToolCall],
    metadata_from: Mapping[str, int],
) -> Message:
    """Return a message with what the policies allow of its parts, itself if that is all of them."""
    is_metadata = message.start >= metadata_from.get(message.session_id, message.start + 1)
    return _with_parts(
        message,
        [
            _reduce_part(
                message,
                part,
                policy,
                calls.get(part.tool_use_id or message.id),
                is_metadata=is_metadata,
            )
            for part in message.parts
            if policy.allows(part)
        ],
    )


def _reduce_part(
    message: Message, part: Part, policy: Policy, call: ToolCall | None, *, is_metadata: bool
) -> Part:
    """Return what may leave of a part; of a result also the call's tool and the time it took."""
    content = reduce(part, call, policy.limit(message, part))
    denied = content.get("denied") if isinstance(content, dict) else None
    if is_metadata:
        content = metadata_of(part.kind, content, raw=part.content)
        if denied and isinstance(content, dict):
            content = {**content, "denied": denied}
    if part.kind != "tool-result":
        call = None
    if (
        isinstance(content, dict)
        and call
        and call.timestamp_ms
        and message.timestamp_ms
        and not (denied or _waited_for_person(message, call))
    ):
        duration_ms = max(0, message.timestamp_ms - call.timestamp_ms)
        content = {**content, "durationMs": content.get("durationMs", duration_ms)}
    tool_name = call.name if call else part.tool_name
    if content is part.content and tool_name is part.tool_name:
        return part
    return Part(part.kind, content, part.tool_use_id, tool_name)


def _waited_for_person(message: Message, call: ToolCall) -> bool:
    """Return whether the time until a result is also that in which a person decided."""
    source = message.facts.get("permission_source")
    return call.name in ASKING_TOOLS or (isinstance(source, str) and source.startswith("user"))


def _cut_message(message: Message, before: Message, policy: Policy) -> Message:
    """Return a redacted message with its texts at their limits, itself if none is longer."""
    cut_parts = [_cut_part(part, policy.limit(message, part)) for part in message.parts]
    if message is not before:  # what has colours was changed by the redaction
        cut_parts = list(map(_with_styles, cut_parts, before.parts))
    return _with_parts(message, cut_parts)


def _cut_prompt(
    operation: QueueOperation, before: QueueOperation, policy: Policy
) -> QueueOperation:
    pairs = zip(operation.prompts, before.prompts, strict=True)
    prompts = tuple(_cut_message(message, raw, policy) for message, raw in pairs)
    return replace(operation, prompts=prompts)


def _with_styles(part: Part, before: Part) -> Part:
    styles = kept_styles(before, part)
    return replace(part, styles=styles) if styles else part


def _cut_part(part: Part, limit: int) -> Part:
    content = cut(part.content, limit)
    if content is part.content:
        return part
    return Part(part.kind, content, part.tool_use_id, part.tool_name)


def _with_parts(message: Message, parts: list[Part]) -> Message:
    is_same = len(parts) == len(message.parts) and all(map(is_, parts, message.parts))
    return message if is_same else replace(message, parts=tuple(parts))

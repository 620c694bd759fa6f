"""The one way from raw records to records that may be kept: policy, redactor, limits; pure.

Everything that the store will hold passes here, texts and names alike. An exception of the
redactor leaves as `RedactorUnavailable`, and nothing of the batch passes.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from ccsync_watch.errors import RedactorUnavailable
from ccsync_watch.model import TEXT_FACTS, Batch, JsonValue, Message, Part, Redacted
from ccsync_watch.privacy.policy.limits import cut
from ccsync_watch.privacy.policy.metadata import metadata_of
from ccsync_watch.privacy.policy.reduction import reduce

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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

    `calls` are the tool calls that its results answer, by their id. Of the sessions in
    `metadata_from` nothing but metadata is kept, from that offset on. A message of which nothing
    may leave is left out; its tokens still count. Raises RedactorUnavailable.
    """
    batch = _without_words(batch, metadata_from)
    messages = [_allowed(message, policy) for message in batch.messages]
    reduced: list[JsonValue] = []
    for message in messages:
        is_metadata = message.start >= metadata_from.get(message.session_id, message.start + 1)
        for part in message.parts:
            content = reduce(part, _call_of(part, calls), policy.limit(message, part))
            kept = metadata_of(part.kind, content, raw=part.content) if is_metadata else content
            reduced.append(kept)
    names: list[JsonValue] = [list(_names(message, calls)) for message in messages]
    observations: list[JsonValue] = [
        [
            observation.cwd,
            observation.git_branch,
            observation.client_version,
            observation.entrypoint,
        ]
        for observation in batch.observations
    ]
    facts: list[JsonValue] = [fact.value for fact in batch.facts]
    agents: list[JsonValue] = [
        [subagent.agent_type, subagent.description, subagent.model] for subagent in batch.subagents
    ]
    models: list[JsonValue] = [[usage.model, usage.tier] for usage in batch.usages]
    texts = redacted(redactor, [reduced, names, observations, facts, agents, models])
    try:
        return Redacted(_rebuilt(replace(batch, messages=messages), texts, policy, calls))
    except (TypeError, ValueError):
        raise _misshapen() from None


def _without_words(batch: Batch, metadata_from: Mapping[str, int]) -> Batch:
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
            replace(subagent, description=None)
            if subagent.session_id in metadata_from
            else subagent
            for subagent in batch.subagents
        ],
    )


def _rebuilt(
    batch: Batch, texts: list[Any], policy: Policy, calls: Mapping[str, ToolCall]
) -> Batch:
    """Return the batch with its texts exchanged for the redacted ones, which stand in its order."""
    contents, names, observations, facts, agents, models = texts
    return replace(
        batch,
        messages=list(_rebuilt_messages(batch.messages, contents, names, policy, calls)),
        observations=[
            replace(each, cwd=cwd, git_branch=branch, client_version=version, entrypoint=entry)
            for each, (cwd, branch, version, entry) in zip(
                batch.observations, observations, strict=True
            )
        ],
        facts=[replace(fact, value=value) for fact, value in zip(batch.facts, facts, strict=True)],
        subagents=[
            replace(each, agent_type=agent_type, description=description, model=model)
            for each, (agent_type, description, model) in zip(batch.subagents, agents, strict=True)
        ],
        usages=[
            replace(usage, model=model, tier=tier)
            for usage, (model, tier) in zip(batch.usages, models, strict=True)
        ],
    )


def clean_text(text: str, redactor: Redacting) -> Redacted[str]:
    """Return a name of the world (a path, a host) without secrets. Raises RedactorUnavailable."""
    (made,) = redacted(redactor, [text])
    return Redacted(str(made))


def redacted(redactor: Redacting, values: list[JsonValue]) -> list[Any]:
    """Return as many values, without secrets. Raises RedactorUnavailable, whatever goes wrong."""
    try:
        made = redactor.redact_value(values)
    except Exception as error:  # noqa: BLE001 - whatever it is, nothing passes
        # Its text may quote what it failed on; the type tells enough.
        raise RedactorUnavailable(
            f"the redactor failed ({type(error).__name__})",
            hint="nothing passes until it works; please report this",
        ) from None
    if not isinstance(made, list) or len(made) != len(values):
        raise _misshapen()
    return made


def _misshapen() -> RedactorUnavailable:
    return RedactorUnavailable(
        "the redactor changed the shape of a record",
        hint="nothing passes until it works; please report this",
    )


def _allowed(message: Message, policy: Policy) -> Message:
    parts = tuple(part for part in message.parts if policy.allows(part))
    return message if len(parts) == len(message.parts) else replace(message, parts=parts)


def _names(message: Message, calls: Mapping[str, ToolCall]) -> Iterator[JsonValue]:
    yield message.model
    yield message.facts
    yield [_tool_name(part, calls) for part in message.parts]


def _tool_name(part: Part, calls: Mapping[str, ToolCall]) -> str | None:
    call = _call_of(part, calls)
    return call.name if call else part.tool_name


def _call_of(part: Part, calls: Mapping[str, ToolCall]) -> ToolCall | None:
    return calls.get(part.tool_use_id or "") if part.kind == "tool-result" else None


def _rebuilt_messages(
    messages: list[Message],
    contents: list[JsonValue],
    names: list[tuple[str | None, dict[str, JsonValue], list[str | None]]],
    policy: Policy,
    calls: Mapping[str, ToolCall],
) -> Iterator[Message]:
    if len(contents) != sum(len(message.parts) for message in messages):
        raise ValueError("not one content for each part")
    remaining = iter(contents)
    for message, (model, facts, tools) in zip(messages, names, strict=True):
        parts = tuple(
            replace(
                part,
                content=_finished(message, part, next(remaining), policy, calls),
                tool_name=tool,
            )
            for part, tool in zip(message.parts, tools, strict=True)
        )
        if parts:
            yield replace(message, model=model, facts=facts, parts=parts)


def _finished(
    message: Message,
    part: Part,
    content: JsonValue,
    policy: Policy,
    calls: Mapping[str, ToolCall],
) -> JsonValue:
    """Return redacted content at its limit, a result with the time that its call took."""
    content = cut(content, policy.limit(message, part))
    call = _call_of(part, calls)
    if isinstance(content, dict) and call and call.timestamp_ms and message.timestamp_ms:
        content.setdefault("durationMs", max(0, message.timestamp_ms - call.timestamp_ms))
    return content

"""Whose text a user row holds, and what it is: prompt, command, report, message of a peer; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ccsync_watch.transcripts.fields import mapping, text
from ccsync_watch.transcripts.message_content import MessageContent, note
from ccsync_watch.transcripts.notes import PASTE_START, PASTED, ends_in_block, split_prompt
from ccsync_watch.transcripts.plans import read_plan
from ccsync_watch.transcripts.wrappers import FIRST_CHARACTERS, find_wrapper

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue, MessageKind, Part, Role

TYPED_SOURCES = frozenset({"typed", "queued", "sdk", "suggestion_accepted"})
"""The values of a row's `promptSource` that say that a person, or a program for one, wrote it."""

_PROMPT: tuple[Role, MessageKind] = ("user", "prompt")
_INJECTED: tuple[Role, MessageKind] = ("system", "injected")


class TextOrigin(NamedTuple):
    """What a row says of where its text comes from."""

    is_typed: bool = False
    is_injected: bool = False
    is_notification: bool = False
    is_peer: bool = False
    is_subagent: bool = False
    is_plan: bool = False


def text_origin(row: dict[str, Any], *, is_subagent: bool = False) -> TextOrigin:
    """Return what a row, or an attachment, says of where its text comes from."""
    source = row.get("promptSource")
    kind = mapping(row.get("origin")).get("kind")
    return TextOrigin(
        is_typed=isinstance(source, str) and source in TYPED_SOURCES,
        is_injected=row.get("isMeta") is True or source == "system",
        is_notification=kind == "task-notification",
        is_peer=kind == "peer",
        is_subagent=is_subagent,
        is_plan=bool(text(row.get("planContent"))),
    )


def read_user_text(parts: list[Part], origin: TextOrigin) -> MessageContent:
    """Return what the texts of a row say.

    A row is a wrapper only if all its texts are. One that stands among other texts is a note.
    """
    if origin.is_plan:
        return _read_plan(parts)
    if len(parts) == 1 and not origin.is_notification and _is_plain(parts[0]):
        return MessageContent(*_speaker_of(origin), parts, {})
    contents = [_read_wrapper(part, origin) for part in parts]
    texts = [content for part, content in zip(parts, contents, strict=True) if part.kind == "text"]
    first = texts[0] if texts else None
    if origin.is_notification and (
        first is None or first.kind not in {"interrupt", "notification"}
    ):
        return MessageContent("system", "notification", parts, {})
    if first and (
        first.kind == "command" or all(content and content.kind == first.kind for content in texts)
    ):
        return _unwrap(first, parts, contents)
    split = [
        inner
        for part, content in zip(parts, contents, strict=True)
        for inner in _split(part, content)
    ]
    return _read_behind_notes(split, origin) or _read_prompt(parts, split, origin)


def _read_plan(parts: list[Part]) -> MessageContent:
    """Return a plan that the row itself calls one."""
    plan: list[Part] = []
    for part in parts:
        content = read_plan(part.content, is_known=True) if isinstance(part.content, str) else None
        plan += content.parts if content else [part]
    return MessageContent("user", "plan", plan, {})


def _unwrap(
    first: MessageContent, parts: list[Part], contents: list[MessageContent | None]
) -> MessageContent:
    """Return a row of which all texts are of the kind of the first."""
    facts: dict[str, JsonValue] = {}
    unwrapped: list[Part] = []
    for part, content in zip(parts, contents, strict=True):
        facts = {**(content.facts if content else {}), **facts}
        unwrapped += content.parts if content else [part]
    return MessageContent(first.role, first.kind, unwrapped, facts)


def _read_behind_notes(split: list[Part], origin: TextOrigin) -> MessageContent | None:
    """Return what the client wrote behind blocks before it, None if that was a person."""
    notes = [part for part in split if part.kind == "note"]
    if not notes or len(split) != len(notes) + 1 or split[-1].kind != "text":
        return None
    content = _read_wrapper(split[-1], origin)
    return content._replace(parts=[*notes, *content.parts]) if content else None


def _read_prompt(parts: list[Part], split: list[Part], origin: TextOrigin) -> MessageContent:
    """Return what was typed, `split` from what stands around it; or what only the client wrote."""
    if _has_words(split):
        return MessageContent(*_speaker_of(origin), split, {})
    # Whatever a person typed is a prompt, even if it is a whole text of the client's.
    if origin.is_typed:
        return MessageContent(*_PROMPT, parts, {})
    return MessageContent(*_INJECTED, split, {})


def _is_plain(part: Part) -> bool:
    """Return whether a text cannot have anything of the client's, as most have not."""
    content = part.content
    return (
        part.kind == "text"
        and isinstance(content, str)
        and content[:1].isalnum()
        and content[0] not in FIRST_CHARACTERS
        and PASTE_START not in content
        and not ends_in_block(content)
    )


def _read_wrapper(part: Part, origin: TextOrigin) -> MessageContent | None:
    if part.kind != "text" or not isinstance(part.content, str):
        return None
    return find_wrapper(part.content, is_typed=origin.is_typed)


def _split(part: Part, content: MessageContent | None) -> list[Part]:
    """Return a part of a prompt as notes and what was typed."""
    if content:
        label = content.kind.replace("_", " ")
        return [
            inner if inner.kind == "note" else note(label, str(inner.content))
            for inner in content.parts
        ]
    if part.kind == "text" and isinstance(part.content, str):
        return split_prompt(part.content)
    return [part]


def _has_words(parts: list[Part]) -> bool:
    """Return whether there is anything but notes; a paste is a person's."""
    return not parts or any(
        part.kind != "note" or (isinstance(part.content, dict) and part.content["label"] == PASTED)
        for part in parts
    )


def _speaker_of(origin: TextOrigin) -> tuple[Role, MessageKind]:
    """Return whose a text is that has no shape of the client's."""
    if origin.is_peer:
        return "system", "cross_session"
    if origin.is_injected:
        return _INJECTED
    return ("system", "task") if origin.is_subagent else _PROMPT

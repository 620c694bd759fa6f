"""Visits the texts of a record, and of the records inside it, as TEXT_FIELDS declares them; pure.

One function visits them, first to collect and then to replace: the order is the same both times, so
that no text can take the place of another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from operator import attrgetter, is_not
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias, TypeVar, cast

from ccsync_watch.model import (
    Batch,
    Fact,
    JsonValue,
    Message,
    Part,
    QueueOperation,
    SessionObservation,
    Subagent,
    Usage,
)
from ccsync_watch.outgoing import StoredMessage

if TYPE_CHECKING:
    from collections.abc import Iterable


class HasTexts(Protocol):
    """A dataclass with an entry in TEXT_FIELDS, RECORD_FIELDS or both."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


TEXT_FIELDS: Mapping[type[HasTexts], tuple[str, ...]] = {
    Part: ("tool_name", "content"),
    Message: ("model", "facts"),
    StoredMessage: ("model", "facts"),
    Usage: ("model", "tier"),
    SessionObservation: ("cwd", "git_branch", "client_version", "entrypoint", "team", "member"),
    Fact: ("value",),
    Subagent: ("agent_type", "description", "phase", "model"),
}
"""The fields of each record that hold a text, or a JSON value with texts in it.

A tool's name is before the content: after a content that is only a flag it would be its value.
"""
RECORD_FIELDS: Mapping[type[HasTexts], tuple[str, ...]] = {
    Message: ("parts",),
    StoredMessage: ("parts",),
    QueueOperation: ("prompts",),
    Batch: ("messages", "usages", "observations", "facts", "subagents", "queue"),
}
"""The fields that hold records with texts of their own."""


def _reader_of(fields: tuple[str, ...]) -> Callable[[HasTexts], list[JsonValue]]:
    """Return what reads some fields of a record at once: all records of all batches pass there."""
    get: Callable[[HasTexts], Any] = attrgetter(*fields)
    return (lambda record: [get(record)]) if len(fields) == 1 else (lambda record: [*get(record)])


_TEXTS_OF = {kind: _reader_of(fields) for kind, fields in TEXT_FIELDS.items()}

R = TypeVar("R", bound=HasTexts)

Visit: TypeAlias = Callable[[list[JsonValue]], object]
"""Takes the texts of one record in the order of TEXT_FIELDS; returns those to have instead."""


def visit_texts(record: R, visit: Visit) -> R:
    """Return `record` with the texts that `visit` returns, the same if it changes none.

    Raises ValueError if `visit` returns texts of another number or of other types.
    """
    kind = type(record)
    changes: dict[str, object] = {}
    read = _TEXTS_OF.get(kind)
    if read:
        texts = read(record)
        new_texts = visit(texts)
        if new_texts is not texts:
            pairs = zip(TEXT_FIELDS[kind], texts, _checked_texts(texts, new_texts), strict=True)
            changes = {name: new for name, old, new in pairs if new is not old}
    for name in RECORD_FIELDS.get(kind, ()):
        inner: Iterable[HasTexts] = getattr(record, name)
        visited = [visit_texts(part, visit) for part in inner]
        if any(map(is_not, visited, inner)):
            changes[name] = tuple(visited) if isinstance(inner, tuple) else visited
    return cast("R", replace(cast("Any", record), **changes)) if changes else record


def _checked_texts(texts: list[JsonValue], new_texts: object) -> list[JsonValue]:
    """Return the new texts if they have the shape of the old ones."""
    if (
        not isinstance(new_texts, list)
        or len(new_texts) != len(texts)
        or any(type(new) is not type(old) for new, old in zip(new_texts, texts, strict=True))
    ):
        raise ValueError("not the same number and types of texts")
    return new_texts

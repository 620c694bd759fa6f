"""The texts of each record are declared, and visited in one order."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

import pytest

from ccsync_watch.model import Batch, Fact, Message, Part
from ccsync_watch.outgoing import StoredMessage
from ccsync_watch.privacy.text_fields import TEXT_FIELDS, visit_texts

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue

IDENTIFIERS = {"id", "kind", "role", "name", "forked_from", "uuid"}
"""Words of the format, and ids that Claude Code makes; so is what ends in `_id` or `_uuid`."""
JOINED = {(StoredMessage, "agent_type")}
"""A text of another record, which is redacted there."""


def message(*texts: str) -> Message:
    """Return a message with a part for each text."""
    parts = tuple(Part("text", text) for text in texts)
    return Message("m", "s", None, "u", None, 0, 1, "user", "prompt", None, "opus", None, parts)


def test_texts_are_visited_record_by_record() -> None:
    """A record's own texts come before those of the records in it."""
    batch = Batch(0, 1, messages=[message("a", "b")], facts=[Fact("s", "title", "t")])
    visited: list[list[JsonValue]] = []

    def collect(texts: list[JsonValue]) -> list[JsonValue]:
        visited.append(texts)
        return texts

    assert visit_texts(batch, collect) is batch
    assert visited == [["opus", {}], [None, "a"], [None, "b"], ["t"]]


def test_only_records_with_another_text_are_copied() -> None:
    """The others are the same objects."""
    batch = Batch(0, 1, messages=[message("a", "b"), message("c")])

    def change(texts: list[JsonValue]) -> list[JsonValue]:
        return ["x" if text == "b" else text for text in texts]

    changed = visit_texts(batch, change)
    assert [part.content for part in changed.messages[0].parts] == ["a", "x"]
    assert changed.messages[0].parts[0] is batch.messages[0].parts[0]
    assert changed.messages[1] is batch.messages[1]
    assert isinstance(changed.messages[0].parts, tuple)
    assert [part.content for part in batch.messages[0].parts] == ["a", "b"]


@pytest.mark.parametrize(
    "texts", [None, "ab", [], [None], [None, 1], [None, "a", "b"], (None, "a")]
)
def test_texts_of_another_shape_raise(texts: object) -> None:
    """One text more or less, or of another type, could end up where another one was."""
    with pytest.raises(ValueError, match="number and types"):
        visit_texts(Part("text", "a"), lambda _: texts)


@pytest.mark.parametrize("record", TEXT_FIELDS)
def test_every_field_that_can_hold_text_is_declared(record: Any) -> None:  # noqa: ANN401 - a class
    """A new field is a text for the redactor, or an identifier by its name."""
    hints = get_type_hints(record)
    holds_text = {
        field.name
        for field in fields(record)
        if {str, dict, list}
        & {getattr(t, "__origin__", t) for t in _alternatives(hints[field.name])}
    }
    undeclared = {
        name
        for name in holds_text - set(TEXT_FIELDS[record])
        if name not in IDENTIFIERS
        and not name.endswith(("_id", "_uuid"))
        and (record, name) not in JOINED
    }
    assert undeclared == set()
    assert set(TEXT_FIELDS[record]) <= holds_text


def _alternatives(hint: object) -> set[object]:
    """Return the types that a union consists of, literals left out; a type alone is its own."""
    arguments = get_args(hint)
    is_union = type(None) in arguments or str in arguments
    return set(arguments) if is_union else {hint}

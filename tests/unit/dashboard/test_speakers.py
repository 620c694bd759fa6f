"""Who or what a message is from."""

from __future__ import annotations

from typing import get_args

import pytest

from ccsync_watch.dashboard.speakers import SPEAKERS, is_folded, speaker_of
from ccsync_watch.model import MessageKind
from ccsync_watch.outgoing import StoredMessage


def _stored(kind: str, facts: dict[str, object] | None) -> StoredMessage:
    fields = dict.fromkeys(StoredMessage.__slots__)
    return StoredMessage(**{**fields, "kind": kind, "facts": facts})  # type: ignore[arg-type]  # the rest is not read


def test_every_kind_has_a_speaker() -> None:
    """But our own header, which is shown nowhere."""
    assert {*SPEAKERS, "session"} == set(get_args(MessageKind))


@pytest.mark.parametrize(
    ("kind", "facts", "name"),
    [
        ("prompt", {}, "You"),
        ("teammate", {"from": "lee"}, "Teammate lee"),
        ("teammate", {"from": 7}, "Teammate"),
        ("cross_session", None, "Other session"),
        ("notification", {}, "Notification"),
        ("notification", {"task_id": "b1"}, "Notification of task b1"),
        (
            "notification",
            {"task_id": "b1", "status": "completed"},
            "Notification of task b1: completed",
        ),
        ("brand_new", {}, "Brand new"),
    ],
)
def test_a_message_is_named_by_its_sender(
    kind: str, facts: dict[str, object] | None, name: str
) -> None:
    """A kind of a later version by its own name."""
    assert speaker_of(_stored(kind, facts)) == name


def test_only_what_nobody_said_is_folded() -> None:
    """Words of people, of Claude and of other sessions are shown."""
    assert is_folded("injected")
    assert not is_folded("teammate")
    assert not is_folded("brand_new")

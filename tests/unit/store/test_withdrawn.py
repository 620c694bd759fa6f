"""Messages that a later row of the client withdraws."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.store.stored_messages import session_messages
from ccsync_watch.store.withdrawn import withdrawal
from support.lines import AGENT
from support.storing import SESSION, World, message

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue

FIRST = "0a000000-0000-4000-8000-0000000000ab"
# What the client shows of the first row has a uuid that begins like it.
DERIVED = f"{FIRST[:24]}000000000002"


def fates(world: World) -> dict[str, str | None]:
    """Return how each message was withdrawn, by its id in the session."""
    messages = session_messages(world.database, SESSION)
    return {
        row.id.removeprefix(f"{SESSION}:"): withdrawal(row)
        for row in messages
        if row.kind != "session"
    }


def test_a_later_row_withdraws_earlier_ones(world: World) -> None:
    """By whole uuids, and by those that the client derived from them."""
    retracts: dict[str, JsonValue] = {"retracts": [DERIVED, "u2", "never-seen"]}
    world.ingest(message(FIRST, kind="answer"), message("u2"), message("u22"))
    world.ingest(message("n1", kind="notice", facts=retracts))
    assert fates(world) == {FIRST: "retracted", "u2": "retracted", "u22": None, "n1": None}


def test_a_row_replaces_others_but_not_itself(world: World) -> None:
    """Its own uuid may begin like theirs."""
    supersedes: dict[str, JsonValue] = {"supersedes": [FIRST]}
    world.ingest(
        message(FIRST, kind="answer"),
        message(DERIVED, kind="answer", facts=supersedes),
        message(FIRST, agent_id=AGENT),
    )
    assert [*fates(world).values()] == ["superseded", None, None]


def test_a_row_that_is_named_itself_is_the_only_one(world: World) -> None:
    """Rows of programs that number their uuids all begin alike."""
    world.ingest(message(FIRST, "Go"), message(DERIVED, kind="answer"))
    world.ingest(message("n1", kind="answer", facts={"supersedes": [DERIVED]}))
    assert fates(world) == {FIRST: None, DERIVED: "superseded", "n1": None}


def test_what_was_sent_before_is_sent_again_once(world: World) -> None:
    """Marked; reading the row again changes nothing."""
    world.ingest(message("u1", "Wrong"))
    world.drain()
    notice = message("n1", "Retracted", kind="notice", facts={"retracts": ["u1"]})
    world.ingest(notice)
    world.drain()
    assert world.texts()["u1"] == "[retracted]\n\nWrong"
    world.assert_complete()
    world.ingest(message("u1", "Wrong"), notice)
    assert fates(world) == {"u1": "retracted", "n1": None}
    assert world.figures()["rows_pending"] == 0

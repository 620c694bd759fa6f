"""Each message says whether it has left this machine, when and where to, or why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.store import conversations, upload_states
from support.storing import OTHER, SESSION, message

if TYPE_CHECKING:
    from ccsync_watch.store.upload_states import UploadState
    from support.storing import World

HOST = "127.0.0.1:3211"
FAR_MS = 1 << 50


def _states(world: World, session_id: str = SESSION) -> dict[str, UploadState]:
    messages = conversations.conversation_page(world.database, session_id)
    states = upload_states.upload_states(world.database, session_id, messages)
    return {message.uuid: states[message.seq] for message in messages}


def test_a_sent_message_says_when_and_where_to(world: World) -> None:
    """By the request that it was in; one that was sent again, by the last one."""
    world.say("u1", "First")
    world.drain()
    first = _states(world)["u1"]
    assert (first.kind, first.host) == ("sent", HOST)
    assert first.at_ms is not None
    world.clock.advance(600)
    world.say("u2", "Second")
    world.drain()
    states = _states(world)
    assert states["u1"] == first
    assert states["u2"].at_ms is not None
    assert states["u2"].at_ms > first.at_ms + 500_000
    world.clock.advance(600)
    world.ingest(message("u1", "First, changed"))
    world.drain()
    assert (_states(world)["u1"].at_ms or 0) > states["u2"].at_ms


def test_what_is_not_sent_says_why(world: World) -> None:
    """Waiting, held, possibly sent, rejected."""
    world.say("u1", "Uncertain")
    world.say("u2", "Rejected")
    world.say("u3", "Waiting")
    world.say("u4", "Held", is_released=False)
    header, uncertain, rejected, *_ = world.outbox.rows(SESSION, FAR_MS, 9).value
    assert header.message.kind == "session"
    world.outbox.mark_uncertain(SESSION, [uncertain.message.seq])
    world.outbox.reject(rejected, "too odd")
    states = _states(world)
    kinds = {name: state.kind for name, state in states.items()}
    assert kinds == {"u1": "unconfirmed", "u2": "rejected", "u3": "waiting", "u4": "held"}
    assert states["u2"].reason == "too odd"
    upload = upload_states.session_upload(world.database, SESSION)
    assert (upload.sent, upload.rejected, upload.held, upload.host) == (0, 1, 1, None)
    (row,) = upload_states.rejected_messages(world.database, SESSION, 9)
    assert (row.name, row.kind, row.reason) == ("u2", "prompt", "too odd")


def test_a_session_counts_its_messages_by_state(world: World) -> None:
    """Its header is a row that is sent, and not a message."""
    world.say("u1")
    world.say("u2")
    world.drain()
    world.say("u3")
    upload = upload_states.session_upload(world.database, SESSION)
    assert (upload.sent, upload.waiting, upload.held, upload.rejected) == (2, 1, 0, 0)
    assert upload.host == HOST
    assert upload_states.was_sent(world.database, SESSION)
    assert not upload_states.was_sent(world.database, OTHER)


def test_requests_of_earlier_versions_name_no_messages(world: World) -> None:
    """What they sent is sent, at a time that is not known."""
    world.say("u1")
    world.drain()
    with world.database.write() as connection:
        connection.execute("UPDATE ledger SET first_seq = NULL, last_seq = NULL")
    state = _states(world)["u1"]
    assert (state.kind, state.host, state.at_ms) == ("sent", HOST, None)


def test_what_is_not_to_be_sent_is_local(world: World) -> None:
    """It is in no queue, and nothing of its session was sent."""
    world.say("u1")
    with world.database.write() as connection:
        connection.execute("DELETE FROM outbox")
    assert _states(world)["u1"].kind == "local"
    assert upload_states.upload_states(world.database, SESSION, []) == {}

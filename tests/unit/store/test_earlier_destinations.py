"""A second destination and back: each gets what it does not have, and nothing twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.store import session_policy
from ccsync_watch.store.recall import mark_recalled
from support.double_transport import DoubleTransport
from support.opensync_double.backend import Backend
from support.storing import OTHER, SESSION, World, calls_to, message

if TYPE_CHECKING:
    from collections.abc import Callable

MESSAGE, BATCH = "/sync/message", "/sync/batch"
DAY_MS = 86_400_000


@pytest.fixture
def switch(world: World) -> Callable[[str], None]:
    """Have destinations by name, the first in use; return what switches to one."""
    transports = {"http://a": world.transport}
    world.outbox.set_destination("http://a")

    def switch(name: str) -> None:
        world.clock.advance(3600)
        backend = Backend(clock=lambda: world.clock.now_ms / 1000)
        world.transport = transports.setdefault(name, DoubleTransport(backend))
        world.backend = world.transport.backend
        assert world.outbox.set_destination(name, now_ms=world.clock.now_ms)
        world.connect()

    return switch


def _fill(world: World) -> None:
    for session_id in (SESSION, OTHER):
        world.ingest(
            *(
                message(f"u{number}", session_id=session_id, at_ms=world.clock.now_ms - DAY_MS)
                for number in range(5)
            ),
            session_id=session_id,
            facts={"custom_title": "Title"},
        )
    world.drain()


def _sent_since(world: World, count: int) -> list[str]:
    """Return the ids of the messages that were sent since so many calls."""
    ids = []
    for call in world.backend.calls[count:]:
        if call.path in {MESSAGE, BATCH}:
            sent = [call.json] if call.path == MESSAGE else call.json["messages"]
            ids += [row["externalId"] for row in sent]
    return ids


def test_back_again_nothing_is_sent(world: World, switch: Callable[[str], None]) -> None:
    """The first one has everything still; the second got everything."""
    _fill(world)
    first = world.backend
    before = len(first.calls)
    switch("http://b")
    world.drain()
    for session_id in (SESSION, OTHER):
        world.assert_complete(session_id)
    assert len(first.calls) == before
    switch("http://a")
    world.drain()
    assert calls_to(first)[before:] == ["/health", "/sync/sessions/list"]
    assert not world.outbox.remote(SESSION).is_preexisting


def test_what_was_written_and_changed_meanwhile_is_sent(
    world: World, switch: Callable[[str], None]
) -> None:
    """Nothing else, whichever destinations were in use between."""
    _fill(world)
    for name in ("http://b", "http://c", "http://b"):
        switch(name)
        world.drain()
    world.say("v1")
    world.ingest(message("u2", "changed", at_ms=world.clock.now_ms - DAY_MS))
    world.drain()
    switch("http://c")
    before = len(world.backend.calls)
    world.drain()
    assert sorted(_sent_since(world, before)) == [f"{SESSION}:u2", f"{SESSION}:v1"]
    switch("http://a")
    before = len(world.backend.calls)
    world.drain()
    assert sorted(_sent_since(world, before)) == [f"{SESSION}:u2", f"{SESSION}:v1"]
    for session_id in (SESSION, OTHER):
        world.assert_complete(session_id)


def test_what_was_pending_is_sent_on_return(world: World, switch: Callable[[str], None]) -> None:
    """Certain rows stay certain, uncertain and rejected ones are sent as such."""
    _fill(world)
    for name in ("v1", "v2", "v3"):
        world.say(name)
    rows = world.outbox.rows(SESSION, 1 << 50, 9).value
    world.outbox.mark_uncertain(SESSION, [rows[0].message.seq])
    world.outbox.reject(rows[1], "too odd")
    switch("http://b")
    world.drain()
    switch("http://a")
    rows = world.outbox.rows(SESSION, 1 << 50, 9).value
    assert [(row.message.uuid, row.is_certain) for row in rows] == [
        ("v1", False),
        ("v2", False),
        ("v3", True),
    ]
    world.drain()
    world.assert_complete()


def test_words_that_had_to_go_meanwhile_go_on_return(
    world: World, switch: Callable[[str], None]
) -> None:
    """From the title, from messages and from what is searched."""
    world.ingest(
        message("u1", "hunter2", at_ms=world.clock.now_ms - DAY_MS),
        facts={"custom_title": "hunter2"},
    )
    world.drain()
    switch("http://b")
    world.drain()
    world.ingest(
        message("u1", "[removed]", at_ms=world.clock.now_ms - DAY_MS),
        facts={"custom_title": "Clean"},
    )
    with world.database.write() as connection:
        mark_recalled(connection, SESSION)
    world.drain()
    switch("http://a")
    assert "hunter2" in world.backend.tables_text()
    world.drain()
    assert "hunter2" not in world.backend.tables_text()
    world.assert_complete()


def test_a_session_that_was_excluded_meanwhile_is_taken_back(
    world: World, switch: Callable[[str], None]
) -> None:
    """Where it was sent; the others are left alone."""
    world.say("u1", "hunter2")
    world.say("u1", session_id=OTHER)
    world.drain()
    switch("http://b")
    world.drain()
    session_policy.mark_sessions(
        world.database,
        excluded={SESSION},
        metadata_only=set(),
        now_ms=world.clock.now_ms,
        is_released=True,
    )
    world.drain()
    switch("http://a")
    world.drain()
    assert "hunter2" not in world.backend.tables_text()
    assert world.backend.session(SESSION).title == "Excluded session"
    world.assert_complete(OTHER)


def test_a_session_that_was_deleted_there_is_sent_whole(
    world: World, switch: Callable[[str], None]
) -> None:
    """What is remembered is not believed where the destination says otherwise."""
    _fill(world)
    first = world.backend
    switch("http://b")
    world.drain()
    first.delete_session(SESSION)
    switch("http://a")
    world.drain()
    for session_id in (SESSION, OTHER):
        world.assert_complete(session_id)

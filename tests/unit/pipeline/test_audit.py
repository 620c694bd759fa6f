"""An audit says what a repair would change and what of that has left, and changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from ccsync_watch.pipeline.audit import Audit, audit
from ccsync_watch.pipeline.reapply import repair
from ccsync_watch.store.database import Database
from support.storing import OTHER, SESSION, World, message

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ccsync_watch.privacy import Redactor

TOKEN = "ghp_" + "Zx9Kq2Lm4Np6Rs8Tv0Wy1Ab3Cd5Ef7Gh9JkL"
DAY_MS = 86_400_000
AT_MS = 1_790_000_000_000


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Have an empty store."""
    return World(tmp_path)


@pytest.fixture(scope="module")
def redactor(build_redactor: Callable[[], Redactor]) -> Redactor:
    """Return a redactor with the current rules."""
    return build_redactor()


def _audit(world: World, redactor: Redactor) -> Audit:
    """Audit through a connection that cannot write."""
    database = Database(world.database.path, read_only=True)
    try:
        return audit(database, redactor=redactor, rules="7-x", clock=world.clock)
    finally:
        database.close()


def _write_by_old_rules(world: World) -> None:
    world.ingest(
        message("u1", "innocent"),
        message("u2", f"Use {TOKEN}", at_ms=AT_MS),
        message("u3", f"Again {TOKEN}", at_ms=AT_MS + DAY_MS),
        facts={"custom_title": f"About {TOKEN}"},
    )
    world.ingest(message("o1", "innocent", session_id=OTHER), session_id=OTHER)


def test_it_counts_what_a_repair_changes(world: World, redactor: Redactor) -> None:
    """By session and kind, with the dates of the messages; the values are nowhere in it."""
    _write_by_old_rules(world)
    before = list(world.database.read().iterdump())
    result = _audit(world, redactor)
    assert list(world.database.read().iterdump()) == before
    (session,) = result.sessions
    assert (session.session_id, session.messages, session.rows) == (SESSION, 2, 1)
    assert (session.first_ms, session.last_ms) == (AT_MS, AT_MS + DAY_MS)
    assert dict(session.kinds) == {"github-token": 3}
    document = result.as_json()
    assert TOKEN[4:12] not in orjson.dumps(document).decode()
    assert document["messages_read"] == 6, "with the lines about both sessions"
    assert document["would_change"] == {
        "messages": 2, "rows": 1, "sessions": 1, "kinds": {"github-token": 3},
    }  # fmt: skip
    assert document["has_left"] == {"messages": 0, "sessions": 0, "hosts": []}
    repaired = repair(world.database, redactor=redactor, clock=world.clock, is_released=True)
    assert (repaired.messages, repaired.other_rows) == (2, 1)
    assert repaired.removed == result.kinds
    assert _audit(world, redactor).is_clean


def test_what_was_sent_is_named_with_host_and_time(world: World, redactor: Redactor) -> None:
    """A message that is still to be sent has not left."""
    _write_by_old_rules(world)
    world.drain()
    sent_ms = world.clock.wall_ms()
    world.ingest(message("u4", f"Later {TOKEN}"))
    (session,) = _audit(world, redactor).sessions
    assert (session.messages, session.messages_sent, session.is_state_sent) == (3, 2, True)
    (host,) = session.hosts
    assert host.host == "127.0.0.1:3211"
    assert 0 < host.first_ms <= host.last_ms <= sent_ms
    (sums,) = _audit(world, redactor).as_json()["has_left"]["hosts"]
    assert (sums["sessions"], sums["messages"], sums["requests"]) == (1, 2, host.requests)


def test_a_request_without_an_answer_counts_as_sent(world: World, redactor: Redactor) -> None:
    """Its row is uncertain: it may have arrived."""
    _write_by_old_rules(world)
    world.drain()
    world.ingest(message("u4", f"Later {TOKEN}"))
    with world.database.write() as connection:
        connection.execute("UPDATE outbox SET is_certain = 0")
    (session,) = _audit(world, redactor).sessions
    assert session.messages_sent == 3


def test_a_session_that_was_never_sent_has_left_nothing(world: World, redactor: Redactor) -> None:
    """Even without a row in the outbox."""
    _write_by_old_rules(world)
    with world.database.write() as connection:
        connection.execute("DELETE FROM outbox")
    (session,) = _audit(world, redactor).sessions
    assert (session.messages_sent, session.hosts) == (0, [])


def test_what_an_earlier_destination_got_has_left(world: World, redactor: Redactor) -> None:
    """Although the present one does not have it yet."""
    _write_by_old_rules(world)
    world.drain()
    world.outbox.set_destination("https://another.example.com")
    (session,) = _audit(world, redactor).sessions
    assert session.messages_sent == 2
    assert [host.host for host in session.hosts] == ["127.0.0.1:3211"]

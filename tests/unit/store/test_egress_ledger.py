"""The ledger: what left, whether or not it was answered, and what had been removed from it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import orjson
import pytest

from ccsync_watch.model import Part
from ccsync_watch.store import egress_ledger
from support.opensync_double import faults
from support.opensync_double.faults import FaultPlan
from support.storing import OTHER, SESSION, World, message

if TYPE_CHECKING:
    from ccsync_watch.store.egress_ledger import LedgerEntry

TOKEN = "[REDACTED:github-token:0123abcd]"
USERINFO = "REDACTED-url-password-89abcdef"


def _entries(world: World, session_id: str | None = None, since_ms: int = 0) -> list[LedgerEntry]:
    return list(
        egress_ledger.ledger_entries(world.database, session_id=session_id, since_ms=since_ms)
    )


def test_every_acknowledged_request_is_in_it(world: World) -> None:
    """Host, session, rows and the bytes of the session's own that the backend received."""
    world.ingest(message("u1"), message("u2"))
    world.work()
    entries = [entry for entry in _entries(world) if entry.is_acked]
    assert {entry.session_id for entry in entries} == {SESSION}
    assert {entry.host for entry in entries} == {"127.0.0.1:3211"}
    assert sum(entry.rows for entry in entries if entry.kind == "messages") == 3
    sent = {len(call.body) for call in world.backend.calls if call.path != "/sync/batch"}
    # A batch may be of several sessions: what is around their rows is not counted.
    sent |= {
        sum(len(orjson.dumps(row)) for row in call.json["messages"])
        for call in world.backend.calls
        if call.path == "/sync/batch"
    }
    assert {entry.size for entry in entries} <= sent


def test_what_was_removed_is_counted_by_kind(world: World) -> None:
    """In texts and in tools' arguments, once each, whatever the form of the placeholder."""
    call = Part("tool-call", {"command": f"echo {TOKEN} {USERINFO}"}, "toolu_1", "Bash")
    world.ingest(message("u1", f"{TOKEN} and {TOKEN}"), message("u2", parts=(call,)))
    world.work()
    total: Counter[str] = Counter()
    for entry in _entries(world):
        if entry.kind == "messages" and entry.is_acked:
            total.update(entry.removed)
    assert total == {"github-token": 3, "url-password": 1}


def test_a_title_is_looked_into_as_well(world: World) -> None:
    """A session's state leaves too."""
    world.ingest(message("u1", f"Use {TOKEN}"))
    world.drain()
    states = [entry for entry in _entries(world) if entry.kind == "session"]
    assert [dict(state.removed) for state in states] == [{"github-token": 1}] * len(states)


@pytest.mark.parametrize("fault", [faults.refuse(401), faults.COMMIT_THEN_DROP])
def test_what_left_without_an_answer_is_in_it(world: World, fault: faults.Fault) -> None:
    """It may have arrived; so it left."""
    world.say("u1")
    world.transport.faults = FaultPlan.of(None, None, fault)
    world.turn()
    (entry,) = _entries(world)
    assert (entry.is_acked, entry.rows, entry.kind) == (False, 1, "session")
    assert entry.size > 0


def test_a_message_that_is_not_answered_is_in_it_twice_in_the_end(world: World) -> None:
    """Once when it left in vain, once with its acknowledgement."""
    world.transport.faults = FaultPlan.of(None, None, None, faults.refuse(503))
    world.ingest(message("u1"))
    world.drain()
    entries = [entry for entry in _entries(world) if entry.kind == "messages"]
    assert [entry.is_acked for entry in entries][:1] == [False]
    assert any(entry.is_acked for entry in entries)


def test_what_never_left_is_not_in_it(world: World) -> None:
    """A connection that was refused carried nothing."""
    world.transport.is_offline = True
    world.ingest(message("u1"))
    world.turn()
    assert _entries(world) == []


def test_it_can_be_asked_for_one_session_and_from_a_time_on(world: World) -> None:
    """The oldest first."""
    world.ingest(message("u1"))
    world.drain()
    later = world.clock.now_ms
    world.clock.advance(60)
    world.ingest(message("u2", session_id=OTHER), session_id=OTHER)
    world.drain()
    assert {entry.session_id for entry in _entries(world, OTHER)} == {OTHER}
    assert {entry.session_id for entry in _entries(world, since_ms=later + 1)} == {OTHER}
    times = [entry.at_ms for entry in _entries(world)]
    assert times == sorted(times)

"""The contract of `uploader.destination.Destination`, held by every destination.

A new destination joins by a bench in `support.destination_benches`.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.errors import DestinationError, Retryable, Unauthorized, Unsent
from ccsync_watch.model import Part
from ccsync_watch.store import egress_ledger, status_figures
from support.destination_benches import BENCHES, DestinationBench
from support.storing import OTHER, SESSION, World, message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ccsync_watch.model import JsonValue
    from ccsync_watch.store.egress_ledger import LedgerEntry
    from ccsync_watch.uploader import Destination

HEADER = f"{SESSION}:session"
DAY_MS = 86_400_000
FAR_MS = 1 << 50
METHODS: dict[str, Callable[[Destination], object]] = {
    "check": lambda destination: destination.check(),
    "deliver": lambda destination: destination.deliver(SESSION),
    "settle": lambda destination: destination.settle(SESSION),
}
each_method = pytest.mark.parametrize("call", METHODS.values(), ids=METHODS)


@pytest.fixture(params=BENCHES)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DestinationBench]:
    """Run every destination in turn."""
    bench = BENCHES[request.param](tmp_path)
    yield bench
    bench.close()


def _write(world: World, *uuids: str, ago_ms: int = 0, role: str = "user") -> None:
    """Commit messages of two parts each."""
    world.ingest(
        *(
            message(
                uuid,
                at_ms=world.clock.now_ms - ago_ms,
                parts=(Part("text", f"{uuid} one"), Part("text", f"{uuid} two")),
                role=role,
            )
            for uuid in uuids
        )
    )


def _expected(*uuids: str) -> list[tuple[str, list[JsonValue]]]:
    return [(f"{SESSION}:{uuid}", [f"{uuid} one", f"{uuid} two"]) for uuid in uuids]


def _held(bench: DestinationBench) -> list[tuple[str, list[JsonValue]]]:
    """Return what the destination holds of the session but for its first, descriptive message."""
    return [row for row in bench.held_rows() if row[0] != HEADER]


def _certain(world: World) -> list[bool]:
    return [row.is_certain for row in world.outbox.rows(SESSION, FAR_MS, 100).value]


def _entries(world: World) -> list[LedgerEntry]:
    return list(egress_ledger.ledger_entries(world.database))


def _fail(bench: DestinationBench, way: str) -> None:
    """Let every request fail in some way, from now on."""
    if way not in bench.ways:
        pytest.skip(f"this destination does not fail in this way: {way}")
    bench.fail(way)


def _deliver_all(bench: DestinationBench) -> int:
    """Take steps until the last; return how many rows were acknowledged."""
    rows_acked = 0
    for _ in range(1000):
        step = bench.destination.deliver(SESSION)
        rows_acked += step.rows_acked
        if step.is_last:
            return rows_acked
    raise AssertionError("steps without end")


class TestCheck:
    """Address and key, and nothing else."""

    def test_it_compares_the_clocks(self, bench: DestinationBench) -> None:
        """The first time and later."""
        assert bench.destination.check().clock_skew_seconds == 0.0
        _write(bench.world, "u1")
        _deliver_all(bench)
        assert bench.destination.check().clock_skew_seconds == 0.0

    def test_it_sends_nothing(self, bench: DestinationBench) -> None:
        """It may be called at any time."""
        _write(bench.world, "u1")
        bench.destination.check()
        assert bench.held_sessions() == []
        assert _entries(bench.world) == []
        assert _certain(bench.world) == [True, True]


class TestDelivery:
    """Rows in order, each once, acknowledged only by a positive answer."""

    @pytest.mark.parametrize("ago_ms", [0, DAY_MS], ids=["live", "history"])
    def test_all_rows_arrive_whole_and_in_order(self, bench: DestinationBench, ago_ms: int) -> None:
        """In as many steps as it takes; then nothing is pending."""
        uuids = [f"u{number}" for number in range(120)]
        _write(bench.world, *uuids, ago_ms=ago_ms)
        bench.destination.check()
        assert _deliver_all(bench) == 121
        assert bench.held_rows()[0][0] == HEADER
        assert _held(bench) == _expected(*uuids)
        assert bench.world.outbox.count_sendable(None, FAR_MS) == 0

    def test_the_last_step_sends_nothing(self, bench: DestinationBench) -> None:
        """It only says so."""
        _write(bench.world, "u1")
        _deliver_all(bench)
        requests = bench.requests()
        step = bench.destination.deliver(SESSION)
        assert (step.rows_acked, step.is_last) == (0, True)
        assert bench.requests() == requests

    def test_a_lost_answer_is_not_an_acknowledgement(self, bench: DestinationBench) -> None:
        """The row stays pending, uncertain from then on."""
        _write(bench.world, "u0")
        _deliver_all(bench)
        _write(bench.world, "u1")
        _fail(bench, "lossy")
        with pytest.raises(Retryable) as caught:
            _deliver_all(bench)
        assert not isinstance(caught.value, Unsent)
        assert _certain(bench.world) == [False]
        assert _held(bench) == _expected("u0", "u1")

    def test_uncertain_rows_are_sent_again_without_doubling(self, bench: DestinationBench) -> None:
        """Everything is there once, with all parts, in order."""
        uuids = [f"u{number}" for number in range(5)]
        _write(bench.world, *uuids)
        bench.destination.check()
        _fail(bench, "lossy")
        for _ in range(6):
            bench.world.turn()
            bench.world.clock.advance(20)
        bench.fail("nothing")
        bench.world.drain()
        assert _held(bench) == _expected(*uuids)
        assert bench.world.outbox.count_sendable(None, FAR_MS) == 0

    def test_a_rejected_row_is_set_aside_and_the_others_arrive(
        self, bench: DestinationBench
    ) -> None:
        """It stays in the outbox with the reason, and does not stop the session."""
        _write(bench.world, "u1", "u2")
        _write(bench.world, "odd", role="alien")
        _write(bench.world, "u3", "u4")
        bench.world.drain()
        assert _held(bench) == _expected("u1", "u2", "u3", "u4")
        assert bench.world.outbox.count_rejected([SESSION]) == 1
        (row,) = status_figures.rejected_rows(bench.world.database)
        assert row["id"] == f"{SESSION}:odd"
        assert row["reason"]

    def test_a_change_during_the_request_is_sent_afterwards(self, bench: DestinationBench) -> None:
        """The acknowledgement is of the content that was sent."""
        world = bench.world
        _write(world, "u0", "u1")
        _deliver_all(bench)
        world.clock.advance(60)
        rows = world.outbox.rows(SESSION, FAR_MS, 9).value
        assert rows == []
        changed = message("u1", parts=(Part("text", "new"),), at_ms=world.clock.now_ms)
        world.ingest(changed)
        world.drain()
        assert dict(_held(bench))[f"{SESSION}:u1"] == ["new"]
        assert len(_held(bench)) == 2

    def test_a_lost_store_doubles_nothing(self, bench: DestinationBench) -> None:
        """What the destination holds of a session from another store is uncertain."""
        _write(bench.world, "u1", "u2")
        bench.world.drain()
        bench.lose_the_store()
        _write(bench.world, "u1", "u2", "u3")
        bench.world.drain()
        assert _held(bench) == _expected("u1", "u2", "u3")
        assert bench.held_sessions() == [SESSION]

    def test_an_excluded_session_sends_nothing(self, bench: DestinationBench) -> None:
        """Neither rows nor its state."""
        bench.world.ingest(message("u1"), excluded=frozenset({SESSION}))
        _write(bench.world, "u2", ago_ms=1)
        bench.world.work()
        assert bench.held_sessions() == []
        assert _entries(bench.world) == []


class TestDeliveryTogether:
    """Rows of several sessions with one request; what it leaves is delivered one by one."""

    def _write_both(self, bench: DestinationBench) -> list[str]:
        """Have two sessions there, and new rows of both."""
        world = bench.world
        for name in (SESSION, OTHER):
            world.ingest(
                *(message(uuid, session_id=name, at_ms=world.clock.now_ms) for uuid in "ab"),
                session_id=name,
            )
        bench.destination.check()
        for name in (SESSION, OTHER):
            while not bench.destination.deliver(name).is_last:
                pass
        world.clock.advance(1)
        for name in (SESSION, OTHER):
            world.say("c", session_id=name)
            world.say("d", session_id=name)
        return [SESSION, OTHER]

    def test_what_it_counts_is_there_and_the_rest_pending(self, bench: DestinationBench) -> None:
        """It may send nothing; rows are once in the end, in order."""
        session_ids = self._write_both(bench)
        counted = bench.destination.deliver_together(session_ids)
        for name in session_ids:
            pending = bench.world.outbox.rows(name, FAR_MS, 9).value
            assert len(pending) == 2 - counted[name]
            while not bench.destination.deliver(name).is_last:
                pass
            assert not bench.world.outbox.has_rows(name)
        self._assert_complete(bench)

    def test_a_lost_answer_is_not_an_acknowledgement(self, bench: DestinationBench) -> None:
        """Of any of the sessions; all rows are there once in the end."""
        session_ids = self._write_both(bench)
        _fail(bench, "lossy")
        with contextlib.suppress(Retryable):
            assert bench.destination.deliver_together(session_ids).total() == 0
        bench.fail("nothing")
        for name in session_ids:
            assert len(bench.world.outbox.rows(name, FAR_MS, 9).value) == 2
        bench.world.drain()
        self._assert_complete(bench)

    def _assert_complete(self, bench: DestinationBench) -> None:
        held = [name for name, _ in bench.held_rows() if name.startswith(f"{SESSION}:")]
        assert [name for name in held if name != HEADER] == [f"{SESSION}:{at}" for at in "abcd"]


class TestState:
    """The session's own state: first, so that it is dated rightly, and last, so that it is true."""

    def test_it_is_there_before_the_first_row(self, bench: DestinationBench) -> None:
        """A session is never shown without its title."""
        bench.world.ingest(message("u1"), facts={"custom_title": "First"})
        bench.destination.deliver(SESSION)
        assert bench.held_title() == "First"

    def test_the_last_one_arrives_after_the_rows(self, bench: DestinationBench) -> None:
        """Whatever changed meanwhile; then nothing more is sent."""
        world = bench.world
        _write(world, "u1")
        world.work()
        world.ingest(facts={"custom_title": "Second"})
        world.work()
        world.ingest(facts={"custom_title": "Third"})
        world.drain()
        assert bench.held_title() == "Third"
        assert bench.destination.settle(SESSION) is None
        requests = bench.requests()
        assert bench.destination.settle(SESSION) is None
        world.clock.advance(3600)
        world.work()
        assert bench.requests() == requests

    def test_a_time_to_call_again_lies_ahead(self, bench: DestinationBench) -> None:
        """At that time the state is sent, if not at once."""
        world = bench.world
        _write(world, "u1")
        _deliver_all(bench)
        world.ingest(facts={"custom_title": "Renamed"})
        again_ms = bench.destination.settle(SESSION)
        if again_ms is not None:
            assert again_ms > world.clock.now_ms
            world.clock.now_ms = again_ms
            assert bench.destination.settle(SESSION) is None
        assert bench.held_title() == "Renamed"

    def test_a_lost_answer_leaves_one_session_with_the_last_state(
        self, bench: DestinationBench
    ) -> None:
        """A state that may have arrived is sent again."""
        world = bench.world
        world.ingest(message("u1"), facts={"custom_title": "First"})
        _fail(bench, "lossy")
        with pytest.raises(Retryable):
            bench.destination.deliver(SESSION)
        assert bench.held_sessions() == [SESSION]
        world.ingest(facts={"custom_title": "Second"})
        bench.fail("nothing")
        world.drain()
        assert bench.held_sessions() == [SESSION]
        assert bench.held_title() == "Second"


class TestFailures:
    """What is raised, and what it leaves behind."""

    @each_method
    def test_a_wrong_key_stores_nothing(
        self, bench: DestinationBench, call: Callable[[Destination], object]
    ) -> None:
        """Certain rows stay certain."""
        _write(bench.world, "u1")
        _fail(bench, "unauthorized")
        with pytest.raises(Unauthorized):
            call(bench.destination)
        assert (bench.held_rows(), bench.held_sessions()) == ([], [])
        assert _certain(bench.world) == [True, True]

    @each_method
    def test_an_unreachable_destination_stores_nothing(
        self, bench: DestinationBench, call: Callable[[Destination], object]
    ) -> None:
        """`Unsent` means that certainly nothing arrived; it may pass by itself."""
        _write(bench.world, "u1")
        _fail(bench, "offline")
        with pytest.raises(DestinationError) as caught:
            call(bench.destination)
        assert isinstance(caught.value, Unsent)
        assert (caught.value.is_passing, caught.value.exit_code) == (True, 4)
        bench.fail("nothing")
        assert (bench.held_rows(), bench.held_sessions()) == ([], [])
        assert _certain(bench.world) == [True, True]
        assert _entries(bench.world) == []

    @pytest.mark.parametrize("way", ["offline", "unauthorized"])
    @pytest.mark.parametrize("count", [1, 3])
    def test_rows_that_were_not_sent_keep_their_certainty(
        self, bench: DestinationBench, way: str, count: int
    ) -> None:
        """Certain ones are certain again, uncertain ones stay uncertain."""
        world = bench.world
        _write(world, "u0")
        bench.destination.check()
        _deliver_all(bench)
        _write(world, *[f"v{number}" for number in range(count)])
        _fail(bench, way)
        with pytest.raises((Unsent, Unauthorized)):
            bench.destination.deliver(SESSION)
        assert _certain(world) == [True] * count
        world.outbox.mark_uncertain(
            SESSION, [row.message.seq for row in world.outbox.rows(SESSION, FAR_MS, 9).value]
        )
        with pytest.raises((Unsent, Unauthorized)):
            bench.destination.deliver(SESSION)
        assert _certain(world) == [False] * count

    def test_a_wrong_key_pauses_the_upload_until_a_check_passes(
        self, bench: DestinationBench
    ) -> None:
        """Then it resumes where it was."""
        world = bench.world
        _write(world, "u1", "u2")
        _fail(bench, "unauthorized")
        for _ in range(3):
            assert isinstance(world.turn(), Unauthorized)
            assert world.uploader.health.backend_info is None
            world.clock.advance(60)
        assert bench.held_sessions() == []
        bench.fail("nothing")
        world.drain()
        assert _held(bench) == _expected("u1", "u2")

    def test_the_delay_that_was_asked_for_is_kept(self, bench: DestinationBench) -> None:
        """Nothing of the session is sent before, whatever is written meanwhile."""
        world = bench.world
        _write(world, "u1")
        world.work()
        _write(world, "u2")
        _fail(bench, "busy")
        error = world.turn()
        assert isinstance(error, Retryable)
        assert error.retry_after == 60.0
        bench.fail("nothing")
        requests = bench.requests()
        world.clock.advance(59)
        _write(world, "u3")
        world.outbox.make_due_now(None)
        world.work()
        assert bench.requests() == requests
        world.clock.advance(1)
        world.drain()
        assert _held(bench) == _expected("u1", "u2", "u3")

    def test_a_closed_destination_does_not_lose_rows(self, bench: DestinationBench) -> None:
        """A worker that outlives the daemon gets an answer or a `Retryable`, not a crash."""
        _write(bench.world, "u1")
        bench.destination.close()
        try:
            rows_acked = _deliver_all(bench)
        except Retryable:
            assert _certain(bench.world) == [True, True]
        else:
            assert (rows_acked, _held(bench)) == (2, _expected("u1"))


class TestLedger:
    """Everything that left is recorded, acknowledged or not."""

    def test_what_was_acknowledged_is_recorded(self, bench: DestinationBench) -> None:
        """Rows, bytes and host of each request."""
        _write(bench.world, "u1", "u2")
        _deliver_all(bench)
        entries = [entry for entry in _entries(bench.world) if entry.is_acked]
        assert entries[0].kind == "session"
        assert sum(entry.rows for entry in entries if entry.kind == "messages") == 3
        assert all(entry.size > 50 and entry.host for entry in entries)

    @pytest.mark.parametrize("way", ["lossy", "unauthorized", "busy"])
    def test_what_was_not_acknowledged_is_recorded(self, bench: DestinationBench, way: str) -> None:
        """It may have arrived."""
        _write(bench.world, "u1")
        _fail(bench, way)
        with pytest.raises(DestinationError):
            bench.destination.deliver(SESSION)
        (entry,) = _entries(bench.world)
        assert (entry.kind, entry.is_acked) == ("session", False)
        bench.fail("nothing")
        _deliver_all(bench)
        before = len(_entries(bench.world))
        _write(bench.world, "u2")
        _fail(bench, way)
        with pytest.raises(DestinationError):
            bench.destination.deliver(SESSION)
        (entry,) = _entries(bench.world)[before:]
        assert (entry.kind, entry.is_acked, entry.rows) == ("messages", False, 1)
        assert entry.size > 50

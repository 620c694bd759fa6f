"""Turns: who is served, what is asked first, and what a failure leaves behind."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.errors import (
    DestinationError,
    Rejected,
    Retryable,
    Unauthorized,
    UnexpectedAnswer,
    Unsent,
)
from support.memory_sink import OFFLINE, REFUSED, MemorySink
from support.opensync_double import faults
from support.opensync_double.faults import FaultPlan
from support.storing import OTHER, SESSION, World, calls_to, message

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ccsync_watch.model import OutboxRow


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Have an empty store and a backend without faults."""
    return World(tmp_path)


@pytest.fixture
def gathering(tmp_path: Path) -> World:
    """Have the same, with sessions that rest after their rows went."""
    return World(tmp_path, gather_seconds=0.25)


@pytest.fixture
def sink(world: World) -> MemorySink:
    """Have the uploader send into memory."""
    made = MemorySink()
    world.connect(made)
    return made


def _certain(world: World) -> list[bool]:
    rows: list[OutboxRow] = world.outbox.rows(SESSION, 1 << 50, 100).value
    return [row.is_certain for row in rows]


class TestTurn:
    """One session at a time, the most recent first."""

    def test_nothing_due_is_no_turn(self, world: World) -> None:
        """And asks nothing of the backend."""
        assert world.uploader.turn() is False
        assert world.backend.calls == []

    def test_a_turn_brings_a_session_up_to_date(self, world: World) -> None:
        """Its state first, so that it is dated as the transcript says, then its rows."""
        world.ingest(message("u1"), message("u2"))
        assert world.uploader.turn() is True
        world.assert_complete()
        assert calls_to(world.backend)[:3] == ["/health", "/sync/sessions/list", "/sync/session"]
        assert world.backend.session(SESSION).created_at_ms == world.clock.now_ms
        assert world.ids() == ["u1", "u2"]

    def test_the_most_recent_session_comes_first(self, world: World) -> None:
        """Live first."""
        world.say("u1", session_id="old", ago_ms=900)
        world.say("u1", session_id="new")
        world.uploader.turn()
        assert [session.external_id for session in world.backend.sessions()] == ["new"]

    def test_a_backlog_gives_way_to_a_session_written_to_since(
        self, world: World, sink: MemorySink
    ) -> None:
        """A line written now does not wait for the end of another session's history."""
        day_ms = 86_400_000
        old = [message(f"u{n}", session_id=OTHER, at_ms=world.clock.now_ms - day_ms) for n in "abc"]
        world.ingest(*old, session_id=OTHER)
        for row in world.outbox.rows(OTHER, 1 << 50, 100).value:
            world.outbox.mark_uncertain(OTHER, [row.message.seq])  # so that they go one by one
        world.uploader.turn()
        assert len(sink.messages) == 4
        more = [message(f"u{n}", session_id=OTHER, at_ms=world.clock.now_ms - day_ms) for n in "de"]
        world.ingest(*more, session_id=OTHER)
        for row in world.outbox.rows(OTHER, 1 << 50, 100).value:
            world.outbox.mark_uncertain(OTHER, [row.message.seq])
        _once(sink, "put_message", lambda: world.say("u1"))
        world.uploader.turn()
        assert (f"{OTHER}:ud" in sink.messages, f"{OTHER}:ue" in sink.messages) == (True, False)
        world.uploader.turn()
        assert f"{SESSION}:u1" in sink.messages
        world.work()
        assert f"{OTHER}:ue" in sink.messages

    def test_a_session_served_by_another_worker_is_left_to_it(
        self, world: World, sink: MemorySink
    ) -> None:
        """Two workers never write to one session; the next one takes the next session."""
        world.say("u1", session_id=OTHER, ago_ms=100)
        world.say("u1")
        seen: list[bool] = []

        def meanwhile() -> None:
            seen.append(world.uploader.is_busy([SESSION]))
            seen.append(world.uploader.is_busy([OTHER]))
            seen.append(world.uploader.is_busy(None))
            seen.append(world.uploader.turn())
            seen.append(world.uploader.turn())

        # The turn inside serves the other session, then finds nothing that nobody serves.
        _once(sink, "put_session", meanwhile)
        world.uploader.turn()
        assert seen == [True, False, True, True, False]
        assert not world.uploader.is_busy(None)

    def test_rows_gather_after_the_last_ones_went(self, gathering: World) -> None:
        """The first go at once; what is written soon after goes together."""
        gathering.say("u1", ago_ms=60)
        gathering.work()
        assert gathering.ids() == ["u1"]
        for number in range(2, 5):
            gathering.clock.advance(0.08)
            gathering.say(f"u{number}", ago_ms=60)
            assert gathering.uploader.turn() is False
        gathering.clock.advance(0.01)
        gathering.work()
        assert gathering.ids() == ["u1", "u2", "u3", "u4"]
        assert calls_to(gathering.backend, "/sync/batch", "/sync/message")[-1] == "/sync/batch"
        gathering.clock.advance(0.25)
        gathering.say("u5")
        assert gathering.uploader.turn() is True

    def test_one_sessions_rest_is_not_anothers(self, gathering: World) -> None:
        """Nor does it end another's turn."""
        gathering.say("u1")
        gathering.work()
        gathering.say("u2")
        gathering.ingest(
            *(message(f"u{n}", session_id=OTHER, at_ms=5) for n in range(3)), session_id=OTHER
        )
        assert gathering.uploader.turn() is True
        assert gathering.ids(OTHER) == ["u0", "u1", "u2"]
        assert gathering.ids() == ["u1"]

    def test_a_session_rests_after_its_rows_alone(self, gathering: World) -> None:
        """Its settled state is followed by whatever comes next, at once."""
        gathering.say("u1")
        gathering.drain()
        gathering.ingest(facts={"custom_title": "Renamed"})
        gathering.clock.advance(60)
        gathering.work()
        gathering.say("u2")
        assert gathering.uploader.turn() is True

    def test_whoever_waits_ends_every_rest(self, gathering: World) -> None:
        """A sync-now, or the end of the daemon."""
        gathering.say("u1")
        gathering.work()
        gathering.say("u2")
        assert gathering.uploader.turn() is False
        gathering.uploader.wake_all()
        assert gathering.uploader.turn() is True
        assert gathering.ids() == ["u1", "u2"]

    def test_a_session_of_facts_alone_is_not_sent(self, world: World) -> None:
        """Without a message there is nothing to show, and nothing stays due."""
        world.ingest(facts={"custom_title": "Early"})
        world.drain()
        assert calls_to(world.backend, "/sync/session", "/sync/message", "/sync/batch") == []
        assert world.outbox.count_unsettled(None) == 0

    def test_a_stop_ends_a_turn_between_two_requests(self, world: World, sink: MemorySink) -> None:
        """What is left stays due for the next start."""
        world.ingest(*(message(f"u{number}", at_ms=5) for number in range(3)))
        rows = world.outbox.rows(SESSION, 1 << 50, 100).value
        world.outbox.mark_uncertain(SESSION, [row.message.seq for row in rows])
        _once(sink, "put_message", world.stop.set)
        world.uploader.turn()
        assert len(sink.messages) == 1
        assert world.outbox.due_sessions(world.clock.now_ms) == [SESSION]

    def test_a_commit_during_a_turn_keeps_the_session_due(
        self, world: World, sink: MemorySink
    ) -> None:
        """Even when it came after the last look at the rows."""
        world.say("u1")
        _once(sink, "put_session", lambda: world.ingest(facts={"custom_title": "Meanwhile"}))
        world.uploader.turn()
        assert world.outbox.due_sessions(world.clock.now_ms) == [SESSION]

    def test_an_excluded_session_sends_nothing_more(self, world: World, sink: MemorySink) -> None:
        """Also when the exclusion comes in the middle of its turn."""
        world.say("u1")

        def exclude(_name: str) -> None:
            world.ingest(message("u2"), excluded=frozenset({SESSION}))

        sink.on_call = exclude
        world.uploader.turn()
        assert (sink.sessions, sink.messages) == ({}, {})
        assert world.uploader.turn() is False


def _once(sink: MemorySink, name: str, action: Callable[[], object]) -> None:
    """Let something happen after the next call of that name was carried out."""

    def act(called: str) -> None:
        if called == name:
            sink.on_answer = lambda _name: None
            action()

    sink.on_answer = act


class TestGreeting:
    """Before anything is sent, the backend is asked what it holds."""

    def test_it_is_asked_once(self, world: World) -> None:
        """A green answer holds until a key is refused or a stranger answers."""
        world.say("u1")
        world.work()
        world.say("u2")
        world.work()
        assert calls_to(world.backend, "/health") == ["/health"]
        assert world.uploader.health.is_checked
        assert world.uploader.health.clock_skew_seconds == 0.0

    def test_nothing_is_sent_before_it_succeeds(self, world: World) -> None:
        """A wrong key is met by the backend_info, not by the user's rows."""
        world.say("u1")
        world.api_key = "osk_wrong"
        world.connect()
        assert isinstance(world.turn(), Unauthorized)
        assert calls_to(world.backend) == ["/health", "/sync/sessions/list"]

    @pytest.mark.parametrize(
        "fault", [faults.HTML_ANSWER, faults.redirect(302), faults.refuse(401)]
    )
    def test_it_is_asked_again_after_a_stranger_or_a_refusal(
        self, world: World, fault: faults.Fault
    ) -> None:
        """The address may lead elsewhere by now, or the key may have been changed."""
        world.say("u1")
        world.work()
        world.transport.faults = FaultPlan.of(fault)
        world.say("u2")
        assert isinstance(world.turn(), UnexpectedAnswer | Unauthorized)
        assert not world.uploader.health.is_checked
        world.work()
        assert calls_to(world.backend, "/health") == ["/health", "/health"]
        assert world.ids() == ["u1", "u2"]

    def test_sessions_that_it_holds_without_our_doing_go_one_by_one(self, world: World) -> None:
        """A batch would delete the parts of what it already has."""
        world.ingest(message("u1"), message("u2"))
        world.drain()
        world.close()
        again = World(world.folder / "new")
        again.backend, again.transport = world.backend, world.transport
        again.clock.now_ms = world.clock.now_ms + 60_000
        again.connect()
        again.ingest(message("u1"), message("u2"), message("u3"))
        before = len(again.backend.calls)
        again.uploader.turn()
        paths = [call.path for call in again.backend.calls[before:]]
        assert "/sync/batch" not in paths
        assert paths.count("/sync/message") == 4
        again.restart()
        again.drain()
        again.assert_complete()

    def test_sessions_of_our_own_making_are_not_taken_for_foreign(self, world: World) -> None:
        """After a restart they go on in batches."""
        world.say("u1")
        world.work()
        world.restart()
        world.clock.advance(60)
        for number in range(3):
            world.say(f"v{number}")
        before = len(world.backend.calls)
        world.uploader.turn()
        assert "/sync/batch" in [call.path for call in world.backend.calls[before:]]
        assert not world.outbox.remote(SESSION).is_preexisting


class TestFailures:
    """What a failure changes, and what it does not."""

    @pytest.mark.parametrize("failure", [OFFLINE, REFUSED], ids=["offline", "key"])
    @pytest.mark.parametrize("count", [1, 3])
    def test_a_request_that_stored_nothing_changes_no_certainty(
        self, world: World, sink: MemorySink, failure: DestinationError, count: int
    ) -> None:
        """Certain rows stay certain, alone or in a batch; uncertain ones stay uncertain."""
        world.say("u0")
        world.work()
        for number in range(count):
            world.say(f"v{number}")
        sink.failure = failure
        world.turn()
        # A refused key makes it greet again, which passes here.
        backend_info: list[DestinationError | None] = [None] if failure is REFUSED else []
        sink.failures = [*backend_info]
        assert world.turn() is failure
        assert sink.calls[-1] == ("put_message" if count == 1 else "put_batch")
        assert _certain(world) == [True] * count
        seqs = [row.message.seq for row in world.outbox.rows(SESSION, 1 << 50, 9).value]
        world.outbox.mark_uncertain(SESSION, seqs)
        sink.failures = [*backend_info]
        assert world.turn() is failure
        assert _certain(world) == [False] * count

    def test_a_foreign_row_is_never_made_certain(self, world: World, sink: MemorySink) -> None:
        """Nothing was sent, but the backend may hold it from before."""
        sink.sessions[SESSION] = {}
        world.say("u1")
        sink.failures = [None, None, OFFLINE]
        assert world.turn() is OFFLINE
        assert sink.calls == ["check", "put_session", "put_message"]
        assert _certain(world) == [False, True]

    @pytest.mark.parametrize(
        ("failure", "seconds"),
        [
            (Retryable("x", hint=""), 1),
            (Retryable("x", hint="", retry_after=7.0), 7),
            (Rejected("x", hint=""), 1),
            (OFFLINE, 0),
            (REFUSED, 0),
            (UnexpectedAnswer("x", hint=""), 0),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_a_session_that_may_be_to_blame_lets_the_others_pass(
        self, world: World, sink: MemorySink, failure: DestinationError, seconds: int
    ) -> None:
        """When nobody can be served all stay due: the worker itself waits."""
        world.say("u1")
        sink.failures = [None, failure]
        assert world.turn() is failure
        due_ms = world.outbox.next_due_ms()
        assert due_ms == world.clock.now_ms + seconds * 1000

    def test_its_waits_grow_until_it_succeeds(self, world: World, sink: MemorySink) -> None:
        """A second, then twice as long each time, at most a minute."""
        world.say("u1")
        sink.failure = Retryable("x", hint="")
        waits = []
        for _ in range(9):
            world.turn()
            due_ms = world.outbox.next_due_ms()
            assert due_ms is not None
            waits.append((due_ms - world.clock.now_ms) // 1000)
            world.clock.now_ms = due_ms
        assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
        sink.failure = None
        world.work()
        world.say("u2")
        sink.failure = Retryable("x", hint="")
        world.turn()
        assert world.outbox.next_due_ms() == world.clock.now_ms + 1000

    def test_the_time_that_the_backend_asks_for_is_kept(
        self, world: World, sink: MemorySink
    ) -> None:
        """Neither a new line nor a touch ends it."""
        world.say("u1")
        sink.failures = [Retryable("x", hint="", retry_after=30.0)]
        world.turn()
        world.say("u2")
        world.outbox.make_due_now(None)
        assert world.turn() is False
        world.clock.advance(30)
        assert world.turn() is True

    def test_the_error_is_kept_with_the_session_until_an_ack(
        self, world: World, sink: MemorySink
    ) -> None:
        """`status` tells it."""

        def told() -> str | None:
            query = "SELECT error FROM remote"
            error: str | None = world.database.read().execute(query).fetchone()[0]
            return error

        world.say("u1")
        sink.failures = [OFFLINE]
        world.turn()
        assert told() == "cannot reach memory"
        world.turn()
        assert told() is None

    def test_an_outage_is_said_once_when_it_begins_and_once_when_it_ends(
        self, world: World, sink: MemorySink, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A daemon that is offline for a night fills no disk."""
        caplog.set_level(logging.INFO)
        world.say("u1")
        began = world.clock.now_ms
        sink.failure = OFFLINE
        for _ in range(5):
            world.turn()
            world.clock.advance(60)
        health = world.uploader.health
        assert (health.error, health.since_ms) == (OFFLINE, began)
        sink.failure = REFUSED
        world.turn()
        assert (health.error, health.since_ms) == (REFUSED, began)
        sink.failure = None
        world.work()
        assert (health.error, health.since_ms) == (None, None)
        assert [record.getMessage() for record in caplog.records] == [
            "upload waits: cannot reach memory",
            "upload waits: memory refuses the API key",
            "upload goes on",
        ]

    def test_what_was_sent_is_counted(self, world: World, sink: MemorySink) -> None:
        """Rows and bytes, as the ledger has them."""
        world.say("u1")
        world.drain()
        query = "SELECT sum(bytes) FROM ledger"
        assert (
            world.uploader.health.bytes_sent == (world.database.read().execute(query).fetchone()[0])
        )
        assert world.uploader.health.rows_sent == len(sink.messages) == 2

    def test_a_key_refused_in_the_middle_goes_on_where_it_was(self, world: World) -> None:
        """Nothing is lost or doubled by a key that stops to work and is mended."""
        world.ingest(message("u1"), message("u2"))
        world.transport.faults = FaultPlan.of(None, None, None, faults.refuse(401))
        assert isinstance(world.turn(), Unauthorized)
        assert _certain(world) == [True, True, True]
        world.drain()
        world.assert_complete()

    def test_offline_and_back(self, world: World) -> None:
        """Rows wait, certain as before."""
        world.transport.is_offline = True
        world.ingest(message("u1"), message("u2"))
        assert isinstance(world.turn(), Unsent)
        world.transport.is_offline = False
        world.drain()
        world.assert_complete()

"""Turns: which session is next, what is checked first, and what a failure leaves behind."""

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
from ccsync_watch.uploader.gathering import PAUSE_SECONDS
from support.memory_destination import OFFLINE, UNAUTHORIZED, MemoryDestination
from support.opensync_double import faults
from support.opensync_double.faults import FaultPlan
from support.storing import OTHER, SESSION, World, calls_to, message

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.outgoing import OutboxRow


def _certain(world: World) -> list[bool]:
    rows: list[OutboxRow] = world.outbox.rows(SESSION, 1 << 50, 100).value
    return [row.is_certain for row in rows]


class TestTurn:
    """One session at a time, the most recent first."""

    def test_nothing_due_is_no_turn(self, world: World) -> None:
        """The backend is not asked anything."""
        assert world.uploader.turn() is False
        assert world.backend.calls == []

    def test_a_turn_brings_a_session_up_to_date(self, world: World) -> None:
        """The check, the session's state, then its rows."""
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

    def test_a_backlog_yields_to_a_session_that_was_written_to_since(
        self, world: World, memory: MemoryDestination
    ) -> None:
        """A line written now does not wait for another session's history."""
        day_ms = 86_400_000
        old = [message(f"u{n}", session_id=OTHER, at_ms=world.clock.now_ms - day_ms) for n in "abc"]
        world.ingest(*old, session_id=OTHER)
        memory.step_rows = 1
        world.uploader.turn()
        assert len(memory.rows) == 4
        more = [message(f"u{n}", session_id=OTHER, at_ms=world.clock.now_ms - day_ms) for n in "de"]
        world.ingest(*more, session_id=OTHER)
        _once(memory, "rows", lambda: world.say("u1"))
        world.uploader.turn()
        assert (f"{OTHER}:ud" in memory.rows, f"{OTHER}:ue" in memory.rows) == (True, False)
        world.uploader.turn()
        assert f"{SESSION}:u1" in memory.rows
        world.work()
        assert f"{OTHER}:ue" in memory.rows

    def test_a_session_served_by_another_worker_is_left_to_it(
        self, world: World, memory: MemoryDestination
    ) -> None:
        """Two workers never write to one session; the second one serves the next session."""
        world.say("u1", session_id=OTHER, ago_ms=100)
        world.say("u1")
        outcomes: list[bool] = []

        def meanwhile() -> None:
            outcomes.append(world.uploader.is_busy([SESSION]))
            outcomes.append(world.uploader.is_busy([OTHER]))
            outcomes.append(world.uploader.is_busy(None))
            outcomes.append(world.uploader.turn())
            outcomes.append(world.uploader.turn())

        # The turn inside serves the other session, then finds nothing that nobody serves.
        _once(memory, "state", meanwhile)
        world.uploader.turn()
        assert outcomes == [True, False, True, True, False]
        assert not world.uploader.is_busy(None)

    def test_rows_gather_after_the_last_ones_were_sent(self, gathering: World) -> None:
        """The first are sent at once; what is written soon after is sent together."""
        gathering.say("u1", ago_ms=60)
        gathering.work()
        assert gathering.ids() == ["u0", "u1"]
        for number in range(2, 5):
            gathering.clock.advance(0.08)
            gathering.say(f"u{number}", ago_ms=60)
            assert gathering.uploader.turn() is False
        gathering.clock.advance(0.09)
        gathering.work()
        assert gathering.ids() == ["u0", "u1", "u2", "u3", "u4"]
        assert calls_to(gathering.backend, "/sync/batch", "/sync/message")[-1] == "/sync/batch"

    def test_the_first_row_after_a_request_waits_for_others(self, gathering: World) -> None:
        """From its own time on, until nothing was sent for a while."""
        gathering.say("u1")
        gathering.work()
        gathering.clock.advance(PAUSE_SECONDS - 0.1)
        gathering.say("u2")
        assert gathering.uploader.turn() is False
        gathering.clock.advance(0.2)
        gathering.say("u3")
        assert gathering.uploader.turn() is False
        gathering.clock.advance(0.06)
        gathering.work()
        assert gathering.ids() == ["u0", "u1", "u2", "u3"]
        gathering.clock.advance(PAUSE_SECONDS)
        gathering.say("u4")
        assert gathering.uploader.turn() is True

    def test_what_gathers_ends_the_turn_of_a_backlog(self, gathering: World) -> None:
        """Once it gathered, not before."""
        gathering.say("u1")
        gathering.work()
        gathering.ingest(
            *(message(f"u{n}", session_id=OTHER, at_ms=5) for n in range(40)), session_id=OTHER
        )
        counts = []

        def write(path: str) -> None:
            if path == "/sync/message":
                counts.append(len(gathering.backend.messages(OTHER)))
                if len(counts) == 2:
                    gathering.say("u2")
                gathering.clock.advance(0.1)

        gathering.transport.on_arrival = write
        assert gathering.uploader.turn() is True
        assert 2 < len(gathering.backend.messages(OTHER)) < 40
        assert gathering.uploader.turn() is True
        assert gathering.ids() == ["u0", "u1", "u2"]

    def test_after_a_pause_nothing_waits(self, gathering: World) -> None:
        """Nobody knows whether more is written soon."""
        gathering.say("u1")
        gathering.work()
        gathering.clock.advance(PAUSE_SECONDS)
        gathering.say("u5")
        assert gathering.uploader.turn() is True

    def test_a_backlog_does_not_gather(self, gathering: World) -> None:
        """Nor does its turn end the gathering of what was just written."""
        gathering.say("u1")
        gathering.work()
        gathering.say("u2")
        gathering.ingest(
            *(message(f"u{n}", session_id=OTHER, at_ms=5) for n in range(3)), session_id=OTHER
        )
        assert gathering.uploader.turn() is True
        assert gathering.ids(OTHER) == ["u0", "u1", "u2"]
        assert gathering.ids() == ["u0", "u1"]

    def test_a_session_rests_only_after_rows(self, gathering: World) -> None:
        """After its settled state the next row is sent at once."""
        gathering.say("u1")
        gathering.drain()
        gathering.ingest(facts={"custom_title": "Renamed"})
        gathering.clock.advance(60)
        gathering.work()
        gathering.say("u2")
        assert gathering.uploader.turn() is True

    def test_waking_all_workers_ends_the_gathering(self, gathering: World) -> None:
        """A sync-now, or the end of the daemon."""
        gathering.say("u1")
        gathering.work()
        gathering.say("u2")
        assert gathering.uploader.turn() is False
        gathering.uploader.wake_all()
        assert gathering.uploader.turn() is True
        assert gathering.ids() == ["u0", "u1", "u2"]

    def test_what_several_sessions_write_is_sent_with_one_request(self, gathering: World) -> None:
        """Each session's rows in order; a thousand live rows cost hundreds of requests."""
        names = [f"s{number}" for number in range(5)]
        for name in names:
            gathering.say("u0", session_id=name, ago_ms=5)
        gathering.work()
        gathering.clock.advance(1)
        before = len(gathering.backend.calls)
        for round_number in range(1, 11):
            for name in names:
                gathering.say(f"u{round_number}", session_id=name, ago_ms=60)
            gathering.work()
            gathering.clock.advance(0.3)
        requests = len(gathering.backend.calls) - before
        assert requests <= 12
        for name in names:
            gathering.drain()
            gathering.assert_complete(name)
            assert gathering.ids(name) == [f"u{number}" for number in range(11)]

    def test_where_little_is_written_it_gathers_for_longer(self, gathering: World) -> None:
        """Two rows at least for each request, and none waits for much longer than half a second."""
        before = len(gathering.backend.calls)
        for number in range(1, 101):
            gathering.say(f"u{number}")
            for _ in range(5):
                gathering.work()
                gathering.clock.advance(0.1)
            # At the latest the one before the last is there.
            assert len(gathering.ids()) >= number - 1
        assert len(gathering.backend.calls) - before <= 60
        assert gathering.uploader._gathering.seconds <= 0.6
        gathering.drain()
        gathering.assert_complete()

    def test_a_session_that_cannot_join_is_sent_by_itself(self, gathering: World) -> None:
        """Its rows may be there already: they do not gather for requests that leave them out."""
        for name in (SESSION, OTHER):
            gathering.say("u1", session_id=name)
            gathering.work()
            gathering.clock.advance(1)
        for name in (OTHER, SESSION):
            gathering.say("u2", session_id=name)
        rows = gathering.outbox.rows(OTHER, gathering.clock.now_ms, 9).value
        gathering.outbox.mark_uncertain(OTHER, [row.message.seq for row in rows])
        gathering.say("u3")
        gathering.work()
        assert gathering.ids() == ["u0", "u1", "u2", "u3"]
        assert gathering.ids(OTHER) == ["u1", "u2"]

    def test_a_failed_common_request_delays_its_sessions(
        self, world: World, memory: MemoryDestination
    ) -> None:
        """Each may be the reason; none loses a row."""
        for name in (SESSION, OTHER):
            world.say("u1", session_id=name)
            world.work()
        for name in (SESSION, OTHER):
            world.say("u2", session_id=name)
        failure = Retryable("x", hint="")
        memory.failures = [failure]
        assert world.turn() is failure
        assert world.uploader.turn() is False
        assert not world.uploader.is_busy(None)
        world.clock.advance(0.05)
        world.work()
        assert len(memory.rows) == 6
        assert world.outbox.count_unsettled(None) == 0

    def test_a_session_without_messages_is_not_sent(self, world: World) -> None:
        """There is nothing to show, and nothing stays due."""
        world.ingest(facts={"custom_title": "Early"})
        world.drain()
        assert calls_to(world.backend, "/sync/session", "/sync/message", "/sync/batch") == []
        assert world.outbox.count_unsettled(None) == 0

    def test_a_stop_ends_a_turn_between_two_requests(
        self, world: World, memory: MemoryDestination
    ) -> None:
        """What is left stays due for the next start."""
        world.ingest(*(message(f"u{number}", at_ms=5) for number in range(3)))
        memory.step_rows = 1
        _once(memory, "rows", world.stop.set)
        world.uploader.turn()
        assert len(memory.rows) == 1
        assert world.outbox.due_sessions(world.clock.now_ms) == [SESSION]

    def test_a_commit_during_a_turn_keeps_the_session_due(
        self, world: World, memory: MemoryDestination
    ) -> None:
        """Even when it came after the rows were read."""
        world.say("u1")
        _once(memory, "state", lambda: world.ingest(facts={"custom_title": "Meanwhile"}))
        world.uploader.turn()
        assert world.outbox.due_sessions(world.clock.now_ms) == [SESSION]

    def test_an_excluded_session_sends_nothing_more(
        self, world: World, memory: MemoryDestination
    ) -> None:
        """Also when the exclusion comes in the middle of its turn."""
        world.say("u1")

        def exclude(_name: str) -> None:
            world.ingest(message("u2"), excluded=frozenset({SESSION}))

        memory.on_call = exclude
        world.uploader.turn()
        assert (memory.states, memory.rows) == ({}, {})
        assert world.uploader.turn() is False


def _once(memory: MemoryDestination, name: str, action: Callable[[], object]) -> None:
    """Let something happen after the next call of that name was carried out."""

    def act(called: str) -> None:
        if called == name:
            memory.on_answer = lambda _name: None
            action()

    memory.on_answer = act


class TestCheck:
    """Before anything is sent, the destination is checked."""

    def test_it_is_checked_once(self, world: World) -> None:
        """Until a key is not accepted or something else answers."""
        world.say("u1")
        world.work()
        world.say("u2")
        world.work()
        assert calls_to(world.backend, "/health") == ["/health"]
        backend_info = world.uploader.health.backend_info
        assert backend_info is not None
        assert backend_info.clock_skew_seconds == 0.0

    def test_nothing_is_sent_before_it_succeeds(self, world: World) -> None:
        """A wrong key is found by the check, not by the user's rows."""
        world.say("u1")
        world.api_key = "osk_wrong"
        world.connect()
        assert isinstance(world.turn(), Unauthorized)
        assert calls_to(world.backend) == ["/health", "/sync/sessions/list"]

    @pytest.mark.parametrize(
        "fault", [faults.HTML_ANSWER, faults.redirect(302), faults.refuse(401)]
    )
    def test_it_is_checked_again_after_a_wrong_key_or_an_unexpected_answer(
        self, world: World, fault: faults.Fault
    ) -> None:
        """The address may lead elsewhere by now, or the key may have been changed."""
        world.say("u1")
        world.work()
        world.transport.faults = FaultPlan.of(fault)
        world.say("u2")
        assert isinstance(world.turn(), UnexpectedAnswer | Unauthorized)
        assert world.uploader.health.backend_info is None
        world.work()
        assert calls_to(world.backend, "/health") == ["/health", "/health"]
        assert world.ids() == ["u1", "u2"]


class TestFailures:
    """What a failure changes, and what it does not."""

    @pytest.mark.parametrize(
        ("failure", "seconds"),
        [
            (Retryable("x", hint=""), 0.02),
            (Retryable("x", hint="", retry_after=7.0), 7),
            (Rejected("x", hint=""), 0.02),
            (OFFLINE, 0),
            (UNAUTHORIZED, 0),
            (UnexpectedAnswer("x", hint=""), 0),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_a_session_that_may_be_the_reason_is_delayed(
        self, world: World, memory: MemoryDestination, failure: DestinationError, seconds: float
    ) -> None:
        """When no session can be served all stay due: the worker itself waits."""
        world.say("u1")
        memory.failures = [None, failure]
        assert world.turn() is failure
        due_ms = world.outbox.next_due_ms()
        assert due_ms == world.clock.now_ms + seconds * 1000

    def test_its_delays_grow_until_it_succeeds(
        self, world: World, memory: MemoryDestination
    ) -> None:
        """A moment, then twice as long each time, at most a minute."""
        world.say("u1")
        memory.failure = Retryable("x", hint="")
        waits = []
        for _ in range(13):
            world.turn()
            due_ms = world.outbox.next_due_ms()
            assert due_ms is not None
            waits.append(due_ms - world.clock.now_ms)
            world.clock.now_ms = due_ms
        assert waits == [20 * 2**number for number in range(12)] + [60_000]
        memory.failure = None
        world.work()
        world.say("u2")
        memory.failure = Retryable("x", hint="")
        world.turn()
        assert world.outbox.next_due_ms() == world.clock.now_ms + 20

    def test_an_acknowledged_row_resets_its_delays(
        self, world: World, memory: MemoryDestination
    ) -> None:
        """A long session at a backend that fails now and then is not slowed down."""
        world.ingest(*(message(f"u{number}") for number in range(20)))
        memory.step_rows = 1
        for _ in range(20):
            memory.failures = [None, None, Retryable("x", hint="")]
            world.turn()
            due_ms = world.outbox.next_due_ms()
            if due_ms is None:
                break
            assert due_ms - world.clock.now_ms <= 50
            world.clock.now_ms = due_ms
        world.work()
        assert len(memory.rows) == 21

    def test_an_acknowledged_row_ends_an_outage(
        self, world: World, memory: MemoryDestination
    ) -> None:
        """Not only the end of the turn, which may be hours away: a flush waits while it lasts."""
        world.ingest(message("u1"), message("u2"))
        memory.step_rows = 1
        memory.failures = [OFFLINE]
        world.turn()
        errors = []
        memory.on_call = lambda name: errors.append((name, world.uploader.health.error))
        world.turn()
        assert errors[:4] == [
            ("check", OFFLINE),
            ("state", OFFLINE),
            ("rows", OFFLINE),
            ("rows", None),
        ]

    def test_the_delay_that_the_destination_asks_for_is_kept(
        self, world: World, memory: MemoryDestination
    ) -> None:
        """Neither a new line nor a touch ends it."""
        world.say("u1")
        memory.failures = [Retryable("x", hint="", retry_after=30.0)]
        world.turn()
        world.say("u2")
        world.outbox.make_due_now(None)
        assert world.turn() is False
        world.clock.advance(30)
        assert world.turn() is True

    def test_the_error_is_kept_with_the_session_until_an_ack(
        self, world: World, memory: MemoryDestination
    ) -> None:
        """`status` shows it."""

        def stored_error() -> str | None:
            query = "SELECT error FROM remote"
            error: str | None = world.database.read().execute(query).fetchone()[0]
            return error

        world.say("u1")
        memory.failures = [OFFLINE]
        world.turn()
        assert stored_error() == "cannot reach memory"
        world.turn()
        assert stored_error() is None

    def test_an_outage_is_logged_once_when_it_begins_and_once_when_it_ends(
        self, world: World, memory: MemoryDestination, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A daemon that is offline for a night does not fill the disk."""
        caplog.set_level(logging.INFO)
        world.say("u1")
        began = world.clock.now_ms
        memory.failure = OFFLINE
        for _ in range(5):
            world.turn()
            world.clock.advance(60)
        health = world.uploader.health
        assert (health.error, health.since_ms) == (OFFLINE, began)
        memory.failure = UNAUTHORIZED
        world.turn()
        assert (health.error, health.since_ms) == (UNAUTHORIZED, began)
        memory.failure = None
        world.work()
        assert (health.error, health.since_ms) == (None, None)
        assert [record.getMessage() for record in caplog.records] == [
            "upload paused: cannot reach memory",
            "upload paused: memory does not accept the API key",
            "upload resumed",
        ]

    def test_a_failure_that_passes_at_once_is_not_logged(
        self, world: World, memory: MemoryDestination, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A backend that fails on every tenth request is not an outage."""
        caplog.set_level(logging.INFO)
        for number in range(5):
            world.say(f"u{number}")
            memory.failures = [OFFLINE]
            world.turn()
            assert world.uploader.health.error is OFFLINE
            world.clock.advance(0.1)
            world.work()
            assert world.uploader.health.error is None
        assert caplog.records == []

    def test_acknowledged_rows_are_counted(self, world: World, memory: MemoryDestination) -> None:
        """A flush reports how many it sent."""
        world.say("u1")
        world.drain()
        assert world.uploader.health.rows_sent == len(memory.rows) == 2

    @pytest.mark.tailing_case("41")
    def test_a_key_that_stops_working_loses_nothing(self, world: World) -> None:
        """Nor is anything doubled once it works again."""
        world.ingest(message("u1"), message("u2"))
        world.transport.faults = FaultPlan.of(None, None, None, faults.refuse(401))
        assert isinstance(world.turn(), Unauthorized)
        assert _certain(world) == [True, True, True]
        world.drain()
        world.assert_complete()

    def test_offline_and_back(self, world: World) -> None:
        """Rows stay pending, and certain."""
        world.transport.is_offline = True
        world.ingest(message("u1"), message("u2"))
        assert isinstance(world.turn(), Unsent)
        world.transport.is_offline = False
        world.drain()
        world.assert_complete()

"""The loop of a worker: real threads, and how long they wait."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.clock import SystemClock
from ccsync_watch.errors import (
    DestinationError,
    Retryable,
    Unauthorized,
    UnexpectedAnswer,
    Unsent,
)
from ccsync_watch.uploader import Uploader
from ccsync_watch.uploader.backoff import LATE_KEY_WAIT_SECONDS, Backoff, Notifier
from support.fakes import FakeClock
from support.memory_destination import connect_memory
from support.storing import SESSION, World, message
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FAIL_REMOTE = "CREATE TRIGGER full BEFORE UPDATE ON remote BEGIN SELECT RAISE(ABORT, 'full'); END"


class Workers:
    """A few workers on one store, stopped at the end."""

    def __init__(self, world: World, count: int) -> None:
        self.world = world
        self.memory = connect_memory(world)
        self.uploader = Uploader(
            self.memory, outbox=world.outbox, clock=SystemClock(), stop=world.stop
        )
        self.threads = [threading.Thread(target=self.uploader.run) for _ in range(count)]

    def start(self) -> None:
        """Start them all."""
        for thread in self.threads:
            thread.start()

    def say(self, uuid: str, session_id: str = SESSION) -> None:
        """Commit a line of now and wake them."""
        self.world.clock.now_ms = SystemClock().wall_ms()
        self.world.say(uuid, session_id=session_id)
        self.uploader.wake_all()

    def stop(self) -> None:
        """Stop them and wait for their end."""
        self.world.stop.set()
        self.uploader.wake_all()
        for thread in self.threads:
            if thread.ident is not None:
                thread.join(WAIT_SECONDS)
                assert not thread.is_alive()


def _until(condition: Callable[[], bool], seconds: float = WAIT_SECONDS) -> None:
    end = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < end, "the condition is still false"
        pause.wait(0.005)


@pytest.fixture
def workers(world: World) -> Iterator[Workers]:
    """Have two workers, not yet started."""
    workers = Workers(world, 2)
    yield workers
    workers.stop()


class TestRun:
    """Real threads."""

    def test_a_wakeup_ends_an_idle_wait(self, workers: Workers) -> None:
        """A line is sent within moments of its commit, though nothing was due for a minute."""
        workers.start()
        for number in range(3):
            workers.say(f"u{number}")
            _until(lambda: len(workers.memory.rows) == number + 2)  # noqa: B023 - called at once

    def test_many_sessions_are_sent_by_several_workers(self, workers: Workers) -> None:
        """Each row once, and each session by one of them at a time."""
        for number in range(10):
            workers.say("u1", session_id=f"s{number}")
        workers.start()
        _until(lambda: len(workers.memory.rows) == 20)
        assert workers.world.figures()["rows_rejected"] == 0
        _until(lambda: not workers.uploader.is_busy(None))
        assert workers.uploader.health.rows_sent == 20

    def test_one_worker_checks_for_all(self, workers: Workers) -> None:
        """A check may be expensive for the destination: two that start together make one."""
        arrived = threading.Event()

        def check(name: str) -> None:
            if name == "check":
                arrived.set()
                _until(lambda: len(workers.uploader._busy) == 2)

        workers.memory.on_call = check
        for number in range(2):
            workers.say("u1", session_id=f"s{number}")
        workers.start()
        _until(lambda: len(workers.memory.rows) == 4)
        assert arrived.is_set()
        assert workers.memory.calls.count("check") == 1

    def test_one_wakeup_is_passed_on(self, workers: Workers) -> None:
        """Each worker serves one of the sessions that are due: here two requests must meet."""
        workers.start()
        workers.say("u1", session_id="s0")
        _until(lambda: len(workers.memory.rows) == 2 and not workers.uploader.is_busy(None))
        meeting = threading.Barrier(2)

        def meet(name: str) -> None:
            if name == "state":
                meeting.wait(WAIT_SECONDS)

        workers.memory.on_call = meet
        for number in (1, 2):
            workers.world.say("u1", session_id=f"s{number}")
        workers.uploader.wake_one()
        _until(lambda: len(workers.memory.rows) == 6)

    def test_a_failure_is_tried_again_by_itself(self, workers: Workers) -> None:
        """Without being woken."""
        workers.memory.failures = [Unsent("x", hint="")]
        workers.say("u1")
        workers.start()
        _until(lambda: f"{SESSION}:u1" in workers.memory.rows)
        _until(lambda: workers.uploader.health.error is None)

    def test_a_stop_ends_every_wait_at_once(self, workers: Workers) -> None:
        """An idle one, and one after a failure that asked for ten minutes."""
        workers.memory.failure = Retryable("x", hint="", retry_after=600.0)
        workers.say("u1")
        workers.start()
        _until(lambda: workers.uploader.health.error is not None)
        workers.stop()  # it fails where a worker is still there long before the ten minutes
        assert workers.world.figures()["rows_pending"] == 2

    def test_a_stopped_uploader_does_not_take_a_turn(self, workers: Workers) -> None:
        """A worker started late ends at once."""
        workers.say("u1")
        workers.world.stop.set()
        workers.uploader.run()
        assert workers.memory.calls == []

    def test_a_stop_during_a_failing_request_ends_the_worker(self, workers: Workers) -> None:
        """It is not tried again."""
        workers.memory.failure = Unsent("x", hint="")
        workers.memory.on_call = lambda _name: workers.world.stop.set()
        workers.say("u1")
        workers.uploader.run()
        assert workers.memory.calls == ["check"]

    def test_an_error_of_the_store_ends_the_run(self, workers: Workers) -> None:
        """Whoever owns the thread knows the file, and whether it is damaged."""
        workers.say("u1")
        with workers.world.database.write() as connection:
            connection.execute(FAIL_REMOTE)
        with pytest.raises(sqlite3.IntegrityError, match="full"):
            workers.uploader.run()

    def test_a_backend_that_fails_now_and_then_is_hardly_slower(self, workers: Workers) -> None:
        """Every tenth request fails; each worker continues at once."""
        workers.memory.step_rows = 1
        workers.world.ingest(*(message(f"u{number}", at_ms=5) for number in range(300)))
        workers.memory.failures = [Retryable("x", hint="")] + [None] * 9
        workers.memory.failures *= 40
        began = time.monotonic()
        workers.start()
        _until(lambda: len(workers.memory.rows) == 301)
        assert time.monotonic() - began < 10

    def test_a_revived_key_is_noticed_within_seconds(self, workers: Workers) -> None:
        """By testing it, not by sending rows; and by one worker for all."""
        workers.memory.failure = Unauthorized("x", hint="")
        for number in range(4):
            workers.say("u1", session_id=f"s{number}")
        workers.start()
        _until(lambda: workers.uploader.health.error is not None)
        workers.memory.failure = None
        began = time.monotonic()
        _until(lambda: len(workers.memory.rows) == 8)
        assert time.monotonic() - began < LATE_KEY_WAIT_SECONDS
        assert workers.memory.calls.count("check") <= 4


class Attempts:
    """A backoff on a clock that stands still unless it is moved, and what it allows."""

    def __init__(self, *, jitter: float = 1.0) -> None:
        self.clock = FakeClock()
        self.backoff = Backoff(self.clock, rng=Jitter(jitter))

    def wait_after(self, *errors: DestinationError) -> float:
        """Return the wait after the last of these failures in succession."""
        for error in errors:
            self.backoff.record_failure(error)
        return round(self.backoff.claim_attempt(), 3)


class Jitter(random.Random):
    """Takes the same share of every range."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def uniform(self, a: float, b: float) -> float:
        """Return the value at that share of the range."""
        return a + (b - a) * self.share


FAILURE = Retryable("x", hint="")


class TestWaits:
    """How long the workers wait after which failure."""

    def test_they_double_up_to_a_limit(self) -> None:
        """Short ones first: most failures are over at once."""
        attempts = Attempts()
        waits = [attempts.wait_after(FAILURE) for _ in range(10)]
        assert waits == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6]
        assert attempts.wait_after(FAILURE) == 30.0

    def test_they_are_drawn_from_the_whole_range(self) -> None:
        """So that many clients do not come back at once."""
        backoff = Backoff(FakeClock())
        waits = []
        for _ in range(200):
            backoff.record_failure(FAILURE)
            backoff.record_failure(FAILURE)
            waits.append(backoff.claim_attempt())
            for _ in range(4):
                backoff.record_success()
        assert 0 <= min(waits) < 0.02
        assert 0.08 < max(waits) <= 0.1

    @pytest.mark.parametrize(
        ("error", "seconds"),
        [(FAILURE, 30.0), (UnexpectedAnswer("x", hint=""), 30.0), (Unsent("x", hint=""), 10.0)],
        ids=lambda value: type(value).__name__,
    )
    def test_a_network_is_tried_more_often_than_a_backend_that_fails(
        self, error: DestinationError, seconds: float
    ) -> None:
        """A connection that fails costs the backend nothing."""
        assert Attempts().wait_after(*[error] * 40) == seconds

    def test_a_success_resets_the_wait(self) -> None:
        """An outage last week does not make today's error last a minute."""
        attempts = Attempts()
        attempts.wait_after(*[FAILURE] * 9)
        assert attempts.backoff.record_success()
        assert not attempts.backoff.record_success()
        assert attempts.backoff.claim_attempt() == 0.0
        assert attempts.wait_after(FAILURE) == 0.05

    @pytest.mark.parametrize(("successes", "seconds"), [(10, 0.05), (3, 0.05), (1, 2.0)])
    def test_quick_retries_have_a_budget(self, successes: int, seconds: float) -> None:
        """A backend that fails on most requests is not hammered by quick retries."""
        attempts = Attempts()
        waits = []
        for _ in range(30):
            waits.append(attempts.wait_after(FAILURE))
            for _ in range(successes):
                attempts.backoff.record_success()
        assert waits[0] == 0.05
        assert max(waits) == seconds

    def test_a_wrong_key_is_tested_every_few_seconds_for_an_hour(self) -> None:
        """Then every minute: each test costs its owner function calls."""
        attempts = Attempts()
        wrong = Unauthorized("x", hint="")
        assert attempts.wait_after(wrong) == 4.0
        assert attempts.wait_after(*[wrong] * 999) == 4.0
        assert attempts.wait_after(wrong) == 60.0

    def test_the_workers_make_one_attempt_per_wait_together(self) -> None:
        """Four workers are not four times the load on a backend that is down."""
        attempts = Attempts()
        attempts.wait_after(*[FAILURE] * 8)
        attempts.clock.advance(6.4)
        allowed = [attempts.backoff.claim_attempt() == 0.0 for _ in range(4)]
        assert allowed == [True, False, False, False]

    def test_an_attempt_that_was_not_used_is_for_another_worker(self) -> None:
        """Its worker found nothing to send."""
        attempts = Attempts()
        attempts.wait_after(*[FAILURE] * 8)
        attempts.clock.advance(6.4)
        assert attempts.backoff.claim_attempt() == 0.0
        attempts.backoff.return_attempt()
        assert attempts.backoff.claim_attempt() == 0.0
        attempts.wait_after(FAILURE)
        attempts.backoff.return_attempt()
        assert attempts.backoff.claim_attempt() == pytest.approx(12.8)

    def test_the_first_delay_that_is_asked_for_concerns_one_session(self) -> None:
        """A second one without a success in between is for all."""
        attempts = Attempts()
        asked = Retryable("x", hint="", retry_after=40.0)
        assert attempts.wait_after(asked) == 0.05
        assert attempts.wait_after(asked) == 40.0
        attempts.backoff.hurry()
        assert attempts.backoff.claim_attempt() == 40.0

    def test_a_wakeup_ends_a_long_wait_after_a_rest(self) -> None:
        """A user who asks for a sync waits for two seconds; commits do not hammer the backend."""
        attempts = Attempts()
        attempts.wait_after(*[FAILURE] * 9)
        attempts.clock.advance(1.5)
        attempts.backoff.hurry()
        assert attempts.backoff.claim_attempt() == pytest.approx(0.5)
        attempts.clock.advance(0.5)
        assert attempts.backoff.claim_attempt() == 0.0

    def test_wake_one_ends_one_wait(self) -> None:
        """A commit needs one worker; the others stay asleep."""
        notifier = Notifier(threading.Event())
        woken = threading.Semaphore(0)
        wakeups = notifier.wakeups

        def sleep() -> None:
            notifier.wait(60, since=wakeups)
            woken.release()

        sleepers = [threading.Thread(target=sleep) for _ in range(3)]
        for sleeper in sleepers:
            sleeper.start()
        _until(lambda: len(notifier._condition._waiters) == 3)  # type: ignore[attr-defined]  # as CPython has it
        notifier.wake_one()
        assert woken.acquire(timeout=WAIT_SECONDS)
        assert len(notifier._condition._waiters) == 2  # type: ignore[attr-defined]  # as above
        notifier.wake_all()
        for sleeper in sleepers:
            sleeper.join(WAIT_SECONDS)
            assert not sleeper.is_alive()

    def test_a_wakeup_before_the_wait_is_not_missed(self) -> None:
        """A commit may come after the queue was read and before the wait begins."""
        stop = threading.Event()
        notifier = Notifier(stop)
        wakeups = notifier.wakeups
        notifier.wake_all()
        began = time.monotonic()
        notifier.wait(60, since=wakeups)
        assert time.monotonic() - began < 60


class TestIdle:
    """How long a worker waits when nothing is due."""

    def test_until_the_next_session_is_due(self, world: World) -> None:
        """At most a minute, and a moment while another worker serves the session."""
        assert world.uploader._idle_seconds() == 60.0
        world.say("u1")
        assert world.uploader._idle_seconds() == 0.1
        world.outbox.block(SESSION, world.clock.now_ms + 11_000)
        assert world.uploader._idle_seconds() == 11.0
        world.outbox.block(SESSION, world.clock.now_ms + 600_000)
        assert world.uploader._idle_seconds() == 60.0

    def test_until_the_gathering_ends(self, gathering: World) -> None:
        """Rows that gathered are sent when it ends, and not later."""
        gathering.say("u1")
        gathering.work()
        gathering.clock.advance(0.1)
        gathering.say("u2")
        gathering.work()
        gathering.clock.advance(0.1)
        assert gathering.uploader._idle_seconds() == pytest.approx(0.15)

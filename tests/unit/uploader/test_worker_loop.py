"""The loop of a worker: real threads, and how long they wait."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
import tenacity

from ccsync_watch.clock import SystemClock
from ccsync_watch.errors import (
    DestinationError,
    Retryable,
    Unauthorized,
    UnexpectedAnswer,
    Unsent,
)
from ccsync_watch.uploader import Uploader
from ccsync_watch.uploader.backoff import Backoff, Notifier
from support.memory_destination import connect_memory
from support.storing import SESSION, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


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
                thread.join(10)
                assert not thread.is_alive()


def _until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
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

    def test_one_wakeup_is_passed_on(self, workers: Workers) -> None:
        """Each worker serves one of the sessions that are due: here two requests must meet."""
        workers.start()
        workers.say("u1", session_id="s0")
        _until(lambda: len(workers.memory.rows) == 2 and not workers.uploader.is_busy(None))
        meeting = threading.Barrier(2)

        def meet(name: str) -> None:
            if name == "state":
                meeting.wait(10)

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
        began = time.monotonic()
        workers.stop()
        assert time.monotonic() - began < 5
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

    def test_a_store_that_fails_is_logged_and_the_worker_stays(
        self, workers: Workers, caplog: pytest.LogCaptureFixture
    ) -> None:
        """It tries again until it is stopped."""
        workers.say("u1")
        with workers.world.database.write() as connection:
            connection.execute(
                "CREATE TRIGGER full BEFORE UPDATE ON remote BEGIN SELECT RAISE(ABORT, 'full'); END"
            )
        workers.start()
        _until(lambda: "upload: " in caplog.text)
        assert all(thread.is_alive() for thread in workers.threads)

    def test_a_store_closed_during_a_turn_ends_the_worker_quietly(
        self, workers: Workers, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A worker that the daemon no longer waits for logs nothing."""
        world = workers.world
        workers.say("u1")

        def end(_name: str) -> None:
            world.stop.set()
            world.close()

        workers.memory.on_call = end
        workers.uploader.run()
        assert caplog.text == ""


class TestWaits:
    """How long a worker waits after which failure."""

    def _seconds(self, *errors: DestinationError) -> list[float]:
        """Return the waits of one worker that fails with these errors in succession."""
        stop = threading.Event()
        backoff = Backoff(Notifier(stop), stop)
        waits = []
        for number, error in enumerate(errors, start=1):
            state = tenacity.RetryCallState(tenacity.Retrying(), None, (), {})
            state.attempt_number = number
            state.set_exception((type(error), error, None))
            waits.append(backoff.seconds(state))
        return waits

    @pytest.mark.parametrize(
        "error", [Retryable("x", hint=""), Unsent("x", hint=""), UnexpectedAnswer("x", hint="")]
    )
    def test_they_double_with_jitter_up_to_a_minute(self, error: DestinationError) -> None:
        """So that many clients do not come back at once."""
        waits = self._seconds(*[error] * 10)
        for number, wait in enumerate(waits):
            least = min(0.5 * 2**number, 60)
            assert least <= wait <= least + 0.5
        assert len({wait % 0.5 for wait in waits}) == 10

    def test_the_delay_that_was_asked_for_is_the_least(self) -> None:
        """More than that only after many failures."""
        first, last = self._seconds(
            Retryable("x", hint="", retry_after=30.0), Retryable("x", hint="", retry_after=0.0)
        )
        assert first == 30.0
        assert 1.0 <= last <= 1.5

    def test_a_wrong_key_pauses_for_a_minute(self) -> None:
        """Only a user can correct it."""
        assert self._seconds(Unauthorized("x", hint="")) == [60.0]

    def test_a_success_resets_the_wait(self) -> None:
        """An outage last week does not make today's hiccup last a minute."""
        stop = threading.Event()
        notifier = Notifier(stop)
        backoff = Backoff(notifier, stop)
        for _ in range(3):
            failures = iter([Unsent("x", hint="")])

            def turn() -> None:
                for failure in failures:  # noqa: B023 - called at once
                    raise failure

            began = time.monotonic()
            backoff.run(turn)
            assert 0.5 <= time.monotonic() - began < 1.9

    def test_a_wakeup_does_not_end_the_rest_after_a_failure(self) -> None:
        """Commits of a busy session must not hammer a backend that is down."""
        stop = threading.Event()
        notifier = Notifier(stop)
        attempts: list[float] = []

        def turn() -> None:
            attempts.append(time.monotonic())
            notifier.wake_all()
            if len(attempts) < 2:
                raise Unsent("x", hint="")

        timer = threading.Timer(0.1, notifier.wake_all)
        timer.start()
        Backoff(notifier, stop).run(turn)
        timer.join()
        assert attempts[1] - attempts[0] >= 0.5

    def test_a_wakeup_ends_a_long_wait_after_the_rest(self) -> None:
        """A user who asks for a sync after an outage does not wait for the whole minute."""
        stop = threading.Event()
        notifier = Notifier(stop)
        attempts: list[float] = []

        def turn() -> None:
            attempts.append(time.monotonic())
            if len(attempts) < 2:
                raise Unauthorized("x", hint="")

        timer = threading.Timer(0.1, notifier.wake_all)
        timer.start()
        Backoff(notifier, stop).run(turn)
        timer.join()
        assert 2.0 <= attempts[1] - attempts[0] < 10

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
        assert woken.acquire(timeout=10)
        assert len(notifier._condition._waiters) == 2  # type: ignore[attr-defined]  # as above
        notifier.wake_all()
        for sleeper in sleepers:
            sleeper.join(10)
            assert not sleeper.is_alive()

    def test_a_wakeup_before_the_wait_is_not_missed(self) -> None:
        """A commit may come after the queue was read and before the wait begins."""
        stop = threading.Event()
        notifier = Notifier(stop)
        wakeups = notifier.wakeups
        notifier.wake_all()
        began = time.monotonic()
        notifier.wait(60, since=wakeups)
        assert time.monotonic() - began < 5


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

    def test_until_the_first_rest_ends(self, gathering: World) -> None:
        """Rows that gathered are sent when the rest ends, and not later."""
        gathering.say("u1")
        gathering.work()
        gathering.clock.advance(0.1)
        gathering.say("u2")
        assert gathering.uploader._idle_seconds() == pytest.approx(0.15)

"""The loop of a worker: real threads, and how long each waits."""

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
from support.memory_sink import MemorySink
from support.storing import SESSION, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Workers:
    """A few workers on one store, stopped at the end."""

    def __init__(self, world: World, count: int) -> None:
        self.world = world
        self.sink = MemorySink()
        world.connect(self.sink)
        self.uploader = Uploader(
            database=world.database,
            outbox=world.outbox,
            sink=self.sink,
            clock=SystemClock(),
            stop=world.stop,
            prices=world.prices,
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
        assert time.monotonic() < end, "it never came about"
        pause.wait(0.005)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Have an empty store."""
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture
def workers(world: World) -> Iterator[Workers]:
    """Have two workers, not yet started."""
    made = Workers(world, 2)
    yield made
    made.stop()


class TestRun:
    """Real threads."""

    def test_a_kick_ends_an_idle_wait(self, workers: Workers) -> None:
        """A line is sent within moments of its commit, though nothing was due for a minute."""
        workers.start()
        for number in range(3):
            workers.say(f"u{number}")
            _until(lambda: len(workers.sink.messages) == number + 2)  # noqa: B023 - called at once

    def test_many_sessions_are_sent_by_several_workers(self, workers: Workers) -> None:
        """Each row once, and each session by one of them at a time."""
        for number in range(10):
            workers.say("u1", session_id=f"s{number}")
        workers.start()
        _until(lambda: len(workers.sink.messages) == 20)
        assert workers.world.figures()["rows_rejected"] == 0
        _until(lambda: not workers.uploader.is_busy(None))
        assert workers.uploader.health.rows_sent == 20

    def test_one_nudge_is_passed_on(self, workers: Workers) -> None:
        """Of several sessions due at once, each worker takes one: here two requests must meet."""
        workers.start()
        workers.say("u1", session_id="s0")
        _until(lambda: len(workers.sink.messages) == 2 and not workers.uploader.is_busy(None))
        meeting = threading.Barrier(2)

        def meet(name: str) -> None:
            if name == "put_session":
                meeting.wait(10)

        workers.sink.on_call = meet
        for number in (1, 2):
            workers.world.say("u1", session_id=f"s{number}")
        workers.uploader.wake_one()
        _until(lambda: len(workers.sink.messages) == 6)

    def test_a_failure_is_tried_again_by_itself(self, workers: Workers) -> None:
        """Without a wake_all."""
        workers.sink.failures = [Unsent("x", hint="")]
        workers.say("u1")
        workers.start()
        _until(lambda: f"{SESSION}:u1" in workers.sink.messages)
        _until(lambda: workers.uploader.health.error is None)

    def test_a_stop_ends_every_wait_at_once(self, workers: Workers) -> None:
        """An idle one, and one after a failure that asked for ten minutes."""
        workers.sink.failure = Retryable("x", hint="", retry_after=600.0)
        workers.say("u1")
        workers.start()
        _until(lambda: workers.uploader.health.error is not None)
        began = time.monotonic()
        workers.stop()
        assert time.monotonic() - began < 5
        assert workers.world.figures()["rows_pending"] == 2

    def test_a_stopped_uploader_takes_no_turn(self, workers: Workers) -> None:
        """A worker started late ends at once."""
        workers.say("u1")
        workers.world.stop.set()
        workers.uploader.run()
        assert workers.sink.calls == []

    def test_a_stop_during_a_failing_request_ends_the_worker(self, workers: Workers) -> None:
        """It is not tried again."""
        workers.sink.failure = Unsent("x", hint="")
        workers.sink.on_call = lambda _name: workers.world.stop.set()
        workers.say("u1")
        workers.uploader.run()
        assert workers.sink.calls == ["check"]

    def test_a_disk_that_refuses_is_said_and_outlived(
        self, workers: Workers, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The worker lives on until it is stopped."""
        workers.say("u1")
        with workers.world.database.write() as connection:
            connection.execute(
                "CREATE TRIGGER full BEFORE UPDATE ON remote BEGIN SELECT RAISE(ABORT, 'full'); END"
            )
        workers.start()
        _until(lambda: "upload: " in caplog.text)
        assert all(thread.is_alive() for thread in workers.threads)

    def test_a_store_closed_under_its_hands_ends_it_quietly(
        self, workers: Workers, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A worker that outlives the daemon's patience says nothing."""
        world = workers.world
        workers.say("u1")

        def end(_name: str) -> None:
            world.stop.set()
            world.close()

        workers.sink.on_call = end
        workers.uploader.run()
        assert caplog.text == ""


class TestWaits:
    """How long after which failure."""

    def _seconds(self, *errors: DestinationError) -> list[float]:
        """Return the waits of one worker that fails so in a row."""
        stop = threading.Event()
        backoff = Backoff(Notifier(stop), stop)
        made = []
        for number, error in enumerate(errors, start=1):
            state = tenacity.RetryCallState(tenacity.Retrying(), None, (), {})
            state.attempt_number = number
            state.set_exception((type(error), error, None))
            made.append(backoff.seconds(state))
        return made

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

    def test_the_time_that_was_asked_for_is_the_least(self) -> None:
        """More than that only when the failures say so."""
        first, last = self._seconds(
            Retryable("x", hint="", retry_after=30.0), Retryable("x", hint="", retry_after=0.0)
        )
        assert first == 30.0
        assert 1.0 <= last <= 1.5

    def test_a_refused_key_pauses_for_a_minute(self) -> None:
        """Nothing but a person mends it."""
        assert self._seconds(Unauthorized("x", hint="")) == [60.0]

    def test_a_success_begins_anew(self) -> None:
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

    def test_a_ring_does_not_end_the_rest_after_a_failure(self) -> None:
        """Commits of a busy session must not hammer a backend that is down."""
        stop = threading.Event()
        notifier = Notifier(stop)
        attempts: list[float] = []

        def turn() -> None:
            attempts.append(time.monotonic())
            notifier.ring()
            if len(attempts) < 2:
                raise Unsent("x", hint="")

        ringer = threading.Timer(0.1, notifier.ring)
        ringer.start()
        Backoff(notifier, stop).run(turn)
        ringer.join()
        assert attempts[1] - attempts[0] >= 0.5

    def test_a_ring_ends_a_long_wait_after_the_rest(self) -> None:
        """Who mends the network and asks for a sync does not wait out the minute."""
        stop = threading.Event()
        notifier = Notifier(stop)
        attempts: list[float] = []

        def turn() -> None:
            attempts.append(time.monotonic())
            if len(attempts) < 2:
                raise Unauthorized("x", hint="")

        ringer = threading.Timer(0.1, notifier.ring)
        ringer.start()
        Backoff(notifier, stop).run(turn)
        ringer.join()
        assert 2.0 <= attempts[1] - attempts[0] < 10

    def test_a_nudge_ends_one_wait(self) -> None:
        """A commit needs one worker; the others sleep on."""
        notifier = Notifier(threading.Event())
        woken = threading.Semaphore(0)
        rings = notifier.rings

        def sleep() -> None:
            notifier.wait(60, since=rings)
            woken.release()

        sleepers = [threading.Thread(target=sleep) for _ in range(3)]
        for sleeper in sleepers:
            sleeper.start()
        _until(lambda: len(notifier._condition._waiters) == 3)  # type: ignore[attr-defined]  # as CPython has it
        notifier.wake_one()
        assert woken.acquire(timeout=10)
        assert len(notifier._condition._waiters) == 2  # type: ignore[attr-defined]  # as above
        notifier.ring()
        for sleeper in sleepers:
            sleeper.join(10)
            assert not sleeper.is_alive()

    def test_a_ring_that_came_before_the_wait_is_not_missed(self) -> None:
        """Between the look at the queue and the wait a commit may come."""
        stop = threading.Event()
        notifier = Notifier(stop)
        rings = notifier.rings
        notifier.ring()
        began = time.monotonic()
        notifier.wait(60, since=rings)
        assert time.monotonic() - began < 5


class TestIdle:
    """How long a worker waits when nothing is due."""

    def test_until_the_next_session_is_due(self, world: World) -> None:
        """At most a minute, and a little while another worker serves it."""
        assert world.uploader._idle_seconds() == 60.0
        world.say("u1")
        assert world.uploader._idle_seconds() == 0.1
        world.outbox.block(SESSION, world.clock.now_ms + 11_000)
        assert world.uploader._idle_seconds() == 11.0
        world.outbox.block(SESSION, world.clock.now_ms + 600_000)
        assert world.uploader._idle_seconds() == 60.0

    def test_until_the_first_rest_ends(self, tmp_path: Path) -> None:
        """What gathers is sent when its rest ends, and not later."""
        world = World(tmp_path, gather_seconds=0.25)
        world.say("u1")
        world.work()
        world.clock.advance(0.1)
        world.say("u2")
        assert world.uploader._idle_seconds() == pytest.approx(0.15)

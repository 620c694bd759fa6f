"""The upload workers: they outlive a defect, and nobody waits for a dead backend."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest

from ccsync_watch.clock import SystemClock
from ccsync_watch.daemon.upload_workers import PATIENCE_SECONDS, UploadWorkers
from ccsync_watch.errors import DestinationError, Retryable, Unauthorized, Unsent
from ccsync_watch.uploader import Health
from support.fakes import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ccsync_watch.clock import Clock
    from ccsync_watch.daemon.runtime import Runtime
    from ccsync_watch.problem import Problem

AWAY = Unsent("cannot reach it", hint="wait")


@dataclass
class UploaderDouble:
    """Does `work` on each `run` and on each wake_all what `on_kick` says."""

    stop: threading.Event
    health: Health = field(default_factory=Health)
    work: Callable[[], None] = lambda: None
    on_kick: Callable[[], None] = lambda: None
    wakes: int = 0
    busy: bool = False

    def run(self) -> None:
        """Work, then wait for the end as the real one does."""
        self.work()
        self.stop.wait(30)

    def wake_all(self) -> None:
        """Count."""
        self.wakes += 1
        self.on_kick()

    def is_busy(self, _session_ids: Sequence[str] | None) -> bool:
        """Return what the test says."""
        return self.busy


@dataclass
class OutboxDouble:
    """Counts rows; remembers what a flush did to them."""

    rows: int = 0
    calls: list[str] = field(default_factory=list)

    def retry_rejected(self, *, is_released: bool, session_ids: Sequence[str] | None) -> int:
        """Remember."""
        self.calls.append(f"retry {is_released} {session_ids}")
        return 0

    def release(self, session_ids: Sequence[str] | None) -> None:
        """Remember."""
        self.calls.append(f"release {session_ids}")

    def make_due_now(self, session_ids: Sequence[str] | None) -> None:
        """Remember."""
        self.calls.append(f"make_due_now {session_ids}")

    def count_sendable(self, _session_ids: Sequence[str] | None, _now_ms: int) -> int:
        """Return the rows."""
        return self.rows

    def count_unsettled(self, _session_ids: Sequence[str] | None) -> int:
        """Return the rows."""
        return self.rows


class EngineDouble:
    """An runtime of doubles."""

    def __init__(self, *, has_backend: bool = True) -> None:
        self.stop = threading.Event()
        self.uploader = UploaderDouble(self.stop) if has_backend else None
        self.outbox = OutboxDouble()


def sending(runtime: EngineDouble, clock: Clock) -> UploadWorkers:
    """Return the workers of a double."""
    return UploadWorkers(cast("Runtime", runtime), clock)


def uploader_of(runtime: EngineDouble) -> UploaderDouble:
    """Return the double's uploader."""
    assert runtime.uploader is not None
    return runtime.uploader


def flushed(
    runtime: EngineDouble, clock: FakeClock, seconds: float = 300.0
) -> DestinationError | None:
    """Flush everything."""
    return sending(runtime, clock).flush(
        None, until=clock.monotonic() + seconds, stopping=threading.Event()
    )


def test_without_a_backend_nothing_happens() -> None:
    """No threads, no rows, no error."""
    runtime, clock = EngineDouble(has_backend=False), FakeClock()
    made = sending(runtime, clock)
    made.start()
    assert flushed(runtime, clock) is None
    made.drain(clock.monotonic() + 5)
    made.stop(1)
    assert made.rows_sent == 0
    assert not runtime.outbox.calls


def test_a_flush_releases_and_sends_what_waits() -> None:
    """Also what was refused before: backend or program may have been mended."""
    runtime, clock = EngineDouble(), FakeClock()
    runtime.outbox.rows = 3

    def send() -> None:
        runtime.outbox.rows = 0

    uploader_of(runtime).on_kick = send
    assert flushed(runtime, clock) is None
    assert runtime.outbox.calls == ["retry True None", "release None", "make_due_now None"]


def test_a_flush_of_one_session_concerns_that_one_alone() -> None:
    """What the backend refused of others stays as it is."""
    runtime, clock = EngineDouble(), FakeClock()
    sending(runtime, clock).flush(["one"], until=clock.monotonic() + 10, stopping=threading.Event())
    assert runtime.outbox.calls == ["retry True ['one']", "release ['one']", "make_due_now ['one']"]


def test_a_wrong_key_is_told_at_once() -> None:
    """Trying again does not help; but an error from before the request is not its answer."""
    runtime, clock = EngineDouble(), FakeClock()
    uploader = uploader_of(runtime)
    runtime.outbox.rows, uploader.health.error = 1, Unauthorized("old", hint="")
    fresh = Unauthorized("new", hint="")

    def refuse() -> None:
        uploader.health.error = fresh

    uploader.on_kick = refuse
    start = clock.monotonic()
    assert flushed(runtime, clock) is fresh
    assert clock.monotonic() - start < 1


def test_a_key_that_works_again_is_no_error() -> None:
    """The outage before the request is over with its first success."""
    runtime, clock = EngineDouble(), FakeClock()
    uploader = uploader_of(runtime)
    runtime.outbox.rows, uploader.health.error = 1, Unauthorized("old", hint="")

    def send() -> None:
        runtime.outbox.rows, uploader.health.error = 0, None

    uploader.on_kick = send
    assert flushed(runtime, clock) is None


def test_a_backend_that_is_away_is_told_after_some_tries() -> None:
    """Not after the whole five minutes that the caller allowed."""
    runtime, clock = EngineDouble(), FakeClock()
    runtime.outbox.rows, uploader_of(runtime).health.error = 1, AWAY
    start = clock.monotonic()
    assert flushed(runtime, clock) is AWAY
    assert clock.monotonic() - start == pytest.approx(PATIENCE_SECONDS, abs=0.2)
    assert uploader_of(runtime).wakes >= 5


def test_a_wait_that_the_backend_asks_for_is_kept() -> None:
    """One try at the request, none in between."""
    runtime, clock = EngineDouble(), FakeClock()
    runtime.outbox.rows = 1
    uploader_of(runtime).health.error = Retryable("busy", hint="", retry_after=60)
    assert flushed(runtime, clock) is not None
    assert uploader_of(runtime).wakes == 1


def test_an_outage_that_concerns_nothing_is_no_error() -> None:
    """Nothing waits: the answer is that all is sent."""
    runtime, clock = EngineDouble(), FakeClock()
    uploader_of(runtime).health.error = AWAY
    assert flushed(runtime, clock) is None


def test_a_hanging_backend_takes_the_callers_time_only() -> None:
    """Rows are left, and no error is known."""
    runtime, clock = EngineDouble(), FakeClock()
    runtime.outbox.rows, uploader_of(runtime).busy = 1, True
    start = clock.monotonic()
    assert flushed(runtime, clock, 20) is None
    assert clock.monotonic() - start == pytest.approx(20, abs=0.2)


def test_a_flush_ends_with_the_daemon() -> None:
    """However long it was allowed to take."""
    runtime, clock = EngineDouble(), FakeClock()
    runtime.outbox.rows = 1
    stopping = threading.Event()
    stopping.set()
    start = clock.monotonic()
    sending(runtime, clock).flush(None, until=start + 3600, stopping=stopping)
    assert clock.monotonic() == start


@pytest.mark.parametrize("error", [None, AWAY])
def test_the_last_drain_is_short(error: DestinationError | None) -> None:
    """Until all is sent or time is over; during an outage not at all."""
    runtime, clock = EngineDouble(), FakeClock()
    runtime.outbox.rows, uploader_of(runtime).health.error = 1, error
    start = clock.monotonic()
    sending(runtime, clock).drain(start + 3)
    assert clock.monotonic() - start == pytest.approx(0 if error else 3, abs=0.1)
    runtime.outbox.rows = 0
    start = clock.monotonic()
    sending(runtime, clock).drain(start + 3)
    assert clock.monotonic() == start


def test_a_defect_does_not_end_the_workers(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, shown, and the work goes on."""
    runtime, clock = EngineDouble(), FakeClock()
    uploader = uploader_of(runtime)
    went_on = threading.Event()
    shown: list[Problem | None] = []
    times = iter(range(1000))
    made = sending(runtime, clock)

    def fail_at_first() -> None:
        if next(times) < 4:
            raise KeyError("row")
        shown.append(made.problem)
        went_on.set()

    uploader.work = fail_at_first
    made.start()
    assert went_on.wait(10)
    made.stop(10)
    assert [record.message for record in caplog.records] == ["sending failed"] * 4
    assert not [thread for thread in made._threads if thread.is_alive()]


def test_a_worker_that_hangs_is_left_behind_silently() -> None:
    """What it fails on later, its closed database, is nobody's concern."""
    runtime = EngineDouble()
    gate, ended = threading.Event(), threading.Event()

    def hang() -> None:
        gate.wait(30)
        ended.set()
        raise ValueError("Cannot operate on a closed database.")

    uploader_of(runtime).work = hang
    made = sending(runtime, SystemClock())
    made.start()
    made.stop(0.05)
    gate.set()
    assert ended.wait(10)
    for thread in made._threads:
        thread.join(10)
    assert made.problem is None

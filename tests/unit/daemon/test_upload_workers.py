"""The upload workers survive a defect, and no caller waits for a dead backend."""

from __future__ import annotations

import itertools
import sqlite3
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest

from ccsync_watch.clock import SystemClock
from ccsync_watch.daemon.upload_workers import PATIENCE_SECONDS, UploadWorkers
from ccsync_watch.errors import DestinationError, Retryable, Unauthorized, Unsent
from ccsync_watch.uploader import Health, Uploader
from support.fakes import FakeClock
from support.memory_destination import connect_memory
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ccsync_watch.clock import Clock
    from ccsync_watch.errors import CcsyncError
    from ccsync_watch.problem import Problem
    from ccsync_watch.store.outbox import Outbox
    from support.storing import World

AWAY = Unsent("cannot reach it", hint="wait")


@dataclass
class UploaderDouble:
    """Does `work` on each `run`, and `on_wake` on each wake_all."""

    stop: threading.Event
    health: Health = field(default_factory=Health)
    work: Callable[[], None] = lambda: None
    on_wake: Callable[[], None] = lambda: None
    wakes: int = 0
    busy: bool = False
    helping: int = 0
    nothing_due: threading.Event = field(default_factory=threading.Event)
    on_more: Callable[[int], None] = lambda _workers: None

    def run(self) -> None:
        """Work, then wait for the stop as the real one does."""
        self.work()
        self.stop.wait(30)

    def call_for_more(self, on_more: Callable[[int], None]) -> None:
        """Keep what is to be called."""
        self.on_more = on_more

    def run_while_due(self) -> None:
        """Help until the test says that nothing is due."""
        self.helping += 1
        self.nothing_due.wait(30)

    def wake_all(self) -> None:
        """Count."""
        self.wakes += 1
        self.on_wake()

    def is_busy(self, _session_ids: Sequence[str] | None) -> bool:
        """Return what the test says."""
        return self.busy


@dataclass
class OutboxDouble:
    """Counts rows; records what a flush did to them."""

    rows: int = 0
    postponed: int = 0
    calls: list[str] = field(default_factory=list)

    def retry_rejected(self, *, is_released: bool, session_ids: Sequence[str] | None) -> int:
        """Record."""
        self.calls.append(f"retry {is_released} {session_ids}")
        return 0

    def release(self, session_ids: Sequence[str] | None) -> None:
        """Record."""
        self.calls.append(f"release {session_ids}")

    def make_due_now(self, session_ids: Sequence[str] | None) -> None:
        """Record."""
        self.calls.append(f"make_due_now {session_ids}")

    def count_sendable(self, _session_ids: Sequence[str] | None, _now_ms: int) -> int:
        """Return the rows."""
        return self.rows

    def count_pending(self, _session_ids: Sequence[str] | None, _now_ms: int) -> int:
        """Return the rows, and those that may be sent later only."""
        return self.rows + self.postponed

    def count_unsettled(self, _session_ids: Sequence[str] | None) -> int:
        """Return the rows."""
        return self.rows


class Scene:
    """Upload workers over doubles, not yet started."""

    def __init__(self, *, has_backend: bool = True, clock: Clock | None = None) -> None:
        self.clock = FakeClock()
        stop = threading.Event()
        self.double = UploaderDouble(stop)
        self.outbox = OutboxDouble()
        self.workers = UploadWorkers(
            cast("Uploader", self.double) if has_backend else None,
            cast("Outbox", self.outbox),
            stop=stop,
            clock=clock or self.clock,
        )

    def flush(
        self, seconds: float = 300.0, session_ids: list[str] | None = None
    ) -> DestinationError | None:
        """Flush these sessions, or all."""
        until = self.clock.monotonic() + seconds
        return self.workers.flush(session_ids, until=until, stopping=threading.Event())


def test_without_a_backend_nothing_happens() -> None:
    """No threads, no rows, no error."""
    scene = Scene(has_backend=False)
    scene.workers.start()
    assert scene.flush() is None
    scene.workers.drain(scene.clock.monotonic() + 5)
    scene.workers.stop(1)
    assert scene.workers.rows_sent == 0
    assert not scene.outbox.calls


def test_a_flush_releases_rows_and_uploads_them() -> None:
    """Rejected ones too: backend or program may have been updated."""
    scene = Scene()
    scene.outbox.rows = 3

    def send() -> None:
        scene.outbox.rows = 0

    scene.double.on_wake = send
    assert scene.flush() is None
    assert scene.outbox.calls == ["retry True None", "release None", "make_due_now None"]


def test_a_flush_waits_for_rows_that_may_be_sent_later_only() -> None:
    """After a repair the backend takes new content of a row once that is old enough."""
    scene = Scene()
    scene.outbox.postponed = 3
    assert scene.flush(20) is None
    assert sum(scene.clock.waits) >= 20
    scene.outbox.postponed, scene.clock.waits = 0, []
    assert scene.flush(20) is None
    assert scene.clock.waits == []


def test_the_end_does_not_wait_for_them() -> None:
    """They are kept, and sent after the next start."""
    scene = Scene()
    scene.outbox.postponed = 3
    start = scene.clock.monotonic()
    scene.workers.drain(start + 5)
    assert scene.clock.monotonic() == start


def test_another_process_can_wake_the_workers() -> None:
    """They may sleep for a minute otherwise; without a backend there are none."""
    scene = Scene()
    scene.workers.wake()
    assert scene.double.wakes == 1
    Scene(has_backend=False).workers.wake()


def test_a_flush_of_one_session_releases_that_session_alone() -> None:
    """The rejected rows of others stay as they are."""
    scene = Scene()
    scene.flush(10, ["one"])
    assert scene.outbox.calls == ["retry True ['one']", "release ['one']", "make_due_now ['one']"]


def test_a_rejected_key_is_reported_at_once() -> None:
    """Trying again does not help; but an error from before the request is not its answer."""
    scene = Scene()
    scene.outbox.rows, scene.double.health.error = 1, Unauthorized("old", hint="")
    new_error = Unauthorized("new", hint="")

    def reject() -> None:
        scene.double.health.error = new_error

    scene.double.on_wake = reject
    start = scene.clock.monotonic()
    assert scene.flush() is new_error
    assert scene.clock.monotonic() - start < 1


def test_a_key_that_works_again_is_not_an_error() -> None:
    """The outage before the request ends with its first success."""
    scene = Scene()
    scene.outbox.rows, scene.double.health.error = 1, Unauthorized("old", hint="")

    def send() -> None:
        scene.outbox.rows, scene.double.health.error = 0, None

    scene.double.on_wake = send
    assert scene.flush() is None


def test_a_backend_that_cannot_be_reached_is_reported_after_some_tries() -> None:
    """Not after the whole five minutes that the caller allowed."""
    scene = Scene()
    scene.outbox.rows, scene.double.health.error = 1, AWAY
    start = scene.clock.monotonic()
    assert scene.flush() is AWAY
    assert scene.clock.monotonic() - start == pytest.approx(PATIENCE_SECONDS, abs=0.2)
    assert scene.double.wakes >= 5


def test_a_retry_time_of_the_backend_is_respected() -> None:
    """One try at the request, none in between."""
    scene = Scene()
    scene.outbox.rows = 1
    scene.double.health.error = Retryable("busy", hint="", retry_after=60)
    assert scene.flush() is not None
    assert scene.double.wakes == 1


def test_an_outage_without_pending_rows_is_not_an_error() -> None:
    """The answer is that everything is uploaded."""
    scene = Scene()
    scene.double.health.error = AWAY
    assert scene.flush() is None


def test_a_hanging_backend_takes_no_more_than_the_callers_time() -> None:
    """Rows are left, and no error is known."""
    scene = Scene()
    scene.outbox.rows, scene.double.busy = 1, True
    start = scene.clock.monotonic()
    assert scene.flush(20) is None
    assert scene.clock.monotonic() - start == pytest.approx(20, abs=0.2)


def test_a_flush_ends_with_the_daemon() -> None:
    """However long it was allowed to take."""
    scene = Scene()
    scene.outbox.rows = 1
    stopping = threading.Event()
    stopping.set()
    start = scene.clock.monotonic()
    scene.workers.flush(None, until=start + 3600, stopping=stopping)
    assert scene.clock.monotonic() == start


@pytest.mark.parametrize("error", [None, AWAY])
def test_the_last_drain_is_short(error: DestinationError | None) -> None:
    """Until all is uploaded or the time is over; during an outage it does not wait."""
    scene = Scene()
    scene.outbox.rows, scene.double.health.error = 1, error
    start = scene.clock.monotonic()
    scene.workers.drain(start + 3)
    assert scene.clock.monotonic() - start == pytest.approx(0 if error else 3, abs=0.1)
    scene.outbox.rows = 0
    start = scene.clock.monotonic()
    scene.workers.drain(start + 3)
    assert scene.clock.monotonic() == start


def test_a_defect_does_not_end_the_workers(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged once and shown, and the work continues."""
    scene = Scene()
    continued = threading.Event()
    problems: list[Problem | None] = []
    runs = itertools.count()

    def fail_at_first() -> None:
        if next(runs) < 4:
            raise KeyError("row")
        problems.append(scene.workers.problem)
        continued.set()

    scene.double.work = fail_at_first
    scene.workers.start()
    assert continued.wait(WAIT_SECONDS)
    scene.workers.stop(10)
    assert [record.message for record in caplog.records] == ["uploading failed"]
    assert not [thread for thread in scene.workers._threads if thread.is_alive()]


def test_a_defect_is_a_problem_until_the_next_try() -> None:
    """With a code that names it."""
    problems: list[Problem | None] = []

    class RecordingClock(FakeClock):
        """Records the problem while a worker pauses."""

        def wait(self, event: threading.Event, seconds: float) -> bool:
            """Record."""
            problems.append(scene.workers.problem)
            return super().wait(event, seconds)

    scene = Scene(clock=RecordingClock())

    def fail() -> None:
        if problems:
            scene.double.stop.set()
        raise KeyError("row")

    scene.double.work = fail
    scene.workers._work()
    assert [problem.code for problem in problems if problem] == ["upload-failed"]
    assert scene.workers.problem is None


def test_a_disk_that_fails_for_a_moment_is_tried_again_soon() -> None:
    """And rarely, when it fails for long; after that soon again."""
    scene = Scene()
    failures = iter([True] * 9)

    def fail() -> None:
        if next(failures, False):
            raise sqlite3.OperationalError("disk I/O error")
        if len(scene.clock.waits) == 9:
            scene.clock.advance(3600)
            raise sqlite3.OperationalError("disk I/O error")
        scene.double.stop.set()

    scene.double.work = fail
    scene.workers._work()
    assert scene.clock.waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30, 0.5]


def test_who_asks_for_a_sync_ends_the_pause_after_a_failure() -> None:
    """Again and again, as for a backend that fails."""
    scene = Scene(clock=SystemClock())
    runs = itertools.count(1)
    done = threading.Event()

    def fail() -> None:
        if next(runs) > 8:
            done.set()
            scene.outbox.rows = 0
            scene.double.stop.wait(WAIT_SECONDS)
        raise sqlite3.OperationalError("disk I/O error")

    scene.double.work = fail
    scene.outbox.rows = 1
    scene.workers.start()
    try:
        until = scene.workers._clock.monotonic() + WAIT_SECONDS
        assert scene.workers.flush(None, until=until, stopping=threading.Event()) is None
        assert done.is_set()
    finally:
        scene.workers.stop(5)


class EndingClock(FakeClock):
    """Stops the workers when one pauses."""

    def __init__(self, stop: threading.Event) -> None:
        super().__init__()
        self._stop = stop

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Stop."""
        self._stop.set()
        return super().wait(event, seconds)


@dataclass
class RealScene:
    """The workers of a real uploader, on a real store."""

    world: World
    failures: list[Exception] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world.say("u1")
        self.memory = connect_memory(self.world)
        uploader = Uploader(
            self.memory, outbox=self.world.outbox, clock=self.world.clock, stop=self.world.stop
        )
        self.workers = UploadWorkers(
            uploader,
            self.world.outbox,
            stop=self.world.stop,
            clock=EndingClock(self.world.stop),
            on_failure=self._add_failure,
        )

    def _add_failure(self, error: Exception) -> CcsyncError | None:
        self.failures.append(error)
        return self.world.database.note_failure(error)


def test_damage_that_only_an_upload_meets_is_noticed(world: World) -> None:
    """The database is opened again then, and the worker stays."""
    scene = RealScene(world)
    with world.database.write() as connection:
        connection.execute("ALTER TABLE remote RENAME TO elsewhere")

    scene.workers._work()
    assert [type(error) for error in scene.failures] == [sqlite3.OperationalError]
    damage = world.database.damage()
    assert damage is not None
    assert "no such table" in damage.reason


def test_a_store_closed_during_a_turn_ends_the_worker_silently(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """A worker that the daemon no longer waits for logs nothing."""
    scene = RealScene(world)

    def end(_name: str) -> None:
        world.stop.set()
        world.close()

    scene.memory.on_call = end
    scene.workers._work()
    assert scene.memory.calls == ["check"]
    assert caplog.text == ""


def test_a_worker_that_hangs_is_abandoned_silently() -> None:
    """Its later failure, on the closed database, is not reported."""
    scene = Scene(clock=SystemClock())
    gate, ended = threading.Event(), threading.Event()

    def hang() -> None:
        gate.wait(WAIT_SECONDS)
        ended.set()
        raise ValueError("Cannot operate on a closed database.")

    scene.double.work = hang
    scene.workers.start()
    scene.workers.stop(0.05)
    gate.set()
    assert ended.wait(WAIT_SECONDS)
    for thread in scene.workers._threads:
        thread.join(WAIT_SECONDS)
    assert scene.workers.problem is None


def test_more_threads_help_while_there_is_a_backlog_for_them() -> None:
    """They end with it, and are started again for the next one."""
    scene = Scene()
    scene.workers.start()
    scene.double.on_more(6)
    scene.double.on_more(6)
    wait_until(lambda: scene.double.helping == 2, "two threads help")
    scene.double.nothing_due.set()
    helpers = [
        thread for thread in threading.enumerate() if thread.name in {"upload-4", "upload-5"}
    ]
    for thread in helpers:
        thread.join(WAIT_SECONDS)
    scene.double.on_more(5)
    wait_until(lambda: scene.double.helping == 3, "one helps again")
    scene.double.stop.set()
    scene.workers.stop(5)
    scene.double.on_more(9)
    assert scene.double.helping == 3

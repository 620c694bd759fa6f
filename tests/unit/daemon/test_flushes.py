"""A flush reads what is on disk, waits for quiet, and always ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from ccsync_watch.daemon.flushes import MAX_QUIET_SECONDS, QUIET_SECONDS, Flush, Flushes
from support.fakes import FakeClock
from support.pump_double import PumpDouble

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.pipeline.pump import Pump


class Scene:
    """A clock, a pump and its flushes, turned as the daemon's loop does."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.pump = PumpDouble(self.clock)
        self.flushes = Flushes(cast("Pump", self.pump), self.clock)

    def turn(self) -> None:
        """Do one iteration of the loop."""
        if self.pump.step():
            return
        self.flushes.serve()
        if not self.pump.has_work():
            self.clock.advance(min(self.flushes.next_seconds() or 0.05, 0.05))

    def until_done(self, flush: Flush, then: Callable[[], None] = lambda: None) -> float:
        """Turn until the flush has ended; return the seconds it took."""
        start = self.clock.monotonic()
        while not flush.done.is_set():
            assert self.clock.monotonic() - start < 60, "the flush does not end"
            self.turn()
            then()
        return self.clock.monotonic() - start


@pytest.fixture
def scene() -> Scene:
    """Return a quiet scene."""
    return Scene()


def test_a_flush_with_nothing_to_read_takes_the_quiet_time(scene: Scene) -> None:
    """Two scans of the disk, half a second apart."""
    flush = scene.flushes.add(None)
    assert scene.until_done(flush) == pytest.approx(QUIET_SECONDS, abs=0.1)
    assert flush.is_read
    assert scene.pump.scans == 2


def test_what_is_on_disk_is_read_first(scene: Scene) -> None:
    """Whatever events announced."""
    scene.pump.disk = ["a", "b", "c"]
    flush = scene.flushes.add(None)
    scene.until_done(flush)
    assert flush.is_read
    assert scene.pump.progress.lines == 3


def test_late_lines_extend_the_flush(scene: Scene) -> None:
    """The client writes its last lines after its Stop hook began."""
    flush = scene.flushes.add("a")
    late = iter([0.3, 0.7])
    next_at = next(late)
    start = scene.clock.monotonic()

    def write_late() -> None:
        nonlocal next_at
        if scene.clock.monotonic() - start >= next_at:
            scene.pump.disk.append("a")
            next_at = next(late, 99.0)

    assert scene.until_done(flush, write_late) >= 0.7
    assert scene.pump.progress.lines == 2
    assert flush.is_read


def test_a_flush_of_a_session_reads_that_session_alone(scene: Scene) -> None:
    """It does not wait for another session's unread lines."""
    scene.pump.disk = ["a", "b"]
    flush = scene.flushes.add("a")
    scene.until_done(flush)
    assert scene.pump.disk == ["b"]


def test_a_flush_ends_although_something_is_always_written(scene: Scene) -> None:
    """Twenty sessions are never quiet together: what was there at the request is read."""
    scene.pump.disk = ["a"]
    flush = scene.flushes.add(None)
    seconds = scene.until_done(flush, lambda: scene.pump.disk.append("b"))
    assert seconds <= MAX_QUIET_SECONDS + 0.2
    assert flush.is_read


def test_scans_are_few(scene: Scene) -> None:
    """Each costs a stat of every transcript: none is made during the quiet time."""
    flush = scene.flushes.add("a")
    scene.until_done(flush)
    assert scene.pump.scans <= 3


def test_several_flushes_at_once_all_end(scene: Scene) -> None:
    """They do not wait for each other."""
    scene.pump.disk = ["a", "b"]
    flushes = [scene.flushes.add(name) for name in ("a", "b", None)]
    for flush in flushes:
        scene.until_done(flush)
    assert all(flush.is_read for flush in flushes)
    assert scene.flushes.next_seconds() is None


def test_a_flush_ends_unread_while_reading_fails(scene: Scene) -> None:
    """Its caller reports why."""
    flush = scene.flushes.add(None)
    scene.flushes.serve(is_failing=True)
    assert flush.done.is_set()
    assert not flush.is_read


def test_no_flush_outlives_the_pump(scene: Scene) -> None:
    """Pending ones end when the daemon stops, later ones at once."""
    pending = scene.flushes.add(None)
    scene.flushes.close()
    late = scene.flushes.add("a")
    assert pending.done.is_set()
    assert late.done.is_set()
    assert not pending.is_read
    assert not late.is_read

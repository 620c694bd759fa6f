"""Reading and uploading once, without threads: it ends, and says what prevented it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest

from ccsync_watch.daemon.sync_once import read_all, upload_all
from ccsync_watch.errors import DestinationError, Unauthorized, Unsent
from ccsync_watch.uploader import Health
from support.fakes import FakeClock
from support.pump_double import PumpDouble

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ccsync_watch.daemon.runtime import Runtime

AWAY = Unsent("cannot reach it", hint="wait")


@dataclass
class UploaderDouble:
    """Uploads a row each turn, or raises the next of `errors`; None there is an idle turn.

    Before an error it uploads `rows_before_error` rows.
    """

    outbox: OutboxDouble
    errors: list[DestinationError | None] = field(default_factory=list)
    turns: int = 0
    health: Health = field(default_factory=Health)
    rows_before_error: int = 0

    def turn(self) -> bool:
        """Upload one row."""
        self.turns += 1
        if self.errors:
            error = self.errors.pop(0)
            if error is not None:
                self.health.add_sent(self.rows_before_error)
                raise error
            return False
        self.outbox.rows -= 1
        return True


@dataclass
class OutboxDouble:
    """Counts rows, the next of which is due at a time."""

    rows: int = 0
    due_ms: int = 0

    def count_unsettled(self, _session_ids: Sequence[str] | None) -> int:
        """Return the rows."""
        return self.rows

    def next_due_ms(self) -> int | None:
        """Return when the next row is due."""
        return self.due_ms if self.rows else None


class RuntimeDouble:
    """The parts that reading and uploading use."""

    def __init__(self, *, rows: int = 0, errors: Sequence[DestinationError | None] = ()) -> None:
        self.clock = FakeClock()
        self.stop = threading.Event()
        self.pump = PumpDouble(self.clock)
        self.late_secrets = PumpDouble(self.clock)
        self.outbox = OutboxDouble(rows)
        self.uploader: UploaderDouble | None = UploaderDouble(self.outbox, list(errors))
        self.steps = 0

    def add_step(self) -> None:
        """Count a step; it takes a second."""
        self.steps += 1
        self.clock.advance(1)

    def read(self, seconds: float = 60) -> None:
        """Read within so many seconds."""
        until = self.clock.monotonic() + seconds
        read_all(cast("Runtime", self), until=until, on_step=self.add_step)

    def upload(self, seconds: float = 60) -> DestinationError | None:
        """Upload within so many seconds."""
        until = self.clock.monotonic() + seconds
        return upload_all(cast("Runtime", self), None, until=until, on_step=self.add_step)


@pytest.mark.parametrize(("seconds", "steps"), [(60, 3), (1.5, 2)])
def test_everything_is_read_within_the_time(seconds: float, steps: int) -> None:
    """One step at a time, each reported."""
    runtime = RuntimeDouble()
    runtime.pump.disk = ["a", "b", "c"]
    runtime.read(seconds)
    assert runtime.steps == steps
    assert runtime.pump.has_work() is (steps < 3)


def test_uploading_ends_when_nothing_is_unsettled() -> None:
    """Idle turns in between are waited out: rows may be due a little later."""
    runtime = RuntimeDouble(rows=3, errors=[None, None])
    assert runtime.upload() is None
    assert runtime.outbox.rows == 0
    assert runtime.clock.waits == [0.05, 0.05]


@pytest.mark.parametrize(("seconds", "turns"), [(60.0, 2), (62.0, 1)])
def test_what_is_due_after_the_time_is_not_waited_for(seconds: float, turns: int) -> None:
    """It would not be sent then: the caller need not wait in vain."""
    runtime = RuntimeDouble(rows=1, errors=[None])
    runtime.outbox.due_ms = runtime.clock.wall_ms() + round(1000 * seconds)
    assert runtime.upload(61) is None
    assert runtime.uploader is not None
    assert runtime.uploader.turns == turns


def test_uploading_ends_with_the_time() -> None:
    """The rest stays in the outbox."""
    runtime = RuntimeDouble(rows=9)
    assert runtime.upload(1.5) is None
    assert runtime.outbox.rows == 7


def test_passing_errors_are_retried_with_longer_pauses() -> None:
    """A success in between starts the count again."""
    runtime = RuntimeDouble(rows=1, errors=[AWAY] * 4)
    assert runtime.upload() is None
    assert runtime.clock.waits == pytest.approx([0.05, 0.2, 0.8, 3.2])


def test_failures_between_acknowledged_rows_do_not_end_it() -> None:
    """A long session on a backend that fails now and then is one turn that fails often."""
    runtime = RuntimeDouble(rows=1, errors=[AWAY] * 30)
    assert runtime.uploader is not None
    runtime.uploader.rows_before_error = 9
    assert runtime.upload() is None
    assert runtime.clock.waits == [0.05] * 30


def test_an_outage_ends_it_after_some_failures() -> None:
    """The caller reports the error."""
    runtime = RuntimeDouble(rows=1, errors=[AWAY] * 9)
    assert runtime.upload() is AWAY
    assert runtime.uploader is not None
    assert runtime.uploader.turns == 5


def test_a_rejected_key_ends_it_at_once() -> None:
    """Trying again does not help."""
    error = Unauthorized("wrong key", hint="set another")
    runtime = RuntimeDouble(rows=1, errors=[error])
    assert runtime.upload() is error
    assert runtime.steps == 0


def test_without_a_destination_nothing_is_uploaded() -> None:
    """And nothing is an error."""
    runtime = RuntimeDouble(rows=1)
    runtime.uploader = None
    assert runtime.upload() is None
    assert runtime.outbox.rows == 1

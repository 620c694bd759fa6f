"""Rows keep the transcript's dates, and states arrive, however clocks are wrong and are set."""

from __future__ import annotations

from email.utils import formatdate
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.opensync.backend_clock import BackendClock
from ccsync_watch.opensync.opensync_destination import OpenSyncDestination
from support.fakes import START_MS, FakeClock
from support.opensync_double import faults
from support.opensync_double.faults import FaultPlan
from support.storing import OTHER, SESSION, World, calls_to, message, usage

if TYPE_CHECKING:
    from pathlib import Path

HOUR, DAY = 3_600, 86_400
TO_1970 = -START_MS / 1000
BATCH, MESSAGE = "/sync/batch", "/sync/message"
# What a batch that is dated on arrival may differ by: see `backend_rules`.
FRESH_MS = 6_000


@pytest.fixture(params=["today", "newer"])
def accepts_dates(request: pytest.FixtureRequest) -> bool:
    """Have both versions of the backend."""
    return bool(request.param == "newer")


@pytest.fixture
def clock() -> FakeClock:
    """Have a clock."""
    return FakeClock()


class Dated:
    """Writes rows as Claude Code does, by the machine's clock, and knows their right dates."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.right: dict[str, int] = {}

    def write(self, prefix: str, count: int = 4) -> None:
        """Write rows; they are sent at once."""
        for number in range(count):
            uuid = f"{prefix}{number}"
            at_ms = self.world.clock.wall_ms()
            self.world.ingest(message(uuid, at_ms=at_ms))
            # What lies in the backend's future would stay "young" there.
            self.right[uuid] = min(at_ms, round(self.world.backend.clock() * 1000))
            self.world.clock.advance(0.05)
        self.world.work()

    def check(self) -> None:
        """Fail if a row is dated otherwise, or is missing."""
        self.world.drain()
        self.world.assert_complete()
        held = {
            row.external_id.rsplit(":", 1)[1]: row.created_at_ms
            for row in self.world.backend.messages(SESSION)
        }
        wrong = {
            uuid: held[uuid] - at_ms
            for uuid, at_ms in self.right.items()
            if abs(held[uuid] - at_ms) > FRESH_MS
        }
        assert wrong == {}


@pytest.mark.parametrize("wrong_at_start", [0, HOUR, -HOUR, DAY])
@pytest.mark.parametrize("set_by", [HOUR, -HOUR, DAY, -DAY, TO_1970, 1, -1])
def test_rows_keep_their_dates_when_the_clock_is_set(
    tmp_path: Path,
    accepts_dates: bool,  # noqa: FBT001 - a parameter of pytest
    wrong_at_start: float,
    set_by: float,
) -> None:
    """Also when that puts right a clock that was wrong from the start."""
    world = World(tmp_path, skew_ms=-round(wrong_at_start * 1000), accepts_dates=accepts_dates)
    rows = Dated(world)
    rows.write("before")
    world.clock.set_wall(set_by)
    rows.write("after")
    world.clock.advance(30)
    world.clock.set_wall(-set_by - wrong_at_start)
    rows.write("right")
    rows.check()


@pytest.mark.parametrize("wrong_at_start", [HOUR, -HOUR, -DAY])
def test_requests_are_shared_again_once_the_clock_is_right(
    tmp_path: Path, wrong_at_start: float
) -> None:
    """A wrong clock costs a request for each row; for no longer than it is wrong."""
    world = World(tmp_path, skew_ms=-round(wrong_at_start * 1000))
    world.say("u0")
    world.work()
    world.clock.set_wall(-wrong_at_start)
    for turn in range(3):
        world.clock.advance(20)
        before = len(world.backend.calls)
        world.ingest(*(message(f"t{turn}-{at}", at_ms=world.clock.wall_ms()) for at in range(8)))
        world.work()
        sent = [call for call in world.backend.calls[before:] if call.message_rows]
        assert [call.path for call in sent] == [BATCH] if turn else sent[-1].path == BATCH
    world.clock.advance(DAY)
    new = OTHER
    world.ingest(
        *(message(f"n{at}", session_id=new, at_ms=world.clock.wall_ms()) for at in range(8)),
        session_id=new,
    )
    before = len(world.backend.calls)
    world.work()
    assert MESSAGE not in [call.path for call in world.backend.calls[before:]]


@pytest.mark.parametrize("set_by", [HOUR, DAY, -HOUR, -DAY, TO_1970])
def test_the_last_state_arrives_when_the_clock_is_set(tmp_path: Path, set_by: float) -> None:
    """The backend drops a cost that comes soon after a write, whatever our clock shows."""
    world = World(tmp_path)
    world.ingest(message("u1", at_ms=world.clock.wall_ms()), usages=(usage("r1"),))
    world.work()
    world.clock.advance(2)
    world.ingest(message("u2", at_ms=world.clock.wall_ms()), usages=(usage("r2"),))
    world.work()
    world.clock.set_wall(set_by)
    began_ms = world.clock.now_ms
    world.drain()
    world.assert_complete()
    assert world.clock.now_ms - began_ms <= 120_000


@pytest.mark.parametrize("set_by", [-HOUR, -DAY, TO_1970])
def test_nothing_waits_for_a_clock_that_was_set_back(tmp_path: Path, set_by: float) -> None:
    """What failed is tried again after as long as ever, and what was changed is sent again."""
    world = World(tmp_path)
    world.say("u1")
    world.work()
    world.say("u1", "changed")
    world.transport.faults = FaultPlan.of(*[faults.COMMIT_THEN_DROP] * 3)
    world.say("u2")
    for _ in range(3):
        world.turn()
        world.clock.advance(1)
    world.clock.set_wall(set_by)
    began_ms = world.clock.now_ms
    world.drain()
    world.assert_complete()
    assert world.texts()["u1"] == "changed"
    assert world.clock.now_ms - began_ms <= 180_000


@pytest.mark.parametrize("set_by", [HOUR, -HOUR])
def test_a_backend_whose_clock_is_set_is_noticed_by_the_date_of_an_answer(
    tmp_path: Path, set_by: int
) -> None:
    """Then its time is asked for, once, before the next rows are dated."""
    world = World(tmp_path, accepts_dates=True)
    world.say("u0")
    world.drain()
    world.backend.clock = lambda: world.clock.now_ms / 1000 + set_by
    world.clock.advance(100)
    world.say("u1")
    world.drain()  # its answer shows it
    rows = Dated(world)
    rows.write("after")
    rows.check()
    assert calls_to(world.backend).count("/health") == 2


def test_a_server_with_another_clock_before_the_backend_costs_no_requests(tmp_path: Path) -> None:
    """Its dates differ from the backend's time by what they always do."""
    world = World(tmp_path)
    real, proxy = world.backend.clock, 5 * HOUR
    world.transport.date = lambda: real() + proxy
    for number in range(20):
        world.say(f"u{number}")
        world.work()
        world.clock.advance(90)
    world.drain()
    assert calls_to(world.backend).count("/health") == 1
    proxy = 0
    world.say("last")
    world.drain()
    world.say("later")
    world.drain()
    assert calls_to(world.backend).count("/health") == 2


@pytest.mark.parametrize("wrong", [HOUR, -HOUR])
def test_a_pause_until_a_date_is_kept_by_the_clock_of_that_date(tmp_path: Path, wrong: int) -> None:
    """An hour off, it would be no pause, or one of an hour."""
    world = World(tmp_path, skew_ms=-1000 * wrong)
    world.say("u0")
    world.work()
    refusal = faults.refuse(503, retry_after_seconds=30, retry_after_is_date=True)
    world.transport.faults = FaultPlan.of(refusal)
    world.say("u1")
    error = world.turn()
    pause = getattr(error, "retry_after", None)
    assert pause is not None
    assert 28 <= pause <= 31
    world.drain()
    world.assert_complete()


class TestBackendClock:
    """What is known of the backend's time."""

    @pytest.fixture
    def backend(self, clock: FakeClock) -> BackendClock:
        """Have a backend that is 90 s ahead."""
        backend = BackendClock(clock)
        backend.read(START_MS + 90_000, {}, START_MS - 200, START_MS + 200)
        return backend

    def test_a_clock_that_is_set_changes_the_difference_at_once(
        self, backend: BackendClock, clock: FakeClock
    ) -> None:
        """No answer is needed for that."""
        assert backend.skew_seconds == 90
        clock.set_wall(HOUR)
        assert backend.skew_seconds == 90 - HOUR
        assert backend.now_ms == START_MS + 90_000
        assert backend.must_be_read()

    def test_the_latest_time_allows_for_how_long_the_answer_took(
        self, backend: BackendClock
    ) -> None:
        """A row that was written a moment ago is not moved back."""
        assert backend.latest_ms == START_MS + 90_200

    @pytest.mark.parametrize("ahead", [88, 89, 90, 91])
    def test_a_date_of_whole_seconds_is_no_reason_to_doubt(
        self, backend: BackendClock, clock: FakeClock, ahead: float
    ) -> None:
        """It is cut, and a server may keep it for a moment."""
        clock.advance(1000)
        now_ms = clock.steady_ms()
        backend.compare(_dated(now_ms / 1000 + ahead), now_ms, now_ms)
        assert not backend.must_be_read()

    @pytest.mark.parametrize("ahead", [-HOUR, 0, 80, 100, HOUR])
    def test_another_date_is(self, backend: BackendClock, clock: FakeClock, ahead: float) -> None:
        """Not more than once a minute."""
        now_ms = clock.steady_ms()
        backend.compare(_dated(now_ms / 1000 + ahead), now_ms, now_ms)
        assert not backend.must_be_read()
        clock.advance(61)
        assert backend.must_be_read()

    def test_an_answer_that_took_long_may_be_dated_anywhere_in_between(
        self, backend: BackendClock, clock: FakeClock
    ) -> None:
        """It says nothing of when it was dated."""
        clock.advance(100)
        now_ms = clock.steady_ms()
        for at_ms in (now_ms, now_ms + 10_000, now_ms + 20_000):
            backend.compare(_dated(at_ms / 1000 + 90), now_ms, now_ms + 20_000)
            assert not backend.must_be_read()

    @pytest.mark.parametrize(
        "headers",
        [{}, {"Date": "yesterday"}, {"Date": formatdate(0, usegmt=True), "Age": "12"}],
    )
    def test_what_is_not_a_date_of_now_says_nothing(
        self, backend: BackendClock, clock: FakeClock, headers: dict[str, str]
    ) -> None:
        """A stored answer has the date of when it was made."""
        clock.advance(100)
        now_ms = clock.steady_ms()
        backend.compare(headers, now_ms, now_ms)
        assert not backend.must_be_read()

    def test_a_backend_that_does_not_tell_its_time_is_dated_by_its_headers(
        self, clock: FakeClock
    ) -> None:
        """To the second."""
        backend = BackendClock(clock)
        now_ms = clock.steady_ms()
        backend.read(None, _dated(now_ms / 1000 - 60), now_ms, now_ms)
        assert backend.skew_seconds == pytest.approx(-59.5, abs=0.6)
        backend.read(None, {}, now_ms, now_ms)
        assert backend.skew_seconds is None
        assert backend.latest_ms == clock.wall_ms()
        assert not backend.must_be_read()


def test_status_shows_the_difference_of_now(tmp_path: Path) -> None:
    """Not the one at the start."""
    world = World(tmp_path, skew_ms=-1000 * HOUR)
    world.say("u0")
    world.work()
    assert isinstance(world.destination, OpenSyncDestination)
    info = world.uploader.backend_info
    assert info is not None
    assert info.clock_skew_seconds == -HOUR
    world.clock.set_wall(-HOUR)
    info = world.uploader.backend_info
    assert info is not None
    assert info.clock_skew_seconds == 0


def _dated(seconds: float) -> dict[str, str]:
    return {"Date": formatdate(seconds, usegmt=True)}

"""Rows that go one by one are marked and acknowledged together, whatever happens in between."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.errors import DestinationError, Retryable, Unsent
from ccsync_watch.model import Part
from support.opensync_double import faults
from support.opensync_double.faults import FaultPlan
from support.storing import SESSION, World, message

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.opensync_double.faults import Fault

DAY_MS = 86_400_000
FAR_MS = 1 << 60
MESSAGES = frozenset({"/sync/message"})


class Crash(BaseException):
    """The process ends here."""


def _write_history(world: World, count: int, *, prefix: str = "u") -> None:
    started_ms = world.clock.now_ms - DAY_MS
    world.ingest(
        *(message(f"{prefix}{number}", at_ms=started_ms + number) for number in range(count))
    )


def _open(world: World) -> None:
    """Have the session there, and the probe for dates behind us."""
    _write_history(world, 1, prefix="first")
    world.work()


def _at_message(world: World, number: int, act: Callable[[], object]) -> None:
    """Do something once, when the backend has carried out the message with this number."""
    seen = Counter[str]()

    def on_answer(path: str) -> None:
        seen[path] += 1
        if path == "/sync/message" and seen[path] == number:
            act()

    world.transport.on_answer = on_answer


def _certainty(world: World) -> list[bool]:
    return [row.is_certain for row in world.outbox.rows(SESSION, FAR_MS, 99).value]


def _sent_ids(world: World) -> Counter[str]:
    """Return how often each row of the history was sent."""
    bodies = [call.body for call in world.backend.calls if call.path == "/sync/message"]
    return Counter(
        uuid
        for body in bodies
        for uuid in (f"u{number}" for number in range(100))
        if f':{uuid}"'.encode() in body
    )


def test_a_long_history_takes_few_commits(world: World) -> None:
    """Each waits for the disk; there were two a row."""
    _open(world)
    _write_history(world, 300)
    commits: list[str] = []
    with world.database.write() as connection:
        connection.set_trace_callback(
            lambda statement: commits.append(statement) if statement == "COMMIT" else None
        )
    commits.clear()
    world.work()
    assert len(world.ids()) == 301
    assert len(commits) <= 30


@pytest.mark.parametrize("number", [1, 2, 7])
def test_a_crash_in_between_loses_and_doubles_nothing(world: World, number: int) -> None:
    """What was marked is uncertain, and sent once more, in order, by the same path."""
    _open(world)
    _write_history(world, 20)

    def crash() -> None:
        raise Crash

    _at_message(world, number, crash)
    with pytest.raises(Crash):
        world.work()
    assert len(_certainty(world)) == 20
    world.transport.on_answer = lambda _path: None
    world.clock.advance(10)
    world.restart()
    world.drain()
    assert world.ids() == ["first0", *(f"u{at}" for at in range(20))]
    world.assert_complete()
    again = [uuid for uuid, times in _sent_ids(world).items() if times > 1]
    assert again == [f"u{at}" for at in range(number)]


@pytest.mark.parametrize("fault", [faults.COMMIT_THEN_DROP, faults.refuse(503), faults.refuse(429)])
def test_a_failure_in_between_leaves_one_row_uncertain(world: World, fault: Fault) -> None:
    """Those before it are acknowledged and counted, those after it were not sent."""
    _open(world)
    counted = world.uploader.health.rows_sent
    _write_history(world, 8)
    world.transport.faults = FaultPlan.of(None, None, None, fault, paths=MESSAGES)
    error = world.turn()
    assert isinstance(error, Retryable)
    assert _certainty(world) == [False, True, True, True, True]
    assert world.uploader.health.rows_sent - counted == 3
    world.transport.faults = FaultPlan.none()
    world.drain()
    world.assert_complete()


def test_what_certainly_did_not_arrive_is_certain_again(world: World) -> None:
    """A connection that cannot be made has stored nothing."""
    _open(world)
    _write_history(world, 8)

    def disconnect() -> None:
        world.transport.is_offline = True

    _at_message(world, 3, disconnect)
    assert isinstance(world.turn(), Unsent)
    assert _certainty(world) == [True] * 5


def test_a_rejected_row_does_not_hold_up_the_others(world: World) -> None:
    """It is set aside, those before it are acknowledged."""
    _open(world)
    _write_history(world, 8)
    world.transport.rejected_ids = {f"{SESSION}:u4"}
    world.work()
    assert world.outbox.count_rejected(None) == 1
    assert world.ids() == ["first0", *(f"u{at}" for at in range(8) if at != 4)]
    assert world.outbox.count_sendable(None, FAR_MS) == 0


def test_what_changes_meanwhile_is_not_sent_as_it_was(world: World) -> None:
    """A word that a rule has removed since does not leave."""
    _open(world)
    _write_history(world, 8)
    started_ms = world.clock.now_ms - DAY_MS
    changed = message("u5", parts=(Part("text", "without it"),), at_ms=started_ms + 5)
    _at_message(world, 2, lambda: world.ingest(changed))
    world.drain()
    sent = [call.body for call in world.backend.calls if b':u5"' in call.body]
    assert sent
    assert all(b"without it" in body for body in sent)
    assert world.ids() == ["first0", *(f"u{at}" for at in range(8))]


def test_a_slow_backend_ends_the_step_early(world: World) -> None:
    """What was sent is acknowledged, and a session that was just written to has its turn."""
    _open(world)
    _write_history(world, 8)
    world.transport.on_answer = lambda _path: world.clock.advance(0.4)
    step = world.destination.deliver(SESSION)
    assert (step.rows_acked, step.is_last) == (3, False)
    assert _certainty(world) == [True] * 5


def test_a_backlog_is_sent_as_fast_as_the_backend_allows(world: World) -> None:
    """Of requests beyond its limit few are refused, and what is written now does not wait."""
    _open(world)
    _write_history(world, 1500)
    left = 50.0
    at = world.clock.monotonic()
    refused = 0

    def is_refused() -> bool:
        nonlocal left, at, refused
        world.clock.advance(0.002)
        now = world.clock.monotonic()
        left, at = min(50.0, left + (now - at) * 50), now
        left -= 1 if left >= 1 else 0
        refused += left < 1
        return left < 1

    class Limited(FaultPlan):
        def decide(self, number: int, path: str) -> Fault | None:  # noqa: ARG002 - as inherited
            return faults.refuse(429) if is_refused() else None

    world.transport.faults = Limited()
    began = world.clock.monotonic()
    while world.outbox.count_sendable(None, FAR_MS):
        error = world.turn()
        if isinstance(error, DestinationError):
            world.clock.advance(0.05)
    seconds = world.clock.monotonic() - began
    assert 1500 / seconds >= 25
    assert refused <= 1500 * 0.05


def test_no_row_leaves_before_it_is_on_the_disk(world: World) -> None:
    """Of a backlog it may not be yet; and rows that are uncertain already need no mark."""
    _open(world)
    _write_history(world, 3)
    rows = world.outbox.rows(SESSION, FAR_MS, 99).value
    world.outbox.mark_uncertain(SESSION, [row.message.seq for row in rows])
    statements: list[str] = []
    with world.database.write(waits_for_disk=False) as connection:
        connection.execute("REPLACE INTO meta VALUES ('read', hex(randomblob(9)))")
        connection.set_trace_callback(statements.append)
    at_message: list[list[str]] = []
    _at_message(world, 1, lambda: at_message.append(list(statements)))
    world.work()
    waits = "PRAGMA synchronous = FULL"
    assert waits in at_message[0]
    assert "COMMIT" in at_message[0][at_message[0].index(waits) :]

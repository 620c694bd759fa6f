"""A session's state at the backend: in the end the last one, and with few upserts."""

from __future__ import annotations

import pytest

from support.opensync_double import faults
from support.opensync_double.faults import FaultPlan
from support.storing import SESSION, World, calls_to, message, usage


def _upserts(world: World) -> int:
    return len(calls_to(world.backend, "/sync/session"))


def _answer(world: World, number: int) -> None:
    """Write a response with its tokens."""
    name = f"msg_{number}"
    world.ingest(
        message(f"a{number}", at_ms=world.clock.now_ms, kind="answer", usage_id=name),
        usages=(usage(name, tokens_in=100, tokens_out=10),),
    )


def test_a_session_written_at_once_takes_one_upsert(world: World) -> None:
    """The first one is never dropped."""
    _answer(world, 1)
    world.drain()
    assert _upserts(world) == world.backend.embedding_jobs == 1
    world.assert_complete()


@pytest.mark.parametrize("fact", ["cost", "duration", "title", "tokens"])
@pytest.mark.parametrize("after_seconds", [0, 1, 9, 10, 12])
def test_the_last_state_arrives_whatever_changes_and_when(
    world: World, fact: str, after_seconds: int
) -> None:
    """The backend drops some of these within ten seconds of a write, and answers ok."""
    _answer(world, 1)
    world.work()
    world.clock.advance(after_seconds)
    if fact == "cost":
        world.ingest(facts={"cost_state": {"totalCostUSD": 1.5}})
    elif fact == "title":
        world.ingest(facts={"custom_title": "Renamed"})
    elif fact == "tokens":
        _answer(world, 2)
    else:
        world.say("u2")
    world.drain()
    world.assert_complete()
    assert _upserts(world) <= 3


@pytest.mark.parametrize("has_texts", [True, False])
@pytest.mark.parametrize("after_seconds", [0, 12])
def test_a_title_that_was_removed_is_not_shown_any_more(
    world: World, after_seconds: int, *, has_texts: bool
) -> None:
    """It cannot be taken away, so it becomes what the viewer calls a session without one."""
    if not has_texts:
        world.transport.rejected_ids = {f"{SESSION}:session", f"{SESSION}:u1"}
    world.ingest(message("u1", kind="answer"), facts={"custom_title": "One"})
    world.work()
    world.clock.advance(after_seconds)
    world.ingest(facts={"custom_title": ""})
    world.drain()
    session = world.backend.session(SESSION)
    assert session.title == "Untitled Session"
    assert ("Hello" in str(session.searchable_text)) == has_texts
    before = _upserts(world)
    world.say("u2", kind="answer")
    world.drain()
    assert world.backend.session(SESSION).title == "Untitled Session"
    assert _upserts(world) <= before + 1


def test_once_nothing_changes_nothing_is_sent(world: World) -> None:
    """Each upsert costs its owner an embedding job."""
    for number in range(3):
        _answer(world, number)
        world.work()
        world.clock.advance(2)
    world.drain()
    before = len(world.backend.calls)
    for _ in range(50):
        world.clock.advance(7)
        world.work()
    assert len(world.backend.calls) == before
    assert world.outbox.next_due_ms() is None


def test_it_is_settled_after_eleven_seconds_of_quiet(world: World) -> None:
    """Not sooner than the backend applies it, and not much later."""
    world.say("u1")
    world.work()
    world.clock.advance(1)
    world.say("u2")
    world.work()
    written_ms = world.clock.now_ms
    assert world.outbox.next_due_ms() == written_ms + 11_000
    world.clock.advance(11)
    world.work()
    assert world.outbox.next_due_ms() is None
    world.assert_complete()


@pytest.mark.parametrize("gap_seconds", [1, 20])
def test_an_active_session_is_upserted_once_a_minute(world: World, gap_seconds: int) -> None:
    """Its tokens stay current; pauses between its rows do not count as its end."""
    for number in range(300 // gap_seconds):
        _answer(world, number)
        world.work()
        for _ in range(gap_seconds):
            world.clock.advance(1)
            world.work()
    assert 4 <= _upserts(world) <= 7
    session = world.backend.session(SESSION)
    assert session.prompt_tokens >= 100 * (230 // gap_seconds)
    before = _upserts(world)
    world.drain()
    world.assert_complete()
    assert _upserts(world) <= before + 1


def test_a_busy_sessions_new_title_shows_within_a_minute(world: World) -> None:
    """What the backend applies at once need not wait for quiet."""
    _answer(world, 0)
    world.work()
    world.ingest(facts={"custom_title": "Renamed"})
    for number in range(1, 62):
        world.clock.advance(1)
        _answer(world, number)
        world.work()
    assert world.backend.session(SESSION).title == "Renamed"


@pytest.mark.parametrize("at", range(4, 10))
@pytest.mark.parametrize(
    "fault",
    [faults.COMMIT_THEN_DROP, faults.DROP_BEFORE, faults.COMMIT_THEN_500],
    ids=lambda fault: fault.name,
)
def test_after_a_lost_answer_the_last_state_arrives(
    world: World, fault: faults.Fault, at: int
) -> None:
    """Whether the backend applied the lost one or not."""
    world.transport.faults = FaultPlan.of(*[None] * at, fault)
    for number, cost in enumerate([0.5, 0.75, 0.75, 1.0]):
        _answer(world, number)
        world.ingest(facts={"cost_state": {"totalCostUSD": cost}})
        world.turn()
        world.clock.advance(4)
    world.drain()
    world.assert_complete()


def test_an_unanswered_state_may_be_the_one_that_the_backend_holds(world: World) -> None:
    """A new state may equal that one, and be dropped, though it differs from the last applied."""
    world.say("u1")
    world.work()
    world.clock.advance(12)
    world.ingest(facts={"custom_title": "Two"})
    world.transport.faults = FaultPlan.of(faults.COMMIT_THEN_DROP)
    world.turn()
    for number in range(3):
        world.clock.advance(4)
        world.say(f"v{number}")
        world.work()
    world.drain()
    world.assert_complete()


def test_a_slow_request_counts_as_a_write_until_its_timeout(world: World) -> None:
    """The backend may have written at any moment before the timeout."""
    world.say("u1")
    world.work()
    world.clock.advance(20)
    world.ingest(facts={"cost_state": {"totalCostUSD": 1}})
    # The request is carried out 29 s after it left, and times out a second later.
    world.transport.faults = FaultPlan.of(faults.COMMIT_THEN_DROP)
    world.transport.on_arrival = lambda _path: world.clock.advance(29)
    world.turn()
    world.transport.on_arrival = lambda _path: None
    world.clock.advance(1)
    world.ingest(facts={"cost_state": {"totalCostUSD": 2}})
    world.drain()
    assert world.backend.session(SESSION).cost == 2
    world.assert_complete()


def test_the_first_upsert_of_a_preexisting_session_is_sent_again(world: World) -> None:
    """What the backend held before may have made it drop the new one."""
    world.ingest(message("u1", at_ms=world.clock.now_ms), facts={"custom_title": "One"})
    world.drain()
    world.close()
    again = World(world.folder / "new")
    again.backend, again.transport = world.backend, world.transport
    again.clock = world.clock
    again.connect()
    again.ingest(
        message("u1", at_ms=again.clock.now_ms - 11_000),
        facts={"custom_title": "One", "cost_state": {"totalCostUSD": 4}},
    )
    again.drain()
    again.assert_complete()
    assert again.backend.session(SESSION).cost == 4
    again.close()


def test_tokens_that_are_not_known_change_nothing(world: World) -> None:
    """A session without a response has 0 tokens, which the backend treats as unknown."""
    world.say("u1")
    world.drain()
    assert world.backend.session(SESSION).prompt_tokens == 0
    _answer(world, 1)
    world.drain()
    world.assert_complete()


def test_a_price_is_looked_up_when_the_session_settles(world: World) -> None:
    """Not while its lines are being written: the cost is sent with the settled state."""
    priced = usage(tokens_in=1_000_000, tokens_out=500_000, model="claude-late")
    world.ingest(message("a1", at_ms=world.clock.now_ms), usages=(priced,))
    world.work()
    assert world.prices.unknown(["claude-late"]) == ["claude-late"]
    assert world.backend.session(SESSION).cost == 0
    world.drain()
    assert world.backend.session(SESSION).cost == 2
    world.assert_complete()


def test_an_incomplete_cost_is_not_sent(world: World) -> None:
    """The backend would show it as the complete cost."""
    known, odd = usage("m1", tokens_in=1_000_000), usage("m2", model="odd")
    world.ingest(message("a1", at_ms=world.clock.now_ms), usages=(known, odd))
    world.drain()
    assert world.backend.session(SESSION).cost == 0
    assert world.backend.session(SESSION).prompt_tokens == 1_000_010

"""Two machines have one session and upload it to one backend: each row once, the newest totals."""

from __future__ import annotations

import itertools

import pytest

from ccsync_watch.store.recall import recall_session
from support.opensync_double import faults
from support.opensync_double.faults import FaultPlan
from support.storing import OTHER, SESSION, World, calls_to, message, usage

STATE, NEWEST = "/sync/session", "/api/sessions"
DAY_MS = 86_400_000
# Three states of one session: how many of its responses a copy of the transcript has.
STATES = (1, 3, 4)
TURNS = [
    tuple(zip(states, machines, strict=True))
    for states in itertools.permutations(STATES)
    for machines in itertools.product("ab", repeat=3)
]


def _answers(world: World, *numbers: int, start_ms: int, title: str | None = None) -> None:
    """Read responses of a copy, which has them from the machine where they were written."""
    world.ingest(
        *(
            message(
                f"a{number}",
                f"Answer {number}",
                at_ms=start_ms + 1000 * number,
                kind="answer",
                role="assistant",
                usage_id=f"msg_{number}",
            )
            for number in numbers
        ),
        usages=tuple(
            usage(f"msg_{number}", tokens_in=1000, tokens_out=10 * number) for number in numbers
        ),
        facts={"custom_title": title} if title else None,
    )


def _happen(what: str, machines: dict[str, World]) -> None:
    """Restart both machines, or lose the store of one or both."""
    for name, machine in machines.items():
        if what == "restart":
            machine.restart()
        elif what in {"loss", f"loss of {name}"}:
            machine.lose_the_store()


@pytest.mark.parametrize("before", ["", "restart", "loss", "loss of a"])
@pytest.mark.parametrize("turns", TURNS, ids=str)
def test_three_states_in_every_order_are_one_session(
    world: World, turns: tuple[tuple[int, str], ...], before: str
) -> None:
    """Each row is there once, with all its parts, and the totals are those of the longest copy."""
    machines = {"a": world, "b": world.other_machine()}
    longest = dict.fromkeys(machines, 0)
    start_ms = world.clock.now_ms - DAY_MS
    for machine in machines.values():
        machine.destination.check()
    for count, name in turns:
        world.clock.advance(3600)
        # A machine remembers what it read of a longer copy, or reads it again.
        longest[name] = max(longest[name], count)
        _happen(before, machines)
        for at, machine in machines.items():
            copy = range(1, longest[at] + 1)
            if copy:
                title = f"Title {longest[at]}"
                _answers(machine, *copy, start_ms=start_ms, title=title)
                machine.drain()
    assert world.ids() == ["a1", "a2", "a3", "a4"]
    session = world.backend.session(SESSION)
    assert (session.prompt_tokens, session.completion_tokens) == (4000, 100)
    assert session.title == "Title 4"
    assert session.duration_ms == 3000
    assert session.message_count == 5
    assert world.held_parts() == machines[max(longest, key=longest.__getitem__)].expected_parts()


def test_a_machine_with_an_older_copy_lowers_no_totals(world: World) -> None:
    """Not when it first sees the session, nor when it writes to its copy, nor after a restart."""
    start_ms = world.clock.now_ms - DAY_MS
    _answers(world, *range(1, 30), start_ms=start_ms, title="Newest")
    world.drain()
    held = world.backend.session(SESSION)
    older = world.other_machine()
    for numbers in ((1, 2), (40,), (41,)):
        world.clock.advance(600)
        _answers(older, *numbers, start_ms=start_ms)
        older.drain()
        older.restart()
        session = world.backend.session(SESSION)
        assert session.title == "Newest"
        assert session.total_tokens == held.total_tokens
        assert session.cost == held.cost
    assert sorted(world.ids()) == sorted(f"a{number}" for number in [*range(1, 30), 40, 41])


def test_the_first_machine_notices_the_second(world: World) -> None:
    """It created the session, and finds a longer copy there when it continues with its own."""
    start_ms = world.clock.now_ms - DAY_MS
    _answers(world, 1, start_ms=start_ms)
    world.drain()
    newer = world.other_machine()
    _answers(newer, *range(1, 9), start_ms=start_ms, title="Newest")
    newer.drain()
    total = world.backend.session(SESSION).total_tokens
    world.clock.advance(3600)
    world.say("u9")
    world.drain()
    assert world.outbox.remote(SESSION).is_preexisting
    assert world.backend.session(SESSION).total_tokens == total
    assert world.backend.session(SESSION).title == "Newest"
    assert len(world.ids()) == 9


@pytest.mark.parametrize("accepts_dates", [False, True])
def test_a_session_written_on_both_in_turn_has_every_row_once(
    world: World, *, accepts_dates: bool
) -> None:
    """Whoever continues gets the other's rows with its copy; they lose no parts."""
    world.backend.accepts_batch_created_at = accepts_dates
    machines = [world, world.other_machine()]
    start_ms = world.clock.now_ms
    for at in range(6):
        for number in range(3 * at, 3 * at + 3):
            world.clock.advance(1)
            for machine in machines[at % 2 :: 2]:
                _answers(machine, number, start_ms=start_ms)
                machine.work()
        machines[at % 2].drain()
        world.clock.advance(1800)
        _answers(machines[(at + 1) % 2], *range(3 * at + 3), start_ms=start_ms)
    for machine in machines:
        machine.drain()
    assert sorted(world.ids()) == sorted(f"a{number}" for number in range(18))
    world.assert_complete()


def test_words_that_must_go_are_replaced_by_an_older_copy(world: World) -> None:
    """The title is; totals stay those of the newer copy."""
    start_ms = world.clock.now_ms - DAY_MS
    older = world.other_machine()
    _answers(older, 1, start_ms=start_ms, title="hunter2")
    older.drain()
    world.clock.advance(3600)
    _answers(world, 1, 2, start_ms=start_ms, title="hunter2")
    world.drain()
    total = world.backend.session(SESSION).total_tokens
    older.ingest(facts={"custom_title": "[secret]"}, excluded=frozenset({SESSION}))
    with older.database.write() as connection:
        recall_session(connection, SESSION, now_ms=older.clock.now_ms, is_released=True)
    older.drain()
    assert world.backend.session(SESSION).title == "Excluded session"
    assert world.backend.session(SESSION).total_tokens == total


def test_words_that_were_replaced_say_nothing_of_the_totals(world: World) -> None:
    """A state without totals was sent last: those that are there are still another machine's."""
    start_ms = world.clock.now_ms - DAY_MS
    _answers(world, 1, start_ms=start_ms, title="hunter2")
    world.drain()
    _send_longer_copy(world, 5, start_ms=start_ms)
    total = world.backend.session(SESSION).total_tokens
    for number in (1, 2, 3):
        world.clock.advance(3600)
        _answers(world, *range(1, number + 1), start_ms=start_ms, title="[secret]")
        with world.database.write() as connection:
            recall_session(connection, SESSION, now_ms=world.clock.now_ms, is_released=True)
        world.drain()
        assert world.backend.session(SESSION).title == "[secret]"
        assert world.backend.session(SESSION).total_tokens == total


def _send_longer_copy(world: World, count: int, *, start_ms: int) -> World:
    """Send a copy of so many answers from another machine."""
    longer = world.other_machine()
    _answers(longer, *range(1, count + 1), start_ms=start_ms, title="Newest")
    longer.drain()
    return longer


def test_a_row_that_cannot_be_stored_lowers_no_totals(world: World) -> None:
    """That others can is found out by a request that changes nothing."""
    start_ms = world.clock.now_ms - DAY_MS
    _send_longer_copy(world, 5, start_ms=start_ms)
    held = world.backend.session(SESSION)
    _answers(world, 1, 2, start_ms=start_ms, title="Old")
    world.make_unacceptable("a2")
    world.drain()
    assert world.outbox.count_rejected(None) == 1
    session = world.backend.session(SESSION)
    assert (session.title, session.total_tokens) == ("Newest", held.total_tokens)


@pytest.mark.parametrize("start", ["x", "xx"])
def test_a_search_text_that_is_made_full_lowers_no_totals(world: World, start: str) -> None:
    """The limit would cut a row through a character, and the row were not sent."""
    start_ms = world.clock.now_ms - DAY_MS
    _send_longer_copy(world, 5, start_ms=start_ms)
    held = world.backend.session(SESSION)
    _answers(world, 1, start_ms=start_ms, title="Old")
    world.say("u1", start + "🎉" * 6000, ago_ms=DAY_MS)
    totals = set()
    world.transport.on_answer = lambda _path: totals.add(
        world.backend.session(SESSION).total_tokens
    )
    world.drain()
    assert world.outbox.count_rejected(None) == 0
    assert totals == {held.total_tokens}
    assert world.backend.session(SESSION).title == "Newest"


def test_search_finds_what_a_copy_that_is_the_longer_one_again_says(world: World) -> None:
    """Its title replaces that of the other machine, and would the search text."""
    start_ms = world.clock.now_ms - DAY_MS
    _answers(world, 1, start_ms=start_ms, title="One")
    world.drain()
    _send_longer_copy(world, 3, start_ms=start_ms)
    world.clock.advance(3600)
    _answers(world, 1, 2, start_ms=start_ms, title="One")
    world.drain()
    assert world.backend.session(SESSION).title == "Newest"
    world.clock.advance(3600)
    world.ingest(usages=(usage("msg_4", tokens_in=9000),))
    world.drain()
    session = world.backend.session(SESSION)
    assert session.title == "One"
    assert "Answer 2" in (session.searchable_text or "")


@pytest.mark.parametrize("fault", [faults.DROP_BEFORE, faults.refuse(500)], ids=lambda f: f.name)
@pytest.mark.parametrize("count", [3, 8])
@pytest.mark.parametrize("paths", [{STATE}, set()], ids=["states", "everything"])
def test_what_another_machine_sent_during_an_outage_stays(
    world: World, fault: faults.Fault, count: int, paths: set[str]
) -> None:
    """However often ours was tried meanwhile: its rows keep their parts, and its totals."""
    world.backend.accepts_batch_created_at = True
    start_ms = world.clock.now_ms - DAY_MS
    outage = FaultPlan.always(fault, paths=frozenset(paths))
    _answers(world, 1, 2, start_ms=start_ms)
    world.drain()
    _answers(world, 3, start_ms=start_ms)
    world.transport.faults = outage
    for _ in range(20):
        world.turn()
        world.clock.advance(61)
    world.transport.faults = FaultPlan.none()
    other = _send_longer_copy(world, 8, start_ms=start_ms)
    world.transport.faults = outage
    world.turn()
    world.transport.faults = FaultPlan.none()
    _answers(world, *range(4, count + 1), start_ms=start_ms)
    world.drain()
    assert world.held_parts() == other.expected_parts()
    assert world.backend.session(SESSION).prompt_tokens == 8000


class TestReading:
    """What is read of the backend, and what happens where that is not possible."""

    def test_a_new_session_is_not_read(self, world: World) -> None:
        """No other machine can have it yet."""
        start_ms = world.clock.now_ms
        for number in range(100):
            world.clock.advance(5)
            _answers(world, number, start_ms=start_ms + 4000 * number)
            world.work()
        world.drain()
        assert calls_to(world.backend, NEWEST) == []

    def test_a_session_that_is_not_among_the_newest_is_made_one(self, world: World) -> None:
        """By a state that changes nothing of it."""
        start_ms = world.clock.now_ms - DAY_MS
        _answers(world, *range(1, 9), start_ms=start_ms, title="Newest")
        world.drain()
        held = world.backend.session(SESSION)
        for number in range(60):
            world.clock.advance(1)
            world.backend.post(STATE, {"externalId": f"s{number}", "source": "claude-code"})
        older = world.other_machine()
        _answers(older, 1, start_ms=start_ms)
        older.drain()
        session = world.backend.session(SESSION)
        assert session.total_tokens == held.total_tokens
        assert session.title == "Newest"

    @pytest.mark.parametrize(
        "fault",
        [*map(faults.refuse, (400, 401, 404, 500)), faults.HTML_ANSWER],
        ids=lambda fault: fault.name,
    )
    def test_without_it_states_are_sent(self, world: World, fault: faults.Fault) -> None:
        """A backend that cannot be read from is still uploaded to."""
        world.say("u1", ago_ms=DAY_MS)
        world.drain()
        again = world.other_machine()
        again.transport.faults = FaultPlan.always(fault, paths=frozenset({NEWEST}))
        again.say("u1", ago_ms=DAY_MS)
        again.say("u2")
        again.drain()
        again.assert_complete()

    def test_after_a_failure_it_is_read_again(self, world: World) -> None:
        """A failure that passes replaces no newer totals."""
        start_ms = world.clock.now_ms - DAY_MS
        _answers(world, *range(1, 9), start_ms=start_ms)
        world.drain()
        total = world.backend.session(SESSION).total_tokens
        older = world.other_machine()
        world.transport.faults = FaultPlan.of(
            *map(faults.refuse, (500, 401, 404)),
            None,
            faults.HTML_ANSWER,
            faults.COMMIT_THEN_DROP,
            paths=frozenset({NEWEST}),
        )
        _answers(older, 1, start_ms=start_ms)
        older.drain()
        assert world.backend.session(SESSION).total_tokens == total

    def test_a_session_that_appears_later_may_be_there(self, world: World) -> None:
        """Its transcript was copied after the list of sessions was read."""
        later = world.other_machine()
        later.say("u0", session_id=OTHER)
        later.drain()
        world.say("u1", ago_ms=DAY_MS)
        world.drain()
        world.clock.advance(3600)
        later.say("u1", ago_ms=DAY_MS + 3_600_000)
        later.work()
        assert later.outbox.remote(SESSION).is_preexisting
        later.drain()
        later.assert_complete()

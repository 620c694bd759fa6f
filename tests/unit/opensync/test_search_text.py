"""What the backend's search finds of a session: every text, once, whatever happened meanwhile."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.opensync.http_client import OpenSyncClient
from ccsync_watch.opensync.search_text import MAX_SEARCH_UNITS, search_text
from support.opensync_double import faults
from support.opensync_double.faults import FaultPlan
from support.storing import SESSION, World, calls_to, message

if TYPE_CHECKING:
    from ccsync_watch.model import Redacted
    from ccsync_watch.opensync.wire import Payload

SINGLE, STATE, BATCH = "/sync/message", "/sync/session", "/sync/batch"


def _talk(world: World, count: int, *, length: int = 20) -> None:
    """Write prompts, each with a word of its own, and have them sent and settled."""
    for number in range(count):
        world.say(f"u{number}", f"word{number} ".ljust(length, "x"))
    world.drain()


def _rename(world: World, title: str) -> None:
    world.ingest(facts={"custom_title": title})


def _finds(world: World, word: str) -> bool:
    return bool(world.backend.get(f"/api/search?q={word}").json["results"])


def _titles(world: World) -> list[str]:
    return [call.json["title"] for call in world.backend.calls if call.path == STATE]


@pytest.mark.parametrize("length", [20, 1000])
def test_a_new_title_keeps_every_text_searchable(world: World, length: int) -> None:
    """Whether all of them fit or not, and without sending a message again."""
    _talk(world, 30, length=length)
    sent = len(calls_to(world.backend, SINGLE))
    _rename(world, "Renamed")
    world.drain()
    assert world.backend.session(SESSION).title == "Renamed"
    assert [_finds(world, f"word{number}") for number in range(9)] == [True] * 9
    assert _finds(world, "word29") == (length == 20)
    assert len(calls_to(world.backend, SINGLE)) == sent
    world.assert_complete()


def test_titles_that_change_quickly_are_written_once(world: World) -> None:
    """The last one, with one state and one batch."""
    _talk(world, 3)
    before = len(world.backend.calls)
    for title in ("One", "Two", "Three"):
        _rename(world, title)
    world.drain()
    assert [call.path for call in world.backend.calls[before:]] == [STATE, BATCH]
    assert world.backend.session(SESSION).title == "Three"


def test_what_is_shown_meanwhile_begins_with_the_title(world: World) -> None:
    """Between the two requests, and for longer if the second one fails, the title is long."""
    _talk(world, 3)
    _rename(world, "Renamed")
    world.transport.faults = FaultPlan.of(faults.DROP_BEFORE, paths=frozenset({BATCH}))
    world.clock.advance(12)
    world.turn()
    assert (world.backend.session(SESSION).title or "").startswith("Renamed ")
    world.drain()
    assert world.backend.session(SESSION).title == "Renamed"
    world.assert_complete()


def test_new_lines_follow_the_rewritten_text(world: World) -> None:
    """In their order, once."""
    _talk(world, 3)
    _rename(world, "Renamed")
    world.drain()
    world.say("later", "afterwards")
    world.drain()
    assert (world.backend.session(SESSION).searchable_text or "").endswith(" afterwards")
    world.assert_complete()


def test_a_text_of_a_lost_answer_is_found_once(world: World) -> None:
    """It was appended twice, as it had to be sent again: the text is written again as a whole."""
    world.transport.faults = FaultPlan.of(None, faults.COMMIT_THEN_DROP, paths=frozenset({SINGLE}))
    for number in range(3):
        world.say(f"u{number}", f"word{number}", ago_ms=60_000)
    world.drain()
    world.assert_complete()
    text = world.backend.session(SESSION).searchable_text or ""
    # The first one is also the title.
    assert [text.count(f"word{number}") for number in range(3)] == [2, 1, 1]


@pytest.mark.parametrize("fault", faults.ways(retry_after_seconds=0, late_seconds=0))
@pytest.mark.parametrize("at", range(2))
def test_the_two_steps_survive_every_fault(world: World, fault: faults.Fault, at: int) -> None:
    """Both are sent again."""
    _talk(world, 3)
    _rename(world, "Renamed")
    world.clock.advance(12)
    world.transport.faults = FaultPlan.of(*[None] * at, fault)
    world.turn()
    world.restart()
    world.drain()
    world.assert_complete()


def test_a_changed_text_replaces_the_old_one(world: World) -> None:
    """In its place, and the old one is not found any more."""
    _talk(world, 3)
    changed = message("u1", "instead", at_ms=world.clock.now_ms)
    world.ingest(changed)
    world.drain()
    assert (_finds(world, "word1"), _finds(world, "instead")) == (False, True)
    world.assert_complete()


def test_a_text_that_goes_is_not_found(world: World) -> None:
    """Also when it was the only one of the session but its header."""
    world.say("u1", "hunter2")
    world.drain()
    _rename(world, "Renamed")
    world.ingest(message("u1", parts=(), at_ms=world.clock.now_ms))
    world.drain()
    assert not _finds(world, "hunter2")
    world.assert_complete()


def test_a_preexisting_session_is_searchable_once_it_is_sent_again(world: World) -> None:
    """Its messages are sent again as a whole, which doubles every text for a moment."""
    _talk(world, 3)
    world.close()
    again = World(world.folder / "new")
    again.backend, again.transport, again.clock = world.backend, world.transport, world.clock
    again.connect()
    for number in range(3):
        again.say(f"u{number}", f"word{number} ".ljust(20, "x"), ago_ms=60_000)
    again.drain()
    again.assert_complete()
    again.close()


def test_a_backend_that_rejects_the_batch_has_the_title(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its search finds the title alone, as it is asked not again and again."""
    _talk(world, 3)
    _rename(world, "Renamed")
    original = OpenSyncClient.put_titled_session

    def put(self: OpenSyncClient, payload: Redacted[Payload]) -> int:
        payload.value["unknown"] = 1
        return original(self, payload)

    monkeypatch.setattr(OpenSyncClient, "put_titled_session", put)
    world.drain()
    assert world.backend.session(SESSION).title == "Renamed"
    assert world.outbox.next_due_ms() is None


@pytest.mark.parametrize("seed", range(5))
def test_the_text_is_exact_whatever_fails(world: World, seed: int) -> None:
    """Thirty in a hundred requests fail, in every way, while lines, titles and texts change."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    world.transport.faults = FaultPlan.random(seed, retry_after_seconds=1, late_seconds=0)
    for number in range(40):
        world.say(f"u{number}", f"word{number}", ago_ms=chance.choice([0, 0, 3_600_000]))
        if chance.random() < 0.2:
            _rename(world, f"Title {number}")
        if chance.random() < 0.2:
            at = chance.randrange(number + 1)
            world.ingest(message(f"u{at}", f"changed{number}", at_ms=world.clock.now_ms))
        world.turn()
        world.clock.advance(chance.choice([1, 4, 12, 70]))
    world.transport.faults = FaultPlan.none()
    world.drain()
    world.assert_complete()


@pytest.mark.parametrize("ago_ms", [0, 60_000])
@pytest.mark.parametrize("start", ["x", "xx"])
def test_a_text_that_the_limit_cuts_through_a_character_is_sent(
    world: World, start: str, ago_ms: int
) -> None:
    """The backend would refuse it for good; the search text is made full before it."""
    world.say("u0", "first", ago_ms=ago_ms)
    world.say("u1", start + "🎉" * 6000, ago_ms=ago_ms)
    world.say("u2", "last 🎉", ago_ms=ago_ms)
    world.drain()
    assert world.outbox.count_rejected(None) == 0
    world.assert_complete()


def test_a_doubled_text_may_be_the_one_that_is_cut(world: World) -> None:
    """Where it would fit once, what was appended by mistake goes first."""
    world.transport.faults = FaultPlan.of(
        None, None, faults.COMMIT_THEN_DROP, paths=frozenset({SINGLE})
    )
    world.say("u0", "x" * 5, ago_ms=60_000)
    for number in range(1, 4):
        world.say(f"u{number}", f"{'x' * (number % 2)}{'🎉' * 1500}", ago_ms=60_000)
    world.drain()
    assert world.outbox.count_rejected(None) == 0
    world.assert_complete()


def test_a_long_text_is_cut_as_the_backend_cuts_it() -> None:
    """It counts characters as JavaScript does; where half of one would be is a blank."""
    assert search_text("🎉" * 4000 + "x", []) == "🎉" * 4000 + "x"
    assert search_text("x" + "🎉" * 6000, []) == "x" + "🎉" * 4999 + " "
    assert len(search_text("x" * 20_000, [])) == MAX_SEARCH_UNITS

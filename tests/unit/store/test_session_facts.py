"""What the client notes of a session as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.store.session_facts import shown_facts
from ccsync_watch.store.stored_messages import session_messages
from support.storing import SESSION, World

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue


def link(number: int, name: str | None = None) -> JsonValue:
    """Return a list of one address."""
    return [{"url": f"https://git/p/{number}", "name": name or f"o/p#{number}"}]


def shown(world: World) -> dict[str, str]:
    """Return what is shown of the tests' session."""
    return shown_facts(world.database.read(), SESSION)


def test_facts_are_listed_by_name_in_one_order(world: World) -> None:
    """Those that count elsewhere are not."""
    world.say("u1")
    world.ingest(facts={"effort": "high", "agent": "reviewer", "custom_title": "t", "leaf": "u1"})
    assert list(shown(world).items()) == [("Agent", "reviewer"), ("Effort", "high")]
    world.ingest(facts={"effort": "low"})
    assert shown(world)["Effort"] == "low"


def test_a_name_that_is_the_title_is_not_said_twice(world: World) -> None:
    """A person renamed the session."""
    world.ingest(facts={"agent_name": "lily"})
    assert shown(world) == {"Agent name": "lily"}
    world.ingest(facts={"custom_title": "lily"})
    assert shown(world) == {}


def test_a_list_grows_by_what_each_row_adds(world: World) -> None:
    """What is written again is not added again; its name may have changed."""
    for value in (link(1), link(2), link(1, "renamed")):
        world.ingest(facts={"pull_requests": value})
    assert shown(world) == {"Pull requests": "renamed https://git/p/1, o/p#2 https://git/p/2"}


def test_the_number_of_artifacts_counts_only_without_their_addresses(world: World) -> None:
    """A compacted file may have nothing else."""
    world.ingest(facts={"artifacts": [{"url": None, "name": "2 artifacts"}]})
    assert shown(world) == {"Artifacts": "2 artifacts"}
    world.ingest(facts={"artifacts": [{"url": "https://x/1", "name": None}]})
    assert shown(world) == {"Artifacts": "https://x/1"}


def test_the_backend_gets_them_with_the_header(world: World) -> None:
    """Also when nothing else is new."""
    world.say("u1")
    world.drain()
    world.ingest(facts={"pull_requests": link(7)})
    world.drain()
    header = next(row for row in session_messages(world.database, SESSION) if row.uuid == "session")
    assert "Pull requests: o/p#7 https://git/p/7" in str(header.parts[0].content)
    world.assert_complete()

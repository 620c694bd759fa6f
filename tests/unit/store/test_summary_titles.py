"""Titles that older clients wrote into the files of other sessions."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.store.session_summaries import session_summary
from support.storing import OTHER, SESSION, message

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue
    from support.storing import World


def _title(world: World, session_id: str = SESSION) -> str | None:
    summary = session_summary(world.database, session_id)
    assert summary is not None
    return summary.value.title


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_the_session_that_holds_the_leaf_gets_the_title(
    world: World, order: tuple[int, ...]
) -> None:
    """That of its latest leaf, whichever is read first; the file's own session gets none."""

    def summarize(leaf: str, text: str) -> None:
        summary: dict[str, JsonValue] = {"summary": {"text": text, "leaf": leaf}}
        world.ingest(message("o1", "Other", session_id=OTHER), facts=summary, session_id=OTHER)

    steps = (
        lambda: world.ingest(message("u1", "First"), message("u2", "Second")),
        lambda: summarize("u1", "Early"),
        lambda: summarize("u1", "Early"),
        lambda: world.ingest(message("o1", "Other", session_id=OTHER), session_id=OTHER),
    )
    for step in order:
        steps[step]()
    assert _title(world) == "Early"
    assert _title(world, OTHER) == "Other"


@pytest.mark.parametrize("is_reversed", [False, True])
def test_the_summary_of_the_later_row_is_the_title(world: World, *, is_reversed: bool) -> None:
    """A session that was resumed has been summarized more than once."""
    world.ingest(message("u1", "First"))
    world.ingest(message("u2", "Second"))
    summaries = [("u1", "Early"), ("u2", "Late")]
    for leaf, text in reversed(summaries) if is_reversed else summaries:
        summary: dict[str, JsonValue] = {"summary": {"text": text, "leaf": leaf}}
        world.ingest(message("o1", session_id=OTHER), facts=summary, session_id=OTHER)
    assert _title(world) == "Late"


def test_the_summary_of_a_subagent_is_not_the_sessions_title(world: World) -> None:
    """Its chain stands in the session's own transcript, and was summarized as any other."""
    world.ingest(message("u1", "First"), message("s1", "Task", agent_id="side-s1"))
    summary: dict[str, JsonValue] = {"summary": {"text": "About the task", "leaf": "s1"}}
    world.ingest(message("o1", session_id=OTHER), facts=summary, session_id=OTHER)
    assert _title(world) == "First"


def test_a_new_title_is_sent(world: World) -> None:
    """The session that gets it has nothing else to send."""
    world.say("u1")
    world.drain()
    summary: dict[str, JsonValue] = {"summary": {"text": "Summed up", "leaf": "u1"}}
    world.ingest(message("o1", session_id=OTHER), facts=summary, session_id=OTHER)
    world.drain()
    assert world.backend.session(SESSION).title == "Summed up"


def test_metadata_only_sessions_get_no_title(world: World) -> None:
    """Nothing of what was said is kept of them."""
    world.say("u1")
    with world.database.write() as connection:
        connection.execute("UPDATE sessions SET is_metadata_only = 1")
    summary: dict[str, JsonValue] = {"summary": {"text": "Summed up", "leaf": "u1"}}
    world.ingest(message("o1", session_id=OTHER), facts=summary, session_id=OTHER)
    read = world.database.read()
    assert read.execute("SELECT count(*) FROM session_facts").fetchone()[0] == 0

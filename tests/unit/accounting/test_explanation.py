"""What was counted for a session, and what was not."""

from __future__ import annotations

from typing import Any

from ccsync_watch.accounting.explanation import explain
from ccsync_watch.model import Batch, Redacted, UncountedUsage
from ccsync_watch.store.ingest import IngestContext, ingest
from support.storing import SESSION, World, checkpoint, message, observation, usage


def test_repeated_rows_and_copies_are_counted_apart(world: World) -> None:
    """A naive sum is larger by each of them."""
    rows: list[Any] = [usage("m1", uuid=str(number), tokens_in=100) for number in range(3)]
    world.ingest(message("a1"), usages=tuple(rows))
    copied = usage("m1", row_session_id="fork", is_marked=True, tokens_in=100)
    own = usage("m2", session_id="fork", tokens_in=7)
    world.ingest(message("a1", session_id="fork"), usages=(copied, own), session_id="fork")
    first = explain(world.database, SESSION, world.prices)
    assert first is not None
    assert (first.naive_rows, first.naive_prompt, first.repeated_rows) == (3, 300, 2)
    assert [(response.rows, response.copies) for response in first.counted] == [(3, 1)]
    fork = explain(world.database, "fork", world.prices)
    assert fork is not None
    assert (fork.naive_prompt, fork.inherited_responses) == (107, 1)
    assert [response.id for response in fork.counted] == ["m2"]
    assert fork.account.tokens.prompt == 7


def test_rows_that_no_total_contains_are_counted_by_reason(world: World) -> None:
    """Their tokens are unknown, which is not the same as none."""
    uncounted = [UncountedUsage(SESSION, None, row_id, "odd") for row_id in ("r1", "r2", "r2")]
    batch = Batch(0, 10, uncounted=uncounted, observations=[observation()])
    context = IngestContext(now_ms=world.clock.now_ms, host=Redacted("laptop"))
    ingest(world.database, Redacted(batch), checkpoint(), context)
    world.say("u1")
    explanation = explain(world.database, SESSION, world.prices)
    assert explanation is not None
    assert explanation.uncounted == {"odd": 2}
    assert world.figures()["rows_uncounted"] == 2


def test_an_unknown_session_has_none(world: World) -> None:
    """There is nothing to explain."""
    assert explain(world.database, SESSION, world.prices) is None

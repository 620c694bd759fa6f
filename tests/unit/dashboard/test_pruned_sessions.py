"""A session whose texts were removed says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.pipeline.pruning import DAY_MS, PruneRequest, plan_pruning, prune
from support.storing import SESSION

if TYPE_CHECKING:
    from support.dashboard_visitor import Visitor
    from support.storing import World


def test_its_pages_say_what_they_lack(world: World, visitor: Visitor) -> None:
    """The page of the session, and the list."""
    world.say("u1", "Title\nperiwinkle", ago_ms=100 * DAY_MS)
    assert "periwinkle" in visitor.get(f"/sessions/{SESSION}").text
    assert "were removed" not in visitor.get(f"/sessions/{SESSION}").text
    plan = plan_pruning(
        world.database,
        PruneRequest(),
        growing=frozenset(),
        has_backend=False,
        now_ms=world.clock.wall_ms(),
    )
    prune(world.database, plan, has_backend=False, clock=world.clock)
    page = visitor.get(f"/sessions/{SESSION}").text
    assert "periwinkle" not in page
    assert "The texts of 1 message were removed from this machine on " in page
    assert ">pruned</span>" in visitor.get("/sessions").text

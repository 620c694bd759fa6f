"""The last turns of a session with what they cost; a session may have any number of messages.

What is not shown is neither priced nor unpacked, and what is shown is read some steps at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from ccsync_watch.dashboard.conversation import build_timeline
from ccsync_watch.store import conversations, session_outline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccsync_watch.accounting.account import Cost
    from ccsync_watch.dashboard.conversation import Turn
    from ccsync_watch.dashboard.site import Site
    from ccsync_watch.store.conversations import TimelineStep

MAX_TURNS = 1000
"""A page says of so many turns what they were."""
_STEPS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class SessionTurns:
    """The last turns of a session; `are_all`: it had no others.

    `is_final`: no response of the whole session reports a lower bound of its tokens only.
    """

    turns: list[Turn]
    are_all: bool
    is_final: bool


def load_turns(site: Site, session_id: str, *, most: int = MAX_TURNS) -> SessionTurns:
    """Return the last turns of a session's main conversation, at most so many."""
    from_seq, first_number = _find_first(site, session_id, most)
    costs: dict[str, Cost] = {}

    def priced_steps() -> Iterator[TimelineStep]:
        steps = conversations.timeline_steps(site.database, session_id, from_seq=from_seq)
        while chunk := list(islice(steps, _STEPS_AT_ONCE)):
            costs.clear()
            costs.update(site.figures.response_costs(chunk))
            yield from chunk

    timeline = build_timeline(priced_steps(), costs, first_number=first_number, most=most)
    turns = timeline.turns
    return SessionTurns(
        turns,
        are_all=not turns or turns[0].number == 1,
        is_final=session_outline.is_final(site.database, session_id),
    )


def _find_first(site: Site, session_id: str, most: int) -> tuple[int, int]:
    """Return the number of the message with which the turns to show begin, and that of the turn."""
    if not session_outline.has_more_starters(site.database, session_id, most):
        return 0, 1
    steps = session_outline.turn_steps(site.database, session_id)
    turns = build_timeline(steps, {}, most=most).turns
    return (turns[0].seq, turns[0].number) if turns else (0, 1)

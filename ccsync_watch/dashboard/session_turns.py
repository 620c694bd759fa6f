"""The last turns of a session with what they cost; a session may have any number of messages.

What is not shown is neither priced nor unpacked, and what is shown is read some steps at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.dashboard.conversation import SessionOutline, SessionTurns, build_timeline
from ccsync_watch.store import conversations, session_outline
from ccsync_watch.store.context_sizes import context_sizes
from ccsync_watch.store.session_version import session_version

if TYPE_CHECKING:
    from ccsync_watch.dashboard.site import Site

MAX_TURNS = 1000
"""A page says of so many turns what they were."""
_MAX_CONTEXTS = 240
"""How many bars show the contexts of a session's responses."""


def load_outline(site: Site, session_id: str) -> SessionOutline:
    """Return the outline of a session, as it was the last time if its messages are the same.

    All of them are read for it, and who reads a session opens it page after page.
    """
    version = session_version(site.database, session_id), site.figures.price_revision()
    return site.outlines.get(
        session_id,
        version,
        lambda: SessionOutline(
            load_turns(site, session_id),
            context_sizes(site.database, session_id, most=_MAX_CONTEXTS),
        ),
    )


def load_turns(site: Site, session_id: str, *, most: int = MAX_TURNS) -> SessionTurns:
    """Return the last turns of a session's main conversation, at most so many."""
    from_seq, first_number = _find_first(site, session_id, most)
    steps = conversations.timeline_steps(site.database, session_id, from_seq=from_seq)
    turns = build_timeline(
        steps, site.figures.turn_costs, first_number=first_number, most=most
    ).turns
    return SessionTurns(turns, are_all=not turns or turns[0].number == 1)


def _find_first(site: Site, session_id: str, most: int) -> tuple[int, int]:
    """Return the number of the message with which the turns to show begin, and that of the turn."""
    if not session_outline.has_more_starters(site.database, session_id, most):
        return 0, 1
    steps = session_outline.turn_steps(site.database, session_id)
    turns = build_timeline(steps, most=most).turns
    return (turns[0].seq, turns[0].number) if turns else (0, 1)

"""What to say of words of a search that look like operators."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from ccsync_watch.store.search_operators import BY_NAME

if TYPE_CHECKING:
    from ccsync_watch.store.search_nodes import ParsedQuery

# What other programs call them.
_OTHER_NAMES = {
    "after": "since", "from": "since", "before": "until", "to": "until",
    "path": "file", "repo": "project",
}  # fmt: skip


def unknown_operators(parsed: ParsedQuery) -> tuple[str, ...]:
    """Return a notice for each word that is near to an operator, and is searched for as text."""
    notices = []
    for name in parsed.unknown:
        other = _OTHER_NAMES.get(name.lower())
        near = [other] if other else get_close_matches(name.lower(), BY_NAME, n=1, cutoff=0.75)
        if near:
            notices.append(
                f"{name}: is not an operator, so it is searched for as text. Is {near[0]}: meant?"
            )
    return tuple(notices)

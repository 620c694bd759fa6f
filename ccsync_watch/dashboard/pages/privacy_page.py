"""What was removed and what is known to be secret; and what the last audit said.

An audit says what its rules would change of what is stored, and what of that has left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.dashboard.page import Context, Page
from ccsync_watch.errors import CcsyncError
from ccsync_watch.privacy import RULES_VERSION
from ccsync_watch.report.last_audit import load_audit
from ccsync_watch.store import rewriting

if TYPE_CHECKING:
    from starlette.requests import Request

    from ccsync_watch.dashboard.site import Site

_MAX_SESSIONS = 100


def build_context(site: Site, _request: Request) -> Context:
    """Return the last audit; a page makes none, as it reads everything that is stored."""
    document = load_audit(site.state_dir)
    own = {"removed": site.figures.removed_secrets(), "known": _known_secrets(site)}
    if document is None:
        return {**own, "audit": None}
    return {
        **own,
        "audit": document,
        "sessions": document["sessions"][:_MAX_SESSIONS],
        "is_by_other_rules": document["rules"].split("/")[0] != RULES_VERSION,
        "has_newer": rewriting.newest_seq(site.database) > document["newest_seq"],
    }


def _known_secrets(site: Site) -> dict[str, int] | None:
    """Return how many values are known to be secret, by their source; None if nobody can say."""
    try:
        return site.daemon.known_secrets()
    except CcsyncError:  # it is stopping
        return None


PAGE = Page(
    name="privacy",
    path="/privacy",
    title="Privacy",
    template="privacy.html",
    build_context=build_context,
    navigation=6,
)

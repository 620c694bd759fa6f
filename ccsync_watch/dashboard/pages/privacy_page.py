"""What the last audit said: what its rules would change of what is stored, and what has left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.dashboard.page import Context, Page
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
    if document is None:
        return {"audit": None}
    return {
        "audit": document,
        "sessions": document["sessions"][:_MAX_SESSIONS],
        "is_by_other_rules": document["rules"].split("/")[0] != RULES_VERSION,
        "has_newer": rewriting.newest_seq(site.database) > document["newest_seq"],
    }


PAGE = Page(
    name="privacy",
    path="/privacy",
    title="Privacy",
    template="privacy.html",
    build_context=build_context,
    navigation=6,
)

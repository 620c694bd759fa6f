"""What of one session left this machine: requests, hosts, what was removed, what was rejected."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ccsync_watch.dashboard.entry_facts import local_facts
from ccsync_watch.dashboard.page import Context, Page
from ccsync_watch.dashboard.pages.session_page import require_session
from ccsync_watch.store import egress_ledger, sent_rows, upload_states

if TYPE_CHECKING:
    from starlette.requests import Request

    from ccsync_watch.dashboard.site import Site

_MAX_ENTRIES = 200
_MAX_REJECTED = 100


def build_context(site: Site, request: Request) -> Context:
    """Return the session's part of the ledger, and what of it is not sent."""
    session = require_session(site, request.path_params["session_id"])
    session_id, database = session.session_id, site.database
    entries = egress_ledger.newest_entries(database, _MAX_ENTRIES + 1, session_id=session_id)
    removed: Counter[str] = Counter()
    for entry in egress_ledger.ledger_entries(database, session_id=session_id):
        removed.update(entry.removed)
    return {
        "session": session,
        "upload": local_facts(site, session_id)["upload"],
        "entries": entries[:_MAX_ENTRIES],
        "is_cut": len(entries) > _MAX_ENTRIES,
        "hosts": sent_rows.sent_to(database, session_id),
        "removed": dict(removed.most_common()),
        "rejected": upload_states.rejected_messages(database, session_id, _MAX_REJECTED),
    }


PAGE = Page(
    name="sent",
    path="/sessions/{session_id}/sent",
    title="What left this machine",
    template="sent.html",
    build_context=build_context,
    section="sessions",
)

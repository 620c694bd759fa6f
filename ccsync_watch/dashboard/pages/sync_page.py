"""The state of syncing: what is pending, what was sent, what is wrong or at risk."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, cast

from ccsync_watch.dashboard.page import Context, Page
from ccsync_watch.regular_files import file_of
from ccsync_watch.store import egress_ledger, sync_queues
from ccsync_watch.store.session_list import load_session

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request

    from ccsync_watch.control.messages import FlushAnswer
    from ccsync_watch.dashboard.site import Site
    from ccsync_watch.model import JsonValue
    from ccsync_watch.store.session_list import SessionRow

_MAX_LEDGER_ENTRIES = 100
_MAX_BEHIND = 50
_LOG_BYTES = 24 << 10
_LOG_LINES = 60
_NOTICES = {
    "sent": "Everything is read and sent.",
    "local": "Everything is read. No Convex URL is configured, so nothing was sent.",
    "pending": "Not everything is sent yet: it continues in the background.",
    "failed": "Not everything could be sent: the problems below say why.",
}
"""What a page says of the flush that led to it, by the name in its address."""


def flush_outcome(answer: FlushAnswer) -> str:
    """Return the name of the notice that the next page shows of a flush."""
    if answer.error or answer.problem or answer.rows_rejected:
        return "failed"
    if answer.rows_pending or not answer.is_read:
        return "pending"
    return "local" if answer.is_local else "sent"


def build_context(site: Site, request: Request) -> Context:
    """Return the state of syncing, and the end of the log."""
    entries = egress_ledger.newest_entries(site.database, _MAX_LEDGER_ENTRIES)
    removed: Counter[str] = Counter()
    for entry in entries:
        removed.update(entry.removed)
    status = site.figures.status()
    return {
        "behind": _sessions_behind(site, status),
        "notice": _NOTICES.get(request.query_params.get("flush", "")),
        "status": status,
        "pending": sync_queues.unsynced_sessions(site.database),
        "unreadable": sync_queues.unreadable_ranges(site.database),
        "entries": entries,
        "removed": removed,
        "retention_risk": site.figures.retention_risk(),
        "browsers": site.access.count_sessions(),
        "log": _read_log_end(site.state_dir / "log"),
    }


def _sessions_behind(
    site: Site, status: dict[str, JsonValue]
) -> list[tuple[str, JsonValue, SessionRow | None]]:
    """Return sessions that are not read to their ends, the begun ones first, with what is left.

    Of those of which nothing is stored yet, a page is missing.
    """
    behind = cast("dict[str, JsonValue]", status["sessions_behind"])
    lines = [
        (session_id, count, load_session(site.database, session_id))
        for session_id, count in islice(behind.items(), _MAX_BEHIND)
    ]
    return sorted(lines, key=lambda line: line[2] is None)


def _read_log_end(path: Path) -> list[str]:
    """Return the log's last lines; it is redacted when it is written."""
    try:
        with file_of(path) as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _LOG_BYTES))
            data = file.read()
    except OSError:
        return []
    return data.decode("utf-8", "replace").splitlines()[-_LOG_LINES:]


PAGE = Page(
    name="sync",
    path="/sync",
    title="Sync",
    template="sync.html",
    build_context=build_context,
    navigation=5,
)

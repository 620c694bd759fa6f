"""What the page about syncing is given: what waits, what left, what is wrong or at risk."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from ccsync_watch.store import egress_ledger, sync_queues

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request

    from ccsync_watch.control.messages import FlushAnswer
    from ccsync_watch.dashboard.app import Site

_ENTRIES = 100
_LOG_BYTES = 24 << 10
_LOG_LINES = 60
_SAID = {
    "sent": "Everything is read and sent.",
    "local": "Everything is read. No Convex URL is configured, so nothing was sent.",
    "waiting": "It goes on in the background: not everything is sent yet.",
    "failed": "Not everything could be sent: see what is wrong below.",
}


def said_of(made: FlushAnswer) -> str:
    """Return the name of what to say of a flush, which the next page says."""
    if made.error or made.problem or made.rows_rejected:
        return "failed"
    if made.rows_pending or not made.is_read:
        return "waiting"
    return "local" if made.is_local else "sent"


def given(site: Site, request: Request) -> dict[str, Any]:
    """Return the page."""
    entries = egress_ledger.newest_entries(site.database, _ENTRIES)
    removed: Counter[str] = Counter()
    for entry in entries:
        removed.update(entry.removed)
    return {
        "said": _SAID.get(request.query_params.get("said", "")),
        "status": site.figures.status(),
        "waiting": sync_queues.unsynced_sessions(site.database),
        "unreadable": sync_queues.unreadable_ranges(site.database),
        "entries": entries,
        "removed": removed,
        "retention": site.figures.retention(),
        "log": _tail(site.state_dir / "log"),
    }


def _tail(path: Path) -> list[str]:
    """Return the log's last lines; it is redacted when it is written."""
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _LOG_BYTES))
            data = file.read()
    except OSError:
        return []
    return data.decode("utf-8", "replace").splitlines()[-_LOG_LINES:]

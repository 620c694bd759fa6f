"""Warn of transcripts that Claude Code will delete before they are uploaded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ccsync_watch.regular_files import read_regular
from ccsync_watch.store import sync_queues
from ccsync_watch.transcripts import discovery

if TYPE_CHECKING:
    from pathlib import Path

    from ccsync_watch.config import Settings
    from ccsync_watch.store.database import Database

_DAY_MS = 86_400_000
_DEFAULT_PERIOD_DAYS = 30


@dataclass(frozen=True, slots=True)
class RetentionRisk:
    """How many sessions are at risk; `days_left` until the first of them is deleted."""

    sessions: int
    days_left: int
    period_days: int


def find_retention_risk(
    database: Database, settings: Settings, *, now_ms: int
) -> RetentionRisk | None:
    """Return what will be deleted before it is uploaded; None when nothing is at risk."""
    if settings.destination is None:
        return None
    pending = sync_queues.sessions_with_pending_rows(database)
    deletions: dict[str, tuple[int, int]] = {}
    for folder in settings.claude_dirs:
        period = _period_days(folder)
        for file in discovery.scan_transcripts([str(folder / "projects")]).transcripts:
            session_id = file.stream.session_id
            if session_id in pending:
                deletion = (file.mtime_ns // 1_000_000 + period * _DAY_MS, period)
                deletions[session_id] = min(deletions.get(session_id, deletion), deletion)
    if not deletions:
        return None
    first_ms, period = min(deletions.values())
    return RetentionRisk(len(deletions), max(0, (first_ms - now_ms) // _DAY_MS), period)


def _period_days(folder: Path) -> int:
    """Return how long Claude Code keeps the transcripts of one of its folders."""
    try:
        content: Any = json.loads(read_regular(folder / "settings.json"))
        days = content.get("cleanupPeriodDays")
    except (OSError, ValueError, AttributeError):
        return _DEFAULT_PERIOD_DAYS
    is_period = isinstance(days, int) and not isinstance(days, bool) and days > 0
    return days if is_period else _DEFAULT_PERIOD_DAYS

"""The figures of `status`: settings, totals, sessions and problems, ready for JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from ccsync_watch import __version__
from ccsync_watch.config import printable_path, shown_settings
from ccsync_watch.errors import DaemonUnavailable, NotAnswering, StillStarting
from ccsync_watch.pipeline.files import RealFiles
from ccsync_watch.report.problem_checks import check_all
from ccsync_watch.store import status_figures
from ccsync_watch.store.install_keys import path_key
from ccsync_watch.store.meta import last_retention
from ccsync_watch.store.offsets import load_offsets

if TYPE_CHECKING:
    from ccsync_watch.config import Settings
    from ccsync_watch.model import JsonValue
    from ccsync_watch.report.live import Live
    from ccsync_watch.store.database import Database
    from ccsync_watch.transcripts.discovery import TranscriptScan


def status(
    settings: Settings,
    database: Database | None,
    live: Live | None,
    *,
    key: bytes,
    absence: DaemonUnavailable | None = None,
    rules: str | None = None,
    max_sessions: int | None = None,
) -> dict[str, JsonValue]:
    """Return the whole report as JSON; of sessions all, or the latest `max_sessions`.

    `live` is None when no daemon answers; `absence` then says why. `rules` names the redactor's
    rules in force, None where nobody has loaded them.
    """
    files = RealFiles(confined=(f"{folder}/projects" for folder in settings.hook_dirs))
    scan = files.scan(f"{folder}/projects" for folder in settings.claude_dirs)
    behind, total_behind, unfinished = _bytes_behind(scan, database, key)
    sessions = status_figures.session_table(database, max_sessions) if database else []
    for row in sessions:
        row["bytes_behind"] = behind.get(str(row["session_id"]), 0)
    totals = status_figures.totals(database) if database else {}
    problems = check_all(
        settings,
        database,
        scan,
        live=live,
        absence=absence,
        rules=rules,
        totals=totals,
        unfinished=unfinished,
    )
    return {
        "version": __version__,
        "daemon": {
            "running": live is not None,
            "is_silent": isinstance(absence, NotAnswering),
            "is_starting": isinstance(absence, StillStarting),
            "pid": live.pid if live else None,
            "since_ms": live.since_ms if live else None,
        },
        "config": shown_config(settings),
        "retention": last_retention(database.read()) if database else None,
        "destination": asdict(settings.destination) if settings.destination else None,
        "state_dir": printable_path(settings.state_dir),
        "bytes_behind": total_behind,
        "sessions_behind": {name: count for name, count in behind.items() if count},
        "transcripts_found": len(scan.transcripts),
        "totals": totals,
        "unknown_line_types": dict(status_figures.unknown_line_types(database)) if database else {},
        "repaired_rows": dict(status_figures.repaired_rows(database)) if database else {},
        "rejected": list(status_figures.rejected_rows(database)) if database else [],
        "sessions": list(sessions),
        "problems": [problem.as_json() for problem in problems],
        "warnings": list(settings.warnings),
    }


def shown_config(settings: Settings) -> dict[str, JsonValue]:
    """Return the settings in force, without what is secret, and the file that they may be in."""
    return {"file": printable_path(settings.file), **shown_settings(settings)}


def _bytes_behind(
    scan: TranscriptScan, database: Database | None, key: bytes
) -> tuple[dict[str, int], int, list[int]]:
    """Return the bytes on disk that are not in the store, by session and in total.

    And of those the bytes of each last line without a newline.
    """
    known = load_offsets(database) if database else {}
    behind: dict[str, int] = {}
    unfinished = []
    total = 0
    for transcript in scan.transcripts:
        offset, size = known.get(path_key(key, transcript.path), (0, None))
        # A file that shrank is another one, and none of it has been read.
        unread = transcript.size - (offset if offset <= transcript.size else 0)
        if unread and size == transcript.size:
            unfinished.append(unread)
        total += unread
        session_id = transcript.stream.session_id
        behind[session_id] = behind.get(session_id, 0) + unread
    return behind, total, unfinished

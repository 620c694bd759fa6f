"""The checks that find problems in the store, on disk, with the daemon and with the backend.

Each yields `Problem` values with their texts; their layout is up to the command line and the pages.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from ccsync_watch.config import printable_path, short_path
from ccsync_watch.disk_faults import FAULTS
from ccsync_watch.errors import DaemonUnavailable, NotAnswering, StillStarting
from ccsync_watch.file_systems import network_drive
from ccsync_watch.problem import Problem
from ccsync_watch.report.connection_problems import (
    clock_problems,
    connection_problem,
    missing_session_problems,
)
from ccsync_watch.report.folder_checks import check_folders
from ccsync_watch.store.meta import get_meta
from ccsync_watch.store.status_figures import (
    count_recalled_sessions,
    repaired_rows,
    sessions_longer_than,
    uncounted_rows,
    unknown_line_types,
)
from ccsync_watch.units import plural

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ccsync_watch.config import Settings
    from ccsync_watch.config.setting_values import DestinationInfo
    from ccsync_watch.model import JsonValue
    from ccsync_watch.report.live import Live
    from ccsync_watch.store.database import Database
    from ccsync_watch.transcripts.discovery import TranscriptScan

MIN_FREE_BYTES = 200 << 20
_MAX_NAMED_SESSIONS = 3
# The titles by which the README's troubleshooting section explains a problem.
SYNC_NOT_WORKING = "Sync not working"
NO_URL = "No Convex URL configured"


def check_all(
    settings: Settings,
    database: Database | None,
    scan: TranscriptScan,
    *,
    live: Live | None,
    absence: DaemonUnavailable | None,
    rules: str | None,
    totals: dict[str, JsonValue],
    unfinished: list[int],
) -> list[Problem]:
    """Return every problem there is now, those of the daemon first."""
    return [
        *_check_daemon(live, absence),
        *_check_backend_configured(settings),
        *_check_transcripts(settings, scan),
        *_check_unfinished(unfinished),
        *_check_store(settings, database, rules, totals),
        *_check_disk(settings.state_dir),
        *_check_drive(settings.state_dir),
    ]


def _check_daemon(live: Live | None, absence: DaemonUnavailable | None) -> Iterable[Problem]:
    if isinstance(absence, NotAnswering):
        yield Problem("daemon-silent", SYNC_NOT_WORKING, absence.message, absence.hint)
    elif isinstance(absence, StillStarting):
        yield Problem("daemon-starting", "Starting", absence.message, absence.hint, "info")
    elif live is None:
        yield Problem(
            "daemon-not-running",
            SYNC_NOT_WORKING,
            "ccsync-watch is not running",
            "start it with `ccsync-watch start`, or sync once with `ccsync-watch sync-now`",
        )
    else:
        yield from live.problems
        if live.backend.error is not None:
            yield connection_problem(live.backend.error)
        if live.backend.backend_info is not None:
            yield from clock_problems(live.backend.backend_info)
            yield from missing_session_problems(live.backend.backend_info)


def _check_backend_configured(settings: Settings) -> Iterable[Problem]:
    if settings.destination is None:
        yield Problem(
            "no-backend",
            NO_URL,
            "sessions are kept on this machine only, and nothing leaves it",
            "to sync them, run `ccsync-watch login`, or put your deployment's convex_url into"
            f" {short_path(settings.file, settings)}",
            "info",
        )


def _check_transcripts(settings: Settings, scan: TranscriptScan) -> Iterable[Problem]:
    problems = check_folders(settings)
    yield from problems
    if not problems and not scan.transcripts and not scan.unread:
        folders = ", ".join(short_path(root, settings) for root in settings.project_roots)
        yield Problem(
            "no-transcripts",
            "Waiting for Claude Code",
            f"no transcripts in {folders} yet",
            "the first Claude Code session writes one; if your transcripts are elsewhere, set"
            " claude_dirs",
            "info",
        )
    for path, reason in scan.unread.items():
        yield Problem(
            "path-unreadable",
            SYNC_NOT_WORKING,
            f"{printable_path(path)}: {reason}",
            "restore it, or make it readable for this user",
        )


def _check_unfinished(unfinished: list[int]) -> Iterable[Problem]:
    if unfinished:
        yield Problem(
            "lines-unfinished",
            "Not read yet",
            f"{plural(sum(unfinished), 'byte')}, the last line of"
            f" {plural(len(unfinished), 'transcript')}, without a newline",
            "nothing to do: Claude Code is still writing it, or was killed; it is read once it is"
            " finished",
            "info",
        )


def _check_rows(database: Database, unreadable: int) -> Iterable[Problem]:
    """Say what could not be read, not understood, or not counted."""
    if unreadable:
        skipped = "it was skipped" if unreadable == 1 else "they were skipped"
        yield Problem(
            "lines-unreadable",
            "Unreadable lines",
            f"{plural(unreadable, 'line')} could not be read",
            f"nothing to do: {skipped}, the rest is imported",
            "warning",
        )
    repaired = repaired_rows(database)
    if repaired:
        kinds = ", ".join(f"{number:,} with {kind}" for kind, number in repaired.items())
        yield Problem(
            "rows-repaired",
            "Repaired rows",
            f"{plural(sum(repaired.values()), 'damaged row')} could be read: {kinds}",
            "nothing to do: what could not be kept of them is shown as \ufffd or as '...'",
            "info",
        )
    unknown = unknown_line_types(database)
    if unknown:
        kinds = ", ".join(f"{number:,} {kind}" for kind, number in sorted(unknown.items()))
        yield Problem(
            "rows-not-understood",
            "Rows not understood",
            f"{plural(sum(unknown.values()), 'row')} of an unknown type or with unknown parts:"
            f" {kinds}",
            "nothing to do: what is known of them is imported; a newer ccsync-watch may know more",
            "info",
        )
    uncounted = uncounted_rows(database)
    if uncounted:
        reasons = ", ".join(f"{number:,} {reason}" for reason, number in uncounted.items())
        rows = plural(sum(uncounted.values()), "row")
        yield Problem(
            "usage-not-counted",
            "Tokens not counted",
            f"the tokens that {rows} report are in no total: {reasons}",
            "`ccsync-watch explain SESSION` shows them; if a gateway wrote them, check its usage",
            "warning",
        )


def _check_store(
    settings: Settings, database: Database | None, rules: str | None, totals: dict[str, JsonValue]
) -> Iterable[Problem]:
    if database is None:
        return
    rejected, held, unreadable = (
        int(str(totals[name])) for name in ("rows_rejected", "rows_held", "unreadable")
    )
    if rejected:
        yield Problem(
            "rows-rejected",
            "Messages rejected",
            f"the backend rejected {plural(rejected, 'message')} (`status --json` lists them)",
            "update the backend, then run `ccsync-watch sync-now`, which sends them again",
        )
    yield from _check_rows(database, unreadable)
    if rules is not None and get_meta(database.read(), "rules") != rules:
        yield Problem(
            "rules-changed",
            "Redaction rules changed",
            "some of the stored data was redacted by older rules",
            "run `ccsync-watch repair` (`--dry-run` only shows what would change)",
            "warning",
        )
    recalled = count_recalled_sessions(database) if settings.destination else 0
    if settings.destination and recalled:
        yield Problem(
            "excluded-sessions-uploaded",
            "Excluded sessions",
            f"{plural(recalled, 'session')} of excluded projects had been uploaded: their texts,"
            " titles and folders are taken back, their dates, tokens and costs stay there",
            f"delete them in {settings.destination.name}, whose API cannot delete",
            "info",
        )
    if settings.destination:
        yield from _check_long_sessions(database, settings.destination)
    if settings.destination and not settings.auto_sync and held:
        verb = "is" if held == 1 else "are"
        yield Problem(
            "auto-sync-off",
            "Auto sync is off",
            f"auto_sync is off, and {plural(held, 'row')} {verb} pending",
            "run `ccsync-watch sync-now`, or set auto_sync to true",
            "info",
        )
    if database.set_aside is not None:
        yield Problem(
            "database-rebuilt",
            "Database rebuilt",
            f"the database was damaged and is kept as {database.set_aside.name}",
            "nothing to do: it was rebuilt from the transcripts"
            + ("" if database.restoration.written_ms is None else ", and from a copy")
            + "; you may delete the damaged file",
            "warning",
        )


def _check_long_sessions(database: Database, destination: DestinationInfo) -> Iterable[Problem]:
    long_sessions = sessions_longer_than(database, destination.max_messages)
    if long_sessions:
        names = ", ".join(session_id[:8] for session_id in long_sessions[:_MAX_NAMED_SESSIONS])
        more = ", …" if len(long_sessions) > _MAX_NAMED_SESSIONS else ""
        yield Problem(
            "sessions-too-long",
            "Very long sessions",
            f"{plural(len(long_sessions), 'session')} of more than about"
            f" {destination.max_messages:,} messages cannot be opened in {destination.name}:"
            f" {names}{more}",
            "nothing is lost: read them with `ccsync-watch dashboard` or `ccsync-watch export`",
            "info",
        )


def _check_disk(folder: Path) -> Iterable[Problem]:
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return
    if free < MIN_FREE_BYTES:
        yield Problem(
            "disk-space-low",
            "Disk almost full",
            f"{free >> 20} MiB are free at {printable_path(folder)}",
            "free some space: the store needs it",
            "warning",
        )


def _check_drive(folder: Path) -> Iterable[Problem]:
    if drive := network_drive(str(folder)):
        fault = FAULTS["network"]
        yield Problem(
            "network-drive",
            fault.title,
            fault.detail.format(folder=printable_path(folder), drive=drive),
            fault.hint,
            "warning",
        )

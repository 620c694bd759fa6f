"""The one set of figures that `status`, the dashboard and the plugin's commands show.

What is wrong is said in words: the thing, then the mend.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from ccsync_watch import __version__
from ccsync_watch.errors import (
    DestinationError,
    NotAnswering,
    NotRunning,
    Unauthorized,
    UnexpectedAnswer,
)
from ccsync_watch.store import queries, rewriting
from ccsync_watch.store.install_keys import path_key
from ccsync_watch.transcripts import discovery

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ccsync_watch.config import Settings
    from ccsync_watch.model import BackendInfo, JsonValue
    from ccsync_watch.store.database import Database

MAX_CLOCK_SKEW_SECONDS = 30.0
MIN_FREE_BYTES = 200 << 20


@dataclass(frozen=True, slots=True)
class Backend:
    """The outcome of a connection test; both None when there was none."""

    backend_info: BackendInfo | None = None
    error: DestinationError | None = None


@dataclass(slots=True)
class Live:
    """What only the running daemon knows."""

    pid: int | None = None
    since_ms: int | None = None
    problems: list[str] = field(default_factory=list)
    backend: Backend = field(default_factory=Backend)


def status(
    settings: Settings,
    database: Database | None,
    live: Live | None,
    *,
    key: bytes,
    absence: NotRunning | None = None,
    rules: str | None = None,
    max_sessions: int | None = None,
) -> dict[str, JsonValue]:
    """Return everything there is to tell, as JSON; of sessions all, or the latest `max_sessions`.

    `live` is None when no daemon answers; `absence` then says why. `rules` names the redactor's
    rules in force, None where nobody has loaded them.
    """
    swept = discovery.scan_transcripts(f"{folder}/projects" for folder in settings.claude_dirs)
    behind, total_behind = _behind(swept, database, key)
    sessions = queries.session_table(database, max_sessions) if database else []
    for row in sessions:
        row["bytes_behind"] = behind.get(str(row["session_id"]), 0)
    totals = queries.totals(database) if database else {}
    return {
        "version": __version__,
        "daemon": {
            "running": live is not None,
            "is_silent": isinstance(absence, NotAnswering),
            "pid": live.pid if live else None,
            "since_ms": live.since_ms if live else None,
        },
        "config": shown_config(settings),
        "destination": asdict(settings.destination) if settings.destination else None,
        "state_dir": _shown(settings.state_dir),
        "bytes_behind": total_behind,
        "sessions_behind": {name: count for name, count in behind.items() if count},
        "transcripts_found": len(swept.transcripts),
        "totals": totals,
        "unknown_line_types": dict(queries.unknown_types(database)) if database else {},
        "rejected": list(queries.rejected_rows(database)) if database else [],
        "sessions": list(sessions),
        "problems": [
            *_daemon_problems(live, absence),
            *_problems(settings, database, swept, rules, totals),
        ],
        "warnings": list(settings.warnings),
    }


def shown_config(settings: Settings) -> dict[str, JsonValue]:
    """Return the settings in force, the key masked."""
    return {
        "file": _shown(settings.file),
        "convex_url": settings.convex_url,
        "api_key": settings.api_key.masked() if settings.api_key else None,
        "auto_sync": settings.auto_sync,
        "sync_tool_calls": settings.sync_tool_calls,
        "sync_thinking": settings.sync_thinking,
        "claude_dirs": [_shown(folder) for folder in settings.claude_dirs],
    }


def _shown(path: object) -> str:
    """Return a path that JSON can hold: its bytes may be no UTF-8."""
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _behind(
    swept: discovery.TranscriptScan, database: Database | None, key: bytes
) -> tuple[dict[str, int], int]:
    """Return the bytes on disk that are not in the store, by session and in all."""
    known = queries.offsets(database) if database else {}
    behind: dict[str, int] = {}
    total = 0
    for found in swept.transcripts:
        offset = known.get(path_key(key, found.path), 0)
        # A file that shrank is another one, and none of it has been read.
        unread = found.size - (offset if offset <= found.size else 0)
        total += unread
        name = found.stream.session_id
        behind[name] = behind.get(name, 0) + unread
    return behind, total


def problem(name: str, what: str, mend: str) -> dict[str, JsonValue]:
    """Return one entry of the list of problems."""
    return {"name": name, "what": what, "mend": mend}


def one_line(entry: dict[str, JsonValue]) -> str:
    """Return a problem as a command's last word: its name, the thing, the mend."""
    return f"{entry['name']}: {entry['what']}: {entry['mend']}"


def connection_problem(error: DestinationError) -> dict[str, JsonValue]:
    """Return what is wrong with the backend, under the name the README lists it by."""
    if isinstance(error, Unauthorized):
        mend = "set api_key to a key of this deployment (osk_…), or run `ccsync-watch login`"
    elif isinstance(error, UnexpectedAnswer):
        mend = "check convex_url: it should end in .convex.cloud and belong to a deployed OpenSync"
    else:
        mend = (
            "check that your Convex deployment is running, that convex_url is correct (it should"
            " end in .convex.cloud), and the network; what waits is kept and sent later"
        )
    return problem("Connection failed", error.message, mend)


def _daemon_problems(
    live: Live | None, absence: NotRunning | None
) -> Iterable[dict[str, JsonValue]]:
    if isinstance(absence, NotAnswering):
        yield problem("Sync not working", absence.message, absence.hint)
    elif live is None:
        yield problem(
            "Sync not working",
            "no daemon is running",
            "start `ccsync-watch`, or run `ccsync-watch sync-now` once",
        )
    else:
        for text in live.problems:
            yield problem("Sync not working", text, "see the log in the state folder")
        if live.backend.error is not None:
            yield connection_problem(live.backend.error)
        if live.backend.backend_info is not None:
            yield from clock_problems(live.backend.backend_info)


def _problems(
    settings: Settings,
    database: Database | None,
    swept: discovery.TranscriptScan,
    rules: str | None,
    totals: dict[str, JsonValue],
) -> Iterable[dict[str, JsonValue]]:
    if settings.destination is None:
        yield problem(
            "No Convex URL configured",
            "sessions are kept on this machine only, and nothing leaves it",
            f"to sync them, put your deployment's convex_url into {_shown(settings.file)},"
            " or run `ccsync-watch login`",
        )
    if not swept.folders:
        folders = ", ".join(_shown(folder / "projects") for folder in settings.claude_dirs)
        yield problem(
            "Sync not working",
            f"there is no transcript folder yet ({folders})",
            "it appears with the first Claude Code session; if yours is elsewhere, set claude_dirs",
        )
    for path, reason in swept.unread.items():
        yield problem(
            "Sync not working", f"{_shown(path)}: {reason}", "make it readable for this user"
        )
    yield from _store_problems(settings, database, rules, totals)
    yield from _disk_problems(settings.state_dir)


def clock_problems(backend_info: BackendInfo) -> Iterable[dict[str, JsonValue]]:
    """Yield a problem when this machine's clock and the backend's disagree."""
    ahead = backend_info.clock_skew_seconds
    if ahead is not None and abs(ahead) > MAX_CLOCK_SKEW_SECONDS:
        which = "behind" if ahead > 0 else "ahead of"
        yield problem(
            "Clock",
            f"this machine's clock is {abs(ahead):.0f} s {which} the backend's",
            "set the clock: sessions are shown at the wrong time until then",
        )


def _store_problems(
    settings: Settings, database: Database | None, rules: str | None, totals: dict[str, JsonValue]
) -> Iterable[dict[str, JsonValue]]:
    if database is None:
        return
    if totals["rows_rejected"]:
        yield problem(
            "Sync not working",
            f"the backend refuses {totals['rows_rejected']} messages (listed under `rejected`)",
            "update the backend, then run `ccsync-watch sync-now`, which tries them again",
        )
    if totals["unreadable"]:
        yield problem(
            "Unreadable lines",
            f"{totals['unreadable']} pieces of transcripts are no readable rows",
            "nothing to do: they are passed over, and everything round them is kept",
        )
    if rules is not None and rewriting.noted(database, "rules") != rules:
        yield problem(
            "Redaction rules",
            "they have changed since some of the store was written",
            "run `ccsync-watch repair` (with --dry-run it only tells what would change)",
        )
    if settings.destination and not settings.auto_sync and totals["rows_held"]:
        yield problem(
            "Sync not working",
            f"auto_sync is off, and {totals['rows_held']} rows wait",
            "run `ccsync-watch sync-now`, or set auto_sync to true",
        )
    if database.set_aside is not None:
        yield problem(
            "Database",
            f"the database was damaged and is kept as {database.set_aside.name}",
            "nothing to do: it was rebuilt from the transcripts; delete the old one at will",
        )


def _disk_problems(folder: Path) -> Iterable[dict[str, JsonValue]]:
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return
    if free < MIN_FREE_BYTES:
        yield problem(
            "Disk",
            f"{free >> 20} MiB are free at {_shown(folder)}",
            "free some space: the store needs it",
        )

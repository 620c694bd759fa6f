"""The figures without a daemon, and how `status` and the plugin's report word them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccsync_watch import report
from ccsync_watch.control.client import explain_absence
from ccsync_watch.errors import DaemonUnavailable, NewerSchema, OtherSchema, StillStarting
from ccsync_watch.problem import Problem
from ccsync_watch.units import age, size

if TYPE_CHECKING:
    from ccsync_watch.config import Settings


def figures_without_daemon(
    settings: Settings, absence: DaemonUnavailable, *, max_sessions: int | None = None
) -> dict[str, Any]:
    """Return the figures from the store alone; of sessions all, or the latest `max_sessions`."""
    # Loaded here: where a daemon answers, it has them.
    from ccsync_watch.store.database import open_for_reading  # noqa: PLC0415 - see above
    from ccsync_watch.store.install_keys import install_key  # noqa: PLC0415 - see above

    absence = explain_absence(settings.state_dir, absence)
    key = install_key(settings.state_dir)
    try:
        database = open_for_reading(settings.state_dir)
    except OtherSchema as error:
        figures: dict[str, Any] = report.status(settings, None, None, key=key, absence=absence)
        # The daemon that starts updates an earlier one: nobody has to stop it for that.
        is_updated = isinstance(absence, StillStarting) and not isinstance(error, NewerSchema)
        hint = absence.hint if is_updated else error.hint
        title = error.title or "Stored data not shown"
        problem = Problem("other-schema", title, error.message, hint).as_json()
        if isinstance(error, NewerSchema):
            # Before what says that no daemon runs: this one cannot be started.
            figures["problems"].insert(0, problem)
        else:
            figures["problems"].append(problem)
        return figures
    try:
        return report.status(
            settings, database, None, key=key, absence=absence, max_sessions=max_sessions
        )
    finally:
        if database is not None:
            database.close()


def behind(count: int) -> str:
    """Return how many bytes on disk are not imported yet."""
    return f"{size(count)} behind" if count else "up to date"


def confirmed(last_ack_ms: int | None, now_ms: int) -> str:
    """Return when the backend last confirmed an upload."""
    return f"confirmed {age(last_ack_ms, now_ms)}" if last_ack_ms else "nothing confirmed yet"

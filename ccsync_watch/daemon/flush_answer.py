"""What a flush does to the outbox, and how its result is built: in the daemon and without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch import report
from ccsync_watch.control.messages import FlushAnswer
from ccsync_watch.store import session_summaries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ccsync_watch.daemon.runtime import Runtime
    from ccsync_watch.errors import DestinationError
    from ccsync_watch.problem import Problem
    from ccsync_watch.store.outbox import Outbox


def release_rows(outbox: Outbox, session_ids: Sequence[str] | None) -> None:
    """Make all rows of these sessions (None: all) due now, held and rejected ones included.

    Rejected rows are tried again because the backend or this program may have been updated.
    """
    outbox.retry_rejected(is_released=True, session_ids=session_ids)
    outbox.release(session_ids)
    outbox.make_due_now(session_ids)


def build_flush_answer(
    runtime: Runtime,
    session_id: str | None,
    *,
    is_read: bool,
    rows_sent: int,
    error: DestinationError | None,
    problem: Problem | None = None,
) -> FlushAnswer:
    """Return how a flush of a session (None: all) ended."""
    session_ids = None if session_id is None else [session_id]
    unfinished = runtime.pump.unfinished_sizes(session_id)
    now_ms = runtime.clock.steady_ms()
    outbox, has_backend = runtime.outbox, runtime.uploader is not None
    return FlushAnswer(
        is_read=is_read,
        is_known=session_id is None
        or session_summaries.session_summary(runtime.database, session_id) is not None,
        is_local=not has_backend,
        rows_sent=rows_sent,
        rows_pending=outbox.count_pending(session_ids, now_ms) if has_backend else 0,
        rows_rejected=outbox.count_rejected(session_ids) if has_backend else 0,
        error=report.connection_problem(error) if error else None,
        problem=problem,
        unfinished=len(unfinished),
        unfinished_bytes=sum(unfinished),
        unreadable=len(runtime.pump.problems.reasons),
        folders=tuple(report.check_folders(runtime.settings)) if session_id is None else (),
        sessions_unsettled=outbox.count_unsettled(session_ids) if has_backend else 0,
    )

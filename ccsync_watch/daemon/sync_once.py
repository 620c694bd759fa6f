"""Read and upload everything once, in the calling thread: `sync-now` without a daemon.

The caller holds the state folder's lock.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ccsync_watch.daemon.flush_answer import build_flush_answer, release_rows
from ccsync_watch.errors import DestinationError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ccsync_watch.control.messages import FlushAnswer
    from ccsync_watch.daemon.runtime import Runtime

_MAX_FAILURES = 5
_RETRY_SECONDS = 0.05
_MAX_RETRY_SECONDS = 5.0


def sync_once(
    runtime: Runtime,
    session_id: str | None,
    *,
    until: float,
    on_step: Callable[[], None] = lambda: None,
) -> FlushAnswer:
    """Read everything, then upload a session's rows (None: all); `until` is monotonic time."""
    read_all(runtime, until=until, on_step=on_step)
    error: DestinationError | None = None
    if runtime.uploader is not None:
        session_ids = None if session_id is None else [session_id]
        release_rows(runtime.outbox, session_ids)
        error = upload_all(runtime, session_ids, until=until, on_step=on_step)
    return build_flush_answer(
        runtime,
        session_id,
        is_read=not runtime.pump.has_work(),
        rows_sent=runtime.uploader.health.rows_sent if runtime.uploader else 0,
        error=error,
    )


def read_all(
    runtime: Runtime, *, until: float = math.inf, on_step: Callable[[], None] = lambda: None
) -> None:
    """Read every transcript to its end, but not beyond `until`.

    And remove from what was stored before what became known as a secret.
    """
    runtime.pump.reconcile()
    for step in (runtime.pump.step, runtime.late_secrets.step):
        while runtime.clock.monotonic() < until and step():
            on_step()


def upload_all(
    runtime: Runtime,
    session_ids: Sequence[str] | None,
    *,
    until: float,
    on_step: Callable[[], None] = lambda: None,
) -> DestinationError | None:
    """Upload what is pending, settled states included; return the error that ended it, if any."""
    if runtime.uploader is None:
        return None
    failures = 0
    error: DestinationError | None = None
    health = runtime.uploader.health
    while runtime.outbox.count_unsettled(session_ids) and runtime.clock.monotonic() < until:
        has_sent, error, sent_before = False, None, health.rows_sent
        try:
            has_sent = runtime.uploader.turn()
        except DestinationError as failure:
            error = failure
        if error is None or health.rows_sent > sent_before:
            failures = 0
        failures += error is not None
        if error is not None and (not error.is_passing or failures >= _MAX_FAILURES):
            return error
        on_step()
        if not has_sent:
            if not _is_due_by(runtime, until):
                return error
            pause = min(_RETRY_SECONDS * 4 ** max(failures - 1, 0), _MAX_RETRY_SECONDS)
            runtime.clock.wait(runtime.stop, pause)
    return error


def _is_due_by(runtime: Runtime, until: float) -> bool:
    """Return whether anything can be sent until then: waiting for it would be in vain."""
    due_ms = runtime.outbox.next_due_ms()
    seconds_left = until - runtime.clock.monotonic()
    return due_ms is not None and due_ms - runtime.clock.steady_ms() <= 1000 * seconds_left

"""Test the destination's address and key now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch import report
from ccsync_watch.daemon.destinations import connect
from ccsync_watch.errors import DestinationError

if TYPE_CHECKING:
    import httpx

    from ccsync_watch.clock import Clock
    from ccsync_watch.config import Settings

_CHECK_SECONDS = 5.0


def try_backend(
    settings: Settings,
    *,
    clock: Clock,
    transport: httpx.BaseTransport | None = None,
    seconds: float = _CHECK_SECONDS,
) -> report.Backend:
    """Return how the destination answers within `seconds` for each step; nothing without one."""
    connection = connect(settings, clock=clock, timeout_seconds=seconds, transport=transport)
    if connection is None:
        return report.Backend()
    try:
        return report.Backend(backend_info=connection.check())
    except DestinationError as error:
        return report.Backend(error=error)
    finally:
        connection.close()

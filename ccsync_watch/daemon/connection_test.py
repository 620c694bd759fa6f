"""Try the backend's address and key now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch import report
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
    """Return how the backend answers within `seconds` for each step; nothing without one."""
    if settings.convex_url is None:
        return report.Backend()
    # Loaded here: without a backend no report has to wait for an HTTP library.
    from ccsync_watch.opensync.http_client import OpenSyncClient  # noqa: PLC0415
    from ccsync_watch.opensync.wire import endpoint  # noqa: PLC0415

    sink = OpenSyncClient(
        endpoint(settings.convex_url),
        settings.api_key,
        clock=clock,
        transport=transport,
        timeout_seconds=seconds,
    )
    try:
        return report.Backend(backend_info=sink.check())
    except DestinationError as error:
        return report.Backend(error=error)
    finally:
        sink.close()

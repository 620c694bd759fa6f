"""Make the destination that the settings name. Only this module and the settings know which.

A new destination is added here: see `uploader/README.md`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import httpx

    from ccsync_watch.clock import Clock
    from ccsync_watch.config import Settings
    from ccsync_watch.model import Redacted
    from ccsync_watch.opensync.request_preview import RequestPreview
    from ccsync_watch.outgoing import BackendInfo, SessionSummary, StoredMessage
    from ccsync_watch.store.outbox import Outbox
    from ccsync_watch.store.session_summaries import Summaries
    from ccsync_watch.uploader import Destination


class Connection(Protocol):
    """A destination as far as a test of address and key needs it; `host` is what a user reads."""

    host: str

    def check(self) -> BackendInfo:
        """Test address and key. Raises children of DestinationError."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


def make_destination(
    settings: Settings,
    *,
    outbox: Outbox,
    summaries: Summaries,
    clock: Clock,
    transport: httpx.BaseTransport | None = None,
) -> Destination | None:
    """Return the destination of the settings, delivering from `outbox`; None without one."""
    if settings.convex_url is None:
        return None
    # Imported here and below: without a destination nobody waits for an HTTP library to load.
    from ccsync_watch.opensync.http_client import OpenSyncClient  # noqa: PLC0415
    from ccsync_watch.opensync.opensync_destination import OpenSyncDestination  # noqa: PLC0415
    from ccsync_watch.opensync.wire import endpoint  # noqa: PLC0415

    client = OpenSyncClient(
        endpoint(settings.convex_url), settings.api_key, clock=clock, transport=transport
    )
    return OpenSyncDestination(client, outbox=outbox, clock=clock, summaries=summaries)


def connect(
    settings: Settings,
    *,
    clock: Clock,
    timeout_seconds: float,
    transport: httpx.BaseTransport | None = None,
) -> Connection | None:
    """Return a connection of its own to the destination of the settings; None without one."""
    if settings.convex_url is None:
        return None
    from ccsync_watch.opensync.http_client import OpenSyncClient  # noqa: PLC0415
    from ccsync_watch.opensync.wire import endpoint  # noqa: PLC0415

    return OpenSyncClient(
        endpoint(settings.convex_url),
        settings.api_key,
        clock=clock,
        transport=transport,
        timeout_seconds=timeout_seconds,
    )


def preview_requests(
    _settings: Settings, summary: Redacted[SessionSummary], messages: Iterable[StoredMessage]
) -> Iterator[RequestPreview]:
    """Yield what would be sent for a session; also before the settings name a destination."""
    from ccsync_watch.opensync import request_preview  # noqa: PLC0415

    return request_preview.preview_requests(summary, messages)

"""The requests that would be sent for a session, for a user to read; nothing is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ccsync_watch.model import Redacted
from ccsync_watch.opensync import wire
from ccsync_watch.opensync.removed_secrets import count_removed

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator

    from ccsync_watch.opensync.wire import Payload
    from ccsync_watch.outgoing import SessionSummary, StoredMessage


@dataclass(frozen=True, slots=True)
class RequestPreview:
    """One request: its path, its body, and how many secrets were removed from it, by kind."""

    path: str
    body: Payload
    removed: Counter[str]


def preview_requests(
    summary: Redacted[SessionSummary], messages: Iterable[StoredMessage]
) -> Iterator[RequestPreview]:
    """Yield the session's state, then its messages one by one."""
    yield _preview("/sync/session", wire.session_payload(summary))
    for message in messages:
        payload = wire.message_payload(Redacted(message), message.timestamp_ms)
        yield _preview("/sync/message", payload)


def _preview(path: str, payload: Redacted[Payload]) -> RequestPreview:
    return RequestPreview(path, payload.value, count_removed([payload]))

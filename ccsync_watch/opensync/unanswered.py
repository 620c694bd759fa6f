"""Record requests that left without being acknowledged: the ledger names everything that left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.errors import Retryable, UnexpectedAnswer, Unsent
from ccsync_watch.opensync import wire
from ccsync_watch.opensync.removed_secrets import count_removed
from ccsync_watch.store.egress_ledger import LedgerEntry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ccsync_watch.errors import DestinationError
    from ccsync_watch.model import Redacted
    from ccsync_watch.opensync.wire import Payload
    from ccsync_watch.store.outbox import Outbox


def record_unanswered(
    outbox: Outbox, entry: LedgerEntry, error: DestinationError, *, write_ms: int
) -> None:
    """Record a request that ended in an error, unless it certainly never left.

    `write_ms` is when the backend may have carried it out at the latest.
    """
    if isinstance(error, Unsent):
        return
    has_written = isinstance(error, (Retryable, UnexpectedAnswer))
    outbox.record_unanswered(entry, write_ms=write_ms if has_written else None)


def record_messages(
    outbox: Outbox,
    payloads: Mapping[str, Sequence[Redacted[Payload]]],
    error: DestinationError,
    *,
    host: str,
    now_ms: int,
    at_ms: int,
) -> None:
    """Record a request with messages, by their sessions, that ended in an error."""
    for session_id, own in payloads.items():
        entry = LedgerEntry(
            at_ms=at_ms,
            host=host,
            session_id=session_id,
            kind="messages",
            rows=len(own),
            size=wire.total_size(own),
            removed=count_removed(own),
            is_acked=False,
        )
        record_unanswered(outbox, entry, error, write_ms=now_ms)

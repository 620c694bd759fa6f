"""Record requests that left without being acknowledged: the ledger names everything that left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.errors import Retryable, UnexpectedAnswer, Unsent

if TYPE_CHECKING:
    from ccsync_watch.errors import DestinationError
    from ccsync_watch.store.egress_ledger import LedgerEntry
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

"""What of a session has left this machine: which of its messages, and to which hosts.

What may have arrived counts as sent: a request without an answer, a message that was rejected.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccsync_watch.store.database import Database
    from ccsync_watch.store.egress_ledger import EntryKind


@dataclass(frozen=True, slots=True)
class SentTo:
    """The requests of one session to one host, with messages or with the session's state."""

    host: str
    kind: EntryKind
    requests: int
    first_ms: int
    last_ms: int


def sent_to(database: Database, session_id: str) -> list[SentTo]:
    """Return where a session was sent to, by host and kind, the earliest first."""
    rows = database.read().execute(
        "SELECT host, kind, count(*), min(at_ms), max(at_ms) FROM ledger"
        " WHERE session_id = ? GROUP BY host, kind ORDER BY min(at_ms), host, kind",
        (session_id,),
    )
    return [SentTo(*row) for row in rows]


def may_have_left(database: Database, seq: int) -> bool:
    """Return whether a message of a session that was sent may be at some destination."""
    row = database.read().execute(
        "SELECT 1 FROM outbox o WHERE seq = ? AND is_certain AND rejected IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM earlier_destinations d WHERE NOT EXISTS ("
        "  SELECT 1 FROM earlier_outbox e"
        "  WHERE e.seq = o.seq AND e.address = d.address AND e.is_certain))",
        (seq,),
    )
    return row.fetchone() is None

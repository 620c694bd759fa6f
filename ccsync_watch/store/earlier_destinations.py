"""What is known of destinations that the user switched away from: returning sends what is missing.

While another destination is in use, triggers record every message that is queued as missing at the
earlier ones. Inside transactions of the caller.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.store.recall import recall_session

if TYPE_CHECKING:
    import sqlite3

_COLUMNS = (
    "session_id, is_preexisting, applied, sent, upsert_ms, write_ms, dated_ms, ack_ms,"
    " is_search_stale, is_recalled"
)


def remember_destination(connection: sqlite3.Connection, address: str) -> None:
    """Copy what is known of the present destination, before its outbox is emptied."""
    _forget(connection, address)
    connection.execute(
        "INSERT INTO earlier_outbox SELECT ?, seq, is_certain AND rejected IS NULL FROM outbox",
        (address,),
    )
    connection.execute(
        f"INSERT INTO earlier_sessions SELECT ?, {_COLUMNS} FROM remote",  # noqa: S608 - a constant
        (address,),
    )


def pause_recording(connection: sqlite3.Connection) -> list[str]:
    """Record nothing as missing at earlier destinations for now; return which there are."""
    addresses = [row[0] for row in connection.execute("SELECT address FROM earlier_destinations")]
    connection.execute("DELETE FROM earlier_destinations")
    return addresses


def resume_recording(connection: sqlite3.Connection, addresses: set[str]) -> None:
    """Record from now on what is queued as missing at these destinations."""
    connection.executemany(
        "INSERT INTO earlier_destinations VALUES (?)", [(name,) for name in sorted(addresses)]
    )


def restore_destination(connection: sqlite3.Connection, address: str, *, now_ms: int) -> None:
    """Fill the empty outbox with what an earlier destination does not have.

    Sessions that were excluded since are taken back there, too.
    """
    connection.execute(
        "INSERT INTO outbox (seq, session_key, is_certain, is_released)"
        " SELECT m.seq, m.session_key, e.is_certain, 1"
        " FROM earlier_outbox e JOIN messages m ON m.seq = e.seq"
        " JOIN sessions s ON s.id = m.session_id WHERE e.address = ? AND NOT s.is_excluded"
        # Copies without a mark are sent in the session that they were copied from.
        " AND NOT (m.is_inherited AND s.forked_from IS NULL)",
        (address,),
    )
    connection.execute(
        f"INSERT INTO remote ({_COLUMNS}, is_due, is_held, newest_ms)"  # noqa: S608 - a constant
        f" SELECT {_COLUMNS}, NOT s.is_excluded, 0, coalesce(s.updated_ms, 0)"
        " FROM earlier_sessions e"
        " JOIN sessions s ON s.id = session_id WHERE e.address = ?",
        (address,),
    )
    excluded = connection.execute(
        "SELECT session_id FROM remote JOIN sessions s ON s.id = session_id WHERE s.is_excluded"
    ).fetchall()
    for (session_id,) in excluded:
        recall_session(connection, session_id, now_ms=now_ms, is_released=True)
    _forget(connection, address)


def _forget(connection: sqlite3.Connection, address: str) -> None:
    connection.execute("DELETE FROM earlier_outbox WHERE address = ?", (address,))
    connection.execute("DELETE FROM earlier_sessions WHERE address = ?", (address,))

"""Steady time over processes: what one left to be due at a time is due by the next one's clock.

While the machine runs, all processes count from the origin that the first of them stored. After a
restart of the machine it begins at the clock as it is set then; if that is before what was written
last, the clock was set back meanwhile, and what is due is moved with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from ccsync_watch.clock import boot_id
from ccsync_watch.store.meta import get_meta, set_meta

if TYPE_CHECKING:
    import sqlite3

    from ccsync_watch.clock import Clock
    from ccsync_watch.store.database import Database

_META = "clock"
# Nothing but a pause that the destination asked for is due later than so.
_LATEST_MS = 600_000
_LATEST_BLOCK_MS = 7 * 3_600_000


def follow_origin(database: Database, clock: Clock, *, boot: str | None = None) -> None:
    """Have the clock count from where the store's last owner did, if that is still possible.

    `boot` is of `clock.boot_id`, a seam for tests.
    """
    boot = boot or boot_id()
    stored = get_meta(database.read(), _META)
    value = orjson.loads(stored) if stored else {}
    if boot is not None and value.get("boot") == boot:
        clock.origin_ms = int(value["origin_ms"])


def take_origin(database: Database, clock: Clock, *, boot: str | None = None) -> None:
    """Do `follow_origin` as the store's new owner, and move what is due by a clock that was wrong.

    Raises StateError.
    """
    boot = boot or boot_id()
    follow_origin(database, clock, boot=boot)
    value = orjson.dumps({"boot": boot, "origin_ms": clock.origin_ms}).decode()
    now_ms = clock.steady_ms()
    with database.write() as connection:
        if get_meta(connection, _META) != value:
            set_meta(connection, _META, value)
        _move_due(connection, now_ms)


def _move_due(connection: sqlite3.Connection, now_ms: int) -> None:
    (last_ms,) = connection.execute(
        "SELECT max(max(coalesce(write_ms, 0), coalesce(upsert_ms, 0))) FROM remote"
    ).fetchone()
    back_ms = max(0, (last_ms or 0) - now_ms)
    if back_ms:
        connection.execute(
            "UPDATE remote SET write_ms = write_ms - ?1, upsert_ms = upsert_ms - ?1,"
            " not_before_ms = not_before_ms - ?1, blocked_ms = blocked_ms - ?1",
            (back_ms,),
        )
        connection.execute(
            "UPDATE outbox SET not_before_ms = not_before_ms - ? WHERE not_before_ms > 0",
            (back_ms,),
        )
    latest_ms = now_ms + _LATEST_MS
    connection.execute(
        "UPDATE remote SET not_before_ms = min(not_before_ms, ?1),"
        " blocked_ms = iif(blocked_ms > ?2, ?3, blocked_ms)"
        " WHERE not_before_ms > ?1 OR blocked_ms > ?2",
        (latest_ms, now_ms + _LATEST_BLOCK_MS, now_ms),
    )
    connection.execute(
        "UPDATE outbox SET not_before_ms = ?1 WHERE not_before_ms > ?1", (latest_ms,)
    )

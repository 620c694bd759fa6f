"""Rows that report tokens which no sum contains: with them, a cost is a lower bound at most."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ccsync_watch.accounting.account import NO_TOKENS
from ccsync_watch.accounting.calendars import LOCAL_DAYS
from ccsync_watch.accounting.spreading import Day, RowSum
from ccsync_watch.accounting.usage_groups import NEVER_MS, counted_sql
from ccsync_watch.store.id_keys import key_of
from ccsync_watch.transcripts.usage import NOT_A_RESPONSE

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from ccsync_watch.accounting.calendars import Calendar

# A part of a row has its position behind the row's own id.
_UUID = "substr(u.row_id, 1, instr(u.row_id || '/', '/') - 1)"
_MESSAGE = (
    f"m.uuid_key = uuid_key({_UUID}) AND m.session_key = {key_of('u.session_id')}"
    " AND iif(u.agent_id = '', m.own_id IS NULL, m.own_id = 1 AND m.agent_id = u.agent_id)"
)
_MODEL = "(SELECT id FROM ids WHERE key = m.model_key)"
_DATED_MS = "coalesce(m.timestamp_ms, s.updated_ms, s.started_ms)"


def load_unreadable(
    read: sqlite3.Connection,
    condition: str,
    values: Sequence[object],
    *,
    after_ms: int = NEVER_MS,
    since_ms: int = 0,
    until_ms: int | None = None,
    calendar: Calendar = LOCAL_DAYS,
) -> dict[str, list[RowSum]]:
    """Return those of some sessions, by session; `condition` is SQL over `session_id`."""
    by_session: defaultdict[str, list[RowSum]] = defaultdict(list)
    query = (
        f"SELECT u.session_id, {_MODEL}, {calendar.key_sql(_DATED_MS)},"  # noqa: S608 - constants
        f" {counted_sql(_DATED_MS, until_ms)}, coalesce(m.timestamp_ms >= ?, 0), count(*)"
        f" FROM (SELECT * FROM uncounted_usage WHERE reason <> ? AND {condition}) u"
        " LEFT JOIN sessions s ON s.id = u.session_id"
        f" LEFT JOIN compact_messages m ON {_MESSAGE}"
        " GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3"
    )
    for session_id, model, day, is_counted, is_later, number in read.execute(
        query, (since_ms, after_ms, NOT_A_RESPONSE, *values)
    ):
        at = Day(day, bool(is_counted))
        rows = RowSum(model, 0, NO_TOKENS, None, bool(is_later), at=at, unreadable=number)
        by_session[session_id].append(rows)
    return by_session

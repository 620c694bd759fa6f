"""Count the figures that the list of sessions is sorted by, some sessions at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

from ccsync_watch.accounting.session_accounts import load_accounts
from ccsync_watch.accounting.usage_groups import used_models
from ccsync_watch.store.session_figures import (
    SessionFiguresRow,
    changed_sessions,
    count_missing,
    count_work,
    save_figures,
)

if TYPE_CHECKING:
    from ccsync_watch.accounting.account import SessionAccount
    from ccsync_watch.accounting.prices import PriceList
    from ccsync_watch.store.database import Database

_PRICED_AT_ONCE = 200
_MICROS = 1_000_000
_MOST = 1 << 62
"""What is larger cannot be true, and SQLite could not store it."""


def count_sessions(database: Database, prices: PriceList) -> int:
    """Count the next sessions that have new messages; return how many, 0 when all are counted."""
    if count_uncounted(database, prices):
        # Looking a price up may change what all sessions are counted at.
        prices.ensure_known(used_models(database))
    session_ids, state = changed_sessions(database, _revision(prices))
    if not session_ids:
        return 0
    accounts: dict[str, SessionAccount] = {}
    for start in range(0, len(session_ids), _PRICED_AT_ONCE):
        chunk = session_ids[start : start + _PRICED_AT_ONCE]
        accounts |= load_accounts(database, prices, session_ids=chunk)
    figures = [_count(database, session_id, accounts.get(session_id)) for session_id in session_ids]
    save_figures(database, figures, state)
    return len(session_ids)


def count_uncounted(database: Database, prices: PriceList) -> int:
    """Return about how many messages are not counted yet, at the prices that are known by now."""
    return count_missing(database, _revision(prices))


def _revision(prices: PriceList) -> str:
    return f"{crc32(repr(prices.revision()).encode()):x}"


def _count(
    database: Database, session_id: str, account: SessionAccount | None
) -> SessionFiguresRow:
    usd = account.cost.usd if account else None
    tokens = account.tokens.prompt + account.tokens.output if account else 0
    return SessionFiguresRow(
        session_id,
        round(min((usd or 0) * _MICROS, _MOST)),
        min(tokens, _MOST),
        count_work(database, session_id),
    )

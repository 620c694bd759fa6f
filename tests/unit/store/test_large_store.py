"""The large store of the benchmarks has the columns of the current schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.accounting.session_accounts import load_accounts
from ccsync_watch.store.database import open_database
from support.cleanup import close_after_test
from support.large_store import LONG, LONG_MESSAGES, LargeStoreWriter
from support.storing import price_list

if TYPE_CHECKING:
    from pathlib import Path


def test_a_generated_store_can_be_read(tmp_path: Path) -> None:
    """Otherwise a new column would be noticed only when somebody measures."""
    database = open_database(tmp_path, now_ms=1)
    close_after_test(database)
    with database.write() as connection:
        count = LargeStoreWriter(connection, sessions=4, messages=LONG_MESSAGES + 30).write()
    assert count >= LONG_MESSAGES
    accounts = load_accounts(database, price_list(tmp_path))
    assert len(accounts) == 4
    assert accounts[LONG].responses == LONG_MESSAGES // 2

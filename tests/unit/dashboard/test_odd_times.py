"""A moment that no clock shows breaks no page, document, metric or table of usage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.accounting.selections import EVERYTHING
from ccsync_watch.accounting.time_windows import ALL_TIME
from ccsync_watch.accounting.usage_documents import table_document
from ccsync_watch.accounting.usage_tables import TABLES, load_table
from support.accounting_store import fill_two_projects
from support.storing import SESSION
from support.waiting import wait_until

if TYPE_CHECKING:
    from support.dashboard_visitor import Visitor
    from support.storing import World

PATHS = (
    "/?range=7", "/?range=all", "/sessions?all=1", "/sessions?sort=started", "/sessions?hour=0-9",
    "/sessions?q=hello+since:30d", "/files", "/errors", "/errors?range=all", "/search?q=hello",
    "/sync", "/privacy",
    *(f"/sessions/{SESSION}{rest}" for rest in (
        "", "/sent", "/share?all=1", "/share.html?all=1", "/export.md", "/export.json",
    )),
)  # fmt: skip
MOMENTS = {"year 0": -62_150_000_000_000, "end of 9999": 253_402_300_799_999, "none": 2**53}


@pytest.mark.parametrize("at_ms", MOMENTS.values(), ids=MOMENTS)
def test_nothing_breaks(world: World, visitor: Visitor, at_ms: int) -> None:
    """Whatever column of whatever table has it: files have such times, and damaged rows."""
    fill_two_projects(world)
    with world.database.write() as connection:
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        for (table,) in tables.fetchall():
            for column in connection.execute(f"PRAGMA table_info({table})").fetchall():
                if column[1].endswith("_ms") and column[1] != "duration_ms":
                    set_all = f"UPDATE OR IGNORE {table} SET {column[1]} = ?"  # noqa: S608 - names of the schema
                    connection.execute(set_all, (at_ms,))
    assert {path: visitor.get(path).status_code for path in PATHS} == dict.fromkeys(PATHS, 200)
    metrics = visitor.site.figures.format_metrics
    wait_until(lambda: "ccsync_watch_cost_usd_total" in metrics(), "models are counted")
    for by in TABLES:
        table = load_table(world.database, world.prices, by, EVERYTHING, ALL_TIME)
        assert table_document(table, EVERYTHING, ALL_TIME, has_calls=True)

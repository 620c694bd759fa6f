"""New databases of tests are copies of one that has all migrations.

To apply some thirty migrations takes a tenth of a second of a processor, and thousands of tests
begin with an empty store. The first one of a process is made by them as the program makes it, older
databases are migrated, and `schema.migrate` itself is unchanged: only what opens databases copies.
"""

from __future__ import annotations

import sqlite3
import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.store import database, schema

if TYPE_CHECKING:
    from collections.abc import Iterator

_ONE_AT_A_TIME = threading.Lock()


@pytest.fixture(scope="session", autouse=True)
def _ready_database() -> Iterator[None]:
    """Have all of the run's new databases copied."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "migrate", _migrate)
        yield


def _migrate(connection: sqlite3.Connection, **options: Any) -> None:  # noqa: ANN401 - passed on
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        schema.migrate(connection, **options)
        return
    with _ONE_AT_A_TIME:
        _template().backup(connection)
    schema.add_functions(connection)


@lru_cache(maxsize=1)
def _template() -> sqlite3.Connection:
    """Return a database in memory that has the migrations."""
    template = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    schema.migrate(template)
    return template

"""What is the same for every session is compiled once: it is half of what a short session costs."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from support.storing import World, message, usage

if TYPE_CHECKING:
    from pathlib import Path


def _ingest(world: World, number: int) -> None:
    session_id = f"{number:08}-2222-4333-8444-555555555555"
    world.ingest(
        message(f"{number}a", "Hello", session_id=session_id),
        message(f"{number}b", "Hi", session_id=session_id, usage_id=f"m{number}"),
        usages=(usage(f"m{number}", session_id=session_id, tokens_in=100, tokens_out=20),),
        session_id=session_id,
    )


def test_a_further_session_compiles_no_statement(tmp_path: Path) -> None:
    """SQLite asks the authorizer whenever it compiles one."""
    world = World(tmp_path)
    compiled: list[tuple[object, ...]] = []

    def authorize(*details: object) -> int:
        compiled.append(details)
        return sqlite3.SQLITE_OK

    with world.database.write() as connection:
        connection.set_authorizer(authorize)
    for number in range(3):
        compiled.clear()
        _ingest(world, number)
    assert [action for action, *_rest in compiled if action == sqlite3.SQLITE_SELECT] == []
    world.close()  # Python 3.10 cannot take an authorizer away

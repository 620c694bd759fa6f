"""Ids with keys, and UUIDs as bytes."""

from __future__ import annotations

import sqlite3

import pytest

from ccsync_watch.store.id_keys import USES, forget_unused, save_ids, uuid_key, uuid_text
from ccsync_watch.store.schema import migrate

_KEYS_OF_OTHER_TABLES = {
    *("uuid_key", "parent_key", "path_key"),
    *("file_key", "tool_key", "kind_key", "project_key"),
}


def test_a_uuid_is_16_bytes() -> None:
    """And comes back as it was."""
    uuid = "a8506131-9b6e-577c-8f14-89ba2201378b"
    assert uuid_key(uuid) == bytes.fromhex("a85061319b6e577c8f1489ba2201378b")
    assert uuid_text(uuid_key(uuid)) == uuid


@pytest.mark.parametrize(
    "other",
    [
        None,
        "",
        "session",
        "A8506131-9B6E-577C-8F14-89BA2201378B",
        "a85061319b6e577c8f1489ba2201378b",
        "a8506131-9b6e-577c-8f14-89ba2201378b\n",
        "a8506131-9b6e-577c-8f14-89ba2201378b/0",
        "٣8506131-9b6e-577c-8f14-89ba2201378b",
    ],
)
def test_what_is_not_written_as_uuids_are_stays_as_it_is(other: str | None) -> None:
    """Two spellings must not become one id."""
    assert uuid_key(other) == other
    assert uuid_text(uuid_key(other)) == other


def test_an_id_has_one_key() -> None:
    """Whenever it is saved, and whichever others are."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    first = save_ids(connection, ["b", "a", "b"])
    many = save_ids(connection, ["a", *(f"id-{number}" for number in range(1200))])
    assert sorted(first) == ["a", "b"]
    assert many["a"] == first["a"]
    assert len(set({**first, **many}.values())) == 1202
    assert save_ids(connection, ["b"]) == {"b": first["b"]}
    connection.close()


def test_every_use_of_an_id_is_known() -> None:
    """One that is used is not removed: in any column that has keys."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    tables = [
        row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE sql <> ''")
    ]
    columns = {
        (table, row[1])
        for table in tables
        for row in connection.execute(f"PRAGMA table_info({table})")
        if row[1].endswith("_key") and row[1] not in _KEYS_OF_OTHER_TABLES
    }
    assert columns | {("compact_usage", "key")} == set(USES)
    keys = save_ids(connection, ["used", "unused"])
    connection.execute(
        "INSERT INTO outbox (seq, session_key, is_certain, is_released) VALUES (1, ?, 1, 1)",
        (keys["used"],),
    )
    for key in (*keys.values(), None):
        forget_unused(connection, key)
    assert [row[0] for row in connection.execute("SELECT id FROM ids")] == ["used"]
    connection.close()

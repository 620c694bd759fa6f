"""Bring a database to the current schema; its version is SQLite's `user_version`.

The tables are those of `migrations`. To change them, append a migration there: one that was
released is never edited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from ccsync_watch.errors import NewerSchema, OtherSchema
from ccsync_watch.plain_text import plain_text
from ccsync_watch.store import copied_parts
from ccsync_watch.store.id_keys import add_uuid_functions
from ccsync_watch.store.migrations import MIGRATIONS
from ccsync_watch.store.packed_texts import pack_bytes
from ccsync_watch.store.prompt_sources import words_of
from ccsync_watch.store.text_functions import add_text_functions
from ccsync_watch.transcripts.call_ids import is_numbered
from ccsync_watch.transcripts.fields import opaque_id
from ccsync_watch.transcripts.project_folders import (
    locate_project,
    normalize_folder,
    resolve_folder,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path


_LAST_COPYING = 16
"""The last migration that copies large tables."""


def _ignore_progress(_done: int, _total: int) -> None: ...


def migrate(
    connection: sqlite3.Connection,
    *,
    on_progress: Callable[[int, int], None] = _ignore_progress,
    free_bytes: Callable[[Path], int] = copied_parts.free_bytes,
) -> None:
    """Apply the migrations that the database has not had yet.

    Raises OtherSchema when a newer ccsync-watch wrote it, StateError when the disk is too full.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise newer_schema(version)
    add_functions(connection)
    if 0 < version < _LAST_COPYING:
        copied_parts.check_space(connection, free_bytes)
    if version:
        for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
            if number == copied_parts.VERSION:
                copied_parts.copy_parts(connection, on_progress)
            _apply(connection, script, number)
    else:
        # At once: a command that reads meanwhile finds no database yet, and not an earlier one.
        _apply(connection, "".join(MIGRATIONS), len(MIGRATIONS))
    copied_parts.shrink(connection, free_bytes)


def _apply(connection: sqlite3.Connection, script: str, number: int) -> None:
    steps = f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {number}; COMMIT;"
    connection.executescript(steps)


def add_functions(connection: sqlite3.Connection) -> None:
    """Add what migrations cannot say in SQL."""
    functions: dict[str, Callable[..., str | bytes | bool | None]] = {
        # Earlier versions stored folders as rows have them, with escape sequences.
        "is_numbered": is_numbered,
        "normal_folder": lambda path: normalize_folder(plain_text(path)),
        "stored_id": opaque_id,
        "packed": pack_bytes,
        "project_folder": lambda path: _project_folder(plain_text(path)),
        "prompt_words": lambda parts: words_of(orjson.loads(parts)),
        "worktree_name": lambda path: locate_project(plain_text(path)).worktree,
    }
    add_text_functions(connection)
    add_uuid_functions(connection)
    for name, function in functions.items():
        connection.create_function(name, 1, function)


def _project_folder(path: str) -> str | None:
    return resolve_folder(locate_project(path).path or path, _no_root) or None


def _no_root(_root: str) -> bool:
    return False  # which drives there are is known once the transcripts are read again


def newer_schema(version: int) -> NewerSchema:
    """Return the error for a database that a newer ccsync-watch wrote."""
    return NewerSchema(
        f"a newer ccsync-watch wrote the database: it has version {version}, this program knows up"
        f" to {len(MIGRATIONS)}",
        hint="update ccsync-watch, or call the newer one; nothing is lost",
        title="Newer database",
    )


def older_schema(*, is_updating: bool) -> OtherSchema:
    """Return the error for a database of an earlier version, to which only a daemon may write."""
    if is_updating:
        return OtherSchema(
            "the database is still being updated",
            hint="try again soon; if none is running, `ccsync-watch start` continues it",
        )
    return OtherSchema(
        "the database is of an earlier version of ccsync-watch",
        hint="run `ccsync-watch stop`, then `ccsync-watch start`, which updates it",
    )

"""Queries for many ids at once; inside or outside of a transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

# SQLite limits how many values a statement takes.
_CHUNK_IDS = 512


def select_among(
    connection: sqlite3.Connection,
    query: str,
    ids: Sequence[str | bytes | None],
    *before: int | str,
) -> Iterator[sqlite3.Row]:
    """Yield the rows of a query that asks `IN ({ids})`, for any number of ids, in chunks.

    `before` are the values of its marks before those of the ids.
    The query must make the same rows of each id whichever others are asked for with it.
    """
    for start in range(0, len(ids), _CHUNK_IDS):
        chunk = ids[start : start + _CHUNK_IDS]
        # One of a few numbers of marks: SQLite's module remembers what it compiled, by its text.
        count = 1 << (len(chunk) - 1).bit_length()
        marks = ",".join("?" * count)
        values = [*before, *chunk, *([chunk[-1]] * (count - len(chunk)))]
        yield from connection.execute(query.replace("{ids}", marks), values).fetchall()

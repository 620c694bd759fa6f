"""Values of operators: how they are compared, which ones are stored, and how they are listed."""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable


def matcher(value: str) -> Callable[[str], bool]:
    """Return the test whether a text has a value in it; with `*`, whether it is one."""
    wanted = value.casefold()
    if "*" not in wanted:
        return lambda text: wanted in text.casefold()
    # Python's globs take no time with their number of `*`, as a pattern of one's own would.
    pattern = re.compile(fnmatch.translate(re.sub(r"([\[?])", r"[\1]", wanted)))
    return lambda text: pattern.match(text.casefold()) is not None


def distinct(read: sqlite3.Connection, column: str) -> list[str]:
    """Return the values of a column of the sessions, from each to the next by its index."""
    query = (
        "WITH RECURSIVE step (value) AS (SELECT min({0}) FROM sessions WHERE NOT is_excluded"
        " UNION ALL SELECT (SELECT min({0}) FROM sessions WHERE {0} > step.value"
        "   AND NOT is_excluded) FROM step WHERE value IS NOT NULL)"
        " SELECT value FROM step WHERE value IS NOT NULL"
    )
    return [row[0] for row in read.execute(query.format(column))]


def either(names: object) -> str:
    """Return names as a choice: `a, b or c`."""
    *others, last = list(names)  # type: ignore[call-overload] # iterable of texts
    return f"{', '.join(others)} or {last}"

"""One test over all rows of a table, which names every row that fails.

For checks of microseconds on a thousand rows: as a thousand cases each of them would be collected
by every worker, set up, and reported, which takes a hundred times as long.
"""

from __future__ import annotations

import inspect
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Test = Callable[..., None]

T = TypeVar("T")


def for_rows(rows: Iterable[T], name: Callable[[T], str] = repr) -> Callable[[Test], Test]:
    """Run a test for each of the rows, which is its first argument; the others are fixtures.

    All of them are tried; those that fail are listed by their names, with the reasons.
    """
    table = list(rows)

    def decorate(test: Test) -> Test:
        @wraps(test)
        def walk(**fixtures: Any) -> None:  # noqa: ANN401 - passed on
            assert table
            failures = {}
            for row in table:
                try:
                    test(row, **fixtures)
                except Exception as error:  # noqa: BLE001 - whatever it is, of this row
                    failures[name(row)] = f"{type(error).__name__}: {error}"
            listed = "\n".join(f"{row}: {reason}" for row, reason in failures.items())
            assert not failures, f"{len(failures)} of {len(table)} rows fail\n{listed}"

        signature = inspect.signature(test)
        others = list(signature.parameters.values())[1:]
        walk.__signature__ = signature.replace(  # type: ignore[attr-defined] # pytest reads it
            parameters=[row.replace(kind=inspect.Parameter.KEYWORD_ONLY) for row in others]
        )
        return walk

    return decorate

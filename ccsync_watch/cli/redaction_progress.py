"""A bar for work that is counted: on standard error, if somebody looks at that."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from ccsync_watch.cli.console import shows_progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ccsync_watch.store.database import Database

# Messages; fewer are copied in a moment.
_LONG_MIGRATION = 5000


@contextlib.contextmanager
def show_bar(verb: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show how much of the total is done; None is not known. The block gets what to call."""
    if not shows_progress(sys.stderr):
        yield lambda _done: None
        return
    # Loaded here: it is slow to import, and most commands do without.
    from rich.console import Console  # noqa: PLC0415 - see above
    from rich.progress import Progress  # noqa: PLC0415 - see above

    with Progress(console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(verb, total=total)
        yield lambda done: bars.advance(task, done)


@contextlib.contextmanager
def show_migration() -> Iterator[Callable[[int, int], None]]:
    """Show how far a migration of the database is, if it is a long one.

    The block gets what to call with what is done, and of how much.
    """
    with contextlib.ExitStack() as stack:
        advance: Callable[[int], None] | None = None
        shown = 0

        def on_progress(done: int, total: int) -> None:
            nonlocal advance, shown
            if total < _LONG_MIGRATION:
                return
            if advance is None:
                advance = stack.enter_context(show_bar("updating the database", total))
            advance(done - shown)
            shown = done

        yield on_progress


@contextlib.contextmanager
def show_progress(database: Database, verb: str) -> Iterator[Callable[[int], None]]:
    """Show how many of the stored messages are done."""
    # Loaded here: most commands count nothing.
    from ccsync_watch.store import rewriting  # noqa: PLC0415 - see above

    with show_bar(verb, rewriting.count_messages(database)) as advance:
        yield advance

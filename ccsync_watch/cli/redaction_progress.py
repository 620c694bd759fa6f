"""A bar for what redacts everything that is stored: on standard error, if that is a terminal."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from ccsync_watch.store import rewriting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ccsync_watch.store.database import Database


@contextlib.contextmanager
def show_progress(database: Database, verb: str) -> Iterator[Callable[[int], None]]:
    """Show how many of the messages are done; the block gets what to call with further ones."""
    # Loaded here: it is slow to import, and most commands do without.
    from rich.console import Console  # noqa: PLC0415 - see above
    from rich.progress import Progress  # noqa: PLC0415 - see above

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as bars:
        task = bars.add_task(verb, total=rewriting.count_messages(database))
        yield lambda messages: bars.advance(task, messages)

"""Redactors for tests, whose rules are compiled once for a whole run."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from ccsync_watch.privacy import Redactor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

KEY = b"k" * 32

_OPENED: set[Path] = set()
"""The folders that this process has compiled rules in, or waited for."""


def build_redactor(
    key: bytes = KEY,
    *,
    patterns: Sequence[str] = (),
    allow: Sequence[str] = (),
    known: Mapping[str, str] | None = None,
    engine: str = "",
) -> Redactor:
    """Return a new redactor; its rules come from the run's cache folder, which conftest names."""
    cache = cache_folder()
    with compiling(cache):
        return Redactor(
            key=key, patterns=patterns, allow=allow, known=known, cache=cache, engine=engine
        )


def cache_folder() -> Path:
    """Return the folder for compiled rules of a whole run, which the program uses too.

    To compile them takes seconds of a processor, to load them a tenth of one.
    """
    cache = Path(os.environ["XDG_CACHE_HOME"], "ccsync-watch")
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    return cache


@contextmanager
def compiling(cache: Path) -> Iterator[None]:
    """Have one process of the run compile the rules in a folder, while the others wait for them."""
    if cache in _OPENED:
        yield
        return
    with FileLock(cache.with_name("compiling.lock")):
        yield
    _OPENED.add(cache)

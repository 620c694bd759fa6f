"""Memory goes back to the system after a backlog, not after every line."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ccsync_watch.daemon import free_memory
from ccsync_watch.daemon.free_memory import READ_BYTES, FreeMemory, FreeMemoryAfterPages

if TYPE_CHECKING:
    import pytest


def test_memory_goes_back_after_the_start_and_after_much_was_read() -> None:
    """Once for each."""
    trims: list[str] = []
    memory = FreeMemory(lambda: trims.append("trim"), release=lambda: releases.append(len(trims)))
    releases: list[int] = []
    for bytes_read, expected in (
        (0, 1),
        (0, 1),
        (READ_BYTES - 1, 1),
        (READ_BYTES, 2),
        (READ_BYTES + 1, 2),
        (5 * READ_BYTES, 3),
    ):
        memory.turn(bytes_read)
        assert len(trims) == expected
    assert releases == [0, 1, 2]  # each time before that


def test_the_system_is_asked() -> None:
    """Where it has no way, nothing happens."""
    FreeMemory().turn(0)


def test_memory_goes_back_once_after_the_last_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not between pages that follow each other."""
    monkeypatch.setattr(free_memory, "PAGES_SECONDS", 0.0)

    async def request_pages() -> int:
        trimmed = asyncio.Event()
        trims: list[int] = []

        def trim() -> None:
            trims.append(1)
            trimmed.set()

        memory = FreeMemoryAfterPages(trim)
        for _page in range(5):
            memory.turn()
        await trimmed.wait()
        return len(trims)

    assert asyncio.run(request_pages()) == 1

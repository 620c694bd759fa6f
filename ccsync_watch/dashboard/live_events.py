"""Tell open pages of what was committed: server-sent events, from one look at the store for all.

While nobody listens nothing is looked at. A commit is noticed by SQLite's own counter, whoever made
it, and each stream then asks for what is new in its conversation.
"""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import StreamingResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from ccsync_watch.store.database import Database

LOOK_SECONDS = 0.2
MAX_STREAMS = 256
_KEEP_ALIVE_SECONDS = 15.0


class Live:
    """The open streams."""

    def __init__(self, database: Database, threads: ThreadPoolExecutor) -> None:
        self._database = database
        self._threads = threads
        # SQLite counts commits for each connection, and each thread has its own.
        self._looking = ThreadPoolExecutor(1, "dashboard-live")
        self._streams = 0
        self._commits = 0
        self._changed: asyncio.Condition | None = None
        self._watching: asyncio.Task[None] | None = None

    def stream(
        self, request: Request, after: int, news: Callable[[int], tuple[int, str]]
    ) -> Response:
        """Return a stream of what is new after a message; `news` makes it, in a thread."""
        if self._streams >= MAX_STREAMS:
            raise HTTPException(503, "Too many pages are open: close some.")
        return StreamingResponse(self._events(request, after, news), media_type="text/event-stream")

    async def _events(
        self, request: Request, seq: int, news: Callable[[int], tuple[int, str]]
    ) -> AsyncIterator[str]:
        self._streams += 1
        try:
            yield "retry: 1000\n\n"
            seen = -1
            while not await request.is_disconnected():
                if seen != self._commits:
                    seen = self._commits
                    loop = asyncio.get_running_loop()
                    before = -1
                    # What is new may be more than one look returns.
                    while seq != before:
                        before = seq
                        seq, text = await loop.run_in_executor(self._threads, news, seq)
                        if text:
                            yield f"id: {seq}\ndata: {json.dumps(text)}\n\n"
                if not await self._wait(seen):
                    yield ": still here\n\n"
        finally:
            self._streams -= 1

    async def _wait(self, seen: int) -> bool:
        """Wait for a commit after those that were seen; return False when none came for a while."""
        if self._changed is None:
            self._changed = asyncio.Condition()
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch(self._changed))
        async with self._changed:
            try:
                await asyncio.wait_for(
                    self._changed.wait_for(lambda: self._commits != seen), _KEEP_ALIVE_SECONDS
                )
            except asyncio.TimeoutError:
                return False
        return True

    async def _watch(self, changed: asyncio.Condition) -> None:
        """Look for commits while there is a stream."""
        version = None
        loop = asyncio.get_running_loop()
        while self._streams:
            found = await loop.run_in_executor(self._looking, self._version)
            if found != version:
                version = found
                self._commits += 1
                async with changed:
                    changed.notify_all()
            await asyncio.sleep(LOOK_SECONDS)

    def _version(self) -> int:
        (version,) = self._database.read().execute("PRAGMA data_version").fetchone()
        return int(version)

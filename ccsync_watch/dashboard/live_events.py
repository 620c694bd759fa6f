"""Send to open pages what was committed: server-sent events, from one poll of the store for all.

Without a listener the store is not polled. After a commit, whichever process made it, each stream
reads what its conversation has grown by.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeAlias

from starlette.exceptions import HTTPException
from starlette.responses import StreamingResponse

from ccsync_watch.dashboard.store_version import read_store_version

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from ccsync_watch.store.database import Database

POLL_SECONDS = 0.2
MAX_STREAMS = 256
_KEEP_ALIVE_SECONDS = 15.0

RenderGrowth: TypeAlias = Callable[[int], tuple[int, str]]
"""Returns what came after a message: the last one, and HTML that is empty when there is nothing."""


class _CountedResponse(StreamingResponse):
    """A stream that reports its end once, also when it never began to send."""

    on_end: Callable[[], None]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.on_end()


class LiveEvents:
    """The open streams."""

    def __init__(self, database: Database, threads: ThreadPoolExecutor) -> None:
        self._database = database
        self._threads = threads
        # One thread, as `read_store_version` wants it.
        self._poll_thread = ThreadPoolExecutor(1, "dashboard-live")
        self._streams = 0
        self._commits = 0
        self._changed: asyncio.Condition | None = None
        self._poll: asyncio.Task[None] | None = None

    def stream(
        self,
        request: Request,
        after_seq: int,
        render_growth: RenderGrowth,
        is_signed_in: Callable[[], bool] = lambda: True,
    ) -> Response:
        """Return a stream of what comes after a message, which ends when its browser signs out.

        `render_growth` is called in a thread. The stream counts from now on, until its response
        was sent: a thousand requests at once are not let through before the first one starts.
        """
        if self._streams >= MAX_STREAMS:
            raise HTTPException(503, "Too many pages are open: close some.")
        events = self._events(request, after_seq, render_growth, is_signed_in)
        response = _CountedResponse(events, media_type="text/event-stream")
        self._streams += 1
        response.on_end = self._end_stream
        return response

    def _end_stream(self) -> None:
        self._streams -= 1

    async def _events(
        self,
        request: Request,
        last_seq: int,
        render_growth: RenderGrowth,
        is_signed_in: Callable[[], bool],
    ) -> AsyncIterator[str]:
        yield "retry: 1000\n\n"
        sent_commits = -1
        while is_signed_in() and not await request.is_disconnected():
            if sent_commits != self._commits:
                sent_commits = self._commits
                loop = asyncio.get_running_loop()
                previous_seq = -1
                # There may be more than one call returns.
                while last_seq != previous_seq:
                    previous_seq = last_seq
                    last_seq, html = await loop.run_in_executor(
                        self._threads, render_growth, last_seq
                    )
                    if html:
                        yield f"id: {last_seq}\ndata: {json.dumps(html)}\n\n"
            if not await self._wait_for_commit(sent_commits):
                yield ": keep-alive\n\n"

    async def _wait_for_commit(self, sent_commits: int) -> bool:
        """Wait for a commit that was not sent yet; return False when none came for a while."""
        if self._changed is None:
            self._changed = asyncio.Condition()
        if self._poll is None or self._poll.done():
            self._poll = asyncio.create_task(self._poll_commits(self._changed))
        async with self._changed:
            try:
                await asyncio.wait_for(
                    self._changed.wait_for(lambda: self._commits != sent_commits),
                    _KEEP_ALIVE_SECONDS,
                )
            except asyncio.TimeoutError:
                return False
        return True

    async def _poll_commits(self, changed: asyncio.Condition) -> None:
        """Poll for commits while there is a stream."""
        last_version = None
        loop = asyncio.get_running_loop()
        while self._streams:
            version = await loop.run_in_executor(
                self._poll_thread, read_store_version, self._database
            )
            if version != last_version:
                last_version = version
                self._commits += 1
                async with changed:
                    changed.notify_all()
            await asyncio.sleep(POLL_SECONDS)

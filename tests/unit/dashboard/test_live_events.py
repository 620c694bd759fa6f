"""Streams of what was committed: nothing twice, nothing left out."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, cast

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from ccsync_watch.dashboard.live_events import MAX_STREAMS, LiveEvents, RenderGrowth

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.responses import StreamingResponse

    from support.storing import World

WAIT_SECONDS = 30.0


async def _never() -> dict[str, object]:
    """Wait for a disconnect that does not come."""
    await asyncio.sleep(WAIT_SECONDS)
    return {"type": "http.disconnect"}


def _request() -> Request:
    return Request({"type": "http", "query_string": b"", "headers": []}, _never)


def events(live: LiveEvents, render_growth: RenderGrowth) -> AsyncIterator[str]:
    """Return a stream's events without its keep-alives."""
    response = cast("StreamingResponse", live.stream(_request(), 0, render_growth))

    async def iterate() -> AsyncIterator[str]:
        async for piece in response.body_iterator:
            if str(piece).startswith("id: "):
                yield str(piece)

    return iterate()


def test_everything_new_is_sent_at_once_and_in_order(world: World) -> None:
    """However much of it there is; each event names the last message in it."""
    growth = {0: (2, "first"), 2: (4, "second"), 4: (4, "")}

    async def run() -> list[str]:
        with ThreadPoolExecutor(1) as threads:
            stream = events(LiveEvents(world.database, threads), lambda seq: growth[seq])
            return [await asyncio.wait_for(anext(stream), WAIT_SECONDS) for _ in range(2)]

    assert asyncio.run(run()) == [
        f"id: {seq}\ndata: {json.dumps(text)}\n\n" for seq, text in ((2, "first"), (4, "second"))
    ]


def test_commit_wakes_every_stream(world: World) -> None:
    """Each sends what is new to it."""
    messages: list[str] = []

    def render_growth(seq: int) -> tuple[int, str]:
        return len(messages), "".join(messages[seq:])

    async def run() -> list[str]:
        with ThreadPoolExecutor(2) as threads:
            live = LiveEvents(world.database, threads)
            streams = [events(live, render_growth) for _ in range(3)]
            pending = [asyncio.ensure_future(anext(stream)) for stream in streams]
            await asyncio.sleep(0)
            messages.append("x")
            world.say("u1")
            return await asyncio.wait_for(asyncio.gather(*pending), WAIT_SECONDS)

    assert asyncio.run(run()) == ['id: 1\ndata: "x"\n\n'] * 3


def test_too_many_streams_are_rejected_at_once(world: World) -> None:
    """Also if none has begun to send; the message says what to do. An ended one makes place."""

    async def send(_message: object) -> None:
        raise OSError("the client is gone")

    async def run() -> None:
        with ThreadPoolExecutor(1) as threads:
            live = LiveEvents(world.database, threads)
            responses = [
                live.stream(_request(), 0, lambda seq: (seq, "")) for _ in range(MAX_STREAMS)
            ]
            with pytest.raises(HTTPException, match="Too many"):
                live.stream(_request(), 0, lambda seq: (seq, ""))
            scope = {"type": "http", "asgi": {"spec_version": "2.4"}}
            with pytest.raises(ClientDisconnect):
                await responses[0](scope, _never, send)
            live.stream(_request(), 0, lambda seq: (seq, ""))

    asyncio.run(run())


def test_stream_ends_when_its_browser_signs_out(world: World) -> None:
    """Nothing that is committed afterwards is sent."""
    signed_in = [True]

    async def run() -> list[str]:
        with ThreadPoolExecutor(1) as threads:
            live = LiveEvents(world.database, threads)
            response = live.stream(_request(), 0, lambda seq: (seq + 1, "x"), lambda: signed_in[0])
            live._commits += 1
            pieces = cast("StreamingResponse", response).body_iterator
            seen = [str(await anext(aiter(pieces)))]
            signed_in[0] = False
            async for piece in pieces:
                seen.append(str(piece))  # noqa: PERF401 - of an asynchronous iterator
            return seen

    assert asyncio.run(asyncio.wait_for(run(), WAIT_SECONDS)) == ["retry: 1000\n\n"]

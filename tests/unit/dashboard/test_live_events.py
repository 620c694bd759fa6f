"""Streams of what was committed: nothing twice, nothing left out, nothing done for nobody."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, cast

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from ccsync_watch.dashboard.live_events import MAX_STREAMS, Live
from ccsync_watch.dashboard.pages import shown_last
from support.storing import World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from starlette.responses import StreamingResponse

WAIT_SECONDS = 30.0


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Have an empty store."""
    made = World(tmp_path)
    yield made
    made.close()


async def never() -> dict[str, object]:
    """Wait for a disconnect that does not come."""
    await asyncio.sleep(WAIT_SECONDS)
    return {"type": "http.disconnect"}


def request(query: str = "", **headers: str) -> Request:
    """Return a request for a stream."""
    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "query_string": query.encode(), "headers": given}
    return Request(scope, never)


def events(
    live: Live, news: Callable[[int], tuple[int, str]], *, after: int = 0
) -> AsyncIterator[str]:
    """Return a stream's events without its keep-alives."""
    answer = cast("StreamingResponse", live.stream(request(), after, news))

    async def told() -> AsyncIterator[str]:
        async for piece in answer.body_iterator:
            if str(piece).startswith("id: "):
                yield str(piece)

    return told()


def test_everything_new_is_told_at_once_and_in_order(world: World) -> None:
    """However much of it there is; each event names the last message in it."""
    left = {0: (2, "one"), 2: (4, "two"), 4: (4, "")}

    async def run() -> list[str]:
        with ThreadPoolExecutor(1) as threads:
            stream = events(Live(world.database, threads), lambda seq: left[seq])
            return [await asyncio.wait_for(anext(stream), WAIT_SECONDS) for _ in range(2)]

    assert asyncio.run(run()) == [
        f"id: {seq}\ndata: {json.dumps(text)}\n\n" for seq, text in ((2, "one"), (4, "two"))
    ]


def test_a_commit_wakes_every_stream(world: World) -> None:
    """Whoever made it; each is told what is new to it."""
    said: list[str] = []

    def news(seq: int) -> tuple[int, str]:
        return len(said), "".join(said[seq:])

    async def run() -> list[str]:
        with ThreadPoolExecutor(2) as threads:
            live = Live(world.database, threads)
            streams = [events(live, news) for _ in range(3)]
            waiting = [asyncio.ensure_future(anext(stream)) for stream in streams]
            await asyncio.sleep(0)
            said.append("x")
            world.say("u1")
            return await asyncio.wait_for(asyncio.gather(*waiting), WAIT_SECONDS)

    assert asyncio.run(run()) == ['id: 1\ndata: "x"\n\n'] * 3


def test_too_many_streams_are_refused(world: World) -> None:
    """With a sentence, and the others go on."""
    with ThreadPoolExecutor(1) as threads:
        live = Live(world.database, threads)
        live._streams = MAX_STREAMS
        with pytest.raises(HTTPException, match="Too many"):
            live.stream(request(), 0, lambda seq: (seq, ""))


@pytest.mark.parametrize(
    ("asked", "last"),
    [
        (request(), 0),
        (request("after=7"), 7),
        (request("after=7", last_event_id="9"), 9),
        (request("after=7", last_event_id="x"), 7),
        (request("after=7", last_event_id="9" * 5000), 7),
        (request("after=-1"), 0),
    ],
)
def test_a_stream_goes_on_after_what_was_shown(asked: Request, last: int) -> None:
    """The browser's own note of it is newer than the page's address."""
    assert shown_last(asked) == last

"""The pages' answers when something is wrong with the request, or with us."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import httpx
import pytest

from ccsync_watch.config import load
from ccsync_watch.dashboard.app import made_site, site_app
from ccsync_watch.dashboard.guard import Keys
from support.storing import World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ccsync_watch.control.messages import FlushAnswer, FlushRequest
    from ccsync_watch.model import JsonValue

PORT = 8377
KEYS = Keys(b"secret")


class DaemonDouble:
    """A daemon of which nothing is asked here."""

    def status(self, *, max_sessions: int | None = None) -> dict[str, JsonValue]:
        """Fail."""
        raise AssertionError(max_sessions)

    def flush(self, request: FlushRequest) -> FlushAnswer:
        """Fail."""
        raise AssertionError(request)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Have an empty store."""
    made = World(tmp_path)
    yield made
    made.close()


def asked(world: World, folder: Path, path: str) -> httpx.Response:
    """Ask for a page as a browser that was let in."""
    settings = load({"HOME": str(folder), "CCSYNC_WATCH_HOME": str(folder)}, {})
    site = made_site(
        world.database, DaemonDouble(), keys=KEYS, prices=world.prices, settings=lambda: settings
    )

    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(site_app(site, port=PORT), raise_app_exceptions=False)
        cookies = {f"ccsync-watch-{PORT}": KEYS.cookie}
        async with httpx.AsyncClient(
            transport=transport, base_url=f"http://127.0.0.1:{PORT}", cookies=cookies
        ) as client:
            return await client.get(path)

    return asyncio.run(run())


@pytest.mark.parametrize("path", ["/nowhere", "/sessions/unknown", "/sessions/unknown/export.md"])
def test_what_is_not_there_is_a_page_that_helps(world: World, tmp_path: Path, path: str) -> None:
    """It leads to what is there."""
    answer = asked(world, tmp_path, path)
    assert answer.status_code == 404
    assert 'href="/sessions"' in answer.text


def test_a_page_that_fails_says_so_and_the_log_says_why(
    world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The page tells nothing of the inside; the log, which is redacted, does."""
    with world.database.write() as connection:
        connection.execute("ALTER TABLE sessions RENAME TO gone")
    with caplog.at_level(logging.ERROR):
        answer = asked(world, tmp_path, "/sessions")
    assert answer.status_code == 500
    assert "Something went wrong here." in answer.text
    assert "no such table" not in answer.text
    assert "no such table" in caplog.text

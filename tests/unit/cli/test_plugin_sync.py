"""What the plugin's sync-now does with a daemon that is slow, and what it leaves to it."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from starlette.responses import JSONResponse, Response

from ccsync_watch import __version__
from ccsync_watch.cli.plugin_sync import SYNC_SECONDS, late_sync_text, sync_text
from support.flush_answers import FLUSHED
from support.lines import SESSION
from support.state_folder import StateFolder
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request


@pytest.fixture
def folder(env: dict[str, str]) -> Iterator[StateFolder]:
    """Return the state folder, whose path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="t-") as path:
        env["CCSYNC_WATCH_HOME"] = path
        yield StateFolder(Path(path))


def requests(folder: StateFolder) -> list[str]:
    """Return the names of the requests that were left to the daemon."""
    return [path.name for path in (folder.path / "signals").glob("*")]


@pytest.mark.parametrize(
    ("change", "words", "is_left"),
    [
        ({}, "Synced: 3 rows sent", False),
        ({"is_read": False}, "not all imported yet; sync continues in the background", True),
        ({"rows_pending": 2}, "2 rows of this session pending", False),
    ],
)
def test_what_is_not_read_yet_is_left_to_the_daemon(
    folder: StateFolder,
    env: dict[str, str],
    change: dict[str, object],
    words: str,
    *,
    is_left: bool,
) -> None:
    """It uploads what it reads after the answer, also where uploading is manual."""

    async def answer(_request: Request) -> Response:
        return JSONResponse({**FLUSHED, **change})

    with folder.serve(answer, path="/v1/flush", version=__version__):
        assert words in sync_text(env, SESSION)
    assert requests(folder) == ([f"SyncNow.{SESSION}.0"] if is_left else [])


def test_a_daemon_that_does_not_answer_is_not_waited_for(
    folder: StateFolder, env: dict[str, str]
) -> None:
    """The request is kept, and said so before the daemon has answered."""
    may_answer = threading.Event()

    def answer(_request: Request) -> Response:
        may_answer.wait(WAIT_SECONDS)
        return JSONResponse(FLUSHED)

    with folder.serve(answer, path="/v1/flush", version=__version__):  # type: ignore[arg-type]  # starlette runs it in a thread
        text = sync_text(env, SESSION, seconds=0.1)
        may_answer.set()
    # Nothing says that it ever will.
    assert text.startswith("Not synced yet: ccsync-watch (process ")
    assert "; this session is synced once it does\n  → " in text
    assert requests(folder) == [f"SyncNow.{SESSION}.0"]


@pytest.mark.parametrize("session_id", [None, "not a session"])
def test_without_a_session_nothing_is_promised(
    folder: StateFolder, env: dict[str, str], session_id: str | None
) -> None:
    """An old client does not name it."""
    text = late_sync_text(env, session_id, 10.0)
    assert text.startswith("Sync not finished: this took longer than 10 s\n  → ")
    assert requests(folder) == []


def test_the_wait_is_well_below_the_clients() -> None:
    """20 s were seen, of which the shell and Python need some."""
    assert SYNC_SECONDS <= 10.0

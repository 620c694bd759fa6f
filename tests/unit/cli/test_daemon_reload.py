"""What a person reads about the daemon that loads changed settings, or does not confirm it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from starlette.responses import JSONResponse, Response

from ccsync_watch.cli.daemon_reload import reload_daemon
from ccsync_watch.config import load
from ccsync_watch.daemon.instance_lock import InstanceLock
from support.state_folder import StateFolder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request


@pytest.fixture
def state() -> Iterator[StateFolder]:
    """Return an empty state folder, whose path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="t-") as folder:
        yield StateFolder(Path(folder))


@pytest.mark.parametrize(
    "response", [JSONResponse({"error": "it is busy", "hint": "end it"}, 503), Response(b"", 500)]
)
def test_a_busy_daemon_is_not_to_be_ended(
    env: dict[str, str], state: StateFolder, response: Response, capsys: pytest.CaptureFixture[str]
) -> None:
    """It looks at the settings file by itself, once a second."""

    async def answer(_request: Request) -> Response:
        return response

    with state.serve(answer, path="/v1/reload"):
        reload_daemon(load({**env, "CCSYNC_WATCH_HOME": os.fspath(state.path)}))
    said = capsys.readouterr().err
    assert "it uses the new settings as soon as it is less busy" in said
    assert "end it" not in said
    assert "kill" not in said


def test_a_daemon_that_starts_reads_them(
    env: dict[str, str], state: StateFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody has to try again."""
    lock = InstanceLock(state.path, is_daemon=True)
    lock.acquire(1)
    try:
        reload_daemon(load({**env, "CCSYNC_WATCH_HOME": os.fspath(state.path)}))
    finally:
        lock.release()
    assert capsys.readouterr().out == "The daemon is starting, and uses the new settings.\n"

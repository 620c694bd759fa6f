"""Which daemon is started and stopped; `tests/e2e/test_background.py` has the processes."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from starlette.responses import Response

from ccsync_watch import __version__
from ccsync_watch.daemon.background import is_older, running_version, start, stop
from support.state_folder import StateFolder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request


@pytest.fixture
def folder() -> Iterator[StateFolder]:
    """Return a state folder whose path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="t-") as path:
        yield StateFolder(Path(path))


@pytest.mark.parametrize(
    ("version", "other", "expected"),
    [
        ("0.1.0", "0.2.0", True),
        ("0.9.0", "0.10.0", True),
        ("1.0.0", "0.9.9", False),
        ("1.0.0", "1.0.0", False),
        ("1.0", "1.0.1", True),
    ],
)
def test_versions_are_compared_by_number(version: str, other: str, expected: bool) -> None:  # noqa: FBT001 - a parameter
    """Not as text."""
    assert is_older(version, other) is expected


def test_without_a_daemon_nothing_is_stopped(folder: StateFolder) -> None:
    """And no version is running."""
    assert running_version(folder.path) is None
    assert stop(folder.path) is False


@pytest.mark.parametrize("version", [__version__, "99.0.0"])
def test_a_daemon_of_this_version_or_a_later_one_is_kept(folder: StateFolder, version: str) -> None:
    """No process is started."""

    async def answer(_request: Request) -> Response:
        return Response()

    with folder.serve(answer, version=version):
        assert running_version(folder.path) == version
        assert start(folder.path, {}) is False

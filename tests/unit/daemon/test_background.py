"""Which daemon is started and stopped; `tests/e2e/test_background.py` has the processes."""

from __future__ import annotations

import sqlite3
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from starlette.responses import Response

from ccsync_watch import __version__
from ccsync_watch.daemon import background
from ccsync_watch.daemon.background import is_older, running_version, start, stop
from ccsync_watch.errors import NewerSchema, StartFailed, StateError
from ccsync_watch.store.database import DATABASE_NAME
from support.small_disk import SmallDisk, small_disk
from support.state_folder import StateFolder
from support.storing import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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


def test_no_daemon_is_launched_for_a_store_of_a_newer_version(
    folder: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would end at once; one that is coming up by itself may be the newer one."""
    World(folder.path).close()
    with closing(sqlite3.connect(folder.path / DATABASE_NAME)) as connection:
        connection.execute("PRAGMA user_version = 9999")
    monkeypatch.setattr(subprocess, "Popen", lambda *_words, **_options: pytest.fail("launched"))
    with pytest.raises(NewerSchema, match="a newer ccsync-watch wrote the database"):
        start(folder.path, {})
    versions = iter([None, "99.0.0"])
    monkeypatch.setattr(background, "running_version", lambda _folder: next(versions))
    monkeypatch.setattr(background, "is_starting", lambda _folder: True)
    assert start(folder.path, {}) is False


def test_an_older_daemon_that_was_starting_is_replaced(
    folder: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers only after the start of the newer one has begun to wait for it."""
    versions = iter([None, None, "0.0.1", __version__])
    stopped: list[object] = []
    launched: list[int] = []
    monkeypatch.setattr(background, "running_version", lambda _folder: next(versions))
    monkeypatch.setattr(background, "is_starting", lambda _folder: True)
    monkeypatch.setattr(background, "_has_holder", lambda _folder: True)
    monkeypatch.setattr(background, "stop", lambda _folder, clock: stopped.append(clock))

    def launch(_folder: Path, _env: object) -> RunningProcess:
        launched.append(1)
        return RunningProcess()

    monkeypatch.setattr(background, "_launch", launch)
    assert start(folder.path, {}) is True
    assert (len(stopped), len(launched)) == (1, 1)


@pytest.mark.parametrize(
    ("disturb", "cause"),
    [(SmallDisk.fill, "the disk is full"), (SmallDisk.make_read_only, "is mounted read-only")],
)
def test_a_daemon_that_ended_for_want_of_its_folder_says_so(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    disturb: Callable[[SmallDisk], None],
    cause: str,
) -> None:
    """What is wrong with the disk, instead of advice to start it again to see that."""
    monkeypatch.setattr(background, "_launch", lambda _folder, _env: EndedProcess())
    with small_disk(tmp_path / "disk") as disk:
        folder = disk.path / "state"
        folder.mkdir(mode=0o700)
        with pytest.raises(StartFailed, match="ended at once"):
            start(folder, {})
        assert list(folder.iterdir()) == []
        disturb(disk)
        with pytest.raises(StateError, match=cause):
            start(folder, {})


class EndedProcess:
    """A process that was launched and has failed."""

    def poll(self) -> int:
        """Return its exit code."""
        return 2


class RunningProcess:
    """A process that was launched and runs."""

    def poll(self) -> None:
        """Return no exit code."""

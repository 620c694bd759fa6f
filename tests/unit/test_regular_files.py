"""What is not a regular file is an error at once, whatever would come out of it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.accounting import price_data
from ccsync_watch.cli.log_files import log_to
from ccsync_watch.config.settings_file import read_file
from ccsync_watch.control.pidfile import PIDFILE_NAME, read_pidfile
from ccsync_watch.dashboard.pages.sync_page import _read_log_end
from ccsync_watch.errors import CcsyncError, StateError
from ccsync_watch.file_locks import is_locked
from ccsync_watch.regular_files import file_of, open_regular, read_regular, stored_identity
from ccsync_watch.statusline.figures_file import FIGURES_NAME, read_figures
from ccsync_watch.transcripts.transcript_file import open_file, read_sidecar

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """Return a pipe to which nobody writes."""
    path = tmp_path / "pipe"
    os.mkfifo(path, 0o600)
    return path


def test_what_a_file_system_numbers_by_hashes_can_be_stored() -> None:
    """SQLite's integers have a sign; other files keep other numbers."""
    numbers = [0, 1, (1 << 63) - 1, 1 << 63, (1 << 64) - 1]
    statuses = [
        os.stat_result((0o100600, number, number, 1, 0, 0, 0, 0, 0, 0)) for number in numbers
    ]
    identities = [stored_identity(status) for status in statuses]
    assert identities[:3] == [(number, number) for number in numbers[:3]]
    assert len(set(identities)) == len(numbers)
    with closing(sqlite3.connect(":memory:")) as connection:
        for identity in identities:
            assert connection.execute("SELECT ?, ?", identity).fetchone() == identity


def test_a_file_is_read_whole_or_in_part(tmp_path: Path) -> None:
    """As with `open`."""
    path = tmp_path / "file"
    path.write_bytes(b"word")
    assert (read_regular(path), read_regular(str(path), 2)) == (b"word", b"wo")


@pytest.mark.parametrize(
    "read", [open_regular, read_regular, file_of, lambda path: open_file(str(path)).__enter__()]
)
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_nothing_else_is_opened(pipe: Path, read: Callable[[object], object], kind: str) -> None:
    """Without a wait, and without leaving a descriptor open."""
    path = {"pipe": str(pipe), "device": "/dev/zero", "folder": str(pipe.parent)}[kind]
    before = _descriptors()
    with pytest.raises(OSError, match=r"regular|directory"):
        read(path)
    assert _descriptors() == before


def test_files_of_the_state_folder_that_are_pipes_count_as_missing(pipe: Path) -> None:
    """Each reader returns, whatever it is that it reads."""
    folder = pipe.parent
    pipe.rename(folder / PIDFILE_NAME)
    assert read_pidfile(folder) is None
    for name in (FIGURES_NAME, "starting", "hook.program", "daemon.lock", "log", "prices.json"):
        os.mkfifo(folder / name, 0o600)
    assert read_figures(str(folder)) is None
    assert not is_locked(str(folder / "daemon.lock"))
    assert _read_log_end(folder / "log") == []
    assert price_data.load_snapshot(folder / "prices.json") is not None
    assert read_sidecar(str(folder / "log")) == b""
    with pytest.raises(StateError, match=r"/log: a pipe that nobody reads is .*: move that pipe"):
        log_to(folder, lambda: pytest.fail("nothing is logged"))


def test_a_settings_file_that_is_a_pipe_is_an_error(pipe: Path) -> None:
    """It says so."""
    with pytest.raises(CcsyncError, match="pipe"):
        read_file(pipe)


def _descriptors() -> int:
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.is_dir() else 0

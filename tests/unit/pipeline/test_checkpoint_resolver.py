"""Where to continue in a file, when what is known of it is just being changed."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.errors import RedactorUnavailable
from support.lines import SESSION, Writer, line
from support.pumping import Bench, PassingRedactor

if TYPE_CHECKING:
    from pathlib import Path

MOVED = "-home-user-worktree"


def test_a_moved_file_that_cannot_be_cleaned_yet_keeps_its_offset(tmp_path: Path) -> None:
    """Its new path is stored before what follows is read, and is known from then on."""
    redactor = PassingRedactor()
    bench = Bench(tmp_path, redactor=redactor)
    writer = Writer()
    bench.append(bench.path(), *(writer.prompt(f"row {number}") for number in range(4)))
    bench.catch_up()
    moved = bench.path(project=MOVED)
    bench.path().rename(moved)
    new = writer.prompt("poisoned")
    bench.append(moved, new)
    before = bench.pump.progress.bytes_read
    redactor.poison = "poisoned"
    with pytest.raises(RedactorUnavailable):
        bench.catch_up()
    redactor.poison = None
    bench.catch_up()
    assert bench.pump.progress.bytes_read == before + len(line(new))
    assert bench.select("SELECT shown_path FROM transcripts") == [(moved.name,)]


def test_each_copy_of_a_session_keeps_its_offset_when_it_moves(bench: Bench) -> None:
    """However many have moved before."""
    writer = Writer()
    bench.append(bench.path(), *(writer.prompt(f"row {number}") for number in range(4)))
    bench.catch_up()
    for project in ("second", "third"):
        shutil.copy2(bench.path(), bench.path(project=project))
        bench.catch_up()
    before = bench.pump.progress.bytes_read
    for project in ("second", "third"):
        bench.path(project=project).rename(bench.path(project=f"{project}-moved"))
        bench.catch_up()
    assert bench.pump.progress.bytes_read == before
    assert len(bench.offsets()) == 3


def test_a_file_that_was_changed_in_the_middle_is_read_again_once(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """And the log says why."""
    writer = Writer()
    rows = [writer.prompt(f"row {number}") for number in range(3)]
    size = bench.append(bench.path(), *rows)
    bench.catch_up()
    before = bench.pump.progress.bytes_read
    bench.pump._resolver.mark_rewritten(str(bench.path()))
    with caplog.at_level("INFO"):
        bench.catch_up()
    assert bench.pump.progress.bytes_read == before + size
    assert f"{SESSION} was rewritten: reading it again" in caplog.messages
    bench.catch_up()
    assert bench.pump.progress.bytes_read == before + size


def test_that_a_file_was_compared_is_stored_for_the_offset_that_was_compared(
    bench: Bench,
) -> None:
    """What was read since then is not compared yet: the next start has it compared."""
    bench.append(bench.path(), Writer().prompt("a"))
    bench.catch_up()
    with bench.database.write() as connection:
        connection.execute("UPDATE transcripts SET mtime_ns = 0")
    resolver, path = bench.pump._resolver, str(bench.path())
    (offset,) = bench.offsets()
    resolver.set_compared(path, offset - 1)
    resolver.set_compared(str(bench.path("unknown")), offset)
    assert bench.select("SELECT mtime_ns FROM transcripts") == [(0,)]
    resolver.set_compared(path, offset)
    mtime_ns = bench.path().stat().st_mtime_ns
    assert bench.select("SELECT mtime_ns FROM transcripts") == [(mtime_ns,)]

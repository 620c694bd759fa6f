"""Many transcripts, one that never rests, and what stays of those that come and go."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.pipeline import backlog
from support.lines import Writer, line
from support.pumping import PROJECT, Bench, ids
from support.watched import WatchedFiles

if TYPE_CHECKING:
    from pathlib import Path

QUIET = 1000
_BURST = 30_000
_BURST_FOLDERS = 30
_WRITE_BURST = """
import os, sys
folder, count, folders = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for number in range(count):
    below = os.path.join(folder, str(number % folders))
    os.makedirs(below, exist_ok=True)
    open(os.path.join(below, f"session-{number}.jsonl"), "xb").close()
"""


@pytest.mark.tailing_case("60")
def test_a_busy_transcript_does_not_starve_a_thousand_quiet_ones(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets more than it can read before each step: then every second byte is of another."""
    chunk = 4000
    monkeypatch.setattr(backlog, "LEAD_BYTES", 10 * chunk)
    bench.restart(chunk_bytes=chunk)
    quiet_bytes = 0
    for number in range(QUIET):
        name = f"quiet-{number}"
        quiet_bytes += bench.append(bench.path(name), Writer(name).prompt("a"))
    busy, unread = Writer("busy"), QUIET
    bench.pump.reconcile()
    while unread:
        bench.append(bench.path("busy"), *[busy.prompt("x" * chunk) for _ in range(2)])
        bench.pump.queue_paths([str(bench.path("busy"))])
        assert bench.pump.step()
        query = "SELECT ? - count(DISTINCT session_id) FROM messages WHERE session_id != 'busy'"
        ((unread,),) = bench.select(query, QUIET)
    ((busy_bytes,),) = bench.select("SELECT offset FROM transcripts WHERE shown_path LIKE '%busy%'")
    assert busy_bytes >= 10 * chunk
    assert busy_bytes <= quiet_bytes + 12 * chunk
    assert bench.pump.has_work(), "it was not busy enough"


@pytest.mark.tailing_case("62", "63")
def test_a_restart_with_nothing_new_opens_and_sends_nothing(tmp_path: Path) -> None:
    """However many transcripts there are, each is only looked at, once a rescan."""
    files = WatchedFiles()
    bench = Bench(tmp_path, files=files)
    for number in range(QUIET // 5):
        name = f"session-{number}"
        bench.append(bench.path(name), Writer(name).prompt("a"))
    bench.catch_up()
    outbox = bench.select("SELECT * FROM outbox")
    bench.restart()
    files.opened.clear()
    commits = bench.commits
    for _ in range(3):
        assert bench.catch_up() == 0
    assert files.opened == []
    assert bench.commits == commits
    assert bench.select("SELECT * FROM outbox") == outbox


@pytest.mark.tailing_case("64")
def test_a_transcript_that_comes_and_goes_leaves_nothing_behind(bench: Bench) -> None:
    """No descriptor, no row in the database, and nothing in memory."""
    rows = [Writer().prompt("a")]

    def round_of() -> None:
        bench.append(bench.path(), *rows)
        bench.catch_up()
        bench.path().unlink()
        bench.catch_up()

    def state() -> list[object]:
        counts = [
            bench.select(f"SELECT count(*) FROM {table}")  # noqa: S608 - names of tables
            for table in ("transcripts", "messages", "outbox", "unreadable", "parts")
        ]
        size = bench.select("PRAGMA page_count")
        return [counts, size, len(os.listdir("/proc/self/fd")) if HAS_PROC else 0]  # noqa: PTH208 - a count

    round_of()
    before = state()
    for _ in range(100):
        round_of()
    assert state() == before
    assert bench.uuids() == ids(*rows)


HAS_PROC = sys.platform == "linux"


@pytest.mark.tailing_case("33")
def test_a_project_folder_may_change_its_case(bench: Bench) -> None:
    """As when a person renames it: nothing is sent again, and what is new is read."""
    writer = Writer()
    first, second = writer.prompt("a"), writer.prompt("b")
    bench.append(bench.path(), first)
    bench.catch_up()
    (bench.root / PROJECT).rename(bench.root / PROJECT.upper())
    bench.append(bench.path(project=PROJECT.upper()), second)
    before = bench.pump.progress.bytes_read
    bench.catch_up()
    assert bench.pump.progress.bytes_read - before == len(line(second))
    assert bench.uuids() == ids(first, second)
    assert bench.sent_again() == 0


@pytest.mark.tailing_case("51")
def test_a_burst_of_new_transcripts_is_found_by_one_scan(bench: Bench) -> None:
    """Of any size: no event is needed, so a queue of events that overflows loses nothing."""
    words = [str(bench.root), str(_BURST), str(_BURST_FOLDERS)]
    subprocess.run([sys.executable, "-c", _WRITE_BURST, *words], check=True)
    assert len(bench.pump.reconcile()) == _BURST
    assert bench.pump.backlog_size() == (_BURST, 0)

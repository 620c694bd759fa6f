"""Measure how fast a backlog is uploaded, how soon live lines are meanwhile, and its memory.

    scripts/bench drain [--rows 50000] [--corpus dense|many] [--dated] [--delay-ms 0]
                        [--per-second 0]

Transcripts are imported with `auto_sync` off; then the daemon is started with it on, and drains its
outbox into the double of the backend, which runs in its own process. Meanwhile one session writes
a line now and then. `--dated`: the backend accepts dates in a batch, as no released version does.
`--delay-ms` is how late it answers, as over a real link; beyond `--per-second` requests it refuses.
"""

from __future__ import annotations

import argparse
import contextlib
import sqlite3
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from ccsync_watch.store.views import create_views  # noqa: E402 - installed
from support.ccsync_program.program import Program  # noqa: E402 - found by the line above
from support.ccsync_program.transcript import Transcript  # noqa: E402 - as above
from support.import_corpora import CORPORA  # noqa: E402 - as above
from support.lines import text  # noqa: E402 - as above
from support.opensync_double.apart import Manner, served_apart  # noqa: E402 - as above
from support.waiting import wait_until  # noqa: E402 - as above

if TYPE_CHECKING:
    from support.import_corpora import Corpus
    from support.opensync_double.apart import Load, Served

_MAX_SECONDS = 36_000
_POLL_SECONDS = 0.005
_COUNT_SECONDS = 0.5
_LIVE_SECONDS = 0.25
_LIVE_SESSION = "aaaaaaaa-2222-4333-8444-555555555555"
# Claude Code writes a row about this long after its timestamp.
_LAG_MS = 100
_SAMPLE_MB = 0.2
_MARKS = (0.1, 0.5, 0.9)


@dataclass
class Drain:
    """One drain as another process sees it: the time of each count, memory, and live lines."""

    pid: int
    total: int
    began: float = field(default_factory=time.monotonic)
    rss_bytes: dict[float, int] = field(default_factory=dict)
    written: dict[str, float] = field(default_factory=dict)
    acked: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0

    def record_left(self, left: int) -> None:
        """Record how many old rows are left."""
        self.seconds = time.monotonic() - self.began
        for mark in _MARKS:
            if self.total - left >= self.total * mark and mark not in self.rss_bytes:
                self.rss_bytes[mark] = _rss_bytes(self.pid)


def _rss_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def connect(program: Program) -> sqlite3.Connection:
    """Open the daemon's database for reading."""
    connection = sqlite3.connect(f"{(program.state / 'ccsync.db').as_uri()}?mode=ro", uri=True)
    create_views(connection)
    return connection


def make_corpus(name: str, folder: Path, rows: int) -> Corpus:
    """Write transcripts of about so many rows."""
    sample = CORPORA[name](folder / "sample", int(_SAMPLE_MB * 1e6))
    return CORPORA[name](folder / "claude", int(sample.bytes / sample.messages * rows))


def import_corpus(program: Program, corpus: Corpus, opensync: Served) -> int:
    """Have everything stored and nothing sent; return the rows that are pending."""
    settings = {"convex_url": opensync.url, "api_key": opensync.api_key}
    program.configure(**settings, auto_sync=False)
    program.start()
    query = "SELECT count(*) FROM messages WHERE kind <> 'session'"
    with contextlib.closing(connect(program)) as read:
        wait_until(
            lambda: read.execute(query).fetchone()[0] == corpus.messages,
            "all is stored",
            seconds=_MAX_SECONDS,
        )
        (pending,) = read.execute("SELECT count(*) FROM outbox").fetchone()
    program.stop()
    program.configure(**settings)
    return int(pending)


def drain(program: Program, pending: int) -> Drain:
    """Start the daemon, write live lines, and watch until the backlog is sent."""
    live = Transcript(program.claude_dir, session_id=_LIVE_SESSION)
    program.start_unready()
    with contextlib.closing(connect(program)) as read:
        query = "SELECT count(*) FROM outbox WHERE is_released"
        wait_until(lambda: read.execute(query).fetchone()[0] > 0, "the drain begins")
        watched = Drain(program.pid, pending)
        next_line = next_count = watched.began
        left = pending
        while left > 0 and time.monotonic() < watched.began + _MAX_SECONDS:
            now = time.monotonic()
            if now >= next_line:
                next_line = now + _LIVE_SECONDS
                live.writer.at_ms = int(time.time() * 1000) - _LAG_MS
                row = live.writer.answer(text(f"Line {len(watched.written)} of the present."))
                live.append(row)
                watched.written[row["uuid"]] = time.monotonic()
            if now >= next_count:
                next_count = now + _COUNT_SECONDS
                left = _count_old(read)
                watched.record_left(left)
            _record_acked(read, watched)
            time.sleep(_POLL_SECONDS)
        if left:
            sys.exit(f"{left:,} rows are still pending")
        until = time.monotonic() + 30
        while watched.written.keys() - watched.acked.keys() and time.monotonic() < until:
            _record_acked(read, watched)
            time.sleep(_POLL_SECONDS)
    return watched


def _count_old(read: sqlite3.Connection) -> int:
    query = (
        "SELECT count(*) FROM outbox WHERE rejected IS NULL"
        " AND seq NOT IN (SELECT seq FROM messages WHERE session_id = ?)"
    )
    return int(read.execute(query, (_LIVE_SESSION,)).fetchone()[0])


def _record_acked(read: sqlite3.Connection, watched: Drain) -> None:
    query = (
        "SELECT uuid FROM messages m WHERE session_id = ? AND kind <> 'session'"
        " AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.seq = m.seq)"
    )
    if watched.written.keys() - watched.acked.keys():
        at = time.monotonic()
        for (uuid,) in read.execute(query, (_LIVE_SESSION,)):
            watched.acked.setdefault(uuid, at)


def show(watched: Drain, cpu_seconds: float, load: Load) -> None:
    """Print the figures."""
    rate = watched.total / watched.seconds
    print(
        f"  {watched.total:,} rows in {watched.seconds:.1f} s: {rate:,.0f} rows a second,"
        f" {cpu_seconds / watched.total * 1e6:,.0f} µs of processor time a row"
    )
    delays = sorted((at - watched.written[uuid]) * 1000 for uuid, at in watched.acked.items())
    lost = len(watched.written) - len(delays)
    cuts = statistics.quantiles(delays, n=100) if len(delays) > 1 else delays * 99
    print(
        f"  {len(delays)} live lines meanwhile, newline on disk → acknowledged:"
        f" median {statistics.median(delays):.0f}, p99 {cuts[98]:.0f}, most {delays[-1]:.0f} ms"
        + (f", {lost} missing" if lost else "")
    )
    marks = ", ".join(
        f"{size / 1e6:.0f} MB at {mark:.0%}" for mark, size in sorted(watched.rss_bytes.items())
    )
    print(f"  memory: {marks}")
    print(f"  {load.requests:,} requests, of which the backend refused {load.refused:,}")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--corpus", choices=["dense", "many"], default="dense")
    parser.add_argument("--dated", action="store_true", help="it accepts dates in a batch")
    parser.add_argument("--delay-ms", type=float, default=0.0, help="how late it answers")
    parser.add_argument("--per-second", type=float, default=0.0, help="requests it takes; 0: all")
    options = parser.parse_args()
    manner = Manner(
        options.dated, options.delay_ms / 1000, options.per_second or None, keeps_bodies=False
    )
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ccsync-bench-")))
        opensync = stack.enter_context(served_apart(manner))
        corpus = make_corpus(options.corpus, folder, options.rows)
        program = Program(folder / "ccsync", folder / "claude")
        pending = import_corpus(program, corpus, opensync)
        print(
            f"{pending:,} rows of {len(corpus.files):,} sessions, {corpus.bytes / 1e6:,.0f} MB of"
            " transcripts",
            flush=True,
        )
        try:
            watched = drain(program, pending)
            cpu_seconds = _cpu_seconds(program.pid)
        finally:
            program.stop()
        show(watched, cpu_seconds, opensync.load())


if __name__ == "__main__":
    main()

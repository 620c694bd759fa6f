"""Measure a first import: generated transcripts → redacted → stored, and sent to a backend.

    scripts/bench import [NAME ...] [--mb 32] [--rounds 3] [--upload-mb 1] [--agentsview PROGRAM]

NAME is dense, modern, many or huge (tests/support/import_corpora); without one, the first three.
`many --mb 470` has 10,000 files, `huge --mb 2000` one of 2 GB. `sync-now` imports into an empty
store, beside `cat`, `orjson.loads` and agentsview's sync (which redacts nothing) of the same files,
one after the other in each round; figures are medians. The time of a `sync-now` without transcripts
is taken off; *stored* is the store's size by that of the transcripts. agentsview is measured where
it is installed (`uv tool install agentsview`); Fluent Bit is not on PyPI, npm or in Debian.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.ccsync_program.program import Program  # noqa: E402 - found by the line above
from support.import_corpora import CORPORA  # noqa: E402 - as above
from support.opensync_double.apart import served_apart  # noqa: E402 - as above
from support.waiting import wait_until  # noqa: E402 - as above

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from support.import_corpora import Corpus

_MAX_SECONDS = 3600
_CAT = "xargs -0 cat > /dev/null"
_LOADS = """
import sys, orjson
for path in sys.stdin.read().split("\\0"):
    with open(path, "rb") as file:
        for line in file:
            orjson.loads(line)
"""


@dataclass(frozen=True)
class Run:
    """What a process took, and the size of what it stored."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    stored_bytes: int = 0


def run(words: Sequence[str], env: Mapping[str, str] | None = None, *, stdin: bytes = b"") -> Run:
    """Run a program to its end, which must be a good one."""
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as output:
        source.write(stdin)
        source.seek(0)
        began = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - the programs to measure
            words, env=env, stdin=source, stdout=output, stderr=output
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            sys.exit(f"{words[0]} failed: {output.read().decode(errors='replace')[-2000:]}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit)


def folder_bytes(folder: Path, pattern: str = "**/*") -> int:
    """Return the size of the files in a folder."""
    return sum(path.stat().st_size for path in folder.glob(pattern) if path.is_file())


class Measurement:
    """The programs to compare, on one Claude folder; `home` is where agentsview looks for it."""

    def __init__(self, folder: Path, agentsview: str | None) -> None:
        self.home = folder / "home"
        self.claude_dir = self.home / ".claude"
        self._folder = folder
        self._agentsview = agentsview
        (self.claude_dir / "projects").mkdir(parents=True)

    def names(self) -> list[str]:
        """Return the programs that are there."""
        return ["cat", "orjson.loads", *(["agentsview"] if self._agentsview else []), "sync-now"]

    def measure(self, name: str, corpus: Corpus) -> Run:
        """Have one program read the corpus."""
        files = "\0".join(str(path) for path in corpus.files).encode()
        if name == "cat":
            return run(["sh", "-c", _CAT], stdin=files)
        if name == "orjson.loads":
            return run([sys.executable, "-c", _LOADS], stdin=files)
        return self._sync_agentsview() if name == "agentsview" else self.sync(corpus)

    def sync(self, corpus: Corpus | None) -> Run:
        """Import everything into an empty store, and check that all of it is there."""
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            empty = Path(name) / "empty"
            program = Program(Path(name), self.claude_dir if corpus else empty)
            (program.claude_dir / "projects").mkdir(parents=True, exist_ok=True)
            # The rules are compiled before what is measured: once, where a cache is shared.
            env = {"XDG_CACHE_HOME": str(self._folder / "cache"), **program.environment}
            words = [*program.words, "sync-now", "--timeout", str(_MAX_SECONDS)]
            measured = run(words, env)
            stored = _count(program)
            if corpus and stored != corpus.messages:
                sys.exit(f"{corpus.name}: {stored:,} of {corpus.messages:,} messages are stored")
            size = folder_bytes(program.state, "ccsync.db*")
            return Run(measured.seconds, measured.cpu_seconds, measured.peak_bytes, size)

    def _sync_agentsview(self) -> Run:
        data = self.home / ".agentsview"
        shutil.rmtree(data, ignore_errors=True)
        env = {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "AGENTSVIEW_NO_DAEMON": "1",
            "AGENTSVIEW_DISABLE_UPDATE_CHECK": "1",
            "AGENTSVIEW_TELEMETRY_ENABLED": "0",
        }
        measured = run([str(self._agentsview), "sync"], env)
        size = folder_bytes(data)
        return Run(measured.seconds, measured.cpu_seconds, measured.peak_bytes, size)


def median(runs: Sequence[Run], before: Run | None = None) -> Run:
    """Return the median of each figure, less what a start without transcripts takes."""
    return Run(
        statistics.median(one.seconds for one in runs) - (before.seconds if before else 0),
        statistics.median(one.cpu_seconds for one in runs) - (before.cpu_seconds if before else 0),
        int(statistics.median(one.peak_bytes for one in runs)),
        int(statistics.median(one.stored_bytes for one in runs)),
    )


def show(name: str, corpus: Corpus, taken: Run, *, has_rows: bool) -> None:
    """Print one line of the table."""
    rows = f"{corpus.messages / taken.seconds:10,.0f}" if has_rows else " " * 10
    stored = f"{taken.stored_bytes / corpus.bytes:8.2f}" if taken.stored_bytes else " " * 8
    print(
        f"  {name:<22}{corpus.bytes / 1e6 / taken.seconds:9.1f}{rows}"
        f"{corpus.bytes / 1e6 / taken.cpu_seconds:11.1f}{taken.peak_bytes / 1e6:10.0f}{stored}",
        flush=True,
    )


def bench(name: str, options: argparse.Namespace) -> None:
    """Measure one corpus."""
    with tempfile.TemporaryDirectory(prefix="ccsync-bench-") as folder:
        measurement = Measurement(Path(folder), options.agentsview)
        corpus = CORPORA[name](measurement.claude_dir, int(options.mb * 1e6))
        print(
            f"{name}: {corpus.bytes / 1e6:,.1f} MB, {corpus.messages:,} messages,"
            f" {len(corpus.files):,} files; medians of {options.rounds}"
        )
        print(f"  {'':<22}{'MB/s':>9}{'rows/s':>10}{'per CPU s':>11}{'peak MB':>10}{'stored':>9}")
        measurement.sync(None)  # the rules are compiled
        before = median([measurement.sync(None) for _ in range(options.rounds)])
        runs: dict[str, list[Run]] = {program: [] for program in measurement.names()}
        for _ in range(options.rounds):
            for program, taken in runs.items():
                taken.append(measurement.measure(program, corpus))
        for program, taken in runs.items():
            is_ours = program == "sync-now"
            figures = median(taken, before if is_ours else None)
            show(program, corpus, figures, has_rows=program in {"sync-now", "agentsview"})
        print(f"  a sync-now without transcripts: {before.seconds:.2f} s")
    if options.upload_mb:
        bench_upload(name, options)


def bench_upload(name: str, options: argparse.Namespace) -> None:
    """Measure how long the daemon takes until a backend on this machine has a corpus."""
    with tempfile.TemporaryDirectory(prefix="ccsync-bench-") as folder, served_apart() as opensync:
        measurement = Measurement(Path(folder), None)
        corpus = CORPORA[name](measurement.claude_dir, int(options.upload_mb * 1e6))
        program = Program(Path(folder) / "ccsync", measurement.claude_dir)
        program.configure(convex_url=opensync.url, api_key=opensync.api_key)
        program.start_unready()
        began = time.monotonic()
        try:
            wait_until(
                lambda: _count(program, "outbox") == 0 and _count(program) == corpus.messages,
                "all is sent",
                seconds=_MAX_SECONDS,
            )
            seconds = time.monotonic() - began
        finally:
            program.stop()
        print(
            f"  stored and sent by a daemon: {corpus.messages:,} messages in {seconds:.1f} s,"
            f" {corpus.messages / seconds:,.0f} a second, its start included"
        )


def _count(program: Program, table: str = "messages") -> int | None:
    """Return how many rows a table of the store has, headers of sessions left out."""
    table, own = (
        ("compact_messages", " WHERE kind != 'session'") if table == "messages" else (table, "")
    )
    uri = f"{(program.state / 'ccsync.db').as_uri()}?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as database:
            return int(database.execute(f"SELECT count(*) FROM {table}{own}").fetchone()[0])  # noqa: S608 - ours
    except sqlite3.Error:  # it is being created
        return None


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(CORPORA))
    parser.add_argument("--mb", type=float, default=32.0, help="size of each corpus")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--upload-mb", type=float, default=1.0, help="0: without a backend")
    parser.add_argument("--agentsview", default=shutil.which("agentsview"), metavar="PROGRAM")
    options = parser.parse_args()
    unknown = set(options.names) - set(CORPORA)
    if unknown:
        parser.error(f"not a corpus: {', '.join(sorted(unknown))}")
    if options.agentsview is None:
        print("agentsview is not installed: it is not measured")
    for name in options.names or ["dense", "modern", "many"]:
        bench(name, options)


if __name__ == "__main__":
    main()

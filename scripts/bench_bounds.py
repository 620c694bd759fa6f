"""Measure what the daemon takes in the worst cases: memory, SQLite's log, and who waits.

    scripts/bench bounds [CASE ...] [--files 30000] [--messages 100000] [--line-mb 31]

*line*: one long line, of several kinds. *files*: many new transcripts, and a start that knows all
of them. *pages*: the pages of a long session, and what is left of that. *reader*: another process
reads the database all the while that transcripts are imported. *hot*: one transcript is written
faster than it is read, while a thousand others wait. *first*: the first page while transcripts are
imported.

Memory is the proportional set size (PSS), in brackets the resident one, sampled fifty times a
second.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import socket
import sqlite3
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.ccsync_program.program import Program  # noqa: E402 - found by the line above
from support.ccsync_program.transcript import Transcript  # noqa: E402 - as above
from support.import_corpora import CORPORA  # noqa: E402 - as above
from support.lines import call, line, text  # noqa: E402 - as above
from support.page_client import PageClient  # noqa: E402 - as above
from support.process_memory import (  # noqa: E402 - as above
    Memory,
    PeakMemory,
    processor_seconds,
    settled,
)
from support.waiting import wait_until  # noqa: E402 - as above

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MAX_SECONDS = 1800
_WORDS = ("every", "line", "of", "a", "session", "is", "stored", "and", "then", "sent", "def", "()")
_SMALL_LOG_BYTES = 1_000_000
_LEAVE_SECONDS = 60


class Daemon:
    """The real program on an empty home."""

    def __init__(self, folder: Path) -> None:
        self.program = Program(folder / "ccsync", folder / "claude")
        self.claude_dir = folder / "claude"
        (self.claude_dir / "projects").mkdir(parents=True)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.program.configure(dashboard={"enabled": True, "port": port})

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.program.pid

    def client(self) -> PageClient:
        """Open the dashboard."""
        return PageClient(self.program.call("dashboard", "--print-only").out.split()[-1])

    def count(self, table: str = "compact_messages") -> int:
        """Return how many rows a table has; 0 while the store is being created."""
        return self._ask(f"SELECT count(*) FROM {table}")  # noqa: S608 - ours

    def offset(self) -> int:
        """Return how far the transcripts are read, in bytes."""
        return self._ask("SELECT coalesce(sum(offset), 0) FROM transcripts")

    def _ask(self, query: str) -> int:
        uri = f"{(self.program.state / 'ccsync.db').as_uri()}?mode=ro"
        try:
            with contextlib.closing(sqlite3.connect(uri, uri=True)) as database:
                return int(database.execute(query).fetchone()[0])
        except sqlite3.Error:
            return 0

    def log_bytes(self) -> int:
        """Return the size of SQLite's write-ahead log."""
        try:
            return (self.program.state / "ccsync.db-wal").stat().st_size
        except OSError:
            return 0


@contextlib.contextmanager
def started(*, is_started: bool = True) -> Iterator[Daemon]:
    """Run the program; its rules are compiled before."""
    with tempfile.TemporaryDirectory(prefix="ccsync-bench-") as name:
        folder = Path(name)
        daemon = Daemon(folder)
        daemon.program.call("redact", stdin="x", seconds=_MAX_SECONDS)
        if is_started:
            daemon.program.start()
        try:
            yield daemon
        finally:
            daemon.program.kill()


def wait(condition: Callable[[], bool], what: str) -> float:
    """Wait for a condition; return the seconds."""
    return wait_until(condition, what, seconds=_MAX_SECONDS)


# The lines ---------------------------------------------------------------------------------


def _prose(size: int) -> str:
    rng = random.Random(5)  # noqa: S311 - no secret
    piece = " ".join(rng.choices(_WORDS, k=4000))
    return "\n".join([piece] * (size // len(piece) + 1))[:size]


def _tool_result(transcript: Transcript, size: int) -> bytes:
    content = _prose(size // 2)
    detail = {"stdout": content, "stderr": ""}
    return line(transcript.writer.result("toolu_1", content, detail=detail))


def _lines(size: int) -> dict[str, Callable[[Transcript], bytes]]:
    return {
        "a prompt": lambda t: line(t.writer.prompt(_prose(size))),
        "a prompt beyond ASCII": lambda t: line(t.writer.prompt("Größe 測試 " * (size // 15))),
        "an escaped text": lambda t: line(t.writer.prompt('"\\\n' * (size // 6))),
        "a tool result, twice": lambda t: _tool_result(t, size),
        "a written file": lambda t: line(
            t.writer.answer(call("toolu_1", "Write", file_path="/a.py", content=_prose(size)))
        ),
        "an image": lambda t: line(
            t.writer.prompt(
                [
                    {
                        "type": "image",
                        "source": {
                            "type": "base64",
                            "media_type": "image/png",
                            "data": "iVBORw0KGgo" * (size // 11),
                        },
                    }
                ]
            )
        ),
        "many members": lambda t: line(
            t.writer.result("toolu_1", "ok", detail={f"key{n}": n for n in range(size // 21)})
        ),
        "many blocks": lambda t: line(
            t.writer.answer(*(text(f"Block {n}.") for n in range(size // 38)))
        ),
    }


def bench_line(options: argparse.Namespace) -> None:
    """Measure one long line of each kind, each in a process of its own."""
    for name, make in _lines(int(options.line_mb * 1e6)).items():
        with started() as daemon:
            transcript = Transcript(daemon.claude_dir)
            transcript.append(transcript.writer.prompt("Begin."))
            wait(lambda: daemon.count() >= 2, "the first line")  # noqa: PLR2004 - called at once; header
            before, used = settled(daemon.pid), processor_seconds(daemon.pid)
            data = make(transcript)
            after = line(transcript.writer.prompt("The end."))
            with PeakMemory(daemon.pid) as peak:
                with transcript.path.open("ab") as file:
                    file.write(data + after)
                size = transcript.path.stat().st_size
                wait(lambda: daemon.offset() == size, "the line")  # noqa: B023 - called at once
            print(
                f"line: {name:<24} {len(data) / 1e6:5.1f} MB; before {before}, most {peak.most},"
                f" then {settled(daemon.pid)}; {processor_seconds(daemon.pid) - used:.1f} CPU s",
                flush=True,
            )


# Many files --------------------------------------------------------------------------------


def _small_files(claude_dir: Path, count: int, first: int = 0) -> None:
    for number in range(first, first + count):
        transcript = Transcript(
            claude_dir,
            session_id=f"{number:08x}-2222-4333-8444-555555555555",
            project=f"-home-user-project-{number % 50}",
        )
        transcript.turn(number)


def bench_files(options: argparse.Namespace) -> None:
    """Measure many new files next to an idle daemon, and then a start that knows them."""
    with started(is_started=False) as daemon:
        staged = daemon.claude_dir / "staged"
        _small_files(staged, options.files)
        daemon.program.start()
        before, used = settled(daemon.pid), processor_seconds(daemon.pid)
        messages = 3 * options.files
        began = time.monotonic()
        with PeakMemory(daemon.pid) as peak:
            for folder in (staged / "projects").iterdir():
                folder.rename(daemon.claude_dir / "projects" / folder.name)
            wait(lambda: daemon.count() >= messages, "all files")
        seconds, spent = time.monotonic() - began, processor_seconds(daemon.pid) - used
        print(
            f"files: {options.files:,} new ones: {seconds:.1f} s, {spent:.1f} CPU s; before"
            f" {before}, most {peak.most}, then {settled(daemon.pid)}",
            flush=True,
        )
        daemon.program.stop()
        daemon.program.start_unready()
        with PeakMemory(daemon.pid) as peak:
            began = time.monotonic()
            pidfile = daemon.program.folder / "daemon.json"
            wait(lambda: pidfile.exists() and b'"socket":null' not in pidfile.read_bytes(), "start")
            ready = time.monotonic() - began
            spent = processor_seconds(daemon.pid)
            after = settled(daemon.pid)
        print(
            f"files: a start that knows them: ready after {ready:.2f} s ({spent:.2f} CPU s),"
            f" idle after {processor_seconds(daemon.pid):.2f} CPU s; most {peak.most},"
            f" then {after}",
            flush=True,
        )
        used, began = processor_seconds(daemon.pid), time.monotonic()
        time.sleep(options.idle_seconds)
        share = (processor_seconds(daemon.pid) - used) / (time.monotonic() - began)
        print(f"files: idle {share * 100:.2f} % of a core, {Memory.of(daemon.pid)}")
        client = daemon.client()
        for path in ("/", "/sessions", "/sync", "/privacy", "/search?q=answer", "/?range=all"):
            client.get(path)
        print(f"files: with the dashboard used: {settled(daemon.pid)}", flush=True)


# The pages of a long session ----------------------------------------------------------------


def bench_pages(options: argparse.Namespace) -> None:
    """Measure the pages of one long session, after it was imported."""
    with started() as daemon:
        transcript = Transcript(daemon.claude_dir)
        writer, source = transcript.writer, _prose(1 << 20)
        transcript.path.parent.mkdir(parents=True)
        before, used = settled(daemon.pid), processor_seconds(daemon.pid)
        with PeakMemory(daemon.pid) as peak:
            rng = random.Random(3)  # noqa: S311 - no secret
            with transcript.path.open("wb") as file:
                for number in range(options.messages // 4):
                    at = rng.randrange(len(source) - 2000)
                    name = f"toolu_{number}"
                    output = source[at : at + 900]
                    rows = (
                        writer.prompt(source[at : at + 200]),
                        writer.answer(
                            call(name, "Bash", command=f"ls {number}"), usage_id=f"msg_{number}"
                        ),
                        writer.result(name, output, detail={"stdout": output, "stderr": ""}),
                        writer.answer(text(source[at : at + 500]), usage_id=f"msg_{number}b"),
                    )
                    file.write(b"".join(map(line, rows)))
            wait(lambda: daemon.count() > options.messages // 4 * 4, "the session")
        print(
            f"pages: import of {options.messages:,} messages: before {before}, most {peak.most},"
            f" then {settled(daemon.pid)}; {processor_seconds(daemon.pid) - used:.1f} CPU s",
            flush=True,
        )
        client = daemon.client()
        at = f"/sessions/{transcript.session_id}"
        middle = options.messages // 2
        paths = [
            "/", "/sessions", at, f"{at}?at={middle}", f"{at}?after=0", "/search?q=session",
            "/?range=all", "/sync", "/privacy", f"{at}/export.md", f"{at}/export.json",
        ]  # fmt: skip
        for path in paths:
            with PeakMemory(daemon.pid) as peak:
                client.get(path)
                took = [client.get(path)[1] for _ in range(4)]
            print(f"pages: {path:<48} most {peak.most}, {min(took):7.1f} ms", flush=True)
        with PeakMemory(daemon.pid) as peak:
            wait(lambda: daemon.count("search_docsize") >= options.messages, "the index")
        print(f"pages: indexing for the search: most {peak.most}")
        with PeakMemory(daemon.pid) as peak:
            clients = [daemon.client() for _ in range(8)]
            threads = [
                threading.Thread(target=lambda c=c: [c.get(path) for path in paths[:9]])
                for c in clients
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        print(f"pages: eight browsers at once: most {peak.most}, then {settled(daemon.pid)}")


# A long reader -------------------------------------------------------------------------------


def bench_reader(options: argparse.Namespace) -> None:
    """Measure SQLite's log while a process reads, and after it."""
    with started() as daemon:
        uri = f"{(daemon.program.state / 'ccsync.db').as_uri()}?mode=ro"
        reader = sqlite3.connect(uri, uri=True, isolation_level=None)
        with contextlib.closing(reader), PeakMemory(daemon.pid) as peak:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM transcripts").fetchone()
            corpus = CORPORA["dense"](daemon.claude_dir, int(options.reader_mb * 1e6))
            wait(lambda: daemon.count() >= corpus.messages + len(corpus.files), "the import")
        print(
            f"reader: {corpus.bytes / 1e6:.0f} MB imported meanwhile: memory {peak.most}, log"
            f" {daemon.log_bytes() / 1e6:.1f} MB",
            flush=True,
        )
        began = time.monotonic()
        while daemon.log_bytes() > _SMALL_LOG_BYTES and time.monotonic() < began + _LEAVE_SECONDS:
            time.sleep(0.1)
        print(
            f"reader: {time.monotonic() - began:.1f} s after it left: log"
            f" {daemon.log_bytes() / 1e6:.1f} MB, memory {settled(daemon.pid)}"
        )


# A hot file ----------------------------------------------------------------------------------


def bench_hot(options: argparse.Namespace) -> None:
    """Measure how long a thousand files wait while another one is written without a pause."""
    with started() as daemon:
        staged = daemon.claude_dir / "staged"
        _small_files(staged, options.cold)
        hot = Transcript(daemon.claude_dir, session_id="ffffffff-2222-4333-8444-555555555555")
        hot.append(hot.writer.prompt("Begin."))
        ended, written = threading.Event(), 0
        source = _prose(1 << 20)

        def write() -> None:
            nonlocal written
            number = 0
            with hot.path.open("ab") as file:
                while not ended.is_set():
                    rows = []
                    for _ in range(200):
                        number += 1
                        at = number * 977 % (1 << 19)
                        rows.append(
                            line(
                                hot.writer.answer(
                                    text(source[at : at + 2000]), usage_id=f"msg_hot_{number}"
                                )
                            )
                        )
                    data = b"".join(rows)
                    file.write(data)
                    file.flush()
                    written += len(data)
                    ended.wait(0.01)

        thread = threading.Thread(target=write)
        thread.start()
        try:
            wait(lambda: daemon.program.status()["bytes_behind"] > 16 << 20, "it is ahead")
            used, began = processor_seconds(daemon.pid), time.monotonic()
            for folder in (staged / "projects").iterdir():
                folder.rename(daemon.claude_dir / "projects" / folder.name)
            with PeakMemory(daemon.pid) as peak:
                wait(lambda: daemon.count("sessions") >= options.cold + 1, "the cold files")
        finally:
            ended.set()
            thread.join()
        print(
            f"hot: {options.cold:,} cold files read after {time.monotonic() - began:.1f} s,"
            f" {processor_seconds(daemon.pid) - used:.1f} CPU s; {written / 1e6:.0f} MB written,"
            f" {daemon.program.status()['bytes_behind'] / 1e6:.0f} MB behind; most {peak.most}"
        )


# The first page ------------------------------------------------------------------------------


def bench_first(options: argparse.Namespace) -> None:
    """Measure the pages while transcripts are imported."""
    with started(is_started=False) as daemon:
        corpus = CORPORA["dense"](daemon.claude_dir, int(options.first_mb * 1e6))
        daemon.program.start()
        wait(lambda: daemon.count() > 2000, "the import runs")  # noqa: PLR2004 - some rows
        client = daemon.client()
        with PeakMemory(daemon.pid) as peak:
            for path in ("/", "/", "/sessions", "/sessions", "/sync", "/search?q=offset"):
                took = client.get(path)[1]
                rows = daemon.count()
                print(f"first: {path:<20} {took:8.0f} ms, {rows:,} of {corpus.messages:,} rows")
        print(f"first: most {peak.most}")


CASES: dict[str, Callable[[argparse.Namespace], None]] = {
    "line": bench_line, "files": bench_files, "pages": bench_pages, "reader": bench_reader,
    "hot": bench_hot, "first": bench_first,
}  # fmt: skip


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--line-mb", type=float, default=31.0)
    parser.add_argument("--files", type=int, default=30_000)
    parser.add_argument("--idle-seconds", type=float, default=60.0)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--reader-mb", type=float, default=100.0)
    parser.add_argument("--first-mb", type=float, default=100.0)
    parser.add_argument("--cold", type=int, default=1000)
    options = parser.parse_args()
    unknown = set(options.cases) - set(CASES)
    if unknown:
        parser.error(f"not a case: {', '.join(sorted(unknown))}")
    for name in options.cases or CASES:
        CASES[name](options)


if __name__ == "__main__":
    main()

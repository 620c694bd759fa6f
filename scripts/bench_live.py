"""Measure how soon a line is stored, and at the backend, while many sessions write, and the cost.

From the newline on disk to the commit in the store, and to the acknowledgement of the double of
the backend, which runs in its own process and counts what its owner pays for. Both are read from
the store: a message's row appears with the first, its entry in the outbox disappears with the
second.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
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
from support.lines import text  # noqa: E402 - as above
from support.opensync_double.apart import served_apart  # noqa: E402 - as above

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_POLL_SECONDS = 0.0005
_WORDS = ("every", "line", "of", "a", "session", "is", "stored", "and", "then", "sent")
_WORDS_A_LINE = 40
# Claude Code writes a row about this long after its timestamp.
_LAG_MS = 100
# Before: until the sessions' first lines are sent. After: the longest wait for the last ack.
_BEGIN_SECONDS = 1.0
_END_SECONDS = 30.0


@dataclass
class Store:
    """The daemon's database as another process reads it: messages committed and acknowledged."""

    path: Path
    committed: dict[str, float] = field(default_factory=dict)
    acked: dict[str, float] = field(default_factory=dict)
    _waiting: dict[int, str] = field(default_factory=dict)
    _seen: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        """Open it."""
        self._read = sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True)
        create_views(self._read)

    def poll(self) -> None:
        """Record the time of what was committed since the last poll."""
        version, last = self._seen
        (now_version,) = self._read.execute("PRAGMA data_version").fetchone()
        if now_version == version:
            return
        at = time.monotonic()
        query = "SELECT seq, id FROM messages WHERE seq > ?"
        rows = self._read.execute(query, (last,)).fetchall()
        queued = {row[0] for row in self._read.execute("SELECT seq FROM outbox")}
        for seq, name in rows:
            self.committed[name] = at
            self._waiting[seq] = name
        for seq in [seq for seq in self._waiting if seq not in queued]:
            self.acked[self._waiting.pop(seq)] = at
        self._seen = now_version, max((row[0] for row in rows), default=last)


def moments(sessions: int, seconds: float, gap_seconds: float) -> list[tuple[float, int]]:
    """Return when each session writes, in order: at random, a gap apart on average."""
    planned = []
    for number in range(sessions):
        at = random.expovariate(1 / gap_seconds)
        while at < seconds:
            planned.append((at, number))
            at += random.expovariate(1 / gap_seconds)
    return sorted(planned)


def run(
    transcripts: Sequence[Transcript], plan: list[tuple[float, int]], store: Store
) -> dict[str, float]:
    """Write as planned while watching the store; return when each message was written."""
    written: dict[str, float] = {}
    start = time.monotonic()
    for number, (at, session) in enumerate(plan):
        while time.monotonic() < start + at:
            store.poll()
            time.sleep(_POLL_SECONDS)
        transcript = transcripts[session]
        transcript.writer.at_ms = int(time.time() * 1000) - _LAG_MS
        words = " ".join(random.choices(_WORDS, k=_WORDS_A_LINE))  # noqa: S311 - no secret
        row = transcript.writer.answer(text(f"Line {number}. {words}."), usage_id=f"msg_{number}")
        transcript.append(row)
        written[f"{transcript.session_id}:{row['uuid']}"] = time.monotonic()
    until = time.monotonic() + _END_SECONDS
    while any(name not in store.acked for name in written) and time.monotonic() < until:
        store.poll()
        time.sleep(_POLL_SECONDS)
    return written


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def daemon(folder: Path, url: str, api_key: str) -> Iterator[Program]:
    """Run the program on an empty home, with this backend."""
    program = Program(folder / "ccsync", folder / "claude-folder")
    program.configure(convex_url=url, api_key=api_key)
    program.start()
    try:
        yield program
    finally:
        program.stop()


def show(name: str, written: dict[str, float], seen: dict[str, float]) -> None:
    """Print one line of the table."""
    lost = len(written.keys() - seen.keys())
    values = sorted((seen[key] - at) * 1000 for key, at in written.items() if key in seen)
    cuts = statistics.quantiles(values, n=100)
    cells = (statistics.median(values), cuts[94], cuts[98], values[-1])
    row = "".join(f"{cell:8.1f}" for cell in cells)
    print(f"  {name:<28}{row}" + (f"   {lost} missing" if lost else ""))


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--gap", type=float, default=1.0, help="between a session's lines, seconds")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ccsync-bench-")))
        opensync = stack.enter_context(served_apart())
        program = stack.enter_context(daemon(folder, opensync.url, opensync.api_key))
        transcripts = [
            Transcript(program.claude_dir, session_id=f"{number:08}-2222-4333-8444-555555555555")
            for number in range(options.sessions)
        ]
        for transcript in transcripts:
            transcript.append(transcript.writer.prompt("Begin."))
        store = Store(program.state / "ccsync.db")
        time.sleep(_BEGIN_SECONDS)
        store.poll()
        before, load_before = cpu_seconds(program.pid), opensync.load()
        plan = moments(options.sessions, options.seconds, options.gap)
        written = run(transcripts, plan, store)
        spent = cpu_seconds(program.pid) - before
        load = opensync.load().since(load_before)
    print(f"{options.sessions} sessions, {len(written)} lines in {options.seconds:.0f} s, ms")
    print(f"  {'newline on disk →':<28}{'median':>8}{'p95':>8}{'p99':>8}{'most':>8}")
    show("committed", written, store.committed)
    show("acknowledged by the backend", written, store.acked)
    per_1000 = 1000 / len(written)
    print(
        f"  a thousand lines: {load.function_calls * per_1000:.0f} function calls in"
        f" {load.requests * per_1000:.0f} requests, {load.embedding_jobs * per_1000:.0f} embedding"
        f" jobs; {load.body_bytes / load.text_bytes:.1f} bytes sent per byte of text;"
        f" {load.connections} new connections"
    )
    print(f"  the daemon's processor time: {spent / len(written) * 1000:.1f} ms a line")


if __name__ == "__main__":
    main()

"""Measure what a row costs to parse and to store, while the store grows from nothing.

    scripts/bench rows [--rows 1000000] [--seconds 1200]

Sessions of 200 short rows are written and read, one after the other, by one process. Nothing is
redacted, as what that takes does not depend on the store. A line is printed at each power of ten
and thrice that: time of the processor and statements of SQL for one row since the line before, and
the store's bytes for each row in it. Where no cost depends on the store, all lines are alike.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.ccsync_program.transcript import Transcript  # noqa: E402 - found by the line above
from support.lines import call, text  # noqa: E402 - as above
from support.pumping import Bench  # noqa: E402 - as above

_TURNS = 50
_FIRST_MARK = 1000


class Import:
    """One store, and what reading into it has taken."""

    def __init__(self, folder: Path) -> None:
        self._bench = Bench(folder)
        self._sessions = self.rows = self.statements = 0
        self.cpu_seconds = 0.0
        with self._bench.database.write() as connection:
            connection.set_trace_callback(self._count)

    def _count(self, _statement: str) -> None:
        self.statements += 1

    def add_session(self) -> None:
        """Write a session, and read it."""
        number = self._sessions
        self._sessions += 1
        transcript = Transcript(
            self._bench.root.parent,
            session_id=f"{number:08x}-2222-4333-8444-555555555555",
            project=f"-home-user-project-{number % 50}",
        )
        writer, rows = transcript.writer, []
        for turn in range(_TURNS):
            name = f"{number}_{turn}"
            rows += [
                writer.prompt(f"Question {turn} of {number}?"),
                writer.answer(text(f"Answer {turn} of {number}."), usage_id=f"msg_{name}_a"),
                writer.answer(
                    call(f"toolu_{name}", "Bash", command=f"make {turn}"), usage_id=f"msg_{name}_b"
                ),
                writer.result(f"toolu_{name}", f"made {turn} of {number}"),
            ]
        transcript.append(*rows)
        self.rows += len(rows)
        began = time.process_time()
        self._bench.pump.queue_paths([str(transcript.path)])
        self._bench.drain()
        self.cpu_seconds += time.process_time() - began

    def stored_bytes(self) -> int:
        """Return the size of the store."""
        return sum(path.stat().st_size for path in self._bench.state.glob("ccsync.db*"))

    def close(self) -> None:
        """Check that all is stored, and close the store."""
        query = "SELECT count(*) FROM compact_messages WHERE kind != 'session'"
        ((stored,),) = self._bench.select(query)
        self._bench.close()
        if stored != self.rows:
            sys.exit(f"{stored:,} of {self.rows:,} rows are stored")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=1200.0, help="end after so many seconds")
    options = parser.parse_args()
    end = time.monotonic() + options.seconds
    with tempfile.TemporaryDirectory(prefix="ccsync-bench-") as folder:
        run = Import(Path(folder))
        mark, factor = _FIRST_MARK, 3.0
        before = (0, 0.0, 0)
        print(f"{'rows':>10}{'CPU us a row':>14}{'statements':>12}{'bytes stored':>14}")
        while run.rows < options.rows:
            is_last = time.monotonic() >= end
            if not is_last:
                run.add_session()
            if run.rows >= mark or is_last:
                rows = max(run.rows - before[0], 1)
                print(
                    f"{run.rows:>10,}{(run.cpu_seconds - before[1]) / rows * 1e6:>14.0f}"
                    f"{(run.statements - before[2]) / rows:>12.2f}"
                    f"{run.stored_bytes() / run.rows:>14.0f}",
                    flush=True,
                )
                before = run.rows, run.cpu_seconds, run.statements
                mark, factor = int(mark * factor), 10 / factor
            if is_last:
                print(f"ended after {options.seconds:.0f} s")
                break
        run.close()


if __name__ == "__main__":
    main()

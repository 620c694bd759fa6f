"""Measure `ccsync-watch statusline` beside a Python that does nothing, interleaved.

Once with figures, as nearly every line; and once as the first line after a while, which starts the
process that computes them. A daemon runs and one session of a thousand turns is stored.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.ccsync_program.program import Program  # noqa: E402 - found by the line above
from support.ccsync_program.transcript import Transcript  # noqa: E402 - as above
from support.lines import SESSION  # noqa: E402 - as above
from support.process_times import HEADER, ProcessTimes  # noqa: E402 - as above
from support.waiting import wait_until  # noqa: E402 - as above

TURNS = 1000
FIRST = "the first line"


def main() -> None:
    """Print the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory(prefix="ccsync-bench-") as folder:
        program = Program(Path(folder) / "ccsync", Path(folder) / "claude")
        transcript = Transcript(program.claude_dir)
        for number in range(TURNS):
            transcript.turn(number)
        program.start()
        try:
            wait_until(
                lambda: (program.session(SESSION) or {}).get("messages") == 2 * TURNS,
                "it is stored",
            )
            times = measure(program, runs)
        finally:
            program.stop()
    print(f"{f'{runs} runs, ms':<40} {HEADER}")
    for name, shown in times.items():
        print(f"  {name:<38} {shown}")


def measure(program: Program, runs: int) -> dict[str, ProcessTimes]:
    """Return the milliseconds of each command."""
    word = str(Path(sys.executable).with_name("ccsync-watch"))
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "a line": [word, "statusline"],
        FIRST: [word, "statusline"],
    }
    data = json.dumps({"session_id": SESSION, "cost": {"total_cost_usd": 0.5}}).encode()
    # Figures are computed as long as lines are asked for, or until their folder is gone.
    # It may still write then: each line that comes first has a folder of its own.
    times = {name: ProcessTimes() for name in commands}
    for number in range(runs):
        for name in random.sample(list(commands), len(commands)):
            env = program.environment
            if name == FIRST:
                copy = program.root / f"new-{number}"
                env = {**program.environment, "CCSYNC_WATCH_HOME": str(copy)}
                copy.mkdir(mode=0o700)
                shutil.copy(program.state / "ccsync.db", copy)
            run = times[name].run(commands[name], env=env, data=data)
            if name != "python -c pass" and b"session" not in run.stdout:
                raise SystemExit(f"no line: {run.stdout!r}")
            if name == FIRST:
                wait_until((copy / "statusline.json").exists, "they are computed")
                shutil.rmtree(copy, ignore_errors=True)
    return times


if __name__ == "__main__":
    main()

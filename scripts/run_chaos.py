"""Run the real program through seeded chaos, and compare the end with what must be true.

    scripts/chaos --seed N --seconds S [--runs N] [--folder FOLDER] [--earlier COMMIT]

Two machines with one account at a backend on this machine, behind a proxy; see
tests/support/chaos. The same seed and seconds have the same schedule. Faults that this system does
not allow are left out, and named. The exit code is 1 where something is wrong; the report ends
with the last events then, and the folder is kept.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "scripts"))

from compare_outputs import installed  # noqa: E402 - found by the lines above

from support.chaos.run import run_chaos  # noqa: E402 - as above

# Version 0.1.0: the last one before the database and the wire had other forms.
_EARLIER = "3011185"
_LAST_EVENTS = 40


def main() -> int:
    """Run one seed after the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=190.0)
    parser.add_argument("--runs", type=int, default=1, help="so many seeds, from --seed on")
    parser.add_argument("--folder", type=Path, help="where to keep what the runs write")
    parser.add_argument(
        "--earlier", default=_EARLIER, help="the commit that takes turns, or `none`"
    )
    parser.add_argument("--faults", nargs="*", help="only these kinds of faults")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # disks are unmounted all the same
    folder = options.folder or Path(tempfile.mkdtemp(prefix="ccsync-chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    failures = 0
    earlier = None if options.earlier == "none" else _earlier(options.earlier)
    faults = None if options.faults is None else frozenset(options.faults)
    for seed in range(options.seed, options.seed + options.runs):
        own = folder / f"seed-{seed}"
        shutil.rmtree(own, ignore_errors=True)
        own.mkdir()
        report = run_chaos(own, seed, options.seconds, earlier=earlier, faults=faults)
        print("\n".join(report.lines()), flush=True)
        if report.verdict.counts:
            failures += 1
            lines = (own / "events.log").read_text().splitlines()
            done = [line for line in lines if "  did  " in line or "ended" in line]
            print(f"the last events, of those in {own}/events.log:")
            print("\n".join(done[-_LAST_EVENTS:]), flush=True)
        elif options.folder is None:
            shutil.rmtree(own)
    return 1 if failures else 0


def _earlier(commit: str) -> Path:
    """Return the program of a commit; it is built once."""
    words = ["git", "-C", str(ROOT), "rev-parse", commit]
    full = subprocess.check_output(words, text=True).strip()  # noqa: S603 - our own arguments
    folder = Path(tempfile.gettempdir(), f"ccsync-earlier-{full}")
    program = folder / "clone" / ".venv" / "bin" / "ccsync-watch"
    if not program.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        installed(full, folder)
    return program


if __name__ == "__main__":
    sys.exit(main())

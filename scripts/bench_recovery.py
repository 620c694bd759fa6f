"""Measure how soon old rows are at the backend when it fails now and then, and a key works again.

The double of the backend answers a share of the requests with HTTP 503 and does not carry them
out. The transcript is hours old, so its rows go one by one.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.ccsync_program.program import Program  # noqa: E402 - found by the line above
from support.ccsync_program.transcript import Transcript  # noqa: E402 - as above
from support.lines import text  # noqa: E402 - as above
from support.opensync_double.faults import FaultPlan, refuse  # noqa: E402 - as above
from support.opensync_double.server import OpenSyncDouble  # noqa: E402 - as above
from support.waiting import wait_until  # noqa: E402 - as above

_AGO_MS = 6 * 3_600_000
_LATE_KEY = "osk_late00000000000000000000000000000"


def start(folder: Path, opensync: OpenSyncDouble, rows: int, api_key: str) -> Program:
    """Start the program on one old transcript."""
    program = Program(folder / "ccsync", folder / "claude-folder")
    program.configure(convex_url=opensync.url, api_key=api_key, dashboard={"enabled": False})
    transcript = Transcript(program.claude_dir)
    transcript.writer.at_ms = int(time.time() * 1000) - _AGO_MS
    for number in range(rows):
        transcript.append(
            transcript.writer.answer(text(f"Row {number}."), usage_id=f"msg_{number}")
        )
    program.start()
    return program


def upload_seconds(rows: int, share: float) -> float:
    """Return how long rows take of which requests a share fails, from the first request."""
    with tempfile.TemporaryDirectory(prefix="ccsync-bench-") as name, OpenSyncDouble() as opensync:
        opensync.faults = FaultPlan(drawn_from=(refuse(503),), seed=7, rate=share)
        program = start(Path(name), opensync, rows, opensync.api_key)
        backend = opensync.backend
        try:
            wait_until(lambda: len(backend.all_messages()) > rows, "rows arrive", seconds=900)
            return time.time() - backend.calls[0].at_seconds
        finally:
            program.stop()


def key_seconds(invalid_seconds: float) -> float:
    """Return how long after a key is valid the first row arrives."""
    with tempfile.TemporaryDirectory(prefix="ccsync-bench-") as name, OpenSyncDouble() as opensync:
        program = start(Path(name), opensync, 3, _LATE_KEY)
        backend = opensync.backend
        try:
            wait_until(lambda: bool(backend.calls), "the key is tested")
            time.sleep(invalid_seconds)
            backend.add_user(_LATE_KEY)
            began = time.monotonic()
            wait_until(lambda: bool(backend.all_messages()), "a row arrives", seconds=120)
            return time.monotonic() - began
        finally:
            program.stop()


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--invalid", type=float, default=15.0, help="seconds without a valid key")
    options = parser.parse_args()
    for share in (0.0, 0.1, 0.3):
        seconds = upload_seconds(options.rows, share)
        print(f"{options.rows} old rows, {share:.0%} of requests fail: {seconds:.1f} s", flush=True)
    print(f"first row after a key works again: {key_seconds(options.invalid):.1f} s")


if __name__ == "__main__":
    main()

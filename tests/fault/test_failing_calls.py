"""Fail calls to the system and to SQLite one at a time: a sample of `scripts/faults`."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from support.fault_cycles import preload

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    preload.missing() is not None, reason=preload.missing() or "calls can be made to fail"
)

SEED = 18
# Each was a fault after which a property did not hold, or that ended in a traceback.
PARTS = [
    "known pread database 1 EIO",
    "known pread database 34 EIO",
    "known step statement 3 SQLITE_CORRUPT",
    "new pread log 4 flipped",
    "new step statement 129 SQLITE_NOTADB",
]
PROGRAM = [
    "known open database 4 EACCES lasting",
    "known pread log 40 EIO",
    "known accept control 2 EMFILE",
    "known step statement 157 SQLITE_CORRUPT",
]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the compiled library."""
    return preload.compile_to(tmp_path_factory.mktemp("library"))


def _run(library: Path, *words: str) -> str:
    """Run cycles; fail if a property did not hold after one of them."""
    done = subprocess.run(
        [sys.executable, "-m", "support.fault_cycles.enumeration", *words],
        env=preload.environment(library),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("bench", "cases", "count", "workers"),
    [("parts", PARTS, 100, 2), ("program", PROGRAM, 6, 10)],
    ids=["parts", "program"],
)
def test_any_call_may_fail(
    library: Path, bench: str, cases: list[str], count: int, workers: int
) -> None:
    """Nothing is lost, doubled, misordered or disclosed, and nothing is said to be sent early.

    The program ends in words, never by a traceback, and it does not hang; it mostly waits.
    """
    named = [word for case in cases for word in ("--case", f"{bench} {case}")]
    drawn = ("--cycle", bench, "--seed", str(SEED), "--count", str(count))
    said = _run(library, *named, *drawn, "--workers", str(workers))
    assert f"{len(cases) + count} cycles, " in said
    assert "0 violated a property" in said

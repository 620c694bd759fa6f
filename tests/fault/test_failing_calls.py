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


def test_any_call_may_fail(library: Path) -> None:
    """Nothing is lost, doubled, misordered or disclosed, and nothing is said to be sent early.

    The parts of the program run in one process here; `scripts/faults` also fails the calls of the
    whole program, which takes longer.
    """
    named = [word for case in PARTS for word in ("--case", f"parts {case}")]
    said = _run(library, *named, "--cycle", "parts", "--seed", str(SEED), "--count", "100")
    assert f"{len(PARTS) + 100} cycles, " in said
    assert "0 violated a property" in said


def test_any_call_of_the_upkeep_may_fail(library: Path) -> None:
    """To update, restore, copy, prune and shrink the database loses and doubles nothing."""
    said = _run(library, "--cycle", "upkeep", "--seed", str(SEED), "--count", "60")
    assert "60 cycles, " in said
    assert "0 violated a property" in said

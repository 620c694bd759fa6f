"""Benchmarks run in a short form, which shows that they measure what they say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.import_corpora import CORPORA

_SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "bench_import.py"


@pytest.mark.parametrize("name", sorted(CORPORA))
def test_import_of_each_corpus(name: str) -> None:
    """It fails unless all messages of the transcripts are stored, and sent."""
    upload = "0.02" if name == "dense" else "0"
    words = [name, "--mb", "0.3", "--rounds", "1", "--upload-mb", upload]
    completed = subprocess.run(
        [sys.executable, str(_SCRIPT), *words], capture_output=True, text=True, check=False
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert f"{name}: 0.3 MB" in completed.stdout
    assert "  sync-now " in completed.stdout
    assert ("stored and sent by a daemon" in completed.stdout) == (name == "dense")


def test_drain_of_a_small_backlog() -> None:
    """It fails unless all is sent, live lines included."""
    script = _SCRIPT.with_name("bench_drain.py")
    completed = subprocess.run(
        [sys.executable, str(script), "--rows", "200"], capture_output=True, text=True, check=False
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert "rows a second" in completed.stdout
    assert "missing" not in completed.stdout


def test_the_log_is_small_after_a_long_reader() -> None:
    """SQLite's log grows while another process reads, and is emptied once that has ended."""
    script = _SCRIPT.with_name("bench_bounds.py")
    completed = subprocess.run(
        [sys.executable, str(script), "reader", "--reader-mb", "6"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    during, after = completed.stdout.splitlines()
    assert float(during.rpartition("log ")[2].split()[0]) > 4
    assert "left: log 0.0 MB" in after

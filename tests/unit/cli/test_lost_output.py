"""The program where its answer cannot be written: a full disk, or a reader that has ended."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_FULL = Path("/dev/full")
_COMMANDS = [
    ("--help",),
    ("--version",),
    ("config",),
    ("completion", "bash"),
    ("config", "--json"),
    ("config", "--schema"),
]


def _run(folder: Path, words: tuple[str, ...], output: int) -> tuple[int, str]:
    names = ("HOME", "CLAUDE_CONFIG_DIR", "CCSYNC_WATCH_HOME")
    completed = subprocess.run(
        [sys.executable, "-m", "ccsync_watch", *words],
        env={"PATH": os.environ["PATH"], **{name: str(folder / name) for name in names}},
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    return completed.returncode, completed.stderr


@pytest.mark.skipif(not _FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("words", _COMMANDS, ids=" ".join)
def test_a_full_disk_is_said_in_one_line(tmp_path: Path, words: tuple[str, ...]) -> None:
    """With the exit code of a failure; what Python would print at its end is not added."""
    with _FULL.open("wb") as output:
        code, said = _run(tmp_path, words, output.fileno())
    assert code == 1
    assert said.startswith("ccsync-watch: ")
    assert "No space left on device" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("words", _COMMANDS, ids=" ".join)
def test_a_reader_that_has_ended_is_no_failure(tmp_path: Path, words: tuple[str, ...]) -> None:
    """As in `ccsync-watch config | head -1`."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        assert _run(tmp_path, words, writing) == (0, "")
    finally:
        os.close(writing)

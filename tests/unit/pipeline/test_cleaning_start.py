"""The process that cleans ahead is started before the program is loaded, where it is needed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.pipeline.cleaning_start import START_BYTES, ending, start_early

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows does without this process")


def _write(folder: Path, name: str, size: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("wb") as file:
        file.truncate(size)


def test_a_long_first_import_has_it_early(tmp_path: Path) -> None:
    """Whatever the sizes of its transcripts; it ends with what needed it."""
    _write(tmp_path / "a", "one.jsonl", START_BYTES - 1)
    _write(tmp_path / "b" / "c", "two.jsonl", 1)
    process = start_early([str(tmp_path / "missing"), str(tmp_path)])
    assert process is not None
    with ending(process):
        assert process.poll() is None
    assert process.poll() is not None


def test_a_short_import_does_without(tmp_path: Path) -> None:
    """Other files are not read."""
    _write(tmp_path / "a", "one.jsonl", START_BYTES - 1)
    _write(tmp_path / "a", "other.json", START_BYTES)
    assert start_early([str(tmp_path)]) is None
    with ending(None):
        pass

"""The file of figures: read if it is one, and used while what it comes from has not changed."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.statusline.figures_file import (
    FIGURES_NAME,
    FORM,
    holds,
    is_recent,
    local_day,
    read_figures,
    stamps_of,
)

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_790_000_000.0


def figures(path: Path, **more: object) -> dict[str, Any]:
    """Return figures that come from one file."""
    return {
        "form": FORM,
        "at": NOW,
        "day": local_day(NOW),
        "today": "$1.00",
        "sessions": {},
        "pending": "",
        "budget": "",
        "problem": "",
        "stamps": stamps_of([str(path)]),
        **more,
    }


def test_they_hold_while_their_files_are_the_same(tmp_path: Path) -> None:
    """A file that is written to, replaced or removed ends that, and so does midnight."""
    path = tmp_path / "database"
    assert holds(figures(path), NOW)
    path.write_text("a")
    known = figures(path)
    assert holds(known, NOW)
    assert not holds(known, NOW + 86_400)
    os.utime(path, (1, 1))
    assert not holds(known, NOW)
    known = figures(path)
    path.unlink()
    assert not holds(known, NOW)


def test_an_empty_file_is_as_good_as_none(tmp_path: Path) -> None:
    """Readers of a database create an empty log for it."""
    known = figures(tmp_path / "log")
    (tmp_path / "log").touch()
    assert holds(known, NOW)


def test_another_time_zone_has_another_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even while the date is the same."""
    known = figures(tmp_path / "x")
    try:
        monkeypatch.setenv("TZ", "UTC-9")
        time.tzset()
        assert not holds(known, NOW)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_clock_that_was_turned_back_makes_them_old(tmp_path: Path) -> None:
    """And so does a minute."""
    known = figures(tmp_path / "x")
    assert is_recent(known, NOW)
    assert is_recent(known, NOW + 60)
    assert not is_recent(known, NOW + 61)
    assert not is_recent(known, NOW - 1)


@pytest.mark.parametrize(
    "change",
    [
        {"form": FORM + 1},
        {"at": "x"},
        {"stamps": None},
        {"sessions": []},
        {"today": 1},
        {"problem": None},
    ],
)
def test_a_file_of_another_form_is_none(tmp_path: Path, change: dict[str, object]) -> None:
    """Another version wrote it, or somebody else."""
    path = tmp_path / FIGURES_NAME
    known = figures(tmp_path / "x")
    path.write_text(json.dumps(known))
    assert read_figures(str(tmp_path)) == known
    path.write_text(json.dumps(known | change))
    assert read_figures(str(tmp_path)) is None


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff", b"null", b"[" * 100_000])
def test_a_damaged_file_is_none(tmp_path: Path, data: bytes) -> None:
    """The next one replaces it."""
    assert read_figures(str(tmp_path)) is None
    (tmp_path / FIGURES_NAME).write_bytes(data)
    assert read_figures(str(tmp_path)) is None

"""Bars for counted work: where somebody looks, and of migrations only for long ones."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ccsync_watch.cli.console import quietly
from ccsync_watch.cli.redaction_progress import show_bar, show_migration

if TYPE_CHECKING:
    import pytest


def test_a_bar_is_shown_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error; not with --quiet."""
    with show_bar("counting", 3) as advance:
        advance(1)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with quietly(), show_bar("counting", 3) as advance:
        advance(1)
    assert capsys.readouterr().err == ""
    with show_bar("counting", 3) as advance:
        advance(1)
    assert "counting" in capsys.readouterr().err


def test_only_a_long_migration_has_a_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Others are done before anybody could read it."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with show_migration() as on_progress:
        on_progress(5, 10)
    assert capsys.readouterr().err == ""
    with show_migration() as on_progress:
        on_progress(0, 10_000)
        on_progress(5000, 10_000)
    assert "updating the database" in capsys.readouterr().err

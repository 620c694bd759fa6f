"""Bars on a terminal, for a backlog only; silence elsewhere."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest

from ccsync_watch.cli.progress_bars import Progress
from ccsync_watch.pipeline.pump_config import PumpProgress as Counts
from support.fakes import FakeClock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ccsync_watch.daemon.runtime import Runtime


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


@dataclass
class PumpFigures:
    """What the bars ask of a pump."""

    files: int = 0
    unread: int = 0
    progress: Counts = field(default_factory=Counts)

    def backlog_size(self) -> tuple[int, int]:
        """Return files and bytes."""
        return self.files, self.unread


@dataclass
class OutboxFigures:
    """What the bars ask of an outbox."""

    rows: int = 0

    def count_sendable(self, _session_ids: Sequence[str] | None, _now_ms: int) -> int:
        """Return rows."""
        return self.rows


@dataclass
class RuntimeFigures:
    """What the bars ask of a runtime."""

    uploader: object | None = None
    pump: PumpFigures = field(default_factory=PumpFigures)
    outbox: OutboxFigures = field(default_factory=OutboxFigures)
    clock: FakeClock = field(default_factory=FakeClock)


@pytest.fixture(autouse=True)
def _on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set up a usual terminal."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")


def shown(
    runtime: RuntimeFigures,
    stream: io.StringIO,
    *steps: tuple[int, int, int],
    every_seconds: float = 0.0,
) -> str:
    """Show each step's (files, unread bytes, rows); return what was printed."""
    with Progress(stream, every_seconds=every_seconds) as progress:
        for files, unread, rows in steps:
            runtime.pump.progress.bytes_read += max(0, runtime.pump.unread - unread)
            runtime.pump.files, runtime.pump.unread, runtime.outbox.rows = files, unread, rows
            progress.show(cast("Runtime", runtime))
    return stream.getvalue()


def test_elsewhere_nothing_is_printed() -> None:
    """A log or a pipe gets no bars."""
    assert shown(RuntimeFigures(object()), io.StringIO(), (9, 1 << 30, 9000)) == ""


def test_a_live_line_is_not_a_backlog() -> None:
    """Nor are a few rows."""
    assert shown(RuntimeFigures(object()), Terminal(), (1, 2000, 3), (0, 0, 0)) == ""


def test_a_backlog_is_shown_with_what_is_left() -> None:
    """Files, bytes and rows of both stages."""
    out = shown(
        RuntimeFigures(object()),
        Terminal(),
        (1234, 50_000_000, 800),
        (600, 25_000_000, 400),
        (0, 0, 0),
    )
    assert "1,234 files, 50.0 MB left" in out
    assert "800 rows left" in out
    assert "600 files, 25.0 MB left" in out


def test_without_a_backend_there_is_no_upload_bar() -> None:
    """One bar."""
    out = shown(RuntimeFigures(), Terminal(), (12, 50_000_000, 800))
    assert "reading" in out
    assert "uploading" not in out


def test_a_second_backlog_gets_bars_of_its_own() -> None:
    """After the first one ended."""
    out = shown(
        RuntimeFigures(), Terminal(), (5, 1 << 20, 0), (0, 0, 0), (7, 1 << 21, 0), (0, 0, 0)
    )
    assert "5 files" in out
    assert "7 files" in out


def test_calls_in_quick_succession_cost_nothing() -> None:
    """The pump calls after every step."""
    out = shown(RuntimeFigures(), Terminal(), (0, 0, 0), (5, 1 << 20, 0), every_seconds=60.0)
    assert out == ""

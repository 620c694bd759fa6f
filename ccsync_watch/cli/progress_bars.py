"""Bars for a backlog on a terminal: files, bytes and rows, with the time left. Silent elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TextIO

from ccsync_watch.cli.console import shows_progress

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from ccsync_watch.daemon.runtime import Runtime

_EVERY_SECONDS = 0.2
# A live line or two are not a backlog.
_MIN_BYTES = 256 << 10
_MIN_ROWS = 50


class Progress:
    """Shows a backlog while there is one, on `stream` if it is a terminal."""

    def __init__(self, stream: TextIO, *, every_seconds: float = _EVERY_SECONDS) -> None:
        self._stream = stream
        self._every_seconds = every_seconds
        self._is_terminal = shows_progress(stream)
        self._bars: RichProgress | None = None
        self._reading: TaskID | None = None
        self._sending: TaskID | None = None
        self._next = 0.0
        self._read_at_start = 0
        self._most_rows = 0

    def __enter__(self) -> Progress:  # noqa: PYI034 - Self needs Python 3.11
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stop()

    def show(self, runtime: Runtime) -> None:
        """Update the bars, a few times a second at most."""
        if not self._is_terminal or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._every_seconds
        files, unread = runtime.pump.backlog_size()
        rows = 0
        if runtime.uploader is not None:
            rows = runtime.outbox.count_sendable(None, runtime.clock.steady_ms())
        if self._bars is None:
            if unread < _MIN_BYTES and rows < _MIN_ROWS:
                return
            self._start(runtime)
        if not unread and not rows:
            self._stop()
            return
        self._update(runtime, files, unread, rows)

    def _start(self, runtime: Runtime) -> None:
        # Loaded only for a backlog on a terminal: a daemon in the background never needs it.
        from rich.console import Console  # noqa: PLC0415 - see above
        from rich.progress import (  # noqa: PLC0415 - see above
            BarColumn,
            TextColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as RichProgress  # noqa: PLC0415 - see above

        self._bars = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[detail]}"),
            TimeRemainingColumn(),
            console=Console(file=self._stream),
            transient=True,
            # Drawn when it changes, without a thread; standard output is not redirected.
            auto_refresh=False,
            redirect_stdout=False,
        )
        self._read_at_start = runtime.pump.progress.bytes_read
        self._most_rows = 0
        self._reading = self._bars.add_task("reading", detail="")
        if runtime.uploader is not None:
            self._sending = self._bars.add_task("uploading", detail="")
        self._bars.start()

    def _update(self, runtime: Runtime, files: int, unread: int, rows: int) -> None:
        if self._bars is None or self._reading is None:
            return
        read = runtime.pump.progress.bytes_read - self._read_at_start
        self._bars.update(
            self._reading,
            completed=read,
            total=read + unread,
            detail=f"{files:,} files, {unread / 1e6:,.1f} MB left,"
            f" {runtime.pump.progress.rows:,} rows",
        )
        if self._sending is not None:
            self._most_rows = max(self._most_rows, rows)
            self._bars.update(
                self._sending,
                completed=self._most_rows - rows,
                total=self._most_rows,
                detail=f"{rows:,} rows left",
            )
        self._bars.refresh()

    def _stop(self) -> None:
        if self._bars is not None:
            self._bars.stop()
        self._bars = self._reading = self._sending = None

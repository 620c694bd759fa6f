"""The servers where no further file can be opened: said in words, and tried again."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import TYPE_CHECKING, Any, cast

import pytest

from ccsync_watch.clock import SystemClock
from ccsync_watch.config import Settings
from ccsync_watch.config.setting_values import DashboardSettings
from ccsync_watch.daemon.asgi_server import ServerThread
from ccsync_watch.daemon.dashboard_server import DashboardHost
from support.redaction_corpus.shared import cache_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

resource = pytest.importorskip("resource", reason="Windows has no such limits")


@contextlib.contextmanager
def no_more_files(spare: int = 0) -> Iterator[None]:
    """Let this process open only so many files more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(name) for name in os.listdir("/dev/fd"))  # noqa: PTH208 - with its own handle
    fillers = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1, hard))
    try:
        with contextlib.suppress(OSError):
            while True:
                fillers.append(os.open(os.devnull, os.O_RDONLY))
        for filler in fillers[len(fillers) - spare :]:
            os.close(filler)
            fillers.remove(filler)
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for filler in fillers:
            os.close(filler)


def test_a_server_that_cannot_run_is_an_error_of_its_maker() -> None:
    """In its own thread the error would be a traceback, and nobody would know."""
    listener = socket.create_server(("127.0.0.1", 0))
    nothing = cast("Any", None)
    with contextlib.closing(listener), no_more_files(), pytest.raises(OSError, match="open files"):
        ServerThread(nothing, [listener], name="test", most_connections=1, when_busy=nothing)


def test_the_dashboard_is_served_once_files_can_be_opened(tmp_path: Path) -> None:
    """Until then the problem names the limit, and not the port."""
    settings = Settings(
        claude_dirs=(tmp_path,),
        state_dir=tmp_path / "state",
        cache_dir=cache_folder(),
        dashboard=DashboardSettings(enabled=True, port=0),
    )
    settings.state_dir.mkdir()
    links: list[str] = []
    host = DashboardHost(settings=lambda: settings, clock=SystemClock(), on_open=links.append)
    daemon = cast("Any", None)
    try:
        host.apply(settings, daemon)
        host.close()
        links.clear()
        host._applied = None
        with no_more_files(spare=3):
            host.apply(settings, daemon)
            problem = host.problem
            assert problem is not None
            assert (problem.code, problem.severity) == ("dashboard-not-served", "warning")
            assert "too many open files" in problem.detail
            assert "`ulimit -n 4096`" in problem.hint
        assert links == []
        host.turn()
        assert (len(links), host.problem) == (1, None)
        host.turn()
        assert len(links) == 1
    finally:
        host.close()

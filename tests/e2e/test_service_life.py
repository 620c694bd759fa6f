"""The real daemon as a service manager runs it, and what a crash of it leaves."""

from __future__ import annotations

import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from support.ccsync_program.program import Program

SECRET = "osk_canary_in_the_key_0123456789abcdef"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="systemd and /proc are Linux's")


def test_the_daemon_reports_and_leaves_nothing_when_it_crashes(program: Program) -> None:
    """No core dump, no secret in its arguments, its environment or what it printed."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.settimeout(WAIT_SECONDS)
    listener.bind(str(program.root / "notify"))
    program.env = {
        "NOTIFY_SOCKET": listener.getsockname(),
        "WATCHDOG_USEC": "300000",
        "CLAUDE_SYNC_API_KEY": SECRET,
        "CLAUDE_SYNC_CONVEX_URL": "http://127.0.0.1:9",
        "PYTHONFAULTHANDLER": "1",
    }
    with listener:
        program.start_unready()
        reports = {listener.recv(100)}
        while reports != {b"READY=1", b"WATCHDOG=1"}:
            reports.add(listener.recv(100))
        process = Path(f"/proc/{program.pid}")
        limits = (process / "limits").read_text()
        assert "Max core file size        0                    0 " in limits
        visible = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        children = [
            child / name
            for child in Path("/proc").glob("[0-9]*")
            for name in ("cmdline", "environ")
            if f"PPid:\t{program.pid}\n".encode() in _read(child / "status")
        ]
        visible += b"".join(_read(path) for path in children)
        assert SECRET.encode() not in visible
        assert program.stop(signal.SIGSEGV) == -signal.SIGSEGV
    assert SECRET not in program.output()
    assert [path.name for path in program.root.rglob("core*")] == []


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # the process has ended
        return b""

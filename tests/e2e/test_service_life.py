"""The real daemon as a service manager runs it, and what a crash of it leaves."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

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


# In a place of its own, where systemd seems to have booted, and in control groups of its own.
_USER_MANAGER = """
set -e
for place in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
  if [ -e $place/cgroup.procs ]; then mkdir -p "$place/$1"; echo $$ >"$place/$1/cgroup.procs"; fi
done
mkdir -p /run/systemd
mount -t tmpfs none /run/systemd
mkdir /run/systemd/system
exec /lib/systemd/systemd --user
"""


@pytest.fixture
def user_manager(program: Program) -> Iterator[int]:
    """Run a user's systemd, where this machine allows that; return its process id."""
    needed = ("unshare", "nsenter", "systemctl")
    if (
        os.getuid()
        or not Path("/lib/systemd/systemd").exists()
        or not all(map(shutil.which, needed))
    ):
        pytest.skip("a user's systemd cannot be started here")
    name = f"ccsync-test-{os.getpid()}"
    runtime = program.root / "runtime"
    runtime.mkdir(mode=0o700)
    program.env = {"XDG_RUNTIME_DIR": str(runtime)}
    words = ("unshare", "-m", "--propagation", "private", "sh", "-c", _USER_MANAGER, "sh", name)
    with (program.root / "manager").open("wb") as output:
        process = subprocess.Popen(
            words, env=program.environment, stdout=output, stderr=output, stdin=subprocess.DEVNULL
        )
    try:
        is_up = runtime / "systemd" / "private"
        wait_until(lambda: is_up.exists() or process.poll() is not None, "systemd runs or ended")
        if process.poll() is not None:
            pytest.skip(f"no user's systemd here: {(program.root / 'manager').read_text()}")
        yield process.pid
    finally:
        process.terminate()
        process.wait()
        for folder in ("", "unified", "systemd"):
            top = Path("/sys/fs/cgroup", folder, name)
            # "*/" would be files, too, on Python 3.10.
            groups = sorted((path for path in top.rglob("*") if path.is_dir()), reverse=True)
            for group in [*groups, top] if top.exists() else ():
                wait_until(partial(_is_removed, group), "no process is left in it")


def _is_removed(group: Path) -> bool:
    try:
        group.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def test_systemd_runs_the_daemon(program: Program, user_manager: int) -> None:
    """From `service install` on: it is started again after a crash, and can be removed."""

    def service(action: str) -> str:
        words = ("nsenter", "-t", str(user_manager), "-m", *program.words, "service", action)
        completed = subprocess.run(
            words, env=program.environment, capture_output=True, text=True, check=False
        )
        assert completed.returncode == 0, completed.stderr
        return completed.stdout

    def process_id() -> int:
        return int(program.status()["daemon"]["pid"] or 0)

    service("install")
    assert service("status").startswith("Running (")
    wait_until(lambda: process_id() > 0, "it answers")
    first = process_id()
    status = Path(f"/proc/{first}/status").read_text()
    assert "NoNewPrivs:\t1\n" in status
    os.kill(first, signal.SIGSEGV)
    wait_until(lambda: process_id() not in {0, first}, "systemd starts it again")
    assert service("uninstall") == "Uninstalled. Stored data is kept.\n"
    assert process_id() == 0
    assert (program.state / "ccsync.db").exists()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # the process has ended
        return b""

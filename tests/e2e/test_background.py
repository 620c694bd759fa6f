"""`start` and `stop` manage one daemon in the background, of the newest version."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ccsync_watch
from ccsync_watch import __version__
from ccsync_watch.control.pidfile import is_starting, read_pidfile
from ccsync_watch.daemon.priority import NICENESS
from ccsync_watch.processes import is_alive, start_time
from support.ccsync_program.plugin_home import environ
from support.ccsync_program.transcript import Transcript
from support.lines import SESSION
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.ccsync_program.program import Program
    from support.opensync_double.server import OpenSyncDouble


@pytest.fixture
def clean(program: Program) -> Iterator[Program]:
    """Return the program; kill the daemon that a test left behind."""
    yield program
    pidfile = read_pidfile(program.state)
    if pidfile is not None and pidfile.started == start_time(pidfile.pid):
        os.kill(pidfile.pid, signal.SIGKILL)


def pid_of(program: Program) -> int:
    """Return the process id of the running daemon."""
    pidfile = read_pidfile(program.state)
    assert pidfile is not None
    return pidfile.pid


def other_version(program: Program, version: str) -> subprocess.Popen[bytes]:
    """Start a daemon that reports another version."""
    copy = program.root / "other"
    shutil.copytree(Path(ccsync_watch.__file__).parent, copy / "ccsync_watch")
    module = copy / "ccsync_watch" / "__init__.py"
    module.write_text(module.read_text().replace(__version__, version))
    process = subprocess.Popen(
        [sys.executable, "-m", "ccsync_watch", "run"],
        cwd=copy,
        env=program.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: program.status()["daemon"]["running"], "it answers")
    pidfile = read_pidfile(program.state)
    assert pidfile is not None
    assert pidfile.version == version
    return process


def test_a_start_that_takes_longer_continues(clean: Program) -> None:
    """Its caller need not wait for it, and does not report a failure."""
    code = (
        "import os, sys; from pathlib import Path;"
        " from ccsync_watch.daemon.background import start;"
        " start(Path(sys.argv[1]), os.environ, seconds=0.01)"
    )
    caller = subprocess.run(
        [sys.executable, "-c", code, clean.state],
        env=clean.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "StillStarting: ccsync-watch is starting" in caller.stderr
    wait_until(lambda: clean.status()["daemon"]["running"], "it runs")


_SLOW_IMPORT = """
import os, sys, time

class Slow:
    def find_spec(self, name, path=None, target=None):
        while name == "ccsync_watch.cli.watching" and os.path.exists({held!r}):
            time.sleep(0.05)

sys.meta_path.insert(0, Slow())
"""


@pytest.fixture
def held(clean: Program, tmp_path: Path) -> Iterator[Path]:
    """Have a daemon stop in the middle of its start, until the file returned here is removed.

    Loading a module takes as long, as from a disk that is slow.
    """
    (clean.claude_dir / "projects").mkdir(parents=True)
    folder = tmp_path / "slow"
    folder.mkdir()
    held = folder / "held"
    held.touch()
    (folder / "sitecustomize.py").write_text(_SLOW_IMPORT.format(held=str(held)))
    clean.env = {**clean.env, "PYTHONPATH": str(folder)}
    yield held
    if (pidfile := read_pidfile(clean.state)) is not None:
        os.kill(pidfile.pid, signal.SIGKILL)


# As long as a test waits: after its own 20 s it says that the daemon is still starting.
START = ("start", "--timeout", f"{WAIT_SECONDS - 10:g}")
STARTING = (
    "Starting. On a busy machine that takes a while; `ccsync-watch status` shows when it runs\n"
)


def test_a_start_that_takes_long_is_not_a_failure(clean: Program, held: Path) -> None:
    """Every command says that the daemon is starting, and none starts a second one."""
    result = clean.call("start", "--timeout", "0.1")
    assert (result.code, result.out, result.err) == (0, STARTING, "")
    wait_until(lambda: is_starting(clean.state), "it holds the lock")
    pid = pid_of(clean)
    assert clean.call("start", "--timeout", "0.1").out == STARTING
    status = clean.call("status")
    assert status.code == 0
    assert status.out.startswith(f"ccsync-watch {__version__}: starting\n")
    for words in (("sync-now", "--timeout", "0.1"), ("dashboard", "--print-only")):
        result = clean.call(*words)
        assert (result.code, result.out, result.err) == (3, "", f"ccsync-watch: {STARTING}")
    assert pid_of(clean) == pid
    held.unlink()
    wait_until(lambda: clean.call(*START).out.startswith("Already running"), "it runs")
    assert clean.status()["daemon"]["running"]
    assert pid_of(clean) == pid
    assert clean.call("stop").code == 0


@pytest.mark.parametrize("is_started", [True, False])
def test_a_sync_that_is_asked_for_during_the_start_is_done_after_it(
    clean: Program, held: Path, opensync: OpenSyncDouble, *, is_started: bool
) -> None:
    """Also where that command itself starts the daemon, and without uploads by themselves."""
    clean.configure(convex_url=opensync.url, api_key=opensync.api_key, auto_sync=False)
    Transcript(clean.claude_dir).turn()
    if is_started:
        clean.call("start", "--timeout", "0.1")
        wait_until(lambda: is_starting(clean.state), "it holds the lock")
    answer = clean.call("plugin-command", "--plain", "now", "--session", SESSION)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == (
        "Syncing: ccsync-watch is starting; the daemon syncs this session as soon as it can\n"
        "  → on a busy machine that takes a while; `ccsync-watch status` shows when it runs\n"
    )
    (request,) = (clean.state / "signals").iterdir()
    assert request.name.startswith(f"SyncNow.{SESSION}.")
    held.unlink()
    wait_until(lambda: len(opensync.backend.messages(SESSION)) >= 2, "the turn is sent")
    wait_until(lambda: not request.exists(), "the request is done")


def test_a_daemon_that_starts_can_be_stopped(clean: Program, held: Path) -> None:
    """Nobody has to wait for it."""
    assert clean.call("start", "--timeout", "0.1").out == STARTING
    wait_until(lambda: is_starting(clean.state), "it holds the lock")
    pid = pid_of(clean)
    assert clean.call("stop").out.startswith("Stopped. ")
    assert start_time(pid) is None
    assert held.exists()


def test_start_and_stop_work_once(clean: Program) -> None:
    """A second start finds it running; a second stop finds none."""
    assert (result := clean.call(*START)).code == 0, result.err
    assert result.out.startswith("Started. ")
    pid = pid_of(clean)
    assert clean.call(*START).out.startswith("Already running (process ")
    assert pid_of(clean) == pid
    assert os.getsid(pid) == pid
    Transcript(clean.claude_dir).turn()
    wait_until(lambda: (clean.session(SESSION) or {}).get("messages") == 2, "the turn is stored")
    assert clean.call("stop").out == (
        "Stopped. Unsent data is kept and sent next time.\n"
        "Start it again: `ccsync-watch start`.\n"
        "If you use the plugin, it starts the daemon again unless autostart is false.\n"
    )
    assert start_time(pid) is None
    result = clean.call("stop")
    assert (result.code, result.out) == (3, "Not running. Start it with `ccsync-watch start`.\n")


def test_the_daemon_has_a_low_priority(clean: Program) -> None:
    """As a process, and as a session where the kernel weighs sessions."""
    assert clean.call(*START).code == 0
    pid = pid_of(clean)
    expected = max(NICENESS, os.nice(0))  # of a test run that has a low priority itself
    assert os.getpriority(os.PRIO_PROCESS, pid) == expected
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(ProcessLookupError):  # it has ended
            assert os.getpriority(os.PRIO_PROCESS, int(thread.name)) == expected
    group = Path(f"/proc/{pid}/autogroup")
    if group.exists() and group.read_text():
        assert group.read_text().split()[-1] == str(expected)


def test_autostart_concerns_hooks_alone(clean: Program) -> None:
    """A user can start the daemon although hooks must not."""
    clean.configure(autostart=False)
    assert clean.call("start", "--from-hook").code == 0
    assert read_pidfile(clean.state) is None
    assert clean.call(*START).code == 0
    assert is_alive(pid_of(clean))
    assert clean.call("stop").code == 0


def test_an_older_daemon_is_replaced(clean: Program) -> None:
    """It ends in order, and the new one continues its work."""
    old = other_version(clean, "0.0.1")
    Transcript(clean.claude_dir).turn()
    assert (result := clean.call(*START)).code == 0, result.err
    assert result.out.startswith("Started. ")
    assert old.wait(WAIT_SECONDS) == 0
    assert pid_of(clean) != old.pid
    assert environ(pid_of(clean))["CCSYNC_WATCH_HOME"] == str(clean.state)
    wait_until(lambda: (clean.session(SESSION) or {}).get("messages") == 2, "the turn is stored")


def test_a_newer_daemon_stays(clean: Program) -> None:
    """Two versions of the plugin do not replace each other's daemon."""
    new = other_version(clean, "99.0.0")
    try:
        assert clean.call(*START).out.startswith("Already running (process ")
        assert pid_of(clean) == new.pid
    finally:
        new.kill()
        new.wait()


def test_a_hanging_daemon_is_reported(clean: Program) -> None:
    """No command waits for it, and none kills it."""
    assert clean.call(*START).code == 0
    pid = pid_of(clean)
    os.kill(pid, signal.SIGSTOP)
    for words in (("start",), ("stop",), ("sync-now", "--timeout", "1")):
        result = clean.call(*words)
        assert result.code == 3
        assert f"ccsync-watch (process {pid}) does not answer" in result.err
        assert f"`kill -9 {pid}`" in result.err
    result = clean.call("plugin-command", "--plain", "status")
    assert (result.code, result.err) == (0, "")
    assert "not answering" in result.out
    assert f"Sync not working: ccsync-watch (process {pid}) does not answer" in result.out


def test_a_daemon_that_cannot_start_says_why(clean: Program) -> None:
    """A mistake in the settings is found before anything is started."""
    clean.configure(auto_sync="maybe")
    result = clean.call(*START)
    assert result.code == 2
    assert "auto_sync" in result.err
    assert read_pidfile(clean.state) is None


def test_a_reused_process_id_is_not_the_daemon(clean: Program) -> None:
    """The pidfile of a killed daemon names another running process: it is left alone."""
    assert clean.call(*START).code == 0
    path = clean.state / "daemon.json"
    content = path.read_text()
    os.kill(pid_of(clean), signal.SIGKILL)
    path.write_text(content.replace(f'"pid":{pid_of(clean)}', f'"pid":{os.getpid()}'))
    assert clean.status()["daemon"]["running"] is False
    assert clean.call("stop").code == 3
    assert clean.call(*START).out.startswith("Started. ")

"""`start` and `stop`: one daemon in the background, of the newest version, that answers."""

from __future__ import annotations

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
from ccsync_watch.control.pidfile import is_alive, read_pidfile, start_time
from ccsync_watch.daemon.priority import NICENESS
from support.ccsync_program.plugin_home import environ
from support.ccsync_program.transcript import Transcript
from support.lines import SESSION
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.ccsync_program.program import Program


@pytest.fixture
def clean(program: Program) -> Iterator[Program]:
    """Return the program; end what it left in the background."""
    yield program
    note = read_pidfile(program.state)
    if note is not None and note.started == start_time(note.pid):
        os.kill(note.pid, signal.SIGKILL)


def pid_of(program: Program) -> int:
    """Return the process id of the daemon at work."""
    note = read_pidfile(program.state)
    assert note is not None
    return note.pid


def other_version(program: Program, version: str) -> subprocess.Popen[bytes]:
    """Start a daemon that believes to be another version."""
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
    note = read_pidfile(program.state)
    assert note is not None
    assert note.version == version
    return process


def test_started_once_and_stopped(clean: Program) -> None:
    """A second start finds it running; a second stop finds nothing."""
    assert (made := clean.call("start")).code == 0, made.err
    assert made.out == "started\n"
    pid = pid_of(clean)
    assert clean.call("start").out == "it is running already\n"
    assert pid_of(clean) == pid
    assert os.getsid(pid) == pid
    Transcript(clean.claude_dir).turn()
    wait_until(lambda: (clean.session(SESSION) or {}).get("messages") == 2, "it works")
    assert clean.call("stop").out == (
        "stopped; what waits is kept\n"
        "the plugin, if you use it, starts one again unless autostart is false\n"
    )
    assert start_time(pid) is None
    made = clean.call("stop")
    assert (made.code, made.out) == (3, "no daemon is running\n")


def test_it_gives_way(clean: Program) -> None:
    """To Claude Code before all: as a process, and as a session where the kernel weighs those."""
    assert clean.call("start").code == 0
    pid = pid_of(clean)
    assert os.getpriority(os.PRIO_PROCESS, pid) == NICENESS
    for thread in Path(f"/proc/{pid}/task").iterdir():
        assert os.getpriority(os.PRIO_PROCESS, int(thread.name)) == NICENESS
    group = Path(f"/proc/{pid}/autogroup")
    if group.exists() and group.read_text():
        assert group.read_text().split()[-1] == str(NICENESS)


def test_by_hand_autostart_means_nothing(clean: Program) -> None:
    """Only the hooks are forbidden to."""
    clean.configure(autostart=False)
    assert clean.call("start", "--from-hook").code == 0
    assert read_pidfile(clean.state) is None
    assert clean.call("start").code == 0
    assert is_alive(pid_of(clean))
    assert clean.call("stop").code == 0


def test_an_older_one_is_replaced(clean: Program) -> None:
    """In an orderly way: it ends by itself, and its work is taken up."""
    old = other_version(clean, "0.0.1")
    Transcript(clean.claude_dir).turn()
    assert (made := clean.call("start")).code == 0, made.err
    assert made.out == "started\n"
    assert old.wait(20) == 0
    assert pid_of(clean) != old.pid
    assert environ(pid_of(clean))["CCSYNC_WATCH_HOME"] == str(clean.state)
    wait_until(lambda: (clean.session(SESSION) or {}).get("messages") == 2, "it works")


def test_a_newer_one_stays(clean: Program) -> None:
    """Two versions of the plugin do not fight over the daemon."""
    new = other_version(clean, "99.0.0")
    try:
        assert clean.call("start").out == "it is running already\n"
        assert pid_of(clean) == new.pid
    finally:
        new.kill()
        new.wait()


def test_one_that_hangs_is_reported(clean: Program) -> None:
    """Nobody waits for it, and nobody kills it unasked."""
    assert clean.call("start").code == 0
    pid = pid_of(clean)
    os.kill(pid, signal.SIGSTOP)
    for words in (("start",), ("stop",), ("sync-now", "--timeout", "1")):
        made = clean.call(*words)
        assert made.code == 3
        assert f"ccsync-watch (process {pid}) does not answer" in made.err
        assert f"`kill -9 {pid}`" in made.err
    made = clean.call("plugin-command", "--plain", "status")
    assert (made.code, made.err) == (0, "")
    assert "not answering" in made.out
    assert f"Sync not working: ccsync-watch (process {pid}) does not answer" in made.out


def test_one_that_cannot_start_says_why(clean: Program) -> None:
    """A mistake in the settings, found before anything is started."""
    clean.configure(auto_sync="maybe")
    made = clean.call("start")
    assert made.code == 2
    assert "auto_sync" in made.err
    assert read_pidfile(clean.state) is None


def test_a_process_id_that_came_to_another(clean: Program) -> None:
    """The note of a daemon that was killed names a living process: it is not spoken to."""
    assert clean.call("start").code == 0
    note = clean.state / "daemon.json"
    content = note.read_text()
    os.kill(pid_of(clean), signal.SIGKILL)
    note.write_text(content.replace(f'"pid":{pid_of(clean)}', f'"pid":{os.getpid()}'))
    assert clean.status()["daemon"]["running"] is False
    assert clean.call("stop").code == 3
    assert clean.call("start").out == "started\n"

"""The program's files are replaced under a running daemon, as by an upgrade."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

import ccsync_watch
from ccsync_watch.control.client import ControlClient
from ccsync_watch.errors import DaemonUnavailable, StillStarting
from ccsync_watch.file_locks import is_locked
from ccsync_watch.processes import start_time
from ccsync_watch.state_path import DAEMON_LOCK_NAME
from support.ccsync_program.program import Program
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(os.name != "posix", reason="a process is replaced by a new one")

_NAME = "ccsync_watch"


class Installed:
    """A copy of the program in a folder of its own, and the daemon that runs from it."""

    def __init__(self, folder: Path) -> None:
        self.site = folder / "site"
        shutil.copytree(Path(ccsync_watch.__file__).parent, self.site / _NAME)
        path = folder / "ccsync-watch"
        path.write_text(f'#!/bin/sh\ncd / && exec {sys.executable} -m {_NAME} "$@"\n')
        path.chmod(0o700)
        env = {"PYTHONPATH": str(self.site), "CLAUDE_SYNC_API_KEY": "plum-giraffe-7"}
        self.program = Program(folder / "ccsync", folder / "claude", env, path)

    def upgrade(self, more: str, *, without: str | None = None) -> None:
        """Put another build in the place of the program, as installers do: a new folder."""
        new = self.site / "new"
        shutil.copytree(Path(ccsync_watch.__file__).parent, new)
        init = new / "__init__.py"
        # Not another version: its rules would be compiled first.
        init.write_text(init.read_text(encoding="utf-8") + more, encoding="utf-8")
        if without is not None:
            (new / without).unlink()
        shutil.rmtree(self.site / _NAME)
        new.rename(self.site / _NAME)

    def since_ms(self) -> int:
        """Return when the daemon started that answers, 0 while none does."""
        with contextlib.suppress(DaemonUnavailable):
            return int(ControlClient(self.program.state).status()["daemon"]["since_ms"])
        return 0

    def problems(self) -> list[str]:
        """Return the codes of the daemon's problems."""
        return [
            problem["code"] for problem in ControlClient(self.program.state).status()["problems"]
        ]


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Installed]:
    """Return a running daemon; kill it afterwards."""
    installed = Installed(tmp_path)
    installed.program.start()
    yield installed
    installed.program.kill()


def test_the_daemon_starts_again_with_the_new_files(installed: Installed) -> None:
    """As the same process, with its whole environment; a terminal or systemd notices nothing."""
    before = installed.since_ms()
    assert "program-replaced" not in installed.problems()
    installed.upgrade("# another build\n")
    wait_until(lambda: installed.since_ms() > before, "another daemon answers")
    pid = installed.program.pid
    assert ControlClient(installed.program.state).hello().pid == pid
    assert "program-replaced" not in installed.problems()
    assert b"plum" not in Path(f"/proc/{pid}/environ").read_bytes()
    assert "starting again with its new files" in (installed.program.state / "log").read_text()
    assert installed.program.stop() == 0


def test_whoever_asks_meanwhile_hears_that_it_starts(installed: Installed) -> None:
    """Not that none runs, nor that one hangs up: `stop` would fail, `start` begin another."""
    before, ended = installed.since_ms(), threading.Event()

    def ask_on() -> set[type[DaemonUnavailable]]:
        failures = set()
        while not ended.is_set():
            try:
                ControlClient(installed.program.state).hello()
            except DaemonUnavailable as error:
                failures.add(type(error))
        return failures

    with ThreadPoolExecutor(4) as pool:
        askers = [pool.submit(ask_on) for _ in range(4)]
        try:
            installed.upgrade("# another build\n")
            wait_until(lambda: installed.since_ms() > before, "another daemon answers")
        finally:
            ended.set()
        assert [asker.result(WAIT_SECONDS) for asker in askers] == [{StillStarting}] * 4


def test_files_that_do_not_start_are_not_used(installed: Installed) -> None:
    """The daemon continues with what it has loaded, and says why; until there are others."""
    before = installed.since_ms()
    installed.upgrade("raise ImportError\n", without="dashboard/app.py")
    wait_until(lambda: "program-replaced" in installed.problems(), "the problem is shown")
    link = ControlClient(installed.program.state).dashboard().url
    address = "127.0.0.1", urlsplit(link or "").port or 0
    with socket.create_connection(address, WAIT_SECONDS) as browser:
        browser.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: browser.recv(4096), b""))
    assert b"reload this page" in answer
    assert installed.since_ms() == before
    installed.upgrade("")
    wait_until(lambda: installed.since_ms() > before, "the repaired program answers")


# As on a busy machine, it takes long until it has the lock; what tries the new files does not.
_SLOW = """
import os, sys, time
while "--version" not in sys.orig_argv and os.path.exists({held!r}):
    time.sleep(0.05)
"""


def test_a_daemon_that_starts_again_can_be_stopped(installed: Installed, tmp_path: Path) -> None:
    """While it has not taken the lock again; others see that it starts, and start no second one."""
    held = tmp_path / "held"
    held.touch()
    pid = installed.program.pid
    installed.upgrade(_SLOW.format(held=str(held)))
    wait_until(lambda: not is_locked(str(installed.program.state / DAEMON_LOCK_NAME)), "it ends")
    commands = Program(installed.program.root, installed.program.claude_dir)
    assert ": starting\n" in commands.call("status").out
    assert commands.call("start", "--timeout", "0.1").out.startswith("Starting. ")
    assert commands.call("stop").out.startswith("Stopped. ")
    assert start_time(pid) is None

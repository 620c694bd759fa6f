"""A hundred sessions that start at the same moment have one daemon, and nothing else is left."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.control.pidfile import read_pidfile
from support.ccsync_program.plugin_home import PLUGIN, hook_commands, program_path
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.ccsync_program.program import Program

SESSIONS = 100


@pytest.fixture
def quiet(program: Program) -> Iterator[Program]:
    """Return the program; kill what still runs for it afterwards."""
    yield program
    for pid in processes(program):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def processes(program: Program) -> dict[int, str]:
    """Return the command lines of all processes that have this program's state folder."""
    mark = f"CCSYNC_WATCH_HOME={program.state}".encode()
    running = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                words = (folder / "cmdline").read_bytes().split(b"\0")
                running[int(folder.name)] = b" ".join(words).decode()
        except OSError:  # it has ended
            continue
    return running


def zombies_of(pid: int) -> list[str]:
    """Return the ended children of a process of which it does not take notice."""
    names = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = path.read_text(errors="replace").rpartition(")")
        except OSError:
            continue
        state, parent = rest.split()[:2]
        if (state, parent) == ("Z", str(pid)):
            names.append(name)
    return names


def test_a_hundred_starts_at_once(quiet: Program) -> None:
    """Each is recorded; a file or a process that only a start needs is gone afterwards."""
    (quiet.claude_dir / "projects").mkdir(parents=True)
    env = {
        **quiet.environment,
        "PATH": program_path(),
        "CLAUDE_PLUGIN_ROOT": str(PLUGIN),
        "CLAUDE_PLUGIN_OPTION_SYNC_TOOL_CALLS": "false",
    }
    hooks = [
        subprocess.Popen(
            ["/bin/sh", "-c", hook_commands()["SessionStart"]],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for _ in range(SESSIONS)
    ]
    for number, hook in enumerate(hooks):
        fields = {
            "session_id": f"s{number}",
            "hook_event_name": "SessionStart",
            "source": "startup",
        }
        assert hook.stdin is not None
        hook.stdin.write(f"{json.dumps(fields, separators=(',', ':'))}\n".encode())
        hook.stdin.close()
    for hook in hooks:
        assert hook.stdout is not None
        assert (hook.wait(), hook.stdout.read()) == (0, b"")
        hook.stdout.close()
    wait_until(lambda: bool(getattr(read_pidfile(quiet.state), "socket", None)), "it listens")
    pidfile = read_pidfile(quiet.state)
    assert pidfile is not None
    wait_until(lambda: processes(quiet).keys() == {pidfile.pid}, "only the daemon is left")
    wait_until(lambda: _recorded(quiet) == SESSIONS, "every start is recorded")
    wait_until(lambda: not list((quiet.state / "signals").iterdir()), "the spool is empty")
    left = {path.name for path in quiet.state.iterdir()}
    assert not left & {"starting", "signals.aside", "daemon.json.new"}
    assert (quiet.state / "plugin.options").read_text() == "sync_tool_calls=false\n"
    wait_until(lambda: zombies_of(pidfile.pid) == [], "every child's end was noticed")
    assert read_pidfile(quiet.state) == pidfile
    assert quiet.call("stop").code == 0
    assert processes(quiet) == {}


def _recorded(program: Program) -> int:
    path = program.state / "ccsync.db"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        (count,) = database.execute(
            "SELECT count(DISTINCT session_id) FROM hook_events WHERE name = 'SessionStart'"
        ).fetchone()
    return int(count)

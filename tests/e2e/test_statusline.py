"""`ccsync-watch statusline` as the client calls it: one line whatever happens, without delay."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.file_locks import is_locked
from support.ccsync_program.transcript import Transcript
from support.lines import SESSION
from support.waiting import WAIT_SECONDS, wait_for, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.ccsync_program.program import Program

NOT_RUNNING = "⚠ ccsync-watch is not running"
INPUT = json.dumps({"session_id": SESSION, "cost": {"total_cost_usd": 0.5}})
# What takes time to import; the line does without.
SLOW = {
    "argparse", "dataclasses", "decimal", "email", "importlib.metadata", "logging", "orjson",
    "pathlib", "socket", "sqlite3", "subprocess", "tempfile", "threading", "typing",
}  # fmt: skip


@pytest.fixture
def transcript(program: Program) -> Transcript:
    """Return the transcript of a session."""
    return Transcript(program.claude_dir)


@pytest.fixture
def stored(program: Program, transcript: Transcript) -> Iterator[Program]:
    """Return the program with one stored turn; end the process that computes figures."""
    transcript.turn()
    assert program.call("sync-now").code == 0
    yield program
    end_computing(program)


def end_computing(program: Program) -> None:
    """End the process that computes, which would otherwise stay for a minute."""

    def is_ended() -> bool:
        for pid in computing(program):
            os.kill(pid, signal.SIGKILL)
        return not is_computing(program)

    wait_until(is_ended, "it has ended")


def is_computing(program: Program) -> bool:
    """Return whether a line started such a process; it may not have its name yet."""
    return bool(is_locked(str(program.state / "statusline.lock")))


def computing(program: Program) -> list[int]:
    """Return the processes that compute this program's figures."""
    mark = f"CCSYNC_WATCH_HOME={program.state}".encode()
    pids = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if b"--compute" in words and mark in (folder / "environ").read_bytes().split(b"\0"):
                pids.append(int(folder.name))
        except OSError:  # it has ended
            continue
    return pids


def line(program: Program, data: str | bytes = INPUT, **env: str) -> str:
    """Return the line: exactly one, with exit code 0 and nothing else."""
    completed = subprocess.run(
        [Path(sys.executable).with_name("ccsync-watch"), "statusline"],
        env={**program.environment, "NO_COLOR": "1", **env},
        input=data if isinstance(data, bytes) else data.encode(),
        capture_output=True,
        timeout=WAIT_SECONDS,
        check=False,
    )
    assert (completed.returncode, completed.stderr) == (0, b"")
    text = completed.stdout.decode(env.get("PYTHONIOENCODING", "utf-8"))
    assert text.endswith("\n")
    assert text.count("\n") == 1
    assert text.strip()
    return text[:-1]


def computed_line(program: Program) -> str:
    """Return the first line with figures of the store."""
    return wait_for(lambda: next((text for text in [line(program)] if "today" in text), None), "it")


def test_the_first_line_does_not_wait(stored: Program) -> None:
    """It has what the client says; also while a store is new, and where the client says nothing."""
    assert line(stored) == f"$0.50 session · {NOT_RUNNING}"
    end_computing(stored)
    (stored.state / "statusline.json").unlink(missing_ok=True)
    stored.start()
    assert line(stored, "{}") == "ccsync-watch: no figures yet"


def test_the_line_has_the_costs_of_stats(stored: Program) -> None:
    """Without a daemon, which it says; one process computes them for all lines that follow."""
    cost = stored.call("stats", "--by", "session").out.splitlines()[2].split()[-1]
    expected = f"{cost} session · $0.00 today · local only · {NOT_RUNNING}"
    assert computed_line(stored) == expected
    (pid,) = computing(stored)
    for _ in range(5):
        assert line(stored) == expected
    assert computing(stored) == [pid]


def test_the_line_follows_the_store(stored: Program, transcript: Transcript) -> None:
    """What the daemon stores is soon in it, and that it runs."""
    stored.start()
    before = computed_line(stored)
    for number in range(2, 5):
        transcript.turn(number)
    wait_until(lambda: (stored.session(SESSION) or {}).get("messages") == 8, "all is stored")
    cost = stored.call("stats", "--by", "session").out.splitlines()[2].split()[-1]
    wait_until(
        lambda: line(stored) == f"{cost} session · $0.00 today · local only", "it has the new cost"
    )
    assert line(stored) != before
    assert stored.stop() == 0
    assert line(stored).endswith(NOT_RUNNING)


def test_lines_at_the_same_moment_start_one_process(stored: Program) -> None:
    """Each prints its line."""
    word = str(Path(sys.executable).with_name("ccsync-watch"))
    runs = [
        subprocess.Popen(
            [word, "statusline"], env=stored.environment, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(20)
    ]  # fmt: skip
    for run in runs:
        out, err = run.communicate(INPUT, timeout=WAIT_SECONDS)
        assert (run.returncode, err) == (0, "")
        assert out.count("\n") == 1
    wait_until(lambda: "today" in line(stored), "the figures are there")
    assert len(computing(stored)) == 1


def test_a_line_needs_no_module_that_takes_time(stored: Program) -> None:
    """Its cost is that of Python itself, and of reading JSON."""
    computed_line(stored)
    code = (
        "import sys; sys.argv = ['ccsync-watch', 'statusline'];"
        " before = set(sys.modules); from ccsync_watch.__main__ import main; main();"
        " print(*(set(sys.modules) - before), file=sys.stderr)"
    )
    completed = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"],
        env=stored.environment, input=INPUT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    imported = set(completed.stderr.split())
    assert "json" in imported
    assert imported & SLOW == set()
    assert {name for name in imported if name.startswith("ccsync_watch.")} == {
        "ccsync_watch.__main__", "ccsync_watch.file_locks", "ccsync_watch.regular_files",
        "ccsync_watch.state_path",
        "ccsync_watch.statusline", "ccsync_watch.statusline.client_input",
        "ccsync_watch.statusline.computing", "ccsync_watch.statusline.entry",
        "ccsync_watch.statusline.figures_file", "ccsync_watch.statusline.line",
        "ccsync_watch.statusline.plan_limits",
        "ccsync_watch.units",
    }  # fmt: skip


@pytest.mark.parametrize("data", [b"", b"{", b"null", b"\xff\x00", b"[]\n", b'{"session_id": 5}'])
def test_any_input(program: Program, data: bytes) -> None:
    """Without a store too: something useful is said."""
    assert line(program, data) == "ccsync-watch: nothing is stored yet"


def test_the_clients_cost_is_shown_before_anything_is_stored(program: Program) -> None:
    """And its limits; nothing is created for that."""
    fields = {"cost": {"total_cost_usd": 1}, "rate_limits": {"seven_day": {"used_percentage": 7}}}
    assert line(program, json.dumps(fields)) == "$1.00 session · 7d 7%"
    assert not program.state.exists()


@pytest.mark.parametrize(
    "env",
    [
        {"COLUMNS": "10"},
        {"TERM": "dumb", "NO_COLOR": ""},
        {"LC_ALL": "POSIX", "PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
        {"TZ": "Nowhere/Else"},
        {"CCSYNC_WATCH_HOME": "~nobody-like-that/x"},
        {"CCSYNC_WATCH_HOME": "/proc/1/x"},
        {"CCSYNC_WATCH_HOME": "/dev/null/x"},
        {"HOME": "", "CCSYNC_WATCH_HOME": ""},
    ],
    ids=str,
)
def test_any_environment(stored: Program, env: dict[str, str]) -> None:
    """A line that fits, in characters that the terminal has."""
    shown = line(stored, **env)
    assert len(shown) <= int(env.get("COLUMNS", "1000"))
    assert "\x1b" not in shown


@pytest.mark.parametrize("spoil", ["newer", "damaged", "empty", "folder", "locked", "read-only"])
def test_any_store(stored: Program, spoil: str) -> None:
    """The client's own cost remains, and what is wrong is said as soon as it is known."""
    database = stored.state / "ccsync.db"
    holder = sqlite3.connect(database, isolation_level=None)
    if spoil == "newer":
        holder.execute("PRAGMA user_version = 9999")
    elif spoil == "locked":
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        holder.execute("UPDATE sessions SET id = id")
    if spoil != "locked":
        holder.close()
    if spoil == "damaged":
        database.write_bytes(b"no database" * 1000)
    elif spoil == "empty":
        database.write_bytes(b"")
    elif spoil == "folder":
        database.unlink()
        database.mkdir()
    elif spoil == "read-only":
        stored.state.chmod(0o500)
    assert line(stored).startswith("$0.50 session")
    if is_computing(stored):
        wait_until((stored.state / "statusline.json").exists, "they are computed")
    shown = line(stored)
    holder.close()
    stored.state.chmod(0o700)
    assert shown.startswith("$0.0" if spoil == "read-only" else "$0.50 session")


def test_nothing_in_the_state_folder_is_run(stored: Program) -> None:
    """It may be a folder that others can write to, which only the daemon checks."""
    (stored.state / "ccsync_watch").mkdir()
    mark = stored.state / "was run"
    code = f"open({str(mark)!r}, 'w').close()\n"
    for name in ("ccsync_watch/__init__.py", "sqlite3.py", "orjson.py", "json.py"):
        (stored.state / name).write_text(code)
    assert "session · $0.00 today" in computed_line(stored)
    assert not mark.exists()


def test_a_reader_that_has_ended(stored: Program) -> None:
    """The client stops a line that it does not need any more: no traceback, and exit code 0."""
    word = str(Path(sys.executable).with_name("ccsync-watch"))
    reader, writer = os.pipe()
    os.close(reader)
    completed = subprocess.run(
        [word, "statusline"], env=stored.environment, input=INPUT.encode(), stdout=writer,
        stderr=subprocess.PIPE, check=False,
    )  # fmt: skip
    os.close(writer)
    assert (completed.returncode, completed.stderr) == (0, b"")
    for closed in ("<&-", ">&-", "<&- >&- 2>&-"):
        run = subprocess.run(
            ["/bin/sh", "-c", f'"$0" statusline {closed}', word], env=stored.environment,
            capture_output=True, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        assert (run.returncode, run.stderr) == (0, b"")
    wait_until(lambda: computing(stored) != [], "the figures are computed")
    assert len(computing(stored)) == 1


def test_a_process_that_was_killed_is_replaced(stored: Program) -> None:
    """The next line that needs one starts another; nothing of the first is left."""
    computed_line(stored)
    end_computing(stored)
    (stored.state / "statusline.json").unlink()
    assert "session · $0.00 today" in computed_line(stored)
    assert len(computing(stored)) == 1
    names = {path.name for path in stored.state.iterdir() if path.name.startswith("statusline")}
    assert names == {"statusline.json", "statusline.lock"}

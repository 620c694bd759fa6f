"""The daemon's priority is low among processes, and among sessions of processes.

The tests may run at a low priority themselves, so every expectation starts from theirs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ccsync_watch.daemon import priority

_SWITCH = Path("/proc/sys/kernel/sched_autogroup_enabled")
HAS_AUTOGROUPS = _SWITCH.exists() and _SWITCH.read_text().strip() == "1"
LOWEST_PRIORITY = 19
LOWERED = max(priority.NICENESS, os.nice(0))

LOWER_AND_PRINT = """
import os
from pathlib import Path
from ccsync_watch.daemon.priority import lower_priority
lower_priority()
group = Path("/proc/self/autogroup")
print(os.nice(0), group.read_text().split()[-1] if group.exists() else "-")
"""


def _niceness(*words: str) -> list[str]:
    """Return the niceness of a process that lowered its priority, and of its new session."""
    completed = subprocess.run(
        [*words, sys.executable, "-c", LOWER_AND_PRINT],
        start_new_session=True,
        capture_output=True,
        text=True,
        check=True,
    )
    return completed.stdout.split()


def test_priority_is_lowered() -> None:
    """The daemon runs at a low priority whoever started it."""
    assert _niceness()[0] == str(LOWERED)


def test_a_lower_priority_is_kept() -> None:
    """A user who started the daemon with `nice` chose its priority."""
    assert _niceness("nice", "-n", "40")[0] == str(LOWEST_PRIORITY)


@pytest.mark.skipif(not HAS_AUTOGROUPS, reason="this kernel weighs processes alone")
def test_a_lower_priority_holds_for_the_session_too() -> None:
    """The autogroup gets the same number as the process."""
    assert _niceness("nice", "-n", "40")[1] == str(LOWEST_PRIORITY)


@pytest.mark.skipif(not HAS_AUTOGROUPS, reason="this kernel weighs processes alone")
def test_priority_of_its_own_session_is_lowered_too() -> None:
    """Niceness counts within a session only: among sessions, each has an equal share."""
    assert _niceness()[1] == str(LOWERED)


@pytest.mark.skipif(not HAS_AUTOGROUPS, reason="this kernel weighs processes alone")
def test_priority_of_a_terminal_session_is_kept() -> None:
    """The user's shell, and all that is started from it, live in that session too."""
    shell = ("sh", "-c", '"$@"; exit', "sh")  # the leader of the session, as in a terminal
    assert _niceness(*shell) == [str(LOWERED), "0"]


@pytest.mark.skipif(not HAS_AUTOGROUPS, reason="this kernel weighs processes alone")
def test_a_daemon_that_is_to_end_gets_its_share() -> None:
    """Whoever stops it gives its session the usual priority; one that has ended is left out."""
    code = f"{LOWER_AND_PRINT}\nprint(flush=True)\ninput()"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        start_new_session=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().split()[-1] == str(LOWERED)
        priority.raise_priority(process.pid)
        group = Path(f"/proc/{process.pid}/autogroup").read_text()
        process.communicate("\n")
    assert group.split()[-1] == "0"
    priority.raise_priority(process.pid)


def test_a_kernel_without_the_file_is_not_an_error(tmp_path: Path) -> None:
    """A daemon runs at whatever priority it may have."""
    code = f"""
from pathlib import Path
from ccsync_watch.daemon.priority import lower_priority
lower_priority(Path({str(tmp_path / "none" / "autogroup")!r}))
"""
    subprocess.run([sys.executable, "-c", code], start_new_session=True, check=True)

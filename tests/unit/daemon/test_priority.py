"""A daemon's priority is low where it counts: among processes, and among sessions of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ccsync_watch.daemon import priority

_SWITCH = Path("/proc/sys/kernel/sched_autogroup_enabled")
HAS_AUTOGROUPS = _SWITCH.exists() and _SWITCH.read_text().strip() == "1"

GIVE_WAY = """
import os
from pathlib import Path
from ccsync_watch.daemon.priority import give_way
give_way()
group = Path("/proc/self/autogroup")
print(os.nice(0), group.read_text().split()[-1] if group.exists() else "-")
"""


def _told(*words: str) -> list[str]:
    """Return the niceness of a process that gave way, and that of its session, a new one."""
    made = subprocess.run(
        [*words, sys.executable, "-c", GIVE_WAY],
        start_new_session=True,
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.split()


def test_a_process_gives_way() -> None:
    """Whoever started it."""
    assert _told()[0] == str(priority.NICENESS)


def test_one_that_is_humbler_stays_so() -> None:
    """A user may have said so with nice."""
    assert _told("nice", "-n", "15")[0] == "15"


@pytest.mark.skipif(not HAS_AUTOGROUPS, reason="this kernel weighs processes alone")
def test_its_session_is_as_humble() -> None:
    """The one number holds for both."""
    assert _told("nice", "-n", "15")[1] == "15"


@pytest.mark.skipif(not HAS_AUTOGROUPS, reason="this kernel weighs processes alone")
def test_its_own_session_gives_way_too() -> None:
    """Niceness counts within a session only: beside others, each session has an equal share."""
    assert _told()[1] == str(priority.NICENESS)


@pytest.mark.skipif(not HAS_AUTOGROUPS, reason="this kernel weighs processes alone")
def test_a_terminals_session_keeps_its_share() -> None:
    """The user's shell, and all that is started from it, live in it too."""
    shell = ("sh", "-c", '"$@"; exit', "sh")  # the leader of the session, as in a terminal
    assert _told(*shell) == [str(priority.NICENESS), "0"]


def test_a_kernel_without_the_file_is_no_error(tmp_path: Path) -> None:
    """A daemon runs at whatever priority it may have."""
    code = f"""
from pathlib import Path
from ccsync_watch.daemon.priority import give_way
give_way(Path({str(tmp_path / "none" / "autogroup")!r}))
"""
    subprocess.run([sys.executable, "-c", code], start_new_session=True, check=True)

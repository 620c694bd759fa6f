"""The commands of the plugin answer in time, and what they begin is finished."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from support.ccsync_program.transcript import Transcript
from support.lines import SESSION
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.ccsync_program.program import Program
    from support.opensync_double.server import OpenSyncDouble

# Claude Code gave up on a command after 20 s.
CLIENT_SECONDS = 20.0


@pytest.fixture
def halted(program: Program, opensync: OpenSyncDouble) -> Iterator[Program]:
    """Return the program with a daemon that is halted, and uploads on request only."""
    program.configure(convex_url=opensync.url, api_key=opensync.api_key, auto_sync=False)
    program.start()
    os.kill(program.pid, signal.SIGSTOP)
    yield program
    os.kill(program.pid, signal.SIGCONT)


def test_the_commands_answer_while_the_daemon_does_not(
    halted: Program, opensync: OpenSyncDouble
) -> None:
    """Then the daemon does what was asked of it."""
    Transcript(halted.claude_dir).turn()
    for command in ("now", "status"):
        since = time.monotonic()
        answer = halted.call("plugin-command", "--plain", command, "--session", SESSION)
        assert time.monotonic() - since < CLIENT_SECONDS
        assert (answer.code, answer.err) == (0, "")
        assert "does not answer" in answer.out
    os.kill(halted.pid, signal.SIGCONT)
    wait_until(lambda: len(opensync.backend.messages(SESSION)) >= 2, "the turn is sent")
    wait_until(lambda: not list((halted.state / "signals").iterdir()), "the request is done")

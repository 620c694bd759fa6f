"""A daemon that is started by hand keeps no secret of its environment where others can read it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.ccsync_program.transcript import Transcript
from support.present_files import contents
from support.waiting import wait_for, wait_until

if TYPE_CHECKING:
    from support.ccsync_program.program import Program

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc shows the environment")

TOKEN = "Zk3vQ9xW7bN2mT5rY8uP1sD4"
PLAIN = "a value under a plain name"
PASSWORD = "hJ6gF2dS9kL4"


def environment_of(pid: int) -> bytes:
    """Return what other processes of this user see of a process's environment."""
    return Path(f"/proc/{pid}/environ").read_bytes()


def texts_in(folder: Path) -> bytes:
    """Return everything in a folder."""
    return b"".join(contents(folder).values())


def test_secrets_of_the_environment_are_known_and_not_kept(program: Program) -> None:
    """Their values are removed from what is read, and are not in the process's environment."""
    proxy = f"http://user:{PASSWORD}@127.0.0.1:9"
    program.env = {"DEPLOY_TOKEN": TOKEN, "FAVOURITE": PLAIN, "HTTPS_PROXY": proxy,
                   "CLAUDE_SYNC_API_KEY": f"osk_{TOKEN[::-1]}"}  # fmt: skip
    program.configure(dashboard={"enabled": False})
    program.start()
    seen = environment_of(program.pid)
    assert b"CCSYNC_WATCH_HOME=" in seen
    for secret in (TOKEN, PLAIN, PASSWORD, TOKEN[::-1]):
        assert secret.encode() not in seen
    transcript = Transcript(program.claude_dir)
    secrets = f"{TOKEN}, {PASSWORD} and osk_{TOKEN[::-1]}"
    transcript.append(transcript.writer.prompt(f"What are {secrets}?"))
    wait_until(lambda: program.session(transcript.session_id) is not None, "it is read")
    stored = texts_in(program.state)
    assert b"What are" in stored
    for secret in (TOKEN, PASSWORD, TOKEN[::-1]):
        assert secret.encode() not in stored
    assert program.stop() == 0


def test_values_stay_known_when_the_settings_change(program: Program) -> None:
    """The redactor is built again, from the same values."""
    program.env = {"DEPLOY_TOKEN": TOKEN}
    program.configure(dashboard={"enabled": False})
    program.start()
    program.configure(dashboard={"enabled": False}, redact={"patterns": ["otter"]})
    log = program.state / "log"
    wait_until(lambda: log.exists() and b"the settings changed" in log.read_bytes(), "it reloads")
    transcript = Transcript(program.claude_dir)
    transcript.append(transcript.writer.prompt(f"an otter and {TOKEN}"))
    wait_until(lambda: b"an [REDACTED" in texts_in(program.state), "it is read by the new rules")
    assert TOKEN.encode() not in texts_in(program.state)


def test_daemon_that_was_started_in_the_background_is_clean_too(program: Program) -> None:
    """`start` passes its environment on; the daemon leaves it behind."""
    program.env = {"DEPLOY_TOKEN": TOKEN}
    program.configure(dashboard={"enabled": False})
    assert program.call("start").code == 0
    try:
        # On a busy machine `start` ends while it is still starting.
        pid = int(wait_for(lambda: program.status()["daemon"]["pid"], "the daemon runs"))
        assert TOKEN.encode() not in environment_of(pid)
    finally:
        assert program.call("stop").code == 0

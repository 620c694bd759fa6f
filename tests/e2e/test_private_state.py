"""What the program keeps is this user's alone, and what others can change is not used."""

from __future__ import annotations

import os
import shutil
import stat
from typing import TYPE_CHECKING

import pytest

from support.browser import FREE_PORT, DashboardAccess
from support.ccsync_program.transcript import Transcript
from support.present_files import present_files
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.ccsync_program.program import Program

OTHER_UID = 61_234
pytestmark = pytest.mark.skipif(not hasattr(os, "getuid"), reason="there are not any users")
needs_root = pytest.mark.skipif(
    hasattr(os, "getuid") and os.getuid() != 0, reason="only root can give files away"
)


@pytest.fixture(autouse=True)
def _open_umask(program: Program) -> Iterator[None]:
    """Run the program, in folders that are the user's, with a umask that takes nothing away."""
    program.home.chmod(0o755)
    umask = os.umask(0)
    yield
    os.umask(umask)


def run_once(program: Program) -> None:
    """Have the daemon write everything that it writes: store, log, sessions, hook events."""
    program.configure(dashboard=FREE_PORT, api_kee="unknown")
    program.config_file.chmod(0o600)
    program.start()
    transcript = Transcript(program.claude_dir)
    transcript.turn()
    wait_until(lambda: program.session(transcript.session_id) is not None, "it is read")
    DashboardAccess.request(program)
    junk, aside = program.state / "signals" / "junk", program.state / "signals.aside"
    junk.write_bytes(b"x")
    wait_until(lambda: not junk.exists(), "the junk is removed")
    assert any(aside.iterdir())


def loose_paths(folder: Path) -> dict[str, str]:
    """Return what others may read or write in a folder, with the modes, and the folder itself."""
    modes = {path: status.st_mode for path, status in present_files(folder)}
    modes[folder] = folder.lstat().st_mode
    return {
        str(path.relative_to(folder)): f"{mode & 0o777:o}"
        for path, mode in modes.items()
        if mode & (0o077 if stat.S_ISDIR(mode) else 0o177)
    }


def test_everything_in_the_state_folder_is_private(program: Program) -> None:
    """While the daemon runs, whatever the umask, and afterwards."""
    run_once(program)
    assert len(list(program.state.rglob("*"))) > 8
    assert not loose_paths(program.state)
    assert not loose_paths(program.state.parent / "state")
    assert program.stop() == 0
    assert not loose_paths(program.state)


def test_loose_state_folder_is_repaired(program: Program) -> None:
    """As an earlier version, a copy or a backup left it."""
    run_once(program)
    program.stop()
    for path in (program.state, *program.state.rglob("*")):
        path.chmod(0o777)
    completed = program.call("status")
    assert f"other users could write to {program.state}" in completed.err
    program.start()
    assert not loose_paths(program.state)


@pytest.mark.parametrize("bits", [0o666, 0o622])
def test_settings_that_others_can_write_are_not_used(program: Program, bits: int) -> None:
    """They say where sessions are sent to. The message says how to repair it; that works."""
    program.configure(convex_url="http://127.0.0.1:9")
    program.config_file.chmod(bits)
    for command in ("run", "status", "start", "login"):
        completed = program.call(command)
        assert completed.code == 2
        assert f"chmod go-w {program.config_file}" in completed.err
        assert "Traceback" not in completed.err
    program.config_file.chmod(0o600)
    assert program.call("status").code == 4


def test_settings_that_become_writable_are_not_loaded(program: Program) -> None:
    """A running daemon keeps those that it has, and says why."""
    program.configure(dashboard=FREE_PORT)
    program.config_file.chmod(0o600)
    program.start()
    program.configure(dashboard=FREE_PORT, convex_url="http://127.0.0.1:9")
    program.config_file.chmod(0o666)

    def is_reported() -> bool:
        status = read_log(program)
        return "the new settings are not used: other users can change" in status

    wait_until(is_reported, "the problem is shown")


def read_log(program: Program) -> str:
    """Return what the daemon's log says."""
    return (program.state / "log").read_text() if (program.state / "log").exists() else ""


@needs_root
def test_state_of_another_user_is_not_used(program: Program) -> None:
    """Also by root: a folder, a file that somebody put into it, settings, plugin options."""
    run_once(program)
    program.stop()
    options = program.state / "plugin.options"
    options.write_text("convex_url=https://evil.convex.cloud\n")
    options.chmod(0o600)
    for path in (program.state, program.state / "ccsync.db", options, program.config_file):
        os.chown(path, OTHER_UID, -1)
        completed = program.call("run")
        assert completed.code == 2, path
        assert f"{path} belongs to another user (user {OTHER_UID})" in completed.err
        os.chown(path, os.getuid(), -1)


@needs_root
def test_hook_events_of_another_user_do_no_harm(program: Program) -> None:
    """What somebody put into the spool while it was writable is removed."""
    spool = program.state / "signals"
    spool.mkdir(parents=True)
    spool.chmod(0o777)
    event = spool / "Stop.00000000-0000-4000-8000-000000000001.1"
    event.write_text('{"hook_event_name":"Stop"}\n')
    os.chown(event, OTHER_UID, -1)
    run_once(program)
    assert not event.exists()
    assert not loose_paths(program.state)


def test_linked_dotfiles_are_used(program: Program, tmp_path: Path) -> None:
    """`stow` and `chezmoi` users keep the settings, and maybe the state, elsewhere; as links."""
    dotfiles = tmp_path / "dotfiles"
    (dotfiles / "state").mkdir(parents=True, mode=0o755)
    dotfiles.chmod(0o755)
    program.configure(dashboard=FREE_PORT)
    program.config_file.chmod(0o644)
    shutil.move(program.config_file, dotfiles / "settings.json")
    program.config_file.symlink_to(dotfiles / "settings.json")
    program.state.symlink_to(dotfiles / "state")
    program.start()
    DashboardAccess.request(program)
    assert program.config_file.is_symlink()
    assert program.state.is_symlink()
    assert not loose_paths(dotfiles / "state")

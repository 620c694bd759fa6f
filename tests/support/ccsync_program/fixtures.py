"""Pytest fixtures around the real program."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from support.ccsync_program.plugin_home import PluginHome, program_path
from support.ccsync_program.program import Program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.claude_client.client import ClaudeHome
    from support.opensync_double.server import OpenSyncDouble


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """Return the program with a Claude folder that does not exist yet; kill it afterwards."""
    new_program = Program(tmp_path / "ccsync", tmp_path / "claude-folder")
    yield new_program
    new_program.kill()


@pytest.fixture
def watching_program(claude_home: ClaudeHome, tmp_path: Path) -> Iterator[Program]:
    """Return the program that watches the real client's folder; kill it afterwards."""
    new_program = Program(tmp_path / "ccsync", claude_home.config_dir)
    yield new_program
    new_program.kill()


@pytest.fixture
def syncing_program(watching_program: Program, opensync: OpenSyncDouble) -> Program:
    """Return the running program, which watches the client's folder and sends to the double."""
    watching_program.configure(convex_url=opensync.url, api_key=opensync.api_key)
    watching_program.start()
    return watching_program


@pytest.fixture
def plugin_home(claude_home: ClaudeHome) -> Iterator[PluginHome]:
    """Return a client's home with the program on PATH; kill the daemons that its hooks start."""
    new_home = PluginHome(
        claude_home.with_env(
            PATH=program_path(),
            # The tests share compiled rules.
            XDG_CACHE_HOME=os.environ["XDG_CACHE_HOME"],
        )
    )
    yield new_home
    new_home.claude.close()
    new_home.close()

"""Pytest fixtures around the real program."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from support.ccsync_program.plugin_home import PluginHome, program_path
from support.ccsync_program.program import Program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
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
def plugin_home_of() -> Iterator[Callable[[ClaudeHome], PluginHome]]:
    """Return a function that puts the program on the PATH of a client's home.

    The runs in each home, and the daemons that its hooks start, are killed afterwards.
    """
    homes: list[PluginHome] = []

    def make(claude: ClaudeHome) -> PluginHome:
        # The tests share compiled rules.
        caches = os.environ["XDG_CACHE_HOME"]
        homes.append(PluginHome(claude.with_env(PATH=program_path(), XDG_CACHE_HOME=caches)))
        return homes[-1]

    yield make
    for home in homes:
        home.claude.close()
        home.close()


@pytest.fixture
def plugin_home(
    claude_home: ClaudeHome, plugin_home_of: Callable[[ClaudeHome], PluginHome]
) -> PluginHome:
    """Return the newest client's home with the program on PATH."""
    return plugin_home_of(claude_home)

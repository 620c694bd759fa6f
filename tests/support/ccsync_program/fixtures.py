"""Pytest fixtures around the real program."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from support.ccsync_program.plugged import Plugged, program_path
from support.ccsync_program.program import Program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.claude_client.client import ClaudeHome


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """Return the program with a Claude folder that does not exist yet; kill it afterwards."""
    made = Program(tmp_path / "ccsync", tmp_path / "claude-folder")
    yield made
    made.kill()


@pytest.fixture
def beside_client(claude_home: ClaudeHome, tmp_path: Path) -> Iterator[Program]:
    """Return the program watching the real client's folder; kill it afterwards."""
    made = Program(tmp_path / "ccsync", claude_home.config_dir)
    yield made
    made.kill()


@pytest.fixture
def plugged(claude_home: ClaudeHome) -> Iterator[Plugged]:
    """Return a client's home with the program on PATH; kill the daemons that its hooks start."""
    made = Plugged(
        claude_home.with_env(
            PATH=program_path(),
            # Compiled rules are shared among tests.
            XDG_CACHE_HOME=os.environ["XDG_CACHE_HOME"],
        )
    )
    yield made
    made.claude.close()
    made.close()

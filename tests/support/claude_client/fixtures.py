"""Pytest fixtures around the real client; load them with `pytest_plugins`."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING, NoReturn

import pytest

from support.claude_client.api import ScriptedMessagesApi
from support.claude_client.client import ClaudeHome
from support.claude_client.install import ClientUnavailable, installed_client
from support.claude_client.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# Read at import: a test may change the environment, but not what CI demands.
_IS_CI = os.environ.get("CI") == "true"


@pytest.fixture(scope="session")
def client_binary() -> Path:
    """Return the real client's binary; skip without it, but fail in CI, where it must be."""
    try:
        return installed_client()
    except ClientUnavailable as error:
        return _give_up(f"the real client is missing: {error}")


@pytest.fixture
def messages_api() -> Iterator[ScriptedMessagesApi]:
    """Serve a scripted Messages API of this test's own."""
    with ScriptedMessagesApi() as api:
        yield api


@pytest.fixture
def claude_home(
    client_binary: Path, messages_api: ScriptedMessagesApi, tmp_path: Path
) -> Iterator[ClaudeHome]:
    """Return a home for the client that talks to `messages_api`; end its runs afterwards."""
    home = ClaudeHome(tmp_path / "claude", messages_api.url, binary=client_binary)
    yield home
    home.close()


@pytest.fixture
def open_terminal(claude_home: ClaudeHome) -> Iterator[Callable[..., Terminal]]:
    """Return a function that opens an interactive session in `claude_home`, or another `home`.

    Its arguments are the client's; without any, permissions are skipped. Every terminal is closed
    afterwards.
    """
    if shutil.which("tmux") is None:
        _give_up("tmux is not on PATH: install it")
    with ExitStack() as terminals:

        def open_one(
            *args: str, home: ClaudeHome = claude_home, cwd: Path | None = None
        ) -> Terminal:
            chosen = args or ("--dangerously-skip-permissions",)
            return terminals.enter_context(Terminal(home, *chosen, cwd=cwd))

        yield open_one


def _give_up(reason: str) -> NoReturn:
    if _IS_CI:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)

"""Pytest fixtures around the real client; load them with `pytest_plugins`."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING, NoReturn

import pytest

from support.claude_client.api import ScriptedMessagesApi
from support.claude_client.client import SKIP_PERMISSIONS, ClaudeHome
from support.claude_client.install import ClientUnavailable, installed_client
from support.claude_client.terminal import COLUMNS, Terminal
from support.claude_client.versions import CLIENT_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# Read at import: tests change the environment.
_IS_CI = os.environ.get("CI") == "true"


@pytest.fixture(scope="session")
def client_binary() -> Path:
    """Return the real client's binary; without it skip the test, and fail it in CI."""
    return _client_of(CLIENT_VERSION)


@pytest.fixture(scope="session")
def client_of() -> Callable[[str], Path]:
    """Return a function that returns a version's program, or ends the test as `client_binary`."""
    return _client_of


def _client_of(version: str) -> Path:
    try:
        return installed_client(version)
    except ClientUnavailable as error:
        return _fail_or_skip(f"the real client {version} is missing: {error}")


@pytest.fixture
def messages_api() -> Iterator[ScriptedMessagesApi]:
    """Serve a scripted Messages API for this test."""
    with ScriptedMessagesApi() as api:
        yield api


@pytest.fixture
def claude_home(
    client_binary: Path, messages_api: ScriptedMessagesApi, tmp_path: Path
) -> Iterator[ClaudeHome]:
    """Return a home for the client that uses `messages_api`; kill its runs afterwards."""
    home = ClaudeHome(tmp_path / "claude", messages_api.url, binary=client_binary)
    yield home
    home.close()


@pytest.fixture
def open_terminal(claude_home: ClaudeHome) -> Iterator[Callable[..., Terminal]]:
    """Return a function that opens an interactive session in `claude_home`, or another `home`.

    Its arguments are the client's; without any, permission prompts are skipped. Every terminal is
    closed afterwards.
    """
    if shutil.which("tmux") is None:
        _fail_or_skip("tmux is not on PATH: install it")
    with ExitStack() as terminals:

        def open_session(
            *args: str,
            home: ClaudeHome = claude_home,
            cwd: Path | None = None,
            columns: int = COLUMNS,
        ) -> Terminal:
            options = args or (SKIP_PERMISSIONS,)
            return terminals.enter_context(Terminal(home, *options, cwd=cwd, columns=columns))

        yield open_session


def _fail_or_skip(reason: str) -> NoReturn:
    if _IS_CI:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)

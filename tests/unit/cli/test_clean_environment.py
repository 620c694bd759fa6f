"""Which variables a daemon keeps, and how it passes the others to itself."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NoReturn

import pytest

from ccsync_watch.cli.clean_environment import HANDLE_NAME, enter, is_kept

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.skipif(os.name != "posix", reason="a process cannot replace itself there")

SECRETS = {
    "AWS_SECRET_ACCESS_KEY": "x" * 40,
    "PLAIN": "value",
    "CLAUDE_SYNC_API_KEY": "osk_1",
    "https_proxy": "http://user:password@proxy.example:8080",
    "NOT_UTF8": "\udcff\n",
}
VISIBLE = {
    "HOME": "/home/user",
    "PATH": "/bin",
    "LC_ALL": "C.UTF-8",
    "CCSYNC_WATCH_HOME": "/state",
    "CLAUDE_SYNC_CONVEX_URL": "https://a.convex.cloud",
    "HTTP_PROXY": "http://proxy.example:8080",
}


class _ReplacedError(Exception):
    """A process is replaced by another one: these are its arguments and its environment."""


@pytest.fixture(autouse=True)
def _no_exec(monkeypatch: pytest.MonkeyPatch) -> None:
    def execve(_path: str, arguments: list[str], env: Mapping[str, str]) -> NoReturn:
        raise _ReplacedError(arguments, env)

    monkeypatch.setattr(os, "execve", execve)


@pytest.mark.parametrize("has_memory_files", [True, False])
def test_rest_is_passed_on_privately(
    monkeypatch: pytest.MonkeyPatch, *, has_memory_files: bool
) -> None:
    """The new process has the whole environment again; what others can see of it is harmless."""
    if not has_memory_files:
        monkeypatch.delattr(os, "memfd_create", raising=False)
    with pytest.raises(_ReplacedError) as caught:
        enter({**VISIBLE, **SECRETS})
    arguments, env = caught.value.args
    assert arguments == [sys.executable, *sys.orig_argv[1:]]
    assert {name: value for name, value in env.items() if name != HANDLE_NAME} == VISIBLE
    for name in (*SECRETS, *VISIBLE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(HANDLE_NAME, env[HANDLE_NAME])
    whole = enter()
    assert {name: whole[name] for name in SECRETS} == SECRETS
    assert HANDLE_NAME not in os.environ
    # A library finds the proxy, and nothing that the daemon does not need.
    assert os.environ["https_proxy"] == SECRETS["https_proxy"]
    assert "PLAIN" not in os.environ
    with pytest.raises(OSError, match=r"."):
        os.fstat(int(env[HANDLE_NAME]))


def test_harmless_environment_is_kept_as_it_is() -> None:
    """A hook has removed the rest already: nothing starts twice."""
    assert enter(VISIBLE) == VISIBLE


def test_too_large_environment_without_memory_files_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody reads the pipe before the process is replaced."""
    monkeypatch.delattr(os, "memfd_create", raising=False)
    env = {**VISIBLE, "LARGE": "x" * 100_000}
    assert enter(env) == env


def test_failed_replacement_is_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon then runs as it was started."""

    def fail(*_arguments: object) -> NoReturn:
        raise OSError("no such program")

    monkeypatch.setattr(os, "execve", fail)
    assert enter({**VISIBLE, **SECRETS}) == {**VISIBLE, **SECRETS}


@pytest.mark.parametrize("handle", ["", "x", "-1", "999999", "/etc/passwd"])
def test_wrong_handle_is_ignored(monkeypatch: pytest.MonkeyPatch, handle: str) -> None:
    """A variable of that name from elsewhere changes nothing."""
    monkeypatch.setenv(HANDLE_NAME, handle)
    assert HANDLE_NAME not in enter()
    assert HANDLE_NAME not in os.environ


def test_settings_are_kept() -> None:
    """Every variable that a setting has."""
    from ccsync_watch.config import declared_settings  # noqa: PLC0415 - only here

    variables = [item.variable for item in declared_settings().values() if item.variable]
    assert all(is_kept(name) for name in variables)
    assert not is_kept("CLAUDE_CODE_OAUTH_TOKEN")

"""Which variables a daemon keeps, and how it passes the others to itself."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, NoReturn

import pytest

from ccsync_watch.cli.clean_environment import HANDLE_NAME, enter, is_kept
from ccsync_watch.errors import StartFailed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

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


def _forbid_memory_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the kernel say what it does with `vm.memfd_noexec=2`."""

    def refuse(_name: str) -> NoReturn:
        raise PermissionError("no file without a name")

    monkeypatch.setattr(os, "memfd_create", refuse, raising=False)


@pytest.mark.parametrize("memory_files", ["yes", "no", "forbidden"])
def test_rest_is_passed_on_privately(monkeypatch: pytest.MonkeyPatch, memory_files: str) -> None:
    """The new process has the whole environment again; what others can see of it is harmless."""
    if memory_files == "no":
        monkeypatch.delattr(os, "memfd_create", raising=False)
    elif memory_files == "forbidden":
        _forbid_memory_files(monkeypatch)
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
        os.fstat(int(env[HANDLE_NAME].split(":")[1]))


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


def test_pipe_that_takes_too_little_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody would ever read it; nothing stays open."""
    monkeypatch.delattr(os, "memfd_create", raising=False)
    create, before = os.pipe, os.dup(0)
    os.close(before)

    def create_small() -> tuple[int, int]:
        reader, writer = create()
        os.set_blocking(writer, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writer, bytes(4096))
        os.read(reader, 4096)
        return reader, writer

    monkeypatch.setattr(os, "pipe", create_small)
    for size in (10_000, 50_000):
        env = {**VISIBLE, "LARGE": "x" * size}
        assert enter(env) == env
    after = os.dup(0)
    os.close(after)
    assert after == before


def test_failed_replacement_is_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon then runs as it was started."""

    def fail(*_arguments: object) -> NoReturn:
        raise OSError("no such program")

    monkeypatch.setattr(os, "execve", fail)
    assert enter({**VISIBLE, **SECRETS}) == {**VISIBLE, **SECRETS}


@pytest.mark.parametrize("mark", ["", "x", "-1", "0", "999999", "/etc/passwd", "1:0"])
def test_variable_from_elsewhere_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, mark: str
) -> None:
    """Nor does it keep secrets where others can see them."""
    monkeypatch.setenv(HANDLE_NAME, mark)
    assert enter({**VISIBLE, HANDLE_NAME: mark}) == VISIBLE
    assert HANDLE_NAME not in os.environ
    with pytest.raises(_ReplacedError) as caught:
        enter({**VISIBLE, **SECRETS, HANDLE_NAME: mark})
    _arguments, env = caught.value.args
    assert env[HANDLE_NAME].startswith(f"{os.getpid()}:")


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]"])
def test_lost_environment_is_an_error(tmp_path: Path, content: bytes | None) -> None:
    """Without it the daemon would not know the secrets, and upload without its key."""
    path = tmp_path / "content"
    path.write_bytes(content or b"")
    handle = os.open(path, os.O_RDONLY)
    if content is None:
        os.close(handle)
    with pytest.raises(StartFailed, match="cannot read the environment"):
        enter({**VISIBLE, HANDLE_NAME: f"{os.getpid()}:{handle}"})


def test_settings_are_kept() -> None:
    """Every variable that a setting has."""
    from ccsync_watch.config import declared_settings  # noqa: PLC0415 - only here

    variables = [item.variable for item in declared_settings().values() if item.variable]
    assert all(is_kept(name) for name in variables)
    assert not is_kept("CLAUDE_CODE_OAUTH_TOKEN")

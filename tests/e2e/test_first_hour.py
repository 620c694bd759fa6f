"""A stranger's first hour, by nothing but the steps of the README, in an empty home.

Clone, run, plugin, backend, second machine, upgrade, downgrade, removal. uv takes its packages
from the cache of whoever runs the tests; the rest is new.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch import __version__
from support.ccsync_program.real_uv import put_uv
from support.ccsync_program.repository_clone import clone_repository
from support.claude_client.install import real_environment
from support.claude_client.script import prompt, say
from support.page_client import PageClient
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.claude_client.client import ClaudeHome
    from support.opensync_double.server import OpenSyncDouble

_PLUGIN = "claude-code-sync@claude-code-sync"
_SECONDS = 300
_PROXIES = {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"}  # those of the client lead to the scripted API
_NETWORK = (*_PROXIES, "UV_INDEX", "UV_DEFAULT_INDEX", "UV_FIND_LINKS", "PIP_", "SSL_CERT")


@dataclass
class Machine:
    """A home with the client, and uv on its PATH as the only thing that a stranger installed."""

    claude: ClaudeHome
    clone: Path

    @property
    def env(self) -> dict[str, str]:
        """The environment of its terminal: packages come from where the tests' own come from."""
        real = real_environment()
        network = {name: text for name, text in real.items() if name.startswith(_NETWORK)}
        own = {name: text for name, text in self.claude.env.items() if name not in _PROXIES}
        return {**own, **network}

    @property
    def state(self) -> Path:
        """The default state folder."""
        return self.claude.home / ".local/state/ccsync-watch"

    def type_in(self, *words: str, stdin: str = "") -> str:
        """Run a command in the clone, as typed; return its output once it ended well."""
        completed = self.attempt(*words, stdin=stdin)
        assert completed.returncode == 0, f"{words}: {completed.stdout}{completed.stderr}"
        return completed.stdout

    def attempt(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command in the clone, as typed, however it ends."""
        return subprocess.run(
            words,
            cwd=self.clone,
            env=self.env,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )

    def install_again(self) -> None:
        """Upgrade the program while its daemon runs.

        Python may write a compiled module just when uv removes its folder: then uv says so, and is
        run again.
        """
        command = ("uv", "tool", "install", "--force", ".")
        wait_until(lambda: self.attempt(*command).returncode == 0, "uv replaces the program")

    def status(self) -> dict[str, Any]:
        """Return what the installed program says of itself."""
        completed = self.attempt("ccsync-watch", "status", "--json")
        assert completed.stdout, completed.stderr
        status: dict[str, Any] = json.loads(completed.stdout)
        return status

    def daemon_version(self) -> str:
        """Return the version of the daemon that runs, empty if none does."""
        if not self.status()["daemon"]["running"]:
            return ""
        return str(json.loads((self.state / "daemon.json").read_text())["version"])

    @contextmanager
    def foreground(self, *words: str) -> Iterator[str]:
        """Run a command until the block ends, then press Ctrl+C; provide the dashboard's link."""
        output = self.claude.root / "output"
        with output.open("wb") as stream:
            process = subprocess.Popen(
                words, cwd=self.clone, env=self.env, stdout=stream, stderr=subprocess.STDOUT
            )
        try:
            wait_until(lambda: "dashboard  http" in output.read_text(), "it prints the link")
            link = re.search(r"dashboard +(http://\S+)", output.read_text())
            assert link is not None
            yield link[1]
            process.send_signal(2)
            assert process.wait(_SECONDS) in {0, 130}, output.read_text()
        finally:
            process.kill()
            process.wait()


@pytest.fixture
def machine_of(tmp_path: Path) -> Iterator[Callable[[ClaudeHome], Machine]]:
    """Return a function that gives a client's home uv and a clone; stop its daemon afterwards."""
    machines: list[Machine] = []

    def make(claude: ClaudeHome) -> Machine:
        folder = claude.root / "bin"
        variables = put_uv(folder)
        path = f"{claude.home / '.local/bin'}:{folder}:{claude.binary.parent}:{_system_path()}"
        claude = claude.with_env(
            PATH=path, XDG_CACHE_HOME=os.environ["XDG_CACHE_HOME"], **variables
        )
        machines.append(Machine(claude, clone_repository(tmp_path / f"clone-{len(machines)}")))
        return machines[-1]

    yield make
    for machine in machines:
        machine.claude.close()
        if shutil.which("ccsync-watch", path=machine.env["PATH"]):
            machine.attempt("ccsync-watch", "stop")


def _system_path() -> str:
    """Return the folders of PATH that have no program of ours, and those of pyenv's Pythons."""
    folders = os.environ["PATH"].split(os.pathsep)
    versions = Path(real_environment().get("HOME", "/")) / ".pyenv/versions"
    folders += [str(folder) for folder in sorted(versions.glob("3.*/bin"))]
    return os.pathsep.join(name for name in folders if not (Path(name) / "ccsync-watch").exists())


def _set_version(clone: Path, version: str) -> None:
    package = clone / "ccsync_watch" / "__init__.py"
    package.write_text(re.sub(r'(__version__ = ").*?"', rf'\g<1>{version}"', package.read_text()))


@pytest.mark.client
def test_a_strangers_hour(
    claude_home: ClaudeHome,
    machine_of: Callable[[ClaudeHome], Machine],
    opensync: OpenSyncDouble,
    tmp_path: Path,
) -> None:
    """Each step as the README says it; what was stored outlives all of them."""
    first = machine_of(claude_home)
    session = claude_home.run(prompt("Say hello", say("Hello."))).session_id
    with (
        first.foreground("uv", "run", "ccsync-watch") as link,
        closing(PageClient(link)) as browser,
    ):
        wait_until(lambda: "Say hello" in browser.get("/sessions")[0], "it is shown")

    first.type_in("uv", "tool", "install", ".")
    for words in (("marketplace", "add", str(first.clone)), ("install", _PLUGIN)):
        first.type_in(str(claude_home.binary), "plugin", *words)
    second_session = first.claude.run(prompt("Say more", say("More."))).session_id
    wait_until(lambda: first.status()["daemon"]["running"], "the hooks started the daemon")

    login = ("ccsync-watch", "login", "--convex-url", opensync.url, "--api-key-stdin")
    first.type_in(*login, stdin=opensync.api_key)
    first.type_in("ccsync-watch", "sync-now")
    other = machine_of(replace(claude_home, root=tmp_path / "other"))
    third_session = other.claude.run(prompt("Say it elsewhere", say("Elsewhere."))).session_id
    other.type_in("uv", "tool", "install", ".")
    other.type_in(*login, stdin=opensync.api_key)
    other.type_in("ccsync-watch", "sync-now")
    sent = {row.external_id for row in opensync.backend.sessions()}
    assert {session, second_session, third_session} <= sent

    _set_version(first.clone, "9.9.9")
    first.install_again()
    first.type_in("ccsync-watch", "start")
    wait_until(lambda: first.daemon_version() == "9.9.9", "the new program's daemon runs")
    _set_version(first.clone, __version__)
    first.install_again()
    assert first.type_in("ccsync-watch", "start").startswith("Already running")
    assert first.daemon_version() == "9.9.9"

    for words in (("marketplace", "update", "claude-code-sync"), ("update", _PLUGIN)):
        first.type_in(str(claude_home.binary), "plugin", *words)
    first.type_in(str(claude_home.binary), "plugin", "uninstall", _PLUGIN)
    first.type_in("ccsync-watch", "stop")
    first.type_in("uv", "tool", "uninstall", "ccsync-watch")
    assert shutil.which("ccsync-watch", path=first.env["PATH"]) is None
    assert (first.state / "ccsync.db").stat().st_size > 0
    assert (first.claude.home / ".claude-code-sync.json").exists()


_PROGRAMS = {
    "pip": (
        ("uv", "venv", "--quiet", "--seed", "--python", sys.executable, "venv"),
        ("venv/bin/pip", "install", "--quiet", "."),
    ),
    "pipx": (
        ("uv", "tool", "install", "--quiet", "pipx"),
        ("pipx", "install", "--quiet", "--python", sys.executable, "."),
    ),
    **{
        python: (("uv", "tool", "install", "--quiet", "--python", python, "."),)
        for python in ("3.10", "3.11", "3.12", "3.13")
    },
}


@pytest.mark.client
@pytest.mark.parametrize("installer", _PROGRAMS)
def test_program_is_installed(
    claude_home: ClaudeHome, machine_of: Callable[[ClaudeHome], Machine], installer: str
) -> None:
    """By pip, by pipx, and by uv with each Python of this machine; then it imports a session."""
    machine = machine_of(claude_home)
    if installer.startswith("3.") and machine.attempt("uv", "python", "find", installer).returncode:
        pytest.skip(f"Python {installer} is not installed here")
    session = claude_home.run(prompt("Say hello", say("Hello."))).session_id
    for words in _PROGRAMS[installer]:
        machine.type_in(*words)
    program = str(machine.clone / "venv/bin/ccsync-watch") if installer == "pip" else "ccsync-watch"
    assert machine.type_in(program, "--version").split() == ["ccsync-watch", __version__]
    machine.type_in(program, "sync-now")
    assert "Hello." in machine.type_in(program, "export", session)

"""The copy of the program that an installed plugin contains, with the real uv."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from ccsync_watch import __version__
from support.ccsync_program.plugin_home import ROOT
from support.ccsync_program.real_uv import put_uv
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass
class InstalledCopy:
    """A repository in a folder that an update may replace, and a home without the program."""

    root: Path

    def __post_init__(self) -> None:
        self.repository = self.root / "cache" / "0.2.0"
        self.state = self.root / "state"
        self.command = self.state / "program" / "ccsync-watch"
        self.add(self.repository)
        self.env = {
            "PATH": f"{self.root / 'bin'}:/usr/bin:/bin",
            "HOME": str(self.root / "home"),
            "CCSYNC_WATCH_HOME": str(self.state),
            "CLAUDE_CONFIG_DIR": str(self.root / "claude"),
            "XDG_CACHE_HOME": os.environ["XDG_CACHE_HOME"],
            **put_uv(self.root / "bin"),
        }

    def add(self, folder: Path) -> None:
        """Put the repository there, as the client copies it."""
        folder.mkdir(parents=True)
        ignored = shutil.ignore_patterns("__pycache__")
        for name in ("plugin", "ccsync_watch"):
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        for name in ("pyproject.toml", "uv.lock"):
            shutil.copy(ROOT / name, folder)

    def start(self, repository: Path | None = None) -> None:
        """Run what a SessionStart hook runs in the background."""
        script = (repository or self.repository) / "plugin" / "hooks" / "start.sh"
        subprocess.run(["/bin/sh", script], env=self.env, timeout=2 * WAIT_SECONDS, check=True)

    def run(self, *words: str) -> str:
        """Run the command that the environment has for a terminal; return its output."""
        completed = subprocess.run(
            [self.command, *words],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=WAIT_SECONDS,
            check=False,
        )
        return completed.stdout

    def daemon(self) -> dict[str, object]:
        """Return the version and process of the daemon, once it runs."""
        wait_until(lambda: json.loads(self.run("status", "--json"))["daemon"]["running"], "it runs")
        pidfile = json.loads((self.state / "daemon.json").read_text())
        return {name: pidfile[name] for name in ("version", "pid")}


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[InstalledCopy]:
    """Return an installed copy; stop its daemon afterwards."""
    copy = InstalledCopy(tmp_path)
    yield copy
    if copy.command.exists():
        copy.run("stop")


def test_the_copy_runs_and_outlives_its_folder(installed: InstalledCopy) -> None:
    """Its daemon works on while an update replaces the folder; the new version replaces it."""
    installed.start()
    first = installed.daemon()
    assert first["version"] == __version__
    shutil.rmtree(installed.repository)
    assert installed.daemon() == first
    status = installed.run("plugin-command", "--plain", "status")
    assert f"  ccsync-watch  {installed.command}\n" in status
    assert "Synced" in installed.run("sync-now") or "is stored" in installed.run("sync-now")

    updated = installed.root / "cache" / "9.9.9"
    installed.add(updated)
    package = updated / "ccsync_watch" / "__init__.py"
    package.write_text(package.read_text().replace(__version__, "9.9.9"))
    installed.start(updated)
    second = installed.daemon()
    assert second["version"] == "9.9.9"
    assert second["pid"] != first["pid"]
    program = installed.state / "program"
    wait_until(lambda: len(list(program.iterdir())) == 2, "the earlier copy is removed")


def test_a_package_with_another_hash_is_not_installed(installed: InstalledCopy) -> None:
    """Nothing runs, and the commands say why."""
    lock = installed.repository / "uv.lock"
    text = lock.read_text()
    name = re.search(r'/tenacity-[^"]*\.whl", hash = "sha256:(....)', text)
    assert name is not None
    changed = text.replace(name[0], name[0][:-4] + ("0000" if name[1] != "0000" else "1111"))
    lock.write_text(changed)
    installed.start()
    assert not installed.command.exists()
    assert not (installed.state / "daemon.json").exists()
    fallback = subprocess.run(
        ["/bin/sh", installed.repository / "plugin" / "bin" / "ccsync-plugin", "status"],
        env=installed.env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Hash mismatch" in fallback.stdout
    wait_until(
        lambda: not (installed.state / "program" / "preparing").exists(), "it was tried again"
    )


def test_a_project_around_the_state_folder_changes_nothing(installed: InstalledCopy) -> None:
    """Whatever it claims: its lock file would bring other packages, and its Python is its own."""
    around = installed.state.parent
    python = around / "python"
    python.write_text(f"#!/bin/sh\ntouch '{around}/was run'\nexit 1\n")
    python.chmod(0o755)
    (around / ".python-version").write_text(f"{python}\n")
    (around / "uv.toml").write_text('index-url = "http://127.0.0.1:9/"\n')
    (around / "uv.lock").write_text("version = 1\n")
    (around / "pyproject.toml").write_text(
        '[project]\nname = "around"\nversion = "1"\n[tool.uv.workspace]\nmembers = ["**"]\n'
    )
    installed.start()
    assert installed.daemon()["version"] == __version__
    assert not (around / "was run").exists()

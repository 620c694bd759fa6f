"""The folders of one cycle, and the environment of a program that uses them."""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ccsync_watch.store.backups import write_backup
from ccsync_watch.store.database import open_database

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Places:
    """Everything that one cycle reads and writes is below `root`; the compiled rules are not."""

    root: Path

    @property
    def projects(self) -> Path:
        """Where transcripts are."""
        return self.root / "claude" / "projects"

    @property
    def state(self) -> Path:
        """The program's state folder."""
        return self.root / "state"

    @property
    def output(self) -> Path:
        """What the program printed."""
        return self.root / "output"

    @property
    def modules(self) -> Path:
        """The names of the modules that the first command had loaded when it ended."""
        return self.root / "modules"

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a program that uses these folders."""
        return {
            "HOME": str(self.root / "home"),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "CLAUDE_CONFIG_DIR": str(self.root / "claude"),
            "CCSYNC_WATCH_HOME": str(self.state),
            "XDG_CACHE_HOME": os.environ["XDG_CACHE_HOME"],
        }

    def create(self, url: str, api_key: str) -> None:
        """Create the folders, and the settings of a program that uploads there."""
        self.projects.mkdir(parents=True)
        (self.root / "home").mkdir()
        settings = {"convex_url": url, "api_key": api_key, "dashboard": {"enabled": False}}
        path = self.root / "home" / ".claude-code-sync.json"
        path.write_text(json.dumps(settings))
        path.chmod(0o600)

    def write_backup(self) -> None:
        """Copy the database as the daemon does once a day."""
        database = open_database(self.state, now_ms=time.time_ns() // 1_000_000)
        assert write_backup(database.read())
        database.close()

    def save(self, folder: Path) -> None:
        """Copy everything to another folder."""
        shutil.copytree(self.root, folder, copy_function=shutil.copy2)

    def restore(self, folder: Path) -> None:
        """Have again what was saved there."""
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(folder, self.root, copy_function=shutil.copy2)

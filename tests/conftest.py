"""Isolate every test: temporary homes, and none of the user's files or settings."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = [
    "support.cleanup",
    "support.few_cases",
    "support.ready_database",
    "support.axe",
    "support.browser",
    "support.claude_client.fixtures",
    "support.opensync_double.fixtures",
    "support.ccsync_program.fixtures",
]

# How long an example takes depends on what else the machine does.
settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")

_HOMES = ("HOME", "CLAUDE_CONFIG_DIR", "CCSYNC_WATCH_HOME")


@pytest.fixture(scope="session", autouse=True)
def _isolated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Move every home to a temporary folder, and unset the user's variables."""
    root = tmp_path_factory.mktemp("homes")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("CLAUDE_", "ANTHROPIC_", "XDG_", "CCSYNC_WATCH_")):
                patch.delenv(name)
        for name in _HOMES:
            folder = root / name.lower()
            folder.mkdir()
            patch.setenv(name, str(folder))
        # Shared by all workers, and by runs that say so: there the rules are compiled once.
        shared = os.environ.get("CCSYNC_TEST_RULES") or _shared(tmp_path_factory)
        patch.setenv("XDG_CACHE_HOME", str(Path(shared, "cache")))
        yield root


def _shared(factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the test run, above those of its parallel workers."""
    base = factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture(autouse=True)
def _stays_isolated(_isolated: Path) -> Iterator[None]:
    """Fail a test that leaves a home outside the temporary folder."""
    yield
    for name in _HOMES:
        assert Path(os.environ[name]).is_relative_to(_isolated), (
            f"{name} is outside the test's folder"
        )

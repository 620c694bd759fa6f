"""A command loads only what it uses: what it imports is most of the time that it takes."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.store.database import open_database

if TYPE_CHECKING:
    from pathlib import Path

_SLOW = {
    "ccsync_watch.pipeline.pump",
    "ccsync_watch.privacy",
    "ccsync_watch.uploader",
    "genai_prices",
    "httpx",
    "hyperscan",
    "rich",
    "starlette",
    "uvicorn",
    "watchdog",
}
_PROGRAM = """
import sys
from ccsync_watch.__main__ import main
sys.argv[0] = "ccsync-watch"
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""


def loaded(folder: Path, *words: str) -> set[str]:
    """Return the modules that a command has loaded at its end."""
    names = ("HOME", "CLAUDE_CONFIG_DIR", "CCSYNC_WATCH_HOME")
    completed = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *words],
        env={"PATH": os.environ["PATH"], **{name: str(folder / name) for name in names}},
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.stdout, completed.stderr
    return set(completed.stderr.splitlines()[-1].split())


_ROWS = {
    "ccsync_watch.model",
    "ccsync_watch.transcripts.parse",
    "ccsync_watch.transcripts.wrappers",
    "importlib.resources",
    "tempfile",
}
"""What reads and writes rows of transcripts: of no use where figures are shown."""


@pytest.mark.parametrize(
    ("words", "more"),
    [
        (["--help"], {"orjson", "sqlite3", "dataclasses", "ccsync_watch.config"}),
        (["status"], _ROWS | {"http.client"}),
        (["status", "--json"], _ROWS | {"http.client"}),
    ],
    ids=["help", "status", "status-json"],
)
def test_command_loads_nothing_slow(words: list[str], more: set[str], tmp_path: Path) -> None:
    """Not the redactor's rules, nor libraries for pages, requests, bars and prices.

    `status` without a daemon reads a store, and lists transcripts.
    """
    open_database(tmp_path / "CCSYNC_WATCH_HOME", now_ms=1).close()
    modules = loaded(tmp_path, *words)
    assert "ccsync_watch.cli.command_line" in modules
    assert not modules & (_SLOW | more)


def test_run_loads_nothing_slow_before_its_first_line() -> None:
    """The redactor's rules and the daemon are loaded after it."""
    program = "import sys, ccsync_watch.cli.commands.run; print(*sys.modules)"
    words = [sys.executable, "-c", program]
    modules = set(subprocess.run(words, capture_output=True, text=True, check=True).stdout.split())
    assert "ccsync_watch.cli.banner" in modules
    assert not modules & _SLOW

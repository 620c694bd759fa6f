"""The real uv, with the cache of whoever runs the tests: what it installs is there already."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from support.claude_client.install import real_environment
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from pathlib import Path


def put_uv(folder: Path) -> dict[str, str]:
    """Link uv into a folder for PATH; return the variables that it needs in another home."""
    environment = real_environment()
    uv = shutil.which("uv", path=environment.get("PATH"))
    assert uv is not None
    folder.mkdir(parents=True, exist_ok=True)
    # A version manager's shim needs its own home folder: uv knows where it is itself.
    (folder / "uv").symlink_to(_ask([uv, "run", "--no-project", "sh", "-c", 'printf %s "$UV"']))
    certificates = {
        name: value for name, value in environment.items() if name.startswith("SSL_CERT")
    }
    return {"UV_CACHE_DIR": _ask([uv, "cache", "dir"]), **certificates}


def _ask(words: list[str]) -> str:
    completed = subprocess.run(
        words,
        env=real_environment(),
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=True,
    )
    return completed.stdout.strip()

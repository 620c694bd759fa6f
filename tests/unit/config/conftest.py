"""A home folder of the test's own, and the settings file in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Return an environment with an empty home folder."""
    return {"HOME": str(tmp_path)}


@pytest.fixture
def write(env: dict[str, str]) -> Callable[[bytes | dict[str, Any]], Path]:
    """Return a function that writes the settings file, and returns its path."""

    def write_file(content: bytes | dict[str, Any]) -> Path:
        path = Path(env["HOME"]) / ".claude-code-sync.json"
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return path

    return write_file

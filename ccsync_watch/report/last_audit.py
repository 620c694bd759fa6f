"""The last audit, kept in the state folder for the dashboard: counts and dates only."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.errors import UnsafePath
from ccsync_watch.private_files import read_private, write_private

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = "audit.json"
MAX_BYTES = 16 << 20
MAX_SESSIONS = 1000
"""How many sessions are kept; the sums count all of them."""


def save_audit(state_dir: Path, document: dict[str, Any]) -> None:
    """Keep what `Audit.as_json` returned. A folder that cannot be written keeps none."""
    kept = {**document, "sessions": document["sessions"][:MAX_SESSIONS]}
    with contextlib.suppress(OSError, UnsafePath):
        write_private(state_dir / FILE_NAME, orjson.dumps(kept))


def load_audit(state_dir: Path) -> dict[str, Any] | None:
    """Return the last audit, None without one that can be read."""
    try:
        document = orjson.loads(read_private(state_dir / FILE_NAME, MAX_BYTES))
    except (OSError, UnsafePath, ValueError):
        return None
    return document if isinstance(document, dict) and "would_change" in document else None

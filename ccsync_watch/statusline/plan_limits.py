"""The file of what is used of the plan's limits, as the client reported it to the status line last.

No transcript has it: only the command of the status line gets it. Pages show it beside the blocks
of hours. It is of the account whose line was asked for last.
"""

from __future__ import annotations

import json
import os

from ccsync_watch.regular_files import read_regular
from ccsync_watch.statusline.client_input import limit_windows, number_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

LIMITS_NAME = "plan-limits.json"
_MAX_BYTES = 1 << 12
# A line is asked for several times a second: what did not change is written again now and then.
_REFRESH_SECONDS = 60.0


def keep_limits(folder: str, fields: Mapping[str, Any], now: float) -> None:
    """Store what the client says of the limits, if it does. Raises OSError."""
    windows = limit_windows(dict(fields))
    if not windows:
        return
    at, known = read_limits(folder)
    if known == windows and 0 <= now - at < _REFRESH_SECONDS:
        return
    path = f"{folder}/{LIMITS_NAME}"
    draft = f"{path}.{os.getpid()}"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(handle, json.dumps({"at": now, "windows": windows}).encode())
    finally:
        os.close(handle)
    os.replace(draft, path)  # noqa: PTH105 - pathlib takes too long


def read_limits(folder: str) -> tuple[float, dict[str, dict[str, float | None]]]:
    """Return when the limits were reported, in seconds, and each window by its name.

    A window has `used`, in percent, and `resets_at`, in seconds or None. Nothing is (0.0, {}).
    """
    try:
        stored = json.loads(read_regular(f"{folder}/{LIMITS_NAME}", _MAX_BYTES))
        reported = {
            name: {"used_percentage": window["used"], "resets_at": window["resets_at"]}
            for name, window in stored["windows"].items()
        }
        at = number_of(stored, "at")
        return (0.0, {}) if at is None else (at, limit_windows({"rate_limits": reported}))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return 0.0, {}

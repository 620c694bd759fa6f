"""What Claude Code writes to its status line's command: one JSON object, on standard input.

Each field may be missing, of another type, or of a later version: only what is understood is used.
"""

from __future__ import annotations

import json
import os
import select
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MAX_BYTES = 1 << 20
# The client writes at once and closes; whoever does not has no fields.
_WAIT_SECONDS = 0.5
# The names of the windows, and how they are shown.
_WINDOWS = (("five_hour", "5h"), ("seven_day", "7d"))
_DAY_SECONDS = 86_400


def read_fields(handle: int) -> dict[str, Any]:
    """Return the fields, none if the input is anything but one JSON object."""
    data = b""
    until = time.monotonic() + _WAIT_SECONDS
    try:
        while len(data) <= _MAX_BYTES and not os.isatty(handle):
            # On Windows only sockets can be waited for.
            patience = max(0.0, until - time.monotonic())
            if os.name == "posix" and not select.select([handle], [], [], patience)[0]:
                break
            piece = os.read(handle, 1 << 16)
            if not piece:
                break
            data += piece
        fields = json.loads(data)
    except (OSError, ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def session_id(fields: dict[str, Any]) -> str | None:
    """Return the session's id."""
    value = fields.get("session_id")
    return value if isinstance(value, str) else None


def client_usd(fields: dict[str, Any]) -> float | None:
    """Return what the client says that the session costs."""
    return number_of(fields, "cost", "total_cost_usd")


def limit_windows(fields: dict[str, Any]) -> dict[str, dict[str, float | None]]:
    """Return what is `used` of each limit of the user's plan, in percent, and when it `resets_at`.

    By the client's names of the windows; those that it says nothing of are left out.
    """
    windows = {
        name: {
            "used": number_of(fields, "rate_limits", name, "used_percentage"),
            "resets_at": number_of(fields, "rate_limits", name, "resets_at"),
        }
        for name, _shown in _WINDOWS
    }
    return {name: window for name, window in windows.items() if window["used"] is not None}


def rate_limits(fields: dict[str, Any], now: float) -> list[str]:
    """Return how much of each limit of the user's plan is used, and until when."""
    windows = limit_windows(fields)
    return [
        f"{shown} {windows[name]['used']:.0f}%{_until(windows[name]['resets_at'], now)}"
        for name, shown in _WINDOWS
        if name in windows
    ]


def _until(resets: float | None, now: float) -> str:
    """Return the local time at which a window ends, of one that ends within a day."""
    if resets is None or not now < resets <= now + _DAY_SECONDS:
        return ""
    return time.strftime(" until %H:%M", time.localtime(resets))


def number_of(fields: dict[str, Any], *names: str) -> float | None:
    """Return a number that is not negative, and not too large to be one of the client's."""
    value: Any = fields
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value < 1e12 else None  # noqa: PLR2004 - see above

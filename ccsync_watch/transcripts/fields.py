"""Read single values out of rows and sidecars whose shape cannot be trusted; pure."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any

_ID = re.compile(r"[0-9A-Za-z_.:-]{1,128}")
# What SQLite can still add up by the thousand; a larger count is a broken write.
_MAX_COUNT = 1 << 53


def identity(value: object) -> str | None:
    """Return an id that can be kept as it is, None when it does not look like one."""
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def text(value: object) -> str | None:
    """Return a text that is not empty, else None."""
    return value if isinstance(value, str) and value else None


def count(value: object) -> int:
    """Return a count, 0 for what is none."""
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 < value < _MAX_COUNT
    return value if is_count else 0  # type: ignore[return-value]  # an int, as just asked


def mapping(value: object) -> dict[str, Any]:
    """Return an object, an empty one for what is none."""
    return value if isinstance(value, dict) else {}


def milliseconds(timestamp: object) -> int | None:
    """Return an ISO-8601 time as milliseconds since the epoch, None when it is none."""
    if not isinstance(timestamp, str):
        return None
    try:
        moment = datetime.fromisoformat(timestamp.replace("Z", "+00:00"))
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    # Rounded, as the float may lie a hair below the millisecond that was written.
    made = round(moment.timestamp() * 1000)
    return made if made >= 0 else None

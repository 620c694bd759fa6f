"""Times and tools in words for the pages; pure but for the reader's time zone."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue

_MAX_SUMMARY_CHARS = 160
# What tells most of a call, the first that is there.
_TELLING = (
    "command", "file_path", "notebook_path", "pattern", "path", "query", "url", "description",
    "prompt", "skill", "subject", "name",
)  # fmt: skip


def local(at_ms: int) -> datetime:
    """Return a moment in the time zone of this machine, which is the reader's."""
    return datetime.fromtimestamp(at_ms / 1000, timezone.utc).astimezone()


def iso(at_ms: int | None) -> str:
    """Return a moment for `<time datetime>`."""
    if at_ms is None:
        return ""
    moment = datetime.fromtimestamp(at_ms / 1000, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(at_ms: int | None) -> str:
    """Return a moment as people write it, `unknown` for None."""
    return "unknown" if at_ms is None else f"{local(at_ms):%Y-%m-%d %H:%M}"


def clock(at_ms: int | None) -> str:
    """Return the time of day."""
    return "" if at_ms is None else f"{local(at_ms):%H:%M:%S}"


def summary_of(arguments: JsonValue) -> str:
    """Return what tells most of a tool call's arguments, in one line."""
    if not isinstance(arguments, dict):
        return ""
    for name in _TELLING:
        value = arguments.get(name)
        if isinstance(value, str) and value.strip():
            line = " ".join(value.split())
            return line if len(line) <= _MAX_SUMMARY_CHARS else f"{line[: _MAX_SUMMARY_CHARS - 1]}…"
    return ", ".join(str(name) for name in list(arguments)[:4])


def pretty(value: JsonValue) -> str:
    """Return a value as JSON over several lines."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def since(choice: str, now_ms: int) -> int | None:
    """Return when a range of the overview begins, in the reader's zone; None for `all`."""
    days = {"today": 0, "7": 6, "30": 29}.get(choice)
    if days is None:
        return None
    midnight = local(now_ms).replace(hour=0, minute=0, second=0, microsecond=0)
    return int((midnight - timedelta(days=days)).timestamp() * 1000)


def day_start(text: str) -> int | None:
    """Return the beginning of a day `YYYY-MM-DD` in the reader's zone, None for any other text."""
    try:
        return int(datetime.strptime(text, "%Y-%m-%d").astimezone().timestamp() * 1000)
    except (ValueError, OverflowError):
        return None

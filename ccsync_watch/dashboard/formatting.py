"""Numbers, times and tools in words for the pages; pure but for the reader's time zone."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import orjson

from ccsync_watch import units

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue

UNKNOWN = "\N{EN DASH}"

_THOUSAND = 1000
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


def short(count: float | None) -> str:
    """Return a count in at most four characters: `950`, `1.2k`, `34M`."""
    if count is None:
        return UNKNOWN
    value = float(count)
    for unit in ("", "k", "M", "G"):
        if abs(value) < _THOUSAND or unit == "G":
            break
        value /= _THOUSAND
    digits = 1 if unit and abs(value) < 10 else 0  # noqa: PLR2004 - one significant place more
    return f"{value:.{digits}f}{unit}"


def full(count: float | None) -> str:
    """Return a count with its thousands apart."""
    return UNKNOWN if count is None else f"{count:,.0f}"


def size(count: float | None) -> str:
    """Return a number of bytes."""
    return UNKNOWN if count is None else units.size(count)


def span(milliseconds: float | None) -> str:
    """Return a duration: `320 ms`, `4.2 s`, `3 min`, `2 h 5 min`."""
    if milliseconds is None:
        return UNKNOWN
    if milliseconds < _THOUSAND:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / _THOUSAND
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.1f} s"
    minutes, hours = round(seconds / 60), int(seconds // 3600)
    if hours == 0:
        return f"{minutes} min"
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min"


def money(usd: float | None) -> str:
    """Return an amount in US dollars; UNKNOWN where it is not known."""
    if usd is None:
        return UNKNOWN
    if usd == 0:
        return "$0"
    return f"${usd:,.2f}" if abs(usd) >= 1 else f"${usd:.4f}".rstrip("0")


def percent(share: float | None) -> str:
    """Return a share of one."""
    return UNKNOWN if share is None else f"{share:.0%}"


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

"""The line itself: what there is to say, as much of it as fits, and in colour where that is wanted.

Pure: figures, the client's fields and the environment come in as values.
"""

from __future__ import annotations

from ccsync_watch.statusline.client_input import client_usd, rate_limits, session_id
from ccsync_watch.units import dollars

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

# Where there is nothing else to say.
NOTHING_STORED = "ccsync-watch: nothing is stored yet"
NO_FIGURES = "ccsync-watch: no figures yet"
# The client puts two columns before a line, and cuts it two before the end of the terminal's.
_MARGINS = 4
_SEPARATOR, _MARK, _MORE = " · ", "⚠ ", "…"
# For a terminal whose character set has none of these.
_ASCII = str.maketrans({"·": "|", "⚠": "!", "…": "~", "≥": ">"})
_YELLOW, _PLAIN = "\x1b[33m", "\x1b[0m"


def format_line(
    fields: Mapping[str, Any],
    figures: Mapping[str, Any] | None,
    problem: str,
    nothing: str,
    *,
    now: float,
    env: Mapping[str, str],
) -> str:
    """Return the line, without its end: `nothing` instead of an empty one."""
    # What is left out first where the line is too narrow comes last.
    shown = [(9, _problem_part(problem)), (0, _session_part(fields, figures))]
    if figures is not None:
        today = figures["today"]
        shown += [
            (1, f"{today} today" if today else ""),
            (8, _problem_part(str(figures.get("budget", "")))),
        ]
        shown.append((2, str(figures["pending"])))
    shown += [(number, text) for number, text in enumerate(rate_limits(dict(fields), now), start=3)]
    kept = [(place, text) for place, text in shown if text]
    if not kept:
        return nothing
    columns = _columns(env)
    while len(kept) > 1 and _length(kept) > columns:
        kept.pop()
    line = _SEPARATOR.join(text for _place, text in sorted(kept, key=lambda part: part[0]))
    if len(line) > columns:
        line = line[: columns - 1] + _MORE
    return _coloured(line, env)


def encode_line(line: str, encoding: str | None) -> bytes:
    """Return the line's bytes in a terminal's character set, by other signs if it has not these."""
    try:
        return f"{line}\n".encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return f"{line}\n".translate(_ASCII).encode("ascii", "replace")


def _session_part(fields: Mapping[str, Any], figures: Mapping[str, Any] | None) -> str:
    """Return the session's cost as it is stored; before that, what the client says."""
    name = session_id(dict(fields))
    stored = figures["sessions"].get(name) if figures is not None else None
    if isinstance(stored, str):
        return f"{stored} session"
    reported = client_usd(dict(fields))
    return "" if reported is None else f"{dollars(reported)} session"


def _problem_part(problem: str) -> str:
    return f"{_MARK}{problem}" if problem else ""


def _length(parts: Sequence[tuple[int, str]]) -> int:
    return sum(len(text) for _place, text in parts) + len(_SEPARATOR) * (len(parts) - 1)


def _columns(env: Mapping[str, str]) -> int:
    """Return the width that the client shows, a large one if it does not state the terminal's."""
    try:
        columns = int(env.get("COLUMNS", ""))
    except ValueError:
        columns = 0
    return max(1, columns - _MARGINS) if columns > 0 else 1 << 20


def _coloured(line: str, env: Mapping[str, str]) -> str:
    before, mark, after = line.partition(_MARK)
    if not mark or env.get("NO_COLOR") or env.get("TERM") == "dumb":
        return line
    return f"{before}{_YELLOW}{mark}{after}{_PLAIN}"

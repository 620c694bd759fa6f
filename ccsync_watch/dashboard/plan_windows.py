"""What is used of the limits of the plan, as the client reported it to the status line last."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.statusline.plan_limits import read_limits

if TYPE_CHECKING:
    from pathlib import Path

_HOUR_MS = 3_600_000
_WINDOWS = {"five_hour": ("5 hours", 5 * _HOUR_MS), "seven_day": ("7 days", 7 * 24 * _HOUR_MS)}


class PlanWindow(NamedTuple):
    """A limit of the plan: `used_percent` of it when the client said so, at `reported_ms`.

    `resets_ms` is None where the client did not say when it begins again.
    """

    label: str
    used_percent: float
    reported_ms: int
    resets_ms: int | None


def load_windows(state_dir: Path, now_ms: int) -> list[PlanWindow]:
    """Return the limits that still hold: those of a window that has ended say nothing of now."""
    at, windows = read_limits(str(state_dir))
    reported_ms = round(at * 1000)
    shown = []
    for name, window in windows.items():
        label, length_ms = _WINDOWS[name]
        resets, used = window["resets_at"], window["used"]
        ends_ms = reported_ms + length_ms if resets is None else round(resets * 1000)
        # It lasts no longer than that, whatever the file says.
        if used is not None and now_ms < ends_ms <= reported_ms + length_ms + _HOUR_MS:
            resets_ms = None if resets is None else ends_ms
            shown.append(PlanWindow(label, used, reported_ms, resets_ms))
    return shown

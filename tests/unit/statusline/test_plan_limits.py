"""What the client reports to the status line of the plan's limits is kept for the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.statusline.plan_limits import LIMITS_NAME, keep_limits, read_limits

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_790_000_000.0


def _fields(**windows: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {"session_id": "s", "rate_limits": windows}


def test_what_was_reported_last_is_read_again(tmp_path: Path) -> None:
    """It is written again when it changes, or after a minute; others cannot read the file."""
    folder, file = str(tmp_path), tmp_path / LIMITS_NAME
    first = _fields(five_hour={"used_percentage": 34.5, "resets_at": NOW + 60})
    keep_limits(folder, first, NOW)
    windows = {"five_hour": {"used": 34.5, "resets_at": NOW + 60}}
    assert read_limits(folder) == (NOW, windows)
    assert file.stat().st_mode & 0o077 == 0
    keep_limits(folder, first, NOW + 59)
    assert read_limits(folder)[0] == NOW
    keep_limits(folder, first, NOW + 60)
    assert read_limits(folder) == (NOW + 60, windows)
    keep_limits(folder, _fields(seven_day={"used_percentage": 7}), NOW + 61)
    assert read_limits(folder) == (NOW + 61, {"seven_day": {"used": 7.0, "resets_at": None}})
    keep_limits(folder, {"session_id": "s"}, NOW + 999)
    assert read_limits(folder)[0] == NOW + 61
    assert [path.name for path in tmp_path.iterdir()] == [LIMITS_NAME]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"at": "x", "windows": {}}',
        '{"at": 1, "windows": []}',
        '{"at": 1, "windows": {"five_hour": 7}}',
        '{"at": 1, "windows": {"five_hour": {"used": 1}}}',
        '{"at": Infinity, "windows": {"five_hour": {"used": 1, "resets_at": null}}}',
        '{"at": NaN, "windows": {"five_hour": {"used": 1, "resets_at": null}}}',
        '{"at": 1e308, "windows": {"five_hour": {"used": 1, "resets_at": null}}}',
        f'{{"at": 1{"0" * 400}, "windows": {{"five_hour": {{"used": 1, "resets_at": null}}}}}}',
        '{"at": NaN, "windows": {"five_hour": {"used": -1, "resets_at": "soon"}}}',
    ],
)
def test_a_file_that_is_no_such_file_says_nothing(tmp_path: Path, text: str) -> None:
    """Whatever wrote it; a line overwrites it."""
    (tmp_path / LIMITS_NAME).write_text(text)
    assert read_limits(str(tmp_path))[1] == {}
    keep_limits(str(tmp_path), _fields(five_hour={"used_percentage": 1}), NOW)
    assert read_limits(str(tmp_path))[0] == NOW

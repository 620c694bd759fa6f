"""A date means the same in each of HTTP's formats, wherever this machine is."""

from __future__ import annotations

import time

import pytest

from ccsync_watch.opensync.http_dates import read_http_date


@pytest.mark.parametrize(
    "date",
    [
        "Thu, 01 Jan 2026 00:00:00 GMT",
        "Thursday, 01-Jan-26 00:00:00 GMT",
        "Thu Jan  1 00:00:00 2026",
        "Thu, 01 Jan 2026 00:00:00 -0000",
    ],
)
def test_each_format_of_a_date_is_of_the_same_zone(
    monkeypatch: pytest.MonkeyPatch, date: str
) -> None:
    """HTTP has three, of which one names none: it is not that of this machine."""
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        assert read_http_date(date) == 1_767_225_600
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("text", ["", "yesterday", "1767225600", "Thu, 99 Jan 2026 00:00:00 GMT"])
def test_what_is_not_a_date_is_none(text: str) -> None:
    """It fails nothing."""
    assert read_http_date(text) is None

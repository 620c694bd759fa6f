"""What `--since`, `--until` and `--last` say, and which time lies before that."""

from __future__ import annotations

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest

from ccsync_watch.accounting.calendars import LOCAL_DAYS, UTC_DAYS, Calendar, read_zone
from ccsync_watch.accounting.time_windows import ALL_TIME, TimeWindow, read_window
from ccsync_watch.dashboard.local_time import DATE_RANGES
from ccsync_watch.errors import ConfigError

BERLIN = Calendar(ZoneInfo("Europe/Berlin"))


def ms(text: str) -> int:
    """Return a moment that is written in UTC."""
    return round(datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp() * 1000)


_DAY_MS = 86_400_000
NOW = ms("2026-03-31T12:00")


def shown(window: TimeWindow) -> list[str | None]:
    """Return since, until, and both of the time before, in UTC."""
    times = [window.since_ms, window.until_ms, *(window.before or (None, None))]
    return [
        None
        if at_ms is None
        else f"{datetime.fromtimestamp(at_ms / 1000, timezone.utc):%Y-%m-%dT%H:%M}"
        for at_ms in times
    ]


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ("today", ["2026-03-31T00:00", None, "2026-03-30T00:00", "2026-03-30T12:00"]),
        ("1d", ["2026-03-31T00:00", None, "2026-03-30T00:00", "2026-03-30T12:00"]),
        ("7d", ["2026-03-25T00:00", None, "2026-03-18T00:00", "2026-03-24T12:00"]),
        ("2w", ["2026-03-18T00:00", None, "2026-03-04T00:00", "2026-03-17T12:00"]),
        ("1m", ["2026-03-01T00:00", None, "2026-02-01T00:00", "2026-02-28T12:00"]),
        ("3m", ["2026-01-01T00:00", None, "2025-10-01T00:00", "2025-12-31T12:00"]),
        (
            "yesterday",
            ["2026-03-30T00:00", "2026-03-31T00:00", "2026-03-29T00:00", "2026-03-30T00:00"],
        ),
        (
            "2026-02",
            ["2026-02-01T00:00", "2026-03-01T00:00", "2026-01-01T00:00", "2026-02-01T00:00"],
        ),
        ("2026-03", ["2026-03-01T00:00", None, "2026-02-01T00:00", "2026-02-28T12:00"]),
        (
            "2026-01-31",
            ["2026-01-31T00:00", "2026-02-01T00:00", "2026-01-30T00:00", "2026-01-31T00:00"],
        ),
        ("2027-01", ["2027-01-01T00:00", None, None, None]),
    ],
)
def test_a_span_is_of_whole_days_and_so_is_the_one_before(
    last: str, expected: list[str | None]
) -> None:
    """Of a span that has not ended, as much of the one before as has passed of it."""
    assert shown(read_window(UTC_DAYS, NOW, last=last)) == expected


def test_since_and_until() -> None:
    """Until a day, or a month, is until its end; a moment is exact."""
    window = read_window(UTC_DAYS, NOW, since="2026-01-31", until="2026-02")
    assert shown(window)[:2] == ["2026-01-31T00:00", "2026-03-01T00:00"]
    assert shown(window)[2:] == ["2026-01-02T00:00", "2026-01-31T00:00"]
    window = read_window(UTC_DAYS, NOW, since="2w", until="yesterday")
    assert shown(window) == [
        "2026-03-18T00:00", "2026-03-31T00:00", "2026-03-05T00:00", "2026-03-18T00:00"
    ]  # fmt: skip
    exact = read_window(UTC_DAYS, NOW, since="2026-01-31T10:30+01:00", until="2026-01-31T12:00")
    assert shown(exact)[:2] == ["2026-01-31T09:30", "2026-01-31T12:00"]
    assert read_window(UTC_DAYS, NOW, until="2026-01-31") == TimeWindow(
        None, ms("2026-02-01T00:00")
    )
    assert read_window(UTC_DAYS, NOW) == ALL_TIME


def test_a_day_of_a_zone_may_have_23_hours() -> None:
    """Days are counted as its clocks show them."""
    window = read_window(BERLIN, NOW, last="2026-03-29")
    assert shown(window)[:2] == ["2026-03-28T23:00", "2026-03-29T22:00"]
    assert shown(read_window(BERLIN, NOW, last="3d"))[0] == "2026-03-28T23:00"


def test_the_last_days_are_those_of_the_dashboard() -> None:
    """The same calendar days, whatever the time of day."""
    for name, last in (("7", "7d"), ("today", "1d"), ("30", "30d")):
        window = read_window(LOCAL_DAYS, NOW, last=last)
        assert (window.since_ms, window.until_ms) == (DATE_RANGES[name].start_ms(NOW), None)
        assert read_window(LOCAL_DAYS, NOW, since=last).since_ms == window.since_ms


@pytest.mark.parametrize("zone", ["local", "utc", "Asia/Kathmandu", "America/St_Johns"])
def test_the_first_and_last_days_of_all_calendars_are_dates(zone: str) -> None:
    """A script writes them for a bound that is none."""
    calendar = Calendar(read_zone(zone))
    for since, until in (("0001-01-01", "9999-12-31"), ("0001-01", "9999-12")):
        window = read_window(calendar, NOW, since=since, until=until)
        assert window.before is None
        assert window.since_ms is not None
        assert window.until_ms is not None
        assert abs(window.since_ms - ms("0001-01-01T00:00")) < _DAY_MS
        assert abs(window.until_ms - ms("9999-12-31T23:59")) < _DAY_MS
    for name in ("9999-12-31", "9999-12"):
        assert read_window(calendar, NOW, last=name).before is None
        assert read_window(calendar, NOW, since=name).until_ms is None


@pytest.mark.parametrize(
    "text",
    ["", "d", "-1d", "0d", "x", "99999d", "2026-13-01", "2026-13", "7h", "20260131", "2026-W05"],
)
def test_what_is_no_time_says_what_to_write(text: str) -> None:
    """Of each option."""
    for option in ("since", "until", "last"):
        with pytest.raises(ConfigError, match=f"--{option}: .* is not a date: use 2026-01-31"):
            read_window(UTC_DAYS, NOW, **{option: text})
    with pytest.raises(ConfigError, match=r"--last: .* is not a date"):  # it would have no length
        read_window(UTC_DAYS, NOW, last="2026-01-31T10:30")
    with pytest.raises(ConfigError, match="--until: '7d' is not a date"):
        read_window(UTC_DAYS, NOW, until="7d")
    with pytest.raises(ConfigError, match="is not after"):
        read_window(UTC_DAYS, NOW, since="2026-02-01", until="2026-01-31")


def test_the_hour_that_clocks_show_twice_has_two_ends() -> None:
    """Of moments with an offset, the later one is the end, though clocks show an earlier time."""
    window = read_window(
        BERLIN, NOW, since="2025-10-26T00:40Z", until="2025-10-26T01:20Z"
    )  # 02:40 of the summer, 02:20 of the winter
    assert shown(window) == ["2025-10-26T00:40", "2025-10-26T01:20", None, None]
    with pytest.raises(ConfigError, match="is not after"):
        read_window(BERLIN, NOW, since="2025-10-26T01:20Z", until="2025-10-26T00:40Z")


def test_a_zone_is_a_name_that_is_known() -> None:
    """Or UTC, or this machine's."""
    assert read_zone("UTC") is timezone.utc
    assert read_zone("local") is read_zone(None) is None
    assert str(read_zone("Asia/Kolkata")) == "Asia/Kolkata"
    for name in ("Nowhere/Land", "../etc/passwd", "", "Europe"):
        with pytest.raises(ConfigError, match="is not a time zone"):
            read_zone(name)

"""Charts: every mark has a title with its figures, and none needs a style attribute."""

from __future__ import annotations

from datetime import date
from xml.etree import ElementTree as ET

import pytest

from ccsync_watch.dashboard import charts
from ccsync_watch.dashboard.conversation import Turn
from ccsync_watch.store.context_sizes import ContextSize

HOSTILE = '"><script>x</script>'


def parse(chart: str) -> ET.Element:
    """Return a chart as XML, which it must be; it may not contain a style."""
    assert " style=" not in chart
    assert "<script" not in chart
    return ET.fromstring(chart)  # noqa: S314 - made by the code under test


def titles(chart: str) -> list[str]:
    """Return the titles of the marks."""
    return [title.text or "" for title in parse(chart).iter("title")]


def test_title_of_a_day_has_its_parts() -> None:
    """Each series with its amount; an empty day has none."""
    series = {"output": [10.0, 0.0], f"x{HOSTILE}": [2000.0, 0.0]}
    chart = charts.stacked_bars(["2026-01-01", "2026-01-02"], series, label=HOSTILE)
    assert titles(chart) == [
        f"2026-01-01: output 10 tokens, x{HOSTILE} 2,000 tokens",
        "2026-01-02: nothing",
    ]


def test_bars_fit_into_the_chart() -> None:
    """No bar is taller than it, and equal amounts are equally tall."""
    chart = charts.stacked_bars(
        ["2026-01-01", "2026-01-02"], {"a": [7.0, 7.0], "b": [93.0, 0.0]}, label=""
    )
    bars = [rect for rect in parse(chart).iter("rect") if rect.get("class") in {"s0", "s1"}]
    assert bars[0].get("height") == bars[2].get("height")
    assert all(float(bar.get("y", "-1")) >= 0 for bar in bars)


@pytest.mark.parametrize(
    ("largest", "shown"),
    [
        (0.09, ["$0.05", "$0.10"]),
        (0.11, ["$0.06", "$0.12"]),
        (7.0, ["$4.00", "$8.00"]),
        (900.0, ["$500", "$1.0k"]),
        (12_345.0, ["$8.0k", "$16k"]),
    ],
)
def test_the_axis_of_a_cost_has_cents_at_most(largest: float, shown: list[str]) -> None:
    """Longer amounts reach over the card's edge on a telephone."""
    chart = charts.stacked_bars(["2026-01-01"], {"a": [largest]}, label="", unit="USD")
    assert [
        text.text for text in parse(chart).iter("text") if text.get("class") == "axis left"
    ] == shown


def test_chart_without_days_is_empty() -> None:
    """And a day without anything has no bar."""
    assert charts.stacked_bars([], {}, label="") == ""
    empty = charts.stacked_bars(["2026-01-01"], {"a": [0.0]}, label="")
    assert [rect.get("class") for rect in parse(empty).iter("rect")] == ["hit"]


@pytest.mark.parametrize("largest", [0.004, 0.3, 1, 7, 99, 100, 12_345, 1e9])
def test_scale_is_round_and_large_enough(largest: float) -> None:
    """The largest bar fits, and takes at least two fifths of the height."""
    assert largest <= charts._round_up(largest) <= max(1.0, largest * 2.5)


def test_hours_and_days_have_a_mark_each() -> None:
    """A week of hours; a year of days, none after today."""
    hours = titles(charts.hour_grid({(0, 9): 4, (6, 23): 1}, label="hours"))
    assert len(hours) == 7 * 24
    assert "Mon 9:00: 4 prompts" in hours
    today = date(2026, 3, 4)
    days = titles(charts.calendar_grid({"2026-03-04": 1000}, today, label="days"))
    assert days[-1] == "2026-03-04: 1,000 prompts"
    assert len(days) == 52 * 7 + 3


def test_lowest_level_is_for_nothing_alone() -> None:
    """The largest count has the highest."""
    assert [charts._level(count, 100) for count in (0, 1, 50, 100)] == [0, 1, 2, 4]


def test_turn_links_to_its_prompt() -> None:
    """Each bar is a link with a name; the last four hundred are shown."""
    turns = [
        Turn(seq, seq, 0, 1000 * seq, output_tokens=seq, calls=2, name=f"u{seq}")
        for seq in range(1, 451)
    ]
    turns[-1].errors = 1
    chart = parse(charts.turn_bars(turns, "abc"))
    links = list(chart.iter("a"))
    assert len(links) == 400
    assert links[-1].get("href") == "/sessions/abc?at=u450#m-u450"
    assert (links[-1].get("aria-label") or "").startswith(
        "Turn 450: 7 min 30 s, 2 calls, 450 output tokens"
    )
    assert [rect.get("class") for rect in chart.iter("rect")][-1] == "turn failed"


@pytest.mark.parametrize("count", [2, 30, 299, 350, 400, 5000])
def test_turns_fill_the_width_and_no_more(count: int) -> None:
    """However many, whether one took a day or all took nothing; a few fill a part of it."""
    filled = 960 * min(1, count / 12)
    for longest_ms in (500, 86_400_000):
        turns = [Turn(seq, seq, 0, 500 if seq > 1 else longest_ms) for seq in range(1, count + 1)]
        bars = list(parse(charts.turn_bars(turns, "abc")).iter("rect"))
        ends = [float(bar.get("x") or 0) + float(bar.get("width") or 0) for bar in bars]
        assert filled * 0.93 < max(ends) <= filled
        assert min(float(bar.get("width") or 0) for bar in bars) > 0.3


def test_turn_without_stored_calls_counts_none() -> None:
    """Where calls are not stored, there may have been many."""
    turns = [Turn(seq, seq, 0, 1000, output_tokens=5) for seq in (1, 2)]
    links = parse(charts.turn_bars(turns, "abc")).iter("a")
    assert [link.get("aria-label") for link in links] == [
        f"Turn {seq}: 1.0 s, 5 output tokens" for seq in (1, 2)
    ]


def test_marks_link_to_what_they_count() -> None:
    """The first one of a chart is reached by Tab; what has no count has no link."""
    bars = charts.stacked_bars(
        ["2026-01-01", "2026-01-02"],
        {"a": [1.0, 0.0]},
        label="",
        links=["/a?b=1&c=2", HOSTILE],
        before=[2.0, 0.0],
    )
    hours = charts.hour_grid({(0, 9): 4, (6, 23): 1}, label="", link=lambda day, at: f"/{day}-{at}")
    days = charts.calendar_grid(
        {"2026-03-03": 2, "2026-03-04": 1},
        date(2026, 3, 4),
        label="",
        link=lambda day: f"/{day}",
    )
    assert [link.get("href") for link in parse(bars).iter("a")] == ["/a?b=1&c=2", HOSTILE]
    assert [link.get("href") for link in parse(hours).iter("a")] == ["/0-9", "/6-23"]
    assert [link.get("href") for link in parse(days).iter("a")] == ["/2026-03-03", "/2026-03-04"]
    for chart in (bars, hours, days):
        links = list(parse(chart).iter("a"))
        assert [link.get("tabindex") for link in links] == [None, "-1"]
        assert all(link.get("aria-label") for link in links)
    assert len(list(parse(bars).iter("line"))) == 2 + 1  # the grid, and the day before
    assert "; the period before 2 tokens" in titles(bars)[0]


def test_contexts_link_to_their_responses() -> None:
    """The largest is as high as the chart; a compaction is a line before the next response."""
    sizes = [
        ContextSize("u 1", 50, 1, is_after_compaction=False),
        ContextSize("u2", 100, 3, is_after_compaction=False),
        ContextSize("u3", 25, 1, is_after_compaction=True),
    ]
    chart = charts.context_bars(sizes, "s")
    links = list(parse(chart).iter("a"))
    assert [link.get("href") for link in links] == [
        "/sessions/s?at=u%201#m-u%201",
        "/sessions/s?at=u2#m-u2",
        "/sessions/s?at=u3#m-u3",
    ]
    assert [link.get("aria-label") for link in links] == [
        "50 tokens",
        "at most 100 tokens in 3 responses",
        "25 tokens, after a compaction",
    ]
    bars = [rect for rect in parse(chart).iter("rect") if rect.get("class") == "context"]
    assert [bar.get("height") for bar in bars] == ["30.0", "60.0", "15.0"]
    assert [rect.get("class") for rect in parse(chart).iter("rect")].count("compaction") == 1

"""Charts: every mark says its figure, and nothing in them needs a style."""

from __future__ import annotations

from datetime import date
from xml.etree import ElementTree as ET

import pytest

from ccsync_watch.dashboard import charts
from ccsync_watch.dashboard.conversation import Turn

HOSTILE = '"><script>x</script>'


def parsed(made: str) -> ET.Element:
    """Return a chart as XML, which it must be; no style may stand in it."""
    assert " style=" not in made
    assert "<script" not in made
    return ET.fromstring(made)  # noqa: S314 - made by the code under test


def titles(made: str) -> list[str]:
    """Return what the marks say."""
    return [each.text or "" for each in parsed(made).iter("title")]


def test_a_day_says_its_parts() -> None:
    """Each series with its amount; an empty day says that."""
    series = {"output": [10.0, 0.0], f"x{HOSTILE}": [2000.0, 0.0]}
    made = charts.stacked(["2026-01-01", "2026-01-02"], series, label=HOSTILE)
    assert titles(made) == [
        f"2026-01-01: output 10 tokens, x{HOSTILE} 2,000 tokens",
        "2026-01-02: nothing",
    ]


def test_bars_stand_in_the_chart() -> None:
    """None is taller than it, and equal amounts are equally tall."""
    made = charts.stacked(
        ["2026-01-01", "2026-01-02"], {"a": [7.0, 7.0], "b": [93.0, 0.0]}, label=""
    )
    bars = [each for each in parsed(made).iter("rect") if each.get("class") in {"s0", "s1"}]
    assert bars[0].get("height") == bars[2].get("height")
    assert all(float(bar.get("y", "-1")) >= 0 for bar in bars)


def test_no_days_is_no_chart() -> None:
    """And days without anything make one without bars."""
    assert charts.stacked([], {}, label="") == ""
    empty = charts.stacked(["2026-01-01"], {"a": [0.0]}, label="")
    assert [each.get("class") for each in parsed(empty).iter("rect")] == ["hit"]


@pytest.mark.parametrize("most", [0.004, 0.3, 1, 7, 99, 100, 12_345, 1e9])
def test_the_scale_is_round_and_large_enough(most: float) -> None:
    """The largest bar fits, and takes at least two fifths of the height."""
    assert most <= charts._nice(most) <= max(1.0, most * 2.5)


def test_hours_and_days_have_a_mark_each() -> None:
    """A week of hours; a year of days, none after today."""
    made = charts.hours({(0, 9): 4, (6, 23): 1}, label="hours")
    assert len(titles(made)) == 7 * 24
    assert "Mon 9:00: 4 prompts" in titles(made)
    today = date(2026, 3, 4)
    days = titles(charts.calendar({"2026-03-04": 1000}, today, label="days"))
    assert days[-1] == "2026-03-04: 1,000 prompts"
    assert len(days) == 52 * 7 + 3


def test_levels_are_for_what_happened() -> None:
    """Nothing is the lowest alone; the most is the highest."""
    assert [charts._level(count, 100) for count in (0, 1, 50, 100)] == [0, 1, 2, 4]


def test_a_turn_leads_to_its_prompt() -> None:
    """Each bar is a link with a name; the last four hundred are shown."""
    turns = [Turn(seq, seq, 0, 1000 * seq, output_tokens=seq, calls=2) for seq in range(1, 451)]
    turns[-1].errors = 1
    made = parsed(charts.turns(turns, "abc"))
    links = list(made.iter("a"))
    assert len(links) == 400
    assert links[-1].get("href") == "/sessions/abc?at=450#m-450"
    assert (links[-1].get("aria-label") or "").startswith(
        "Turn 450: 7 min 30 s, 2 calls, 450 tokens"
    )
    assert [each.get("class") for each in made.iter("rect")][-1] == "turn failed"

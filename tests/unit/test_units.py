"""Numbers with their units, as people read them."""

from __future__ import annotations

import pytest

from ccsync_watch import units
from ccsync_watch.units import UNKNOWN


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (None, UNKNOWN),
        (0, "0 B"),
        (12, "12 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (5 << 20, "5.0 MiB"),
        ((1 << 20) - 1, "1.0 MiB"),
        (5 << 30, "5.0 GiB"),
        (3 << 40, "3.0 TiB"),
        (9 << 50, "9216.0 TiB"),
    ],
)
def test_sizes_have_binary_units_and_one_decimal(count: int | None, shown: str) -> None:
    """Bytes themselves are whole."""
    assert units.size(count) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "just now"),
        (3, "just now"),
        (5, "just now"),
        (6, "6 s ago"),
        (42, "42 s ago"),
        (59, "59 s ago"),
        (60, "1 min ago"),
        (600, "10 min ago"),
        (7_200, "2 h ago"),
        (90_000, "1 d ago"),
        (200_000, "2 d ago"),
        (-5, "just now"),
        (-59, "just now"),
        (-60, "in 1 min"),
        (-7_260, "in 2 h"),
        (-200_000, "in 2 d"),
    ],
)
def test_ages_have_the_largest_whole_unit(seconds: int, shown: str) -> None:
    """What a wrong clock dated in the future is not "just now", but for a few seconds."""
    assert units.age(1_000_000, 1_000_000 + seconds * 1000) == shown


def test_the_age_of_none_is_never() -> None:
    """A moment that has not happened has no age."""
    assert units.age(None, 5) == "never"


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [
        (None, UNKNOWN),
        (320, "320 ms"),
        (1200, "1.2 s"),
        (4200, "4.2 s"),
        (61_000, "1 min 1 s"),
        (180_000, "3 min"),
        (3_600_000, "1 h"),
        (2 * 86_400_000, "2 d"),
        (59_960, "59.9 s"),
        (999.6, "999 ms"),
        (1260, "1.3 s"),
        (3_599_000, "59 min 59 s"),
        (7_260_000, "2 h 1 min"),
        (7_500_000, "2 h 5 min"),
        (26 * 3_600_000, "1 d 2 h"),
    ],
)
def test_durations_have_the_two_largest_units(milliseconds: float | None, shown: str) -> None:
    """Below a minute there is one unit."""
    assert units.duration(milliseconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.2, "1 s"),
        (31.7, "31 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (200, "3 min"),
        (7300, "2 h 2 min"),
    ],
)
def test_an_estimate_has_no_parts_of_a_second(seconds: float, shown: str) -> None:
    """Nobody can foresee them, nor the seconds of minutes."""
    assert units.estimated_duration(seconds) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [(None, UNKNOWN), (0, "0"), (950, "950"), (1234, "1.2k"), (34_000_000, "34M"), (2e9, "2.0G"),
     (5e12, "5000G"), (999.6, "1.0k"), (9_960, "10k"), (999_499, "999k"), (999_500, "1.0M")],
)  # fmt: skip
def test_short_counts_have_a_unit_and_two_places_at_most(count: float | None, shown: str) -> None:
    """An unknown count is not zero."""
    assert units.short_count(count) == shown


@pytest.mark.parametrize(("count", "shown"), [(None, UNKNOWN), (0, "0"), (1_234_567, "1,234,567")])
def test_full_counts_have_thousands_separators(count: float | None, shown: str) -> None:
    """An unknown count is not zero."""
    assert units.full_count(count) == shown


@pytest.mark.parametrize(
    ("usd", "shown"),
    [
        (None, UNKNOWN),
        (0, "$0.00"),
        (1234.5, "$1,234.50"),
        (0.25, "$0.25"),
        (0.05, "$0.0500"),
        (0.0123, "$0.0123"),
        (0.00001, "$0.000010"),
    ],
)
def test_small_amounts_are_exact(usd: float | None, shown: str) -> None:
    """An unknown amount is never $0."""
    assert units.dollars(usd) == shown


def test_shares_are_percentages() -> None:
    """With as many places as asked for."""
    assert units.percent(None) == UNKNOWN
    assert units.percent(0.125) == "12%"
    assert units.percent(0.125, places=1) == "12.5%"
    assert [units.percent(share) for share in (0, 0.001, 0.999, 1)] == ["0%", "<1%", ">99%", "100%"]
    assert units.percent(0.0001, places=1) == "<0.1%"
    assert units.percent(12.345) == "1,234%"


def test_plurals() -> None:
    """A count agrees with its noun."""
    assert [units.plural(n, "row") for n in (0, 1, 2, 1234)] == [
        "0 rows",
        "1 row",
        "2 rows",
        "1,234 rows",
    ]

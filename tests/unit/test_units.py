"""Sizes and ages as people read them."""

from __future__ import annotations

import pytest

from ccsync_watch.units import age, size


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (5 << 20, "5.0 MiB"),
        (3 << 40, "3.0 TiB"),
        (9 << 50, "9216.0 TiB"),
    ],
)
def test_sizes(count: int, shown: str) -> None:
    """Binary units, one decimal."""
    assert size(count) == shown


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
    ],
)
def test_ages(seconds: int, shown: str) -> None:
    """The largest whole unit; a clock that went back shows no future."""
    assert age(1_000_000, 1_000_000 + seconds * 1000) == shown


def test_what_never_happened() -> None:
    """There is no age of nothing."""
    assert age(None, 5) == "never"

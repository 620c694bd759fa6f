"""Ages and sizes as people write them, and what is said of others."""

from __future__ import annotations

import pytest

from ccsync_watch.config.retention_checks import (
    check_age,
    check_retention,
    check_size,
    retention_text,
)
from ccsync_watch.config.setting_values import RetentionSettings


@pytest.mark.parametrize(
    ("text", "days"), [("90d", 90), (" 12 W ", 84), ("1y", 365), ("1 day", 1), ("36500d", 36500)]
)
def test_an_age_is_a_number_with_a_unit(text: str, days: int) -> None:
    """Days, weeks or years."""
    assert check_age(text) == days


@pytest.mark.parametrize(
    "value", ["", "90", 90, "0d", "-1d", "3m", "3 months", "1.5d", "101y", None, True, "d", "1d2"]
)
def test_an_age_that_is_unclear_is_rejected(value: object) -> None:
    """`m` may be a minute or a month; zero would remove everything."""
    with pytest.raises(ValueError, match="an age of at least a day like 90d"):
        check_age(value)


@pytest.mark.parametrize(
    ("text", "size"), [("2GB", 2 * 10**9), ("1.5 gib", 3 << 29), ("10MB", 10**7), ("1TB", 10**12)]
)
def test_a_size_is_a_number_with_a_unit(text: str, size: int) -> None:
    """GB are a thousand MB, GiB are 1024 MiB."""
    assert check_size(text) == size


@pytest.mark.parametrize("value", ["", "2", 2, "9MB", "0GB", "-1GB", "2G", "2kB", None, "1e9GB"])
def test_a_size_that_is_unclear_is_rejected(value: object) -> None:
    """Or one below which nothing but figures would be left."""
    with pytest.raises(ValueError, match="a size of at least 10 MB like 500MB"):
        check_size(value)


@pytest.mark.parametrize(
    ("value", "retention", "shown"),
    [
        ("90d", RetentionSettings(90, None), "90d"),
        ({"age": "1w"}, RetentionSettings(7, None), "7d"),
        ({"size": "2GB"}, RetentionSettings(None, 2 * 10**9), "2000MB"),
        ({"age": "1y", "size": "500MB"}, RetentionSettings(365, 5 * 10**8), "365d, 500MB"),
    ],
)
def test_a_retention_is_an_age_a_size_or_both(
    value: object, retention: RetentionSettings, shown: str
) -> None:
    """An age alone may stand without an object."""
    assert check_retention(value) == retention
    assert retention_text(retention) == shown


@pytest.mark.parametrize("value", [None, "", "forever", " Forever "])
def test_forever_is_the_default(value: object) -> None:
    """Nothing is removed."""
    assert check_retention(value) is None


@pytest.mark.parametrize(
    ("value", "mistake"),
    [
        ("soon", "an age of at least a day"),
        ({"age": "3m"}, "an age of at least a day"),
        ({"age": "90d", "size": "big"}, "a size of at least 10 MB"),
        ({}, '"forever", an age like'),
        ({"days": 90}, '"forever", an age like'),
        (90, '"forever", an age like'),
        ({"age": None}, "an age of at least a day"),
        ([], '"forever", an age like'),
    ],
)
def test_a_mistake_is_named(value: object, mistake: str) -> None:
    """With what is allowed."""
    with pytest.raises(ValueError, match='"forever", an age like "90d"') as error:
        check_retention(value)
    assert mistake in str(error.value)

"""Single values of rows and sidecars."""

from __future__ import annotations

import pytest

from ccsync_watch.transcripts.fields import count, identity, mapping, milliseconds, text


@pytest.mark.parametrize(
    ("value", "expected"),
    [(5, 5), (0, 0), (-5, 0), (True, 0), (1.5, 0), ("5", 0), (None, 0), (1 << 53, 0)],
)
def test_a_count_is_a_positive_whole_number(value: object, expected: int) -> None:
    """And one that a database can add up."""
    assert count(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a-b_c.d:e", "a-b_c.d:e"),
        ("", None),
        ("a b", None),
        ("a\n", None),
        ("x" * 129, None),
        (7, None),
    ],
)
def test_only_a_safe_string_is_an_id(value: object, expected: str | None) -> None:
    """An id is stored without redaction."""
    assert identity(value) == expected


def test_other_json_values_are_not_texts_or_objects() -> None:
    """They count as absent."""
    assert (text("a"), text(""), text(1)) == ("a", None, None)
    assert (mapping({"a": 1}), mapping([1]), mapping(None)) == ({"a": 1}, {}, {})


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2001-09-09T01:46:40.234Z", 1_000_000_000_234),
        ("2001-09-09T01:46:40+00:00", 1_000_000_000_000),
        ("2001-09-09T03:46:40+02:00", 1_000_000_000_000),
        ("2001-09-09T01:46:40", 1_000_000_000_000),
        ("2001-09-08T17:46:40.123456789-08:00", 1_000_000_000_123),
        ("2001-09-09T01:46:40.1Z", 1_000_000_000_100),
        ("2001-09-09 01:46:40Z", 1_000_000_000_000),
        ("20010909T014640Z", 1_000_000_000_000),
        ("20010909T014640-0030", 1_000_001_800_000),
        ("2001-09-09T01:46z", 999_999_960_000),
        ("2001-09-09 01:46:40 UTC", 1_000_000_000_000),
        ("1000000000", 1_000_000_000_000),
        ("1000000000123", 1_000_000_000_123),
        (1_000_000_000, 1_000_000_000_000),
        (1_000_000_000.5, 1_000_000_000_500),
        (1_000_000_000_123_456, 1_000_000_000_123),
        ("2026-09-21T12:53:20.001Z", 1_789_995_200_001),
        ("1969-12-31T23:59:59Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        ("", None),
        (1234, None),
        (True, None),
        (float("nan"), None),
        ("1970-01-01T00:00:01Z", None),
        ("9999-12-31T23:59:59Z", None),
        ("2026-13-01T00:00:00Z", None),
        ("2026-02-30 00:00:00 UTC", None),
        ("99991231T235959+9999", None),
    ],
)
def test_a_time_is_read_to_the_millisecond(written: object, expected: int | None) -> None:
    """One without a zone is in UTC; what cannot be one of a session is not a time."""
    assert milliseconds(written) == expected

"""Single values of rows and sidecars."""

from __future__ import annotations

import pytest

from ccsync_watch.transcripts.fields import (
    agent_identity,
    amount,
    count,
    identity,
    mapping,
    milliseconds,
    opaque_id,
    text,
)


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


@pytest.mark.parametrize(
    ("value", "is_kept"),
    [
        ("a0123456789abcdef", True),
        ("0123456789abcdef" * 2, True),
        ("aprompt_suggestion-0123456789abcdef", True),
        ("acompact-" + "0123456789abcdef" * 2, True),
        ("hash:" + "0123456789abcdef" * 2, True),
        ("toolu_" + "0123456789abcdef" * 2, True),
        ("lily-0123456789abcdef", True),
        ("toolu_bdrk_01" + "0aZ1" * 5, True),
        ("chatcmpl-tool-" + "0aZ1" * 8, True),
        ("gen-1730000000-" + "0aZ1" * 5, True),
        ("wf_ghp_" + "0aZ1" * 9, False),
        ("toolu_shpat_" + "0123456789abcdef" * 2, False),
        ("00000000-1111-4222-8333-444444444444", True),
        ("dop_v1_" + "0123456789abcdef" * 4, False),
        ("shpat_" + "0123456789abcdef" * 2, False),
        ("key-" + "0123456789abcdef" * 2, False),
        ("ghp_" + "0aZ1" * 9, False),
    ],
)
def test_an_id_with_a_form_of_a_token_is_a_hash(value: str, *, is_kept: bool) -> None:
    """Vendors' tokens have a prefix, also where the rest is hexadecimal as in many ids."""
    assert (identity(value) == value) is is_kept
    assert (agent_identity(value) == value) is is_kept
    if is_kept:
        assert opaque_id(value) == value
    else:
        assert opaque_id(value) == identity(value) == agent_identity(value)


def test_an_amount_is_a_number_that_can_be_one() -> None:
    """As it was written: a negative or an absurd one is unknown."""
    values = [0, 1.5, 10**15, -1, 1e300, float("nan"), True, "5", None]
    assert [amount(value) for value in values] == [0, 1.5, 10**15, *[None] * 6]


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
        ("1000000000.5", 1_000_000_000_500),
        ("2001-09-09 01:46:40 GMT", 1_000_000_000_000),
        ("Sun, 09 Sep 2001 01:46:40 GMT", 1_000_000_000_000),
        ("9 Sep 2001 03:46:40 +0200", 1_000_000_000_000),
        ("9 Sep 2001 01:46:40", 1_000_000_000_000),
        ("9 Sept 2001 01:46:40", None),
        ("99 Sep 2001 01:46:40 GMT", None),
        ("9 Sep 0001 01:46:40 +2400", None),
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

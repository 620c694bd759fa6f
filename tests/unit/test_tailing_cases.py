"""Each case that a tailer has to survive is shown by a test."""

from __future__ import annotations

from support.tailing_cases import CASES, find_tests


def test_every_case_is_shown() -> None:
    """And every mark names a case."""
    assert find_tests().keys() == CASES.keys()

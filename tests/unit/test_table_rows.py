"""A test over a table names the rows that fail, and says why."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from support.table_rows import for_rows


def test_all_rows_are_tried_and_those_that_fail_are_named() -> None:
    """The first failure hides none of the others."""
    tried: list[int] = []

    @for_rows([1, 2, 3], name="row {}".format)
    def check(row: int) -> None:
        tried.append(row)
        assert row == 2, f"{row} is not two"
        raise ValueError(row)

    with pytest.raises(AssertionError) as failure:
        check()
    assert tried == [1, 2, 3]
    assert [line.partition("\n")[0] for line in str(failure.value).splitlines()][:4] == [
        "3 of 3 rows fail",
        "row 1: AssertionError: 1 is not two",
        "assert 1 == 2",
        "row 2: ValueError: 2",
    ]


def test_rows_that_hold_pass(tmp_path: Any) -> None:  # noqa: ANN401 - any fixture
    """The other arguments are fixtures, which pytest reads from the signature."""

    @for_rows("ab")
    def check(row: str, tmp_path: object) -> None:
        assert row in "ab"
        assert tmp_path is not None

    assert list(inspect.signature(check).parameters) == ["tmp_path"]
    check(tmp_path=tmp_path)


def test_a_table_without_rows_is_a_failure() -> None:
    """A test of nothing would pass."""

    @for_rows([])
    def check(_row: object) -> None: ...

    with pytest.raises(AssertionError):
        check()

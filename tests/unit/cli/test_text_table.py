"""Tables as commands print them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.cli.text_table import print_table

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "/home/user/projects/customers/garden/shop"


@pytest.fixture
def printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[[int | None], list[str]]:
    """Return a function that prints a table, on a terminal of a width or into a pipe."""

    def print_on(columns: int | None) -> list[str]:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: columns is not None)
        monkeypatch.setenv("COLUMNS", str(columns or 0))
        print_table(
            ("project", "cost"), [(NAME, "$1"), ("b\x1b[31m", "$20"), ("total", "$21")], foot=1
        )
        return capsys.readouterr().out.splitlines()

    return print_on


def test_a_pipe_gets_whole_names(printed: Callable[[int | None], list[str]]) -> None:
    """Programs read them."""
    lines = printed(None)
    assert lines[2] == f"{NAME}    $1"
    assert {len(line) for line in lines} == {len(NAME) + 6}


def test_a_terminal_gets_lines_that_fit(printed: Callable[[int | None], list[str]]) -> None:
    """The end of a long name says more than its beginning."""
    lines = printed(30)
    assert lines[2].split()[0].endswith("garden/shop")
    assert {len(line) for line in lines} == {30}
    assert len(printed(5)[2]) == 18, "a name keeps a few letters"


def test_no_control_character_is_printed(printed: Callable[[int | None], list[str]]) -> None:
    """Names of folders may contain them."""
    assert "b\ufffd[31m" in printed(200)[3]

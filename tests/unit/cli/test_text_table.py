"""Tables as commands print them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.cli.text_table import print_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    Printed: TypeAlias = Callable[..., list[str]]

NAME = "/home/user/projects/customers/garden/shop"


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Printed:
    """Return a function that prints a table, on a terminal of a width or into a pipe."""

    def print_on(columns: int | None, *, has_names: bool = True) -> list[str]:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: columns is not None)
        monkeypatch.setenv("COLUMNS", str(columns or 0))
        rows = [(NAME, "$1"), ("b\x1b[31m", "$20"), ("total", "$21")]
        print_table(("project", "cost"), rows, foot=1, has_names=has_names)
        return capsys.readouterr().out.splitlines()

    return print_on


def test_a_pipe_gets_whole_names(printed: Printed) -> None:
    """Programs read them."""
    lines = printed(None)
    assert lines[2] == f"{NAME}    $1"
    assert {len(line) for line in lines} == {len(NAME) + 6}


def test_a_terminal_gets_lines_that_fit(printed: Printed) -> None:
    """The end of a long name says more than its beginning."""
    lines = printed(30)
    assert lines[2].split()[0].endswith("garden/shop")
    assert {len(line) for line in lines} == {30}
    assert {len(line) for line in printed(len(NAME) + 5)} == {len(NAME) + 5}, "columns closer"


def test_a_name_is_whole_where_a_few_letters_would_stay_or_it_is_typed(printed: Printed) -> None:
    """As a session's id is."""
    assert printed(16)[2].startswith(NAME)
    assert printed(30, has_names=False)[2].startswith(NAME)


def test_no_control_character_is_printed(printed: Printed) -> None:
    """Names of folders may contain them."""
    assert "b\ufffd[31m" in printed(200)[3]

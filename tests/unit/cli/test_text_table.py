"""Tables as commands print them."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.cli.character_sets import use_substitutes
from ccsync_watch.cli.text_table import print_table, shorten_to_fit, text_columns

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    Printed: TypeAlias = Callable[..., list[str]]

NAME = "/home/user/projects/customers/garden/shop"


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Printed:
    """Return a function that prints a table of names on a terminal of a width, or into a pipe."""

    def print_on(columns: int | None, *table: Any, **options: Any) -> list[str]:  # noqa: ANN401 - as print_table
        monkeypatch.setattr(sys.stdout, "isatty", lambda: columns is not None)
        monkeypatch.setenv("COLUMNS", str(columns or 0))
        print_table(*table, **{"has_names": True, **options})
        return capsys.readouterr().out.splitlines()

    return print_on


@pytest.fixture
def printed(terminal: Printed) -> Printed:
    """Return a function that prints a table of projects with a sum."""

    def print_on(columns: int | None, *, has_names: bool = True) -> list[str]:
        rows = [(NAME, "$1"), ("b\x1b[31m", "$20"), ("total", "$21")]
        return terminal(columns, ("project", "cost"), rows, foot=1, has_names=has_names)

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


@pytest.mark.parametrize(
    ("columns", "row", "is_rounded"),
    [
        (80, f"{NAME}  1,234,567,890    $1", False),
        (39, "/home/u…/garden/shop 1,234,567,890   $1", False),
        (34, "/home/us…ers/garden/shop 1.2G   $1", True),
        (26, "/home…arden/shop 1.2G   $1", True),
        (15, f"{NAME} 1,234,567,890   $1", False),
    ],
)
def test_counts_are_rounded_only_where_that_makes_them_fit(
    columns: int, row: str, *, is_rounded: bool, terminal: Printed
) -> None:
    """And a last line says so."""
    lines = terminal(columns, ("project", "rows", "cost"), [(NAME, 1_234_567_890, "$1")])
    assert lines[2] == row
    last = " ".join(" ".join(lines[3:]).split())
    assert (last == "Counts are rounded to fit in this terminal.") == is_rounded
    assert not is_rounded or max(map(len, lines)) <= columns


def test_columns_make_room_for_names_that_differ_in_their_middle(terminal: Printed) -> None:
    """Models' names do; only where even that is not enough are they shorter."""
    heads, row = ("model", "calls", "cost"), ("claude-opus-4-5-20251101", 1_234_567, "$1")
    options = {"optional": ("calls",), "name_columns": 24}
    assert terminal(40, heads, [row], **options)[2] == "claude-opus-4-5-20251101 1,234,567   $1"
    assert terminal(35, heads, [row], **options)[2] == "claude-opus-4-5-20251101  1.2M   $1"
    lines = terminal(30, heads, [row], **options)
    assert lines[2] == "claude-opus-4-5-20251101    $1"
    assert "Not shown here: calls;" in lines[-2]
    assert terminal(22, heads, [row], **options)[2] == "claude…5-20251101   $1"


def test_heads_of_several_words_take_two_lines_in_a_narrow_terminal(terminal: Printed) -> None:
    """The first line holds what is before the last word."""
    table = (("day", "cache write"), [("2026-01-01", 5)])
    assert terminal(23, *table)[0] == "day         cache write"
    assert terminal(17, *table)[:2] == ["           cache", "day        write"]


def test_heads_that_fit_above_their_column_stay_in_one_line(terminal: Printed) -> None:
    """However narrow the terminal is: "week of" is not wider than a date."""
    rows = [("2026-01-01", 5)]
    lines = terminal(17, ("week of", "cache write"), rows)
    assert lines[:2] == ["           cache", "week of    write"]
    assert terminal(13, ("week of", "a b"), [("2026-01-01", 100)])[0] == "week of    a b"


def test_characters_that_take_two_columns_are_counted(terminal: Printed) -> None:
    """Chinese, Japanese and Korean names, and accents that are characters of their own."""
    rows = [("/home/日本語プロジェクト/日本語プロジェクト", "$1"), ("cafe\u0301", "$2")]
    wide, accent = terminal(30, ("project", "cost"), rows)[2:]
    assert wide == "/home/日…本語プロジェクト   $1"
    assert accent == "cafe\u0301" + " " * 24 + "$2"


def test_a_name_at_the_end_of_a_line_fits_in(terminal: Printed) -> None:
    """A pipe gets the whole, and so does a terminal with too little room."""
    seen = {}
    for columns in (30, 20, None):
        terminal(columns, ("x",), [])
        seen[columns] = shorten_to_fit(NAME, after="1 min ago  ")
    assert seen == {30: "/home/…/garden/shop", 20: NAME, None: NAME}


def test_no_control_character_is_printed(printed: Printed) -> None:
    """Names of folders may contain them."""
    assert "b\ufffd[31m" in printed(200)[3]


def test_columns_are_left_out_where_nothing_else_makes_a_table_fit(terminal: Printed) -> None:
    """Those that are named, one after the other; the last line says which."""
    heads, row = ("session", "wall", "tools", "cost"), ("i" * 36, "1.0 s", "12 + 3 x", "$1")
    options = {"has_names": False, "optional": ("wall", "tools", "cost")}
    whole = terminal(None, heads, [row], **options)
    assert whole[0].split() == list(heads)
    assert terminal(60, heads, [row], **options)[0].split() == list(heads)
    lines = terminal(50, heads, [row], **options)
    assert lines[0].split() == ["session", "tools", "cost"]
    assert lines[2].split() == ["i" * 36, "12", "+", "3", "x", "$1"]
    assert lines[-1] == "Not shown here: wall; see `--json`."
    lines = terminal(41, heads, [row], **options)
    assert lines[2].split() == ["i" * 36, "$1"]
    assert max(map(len, lines[:3])) <= 41


def test_signs_that_are_drawn_onto_others_take_no_column(terminal: Printed) -> None:
    """Neither do joiners; and what is cut off is never half of a sign."""
    woman = "\U0001f469\u200d\U0001f4bb"
    heart, accented = "\u2764\ufe0f", "e\u0323\u0301"
    rows = [(woman * 9, "1"), (heart * 18, "2"), (accented * 36, "3")]
    assert [line[-1] for line in terminal(40, ("title", "n"), rows)[2:]] == ["1", "2", "3"]
    shown = terminal(20, ("title", "n"), rows, name_columns=12)[2:]
    assert all(line[-1] in "123" for line in shown)
    assert not any(mark in line for line in shown for mark in ("\u200d…", "…\u200d", "…\u0323"))


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "utf-8"])
def test_columns_are_aligned_in_every_character_set(
    monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    """What a terminal shows instead of signs that it does not have takes more of its columns."""
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding=encoding)
    use_substitutes(stream)
    monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(sys, "stdout", stream)
    rows = [("/home/ömer/żółw", "≥ $1"), (NAME, "$12"), ("x", "≥ $3.50")]
    print_table(("project", "cost"), rows, has_names=True)
    lines = written.getvalue().decode(encoding).splitlines()
    assert {text_columns(line) for line in lines} == {40}
    assert ("…" if encoding == "utf-8" else "...") in lines[3]

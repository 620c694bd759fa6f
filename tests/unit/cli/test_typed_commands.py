"""Commands in hints work in a terminal in which the program is not on PATH."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.cli.console import warn
from ccsync_watch.cli.problem_text import error_line, problem_lines
from ccsync_watch.cli.typed_commands import typed
from ccsync_watch.errors import CcsyncError
from ccsync_watch.problem import Problem

if TYPE_CHECKING:
    from pathlib import Path

HINT = "run `ccsync-watch login`, or `ccsync-watch`; see `~/.claude-code-sync.json`, ccsync-watch"


def copy_in(state: Path) -> str:
    """Make what prepare.sh makes there; return the environment's folder."""
    (state / "program" / "111").mkdir(parents=True)
    (state / "program" / "ccsync-watch").touch()
    return str(state / "program" / "111")


@pytest.mark.parametrize(
    ("folder", "command"),
    [
        ("home/state", "~/state/program/ccsync-watch"),
        ("home/a b", "~/'a b/program/ccsync-watch'"),
    ],
)
def test_the_plugins_own_copy_has_its_path(tmp_path: Path, folder: str, command: str) -> None:
    """In every command of a text, and nowhere else."""
    prefix = copy_in(tmp_path / folder)
    text = typed(HINT, prefix=prefix, home=str(tmp_path / "home"))
    assert text == HINT.replace("`ccsync-watch", f"`{command}")


def test_outside_the_home_the_path_is_whole(tmp_path: Path) -> None:
    """A quoted path works as well."""
    prefix = copy_in(tmp_path / "a b")
    assert f"run `'{tmp_path}/a b/program/ccsync-watch' login`" in typed(HINT, prefix=prefix)


def test_what_commands_print_has_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Warnings, problems and errors."""
    monkeypatch.setattr(sys, "prefix", copy_in(tmp_path))
    expected = f"{tmp_path}/program/ccsync-watch login"
    warn("run `ccsync-watch login`")
    assert expected in capsys.readouterr().err
    assert expected in problem_lines(Problem("x", "Title", "detail", HINT))[-1]
    assert expected in error_line(CcsyncError("it broke", hint=HINT))


def test_an_installed_program_has_its_name(tmp_path: Path) -> None:
    """It is on PATH, or was called by its path."""
    assert typed(HINT) == typed(HINT, prefix=str(tmp_path / "program" / "111")) == HINT

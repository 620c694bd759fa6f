"""The grammar of the command line, and how any failure ends: one line and an exit code."""

from __future__ import annotations

import os
import re
import sqlite3
from typing import TYPE_CHECKING

import pytest

from ccsync_watch import __version__
from ccsync_watch.cli import main
from ccsync_watch.cli.command_index import list_commands
from ccsync_watch.cli.command_line import build_parser

if TYPE_CHECKING:
    from pathlib import Path


COMMANDS = {command.name: command for command in list_commands()}


def run_to_exit(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Return exit code, output and errors of a line that ends while it is parsed."""
    with pytest.raises(SystemExit) as caught:
        main(words, {})
    output = capsys.readouterr()
    assert isinstance(caught.value.code, int)
    return caught.value.code, output.out, output.err


@pytest.mark.parametrize(
    "words",
    [
        ("statistics",),
        ("--bogus",),
        ("status", "--jsn"),
        ("status", "--js"),
        ("sync-now", "--timeout"),
        ("sync-now", "--timeout", "nan"),
        ("sync-now", "--timeout", "inf"),
        ("sync-now", "--timeout", "-1"),
        ("sync-now", "--timeout", "0"),
        ("sync-now", "--timeout", "3601"),
        ("sync-now", "--timeout", "soon"),
        ("sync-now", "--session"),
        ("preview", "one", "two"),
        ("logout", "now"),
        ("stats", "--by", "hour"),
        ("stats", "--json", "--csv"),
        ("explain",),
    ],
)
def test_bad_usage_is_one_line(capsys: pytest.CaptureFixture[str], words: tuple[str]) -> None:
    """It names the mistake and where help is; exit 2."""
    code, out, err = run_to_exit(capsys, *words)
    assert code == 2
    assert out == ""
    assert re.fullmatch(r"ccsync-watch: .*: see `ccsync-watch( [a-z-]+)? --help`\n", err)


def test_run_has_the_settings_as_flags() -> None:
    """Those that are declared to have one."""
    arguments = build_parser("run", COMMANDS).parse_args(["run", "--auto-sync", "false"])
    assert arguments.auto_sync == "false"
    assert arguments.convex_url is None


def test_flags_alone_are_those_of_run(capsys: pytest.CaptureFixture[str]) -> None:
    """Run is the default command."""
    _code, _out, err = run_to_exit(capsys, "--bogus")
    assert err == "ccsync-watch: unrecognized arguments: --bogus: see `ccsync-watch --help`\n"


def test_a_misspelt_command_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    """The nearest one."""
    code, _out, err = run_to_exit(capsys, "statsu")
    assert code == 2
    assert "'statsu' is not a command, did you mean `stats`?: see" in err


@pytest.mark.parametrize("words", [("--version",), ("--help",), ("status", "--help")])
def test_help_and_version_end_well(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    """On stdout, exit 0."""
    code, out, err = run_to_exit(capsys, *words)
    assert (code, err) == (0, "")
    assert out.strip() == f"ccsync-watch {__version__}" or out.startswith("usage: ccsync-watch")


@pytest.mark.parametrize("words", [("status",), ("status", "--json"), ("sync-now",), ("preview",)])
def test_an_error_is_one_line_with_its_code(
    env: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
) -> None:
    """Here: a state folder below a file."""
    env["CCSYNC_WATCH_HOME"] = f"{env['HOME']}/file/state"
    (tmp_path / "home" / "file").touch()
    assert main(words, env) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err == (
        f"ccsync-watch: cannot use the state folder {env['HOME']}/file/state: Not a directory:"
        " make it writable, or set CCSYNC_WATCH_HOME to a folder that is\n"
    )


def test_a_file_that_is_not_a_database_is_one_line(
    env: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`status` does not touch it; the daemon sets it aside."""
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "ccsync.db").write_bytes(b"no database" * 1000)
    assert main(("status",), env) == 2
    assert re.fullmatch(r"ccsync-watch: .*ccsync\.db.*\n", capsys.readouterr().err)


def test_a_database_that_is_damaged_inside_is_one_line(
    env: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It opens, and fails at the first question."""
    assert main(("sync-now",), env) == 0
    path = tmp_path / "state" / "ccsync.db"
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE usage")
    connection.close()
    capsys.readouterr()
    assert main(("status",), env) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "cannot" in err


def test_warnings_are_not_part_of_the_answer(
    env: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are on stderr; with --json in the answer."""
    (tmp_path / "home" / ".claude-code-sync.json").write_text('{"convex-url": "x"}')
    assert main(("status",), env) == 3
    assert "did you mean convex_url?" in capsys.readouterr().err
    assert main(("status", "--json"), env) == 3
    output = capsys.readouterr()
    assert "did you mean convex_url?" in output.out
    assert output.err == ""


def test_a_reader_that_ends_early_is_not_an_error(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ccsync-watch status | head -1`."""
    read, write = os.pipe()
    os.close(read)
    with open(write, "w") as stdout:  # noqa: PTH123 - a file descriptor
        monkeypatch.setattr("sys.stdout", stdout)
        assert main(("status",), env) == 0

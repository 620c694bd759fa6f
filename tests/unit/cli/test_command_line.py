"""The grammar of the command line, and how any failure ends: one line and an exit code."""

from __future__ import annotations

import errno
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from ccsync_watch import __version__
from ccsync_watch.cli import main
from ccsync_watch.cli.command_index import Command, list_commands
from ccsync_watch.cli.command_line import build_parser
from ccsync_watch.cli.commands import stop as stop_command
from support.storing import World, message

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
        ("stats", "--by", "colour"),
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
    assert err == ("ccsync-watch: --bogus is not an option of run: see `ccsync-watch run --help`\n")


def test_a_mistake_leads_to_the_help_of_its_command(capsys: pytest.CaptureFixture[str]) -> None:
    """What it has, not which commands there are."""
    _code, _out, err = run_to_exit(capsys, "start", "--json")
    assert err == (
        "ccsync-watch: --json is not an option of start: see `ccsync-watch start --help`\n"
    )
    _code, _out, err = run_to_exit(capsys, "logout", "now")
    assert err == "ccsync-watch: 'now' is too much: see `ccsync-watch logout --help`\n"


def test_every_command_is_on_one_line_with_its_help(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The longest one, too."""
    monkeypatch.setenv("COLUMNS", "80")
    _code, out, _err = run_to_exit(capsys, "--help")
    lines = {line.split()[0]: line for line in out.splitlines() if re.match(r" {4}[a-z]", line)}
    for command in COMMANDS.values():
        if not command.is_hidden:
            assert command.help.split()[0] in lines[command.name]


def test_a_misspelt_command_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    """The nearest ones: of two exchanged letters the first alone may be a wrong one."""
    code, _out, err = run_to_exit(capsys, "statsu")
    assert code == 2
    assert "'statsu' is not a command (did you mean `stats` or `status`?): see" in err
    assert "(did you mean `prune`?): see" in run_to_exit(capsys, "prun")[2]


@pytest.mark.parametrize("words", [("--version",), ("--help",), ("status", "--help")])
def test_help_and_version_end_well(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    """On stdout, exit 0."""
    code, out, err = run_to_exit(capsys, *words)
    assert (code, err) == (0, "")
    assert out.strip() == f"ccsync-watch {__version__}" or out.startswith("usage: ccsync-watch")


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("status", "--json"),
        ("sync-now",),
        ("preview",),
        ("repair",),
        ("prune", "-y", "--older-than", "1d"),
    ],
)
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
        f"ccsync-watch: cannot use the state folder {env['HOME']}/file/state: a file is where a"
        " folder has to be (Not a directory): move that file, or set CCSYNC_WATCH_HOME to a folder"
        " elsewhere\n"
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
        connection.execute("DROP TABLE unreadable")
    connection.close()
    capsys.readouterr()
    assert main(("status",), env) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "cannot" in err


def test_a_row_that_the_database_refuses_is_reported_as_a_defect(
    env: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """To start the daemon repairs nothing then: the file is sound."""
    assert main(("sync-now",), env) == 0
    with closing(sqlite3.connect(tmp_path / "state" / "ccsync.db")) as connection, connection:
        connection.execute("CREATE TRIGGER refuse BEFORE INSERT ON meta BEGIN"
                           " SELECT RAISE(ABORT, 'refused'); END")  # fmt: skip
        connection.execute("DELETE FROM meta")
    capsys.readouterr()
    assert main(("sync-now",), env) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "a defect of ccsync-watch: its database refused a row (refused)" in err


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


def test_closed_streams_are_not_an_error(env: dict[str, str]) -> None:
    """`ccsync-watch status >&-`: the exit code is the answer, and no file is in their place."""
    words = 'exec "$0" -m ccsync_watch status <&- >&- 2>&-'
    completed = subprocess.run(["sh", "-c", words, sys.executable], env=env, check=False)
    assert completed.returncode == main(("status",), env) == 3


def test_stop_needs_no_valid_settings(
    env: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistake in the settings file must not keep the daemon running."""
    (tmp_path / "home" / ".claude-code-sync.json").write_text('{"auto_sync": "perhaps"}')
    assert main(("stop",), env) == 3
    assert capsys.readouterr().out == "Not running. Start it with `ccsync-watch start`.\n"


def test_a_daemon_that_was_stopped_is_not_started_with_wrong_settings(
    env: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The remark about autostart is for settings with which the plugin can start one."""
    monkeypatch.setattr(stop_command, "stop", lambda _folder: True)
    assert main(("stop",), env) == 0
    assert "autostart" in capsys.readouterr().out
    (tmp_path / "home" / ".claude-code-sync.json").write_text('{"auto_sync": "perhaps"}')
    assert main(("stop",), env) == 0
    assert capsys.readouterr().out == (
        "Stopped. Unsent data is kept and sent next time.\nStart it again: `ccsync-watch start`.\n"
    )


@pytest.mark.parametrize(
    "words", [("export",), ("explain",), ("preview",), ("ledger",), ("sync-now", "--session")]
)
def test_an_argument_that_is_not_utf_8_is_one_that_names_nothing(
    env: dict[str, str], capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    """SQLite and JSON would fail on it."""
    assert main(("sync-now",), env) == 0
    capsys.readouterr()
    main((*words, "a\udcff"), env)
    output = capsys.readouterr()
    assert "session a\ufffd" in output.out + output.err


def test_a_full_disk_is_named_as_one(
    env: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No permission would help."""

    def fail(_folder: Path) -> bool:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(stop_command, "stop", fail)
    assert main(("stop",), env) == 1
    assert capsys.readouterr().err == (
        "ccsync-watch: No space left on device: free some space, then try again\n"
    )


def test_the_error_of_a_backend_that_was_removed_is_not_shown(
    env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """After `logout` it says nothing about the state of things."""
    world = World(Path(env["CCSYNC_WATCH_HOME"]))
    world.ingest(message("a1", "Hello"))
    with world.database.write() as connection:
        connection.execute("UPDATE remote SET error = 'cannot reach x'")
        assert connection.execute("SELECT changes()").fetchone()[0] == 1
    world.close()
    main(("status",), env)
    assert "cannot reach x" not in capsys.readouterr().out
    env["CLAUDE_SYNC_CONVEX_URL"] = "http://127.0.0.1:1"
    main(("status",), env)
    assert "last error: cannot reach x" in capsys.readouterr().out


def test_an_interrupt_while_the_command_is_imported_is_one_line(
    env: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The modules of `run` take a second on a busy machine: time enough for Ctrl+C."""

    def interrupt(_command: Command) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Command, "load", interrupt)
    assert main(("run",), env) == 1
    assert capsys.readouterr().err == "ccsync-watch: interrupted; no data is lost\n"


@pytest.mark.parametrize(
    ("line", "query"),
    [
        ("search retry -test", "retry  -test"),
        ("search -test kind:prompt", " -test kind:prompt"),
        ("search retry --json -values more", "retry  -values more"),
        ("sessions retry --json more", "retry more"),
        ("sessions --json -- --force -v", "--force -v"),
    ],
)
def test_words_of_a_query_begin_with_a_hyphen_and_stand_behind_options(
    line: str, query: str
) -> None:
    """As they are typed into the page: no quotes are needed for what is left out."""
    words = line.split()
    arguments = build_parser(words[0], COMMANDS).parse_args(words)
    assert " ".join(arguments.query) == query
    assert arguments.json == ("--json" in words)


def test_an_option_that_a_search_has_not_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """It may be a mistake, or a word to search for."""
    code, _output, errors = run_to_exit(capsys, "search", "git push", "--force")
    assert code == 2
    assert "--force is not an option; write -- before it to search for it" in errors

"""Which command lines print secrets: lists of lines, and the rules behind them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccsync_watch.privacy.known.command_lines.command_reader import read_command
from support.counted_calls import counted_calls
from support.table_rows import for_rows

HERE = Path(__file__).parent
SHORT = 8_000
MOST = 5.0
"""Sixteen would be quadratic."""
FEW = 20_000
"""So many calls say nothing yet: some work is bounded only for a whole line."""


def _lines(name: str) -> list[str]:
    """Return the command lines of a list; `|n` stands for a line break in one."""
    lines = (HERE / name).read_text("utf-8").splitlines()
    return [line.replace("|n", "\n") for line in lines if line and not line.startswith("# ")]


PRINTING, ORDINARY = _lines("printing.txt"), _lines("ordinary.txt")


@for_rows(PRINTING)
def test_what_prints_secrets_is_recognised(line: str) -> None:
    """Whatever the program, the shell and the quotes."""
    assert read_command(line).reads in {"secrets", "variables"}


@for_rows(ORDINARY)
def test_ordinary_work_stays_visible(line: str) -> None:
    """Its output is what the user works with."""
    assert read_command(line).reads == "anything"


@pytest.mark.parametrize(
    "frame",
    [
        "sudo {}",
        "cd app && {}",
        "{} 2>&1",
        "{} | cat",
        "({})",
        "true; {}",
        "false || {}",
        "timeout 5 {}",
        "npm test && {}",
        "{}\nls",
        "if true; then {}; fi",
    ],
)
@pytest.mark.parametrize(
    "line", ["cat .env", "pass show x", "gh auth token", "openssl rand -hex 8", "base64 -d x"]
)
def test_a_frame_changes_nothing(frame: str, line: str) -> None:
    """What is around a command does not hide it."""
    assert read_command(frame.format(line)).reads == "secrets"


@pytest.mark.parametrize(
    "frame",
    ["bash -c '{}'", 'sh -c "{}"', "ssh host '{}'", "docker exec c sh -lc '{}'", "eval '{}'"],
)
@pytest.mark.parametrize("line", ["cat .env", "pass show x", "env", "echo $API_TOKEN"])
def test_a_line_in_quotes_is_read(frame: str, line: str) -> None:
    """Shells get what they run as one text."""
    assert read_command(frame.format(line)).reads != "anything"


@pytest.mark.parametrize(
    ("line", "files"),
    [
        ("cp .env /srv/x", ("/srv/x",)),
        ("kubectl get secret a -o yaml > s.yaml", ("s.yaml",)),
        ("gh auth token | tee t.txt", ("t.txt",)),
        ("openssl genrsa -out out.txt 2048", ("out.txt",)),
        ("cat .env 2> errors.txt", ()),
        ("cat .env > /dev/null", ()),
        ("cat README.md > copy", ()),
    ],
)
def test_files_that_get_secrets_are_known(line: str, files: tuple[str, ...]) -> None:
    """A later command, or another tool, may read them."""
    assert read_command(line).secret_files == files


@pytest.mark.parametrize(
    "line",
    ["cat /srv/x", "cd /srv && head x", "cat ./x", "python -c \"print(open('/srv/x').read())\""],
)
def test_a_file_that_got_secrets_is_one_of_them(line: str) -> None:
    """By its path, wherever the command runs."""
    assert read_command(line, frozenset({"/srv/x"})).reads == "secrets"
    assert read_command(line).reads == "anything"


@pytest.mark.parametrize(
    "text",
    [
        "cat .env;",
        "sudo ",
        "$(a ",
        "`",
        '"$(',
        "${a:-",
        "docker exec -a ",
        "bash -c '",
        "ssh h ",
        "a|",
        "cp .env x;",
        "<<A\n",
        "{a,b}",
        "for f in a b; do cat $f; done;",
        "x=$x$x;",
        "\\",
        "'",
        "$",
        "((",
        "1>",
    ],
)
def test_four_times_the_line_takes_about_four_times_the_work(text: str) -> None:
    """Calls, counted by the interpreter; some work is bounded for the whole line."""
    short, long = (_calls(text * (size // len(text))) for size in (SHORT, 4 * SHORT))
    assert long <= MOST * max(short, FEW)


def _calls(line: str) -> int:
    with counted_calls() as calls:
        read_command.__wrapped__(line)
    return calls.count

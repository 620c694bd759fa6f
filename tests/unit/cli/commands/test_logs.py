"""`logs`: the last lines, and further ones across rotations."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.cli import main
from ccsync_watch.cli.commands.logs import LogFollower
from ccsync_watch.cli.log_files import LOG_NAME, log_to
from ccsync_watch.config import load
from support.redaction_corpus.shared import build_redactor

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _restored_logging() -> object:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for handler in list(root.handlers):
        if handler not in handlers:
            root.removeHandler(handler)
            handler.close()
    for handler in handlers:
        if handler not in root.handlers:
            root.addHandler(handler)
    root.setLevel(level)


def test_the_last_lines_are_shown(env: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """Of the older files, too, where the log was rotated lately."""
    folder = load(env).state_dir
    folder.mkdir(parents=True, exist_ok=True)
    assert main(["logs"], env) == 0
    assert "nothing is logged" in capsys.readouterr().err
    (folder / "log.1").write_text("one\ntwo\n")
    (folder / LOG_NAME).write_text("three\nfour\nhalf a line")
    assert main(["logs", "-n", "3"], env) == 0
    assert capsys.readouterr().out.splitlines() == ["two", "three", "four"]
    assert main(["logs", "-n", "0"], env) == 0
    assert capsys.readouterr() == ("", "")
    assert main(["logs", "-n", "9" * 30], env) == 0
    assert len(capsys.readouterr().out.splitlines()) == 4
    with pytest.raises(SystemExit, match="2"):
        main(["logs", "-n", "-5"], env)
    assert "'-5' is not a number of lines" in capsys.readouterr().err


def test_every_line_is_followed_over_rotations(tmp_path: Path) -> None:
    """Each once, in order, whenever somebody looks; by the real handler."""
    log_to(tmp_path, build_redactor, max_bytes=600)
    follower = LogFollower(tmp_path / LOG_NAME)
    seen: list[str] = []
    for number in range(60):
        logging.getLogger("test").info("line %d", number)
        if number % 4 == 0:
            seen += follower.new_lines()
    seen += follower.new_lines()
    follower.close()
    assert [line.rsplit(" ", 1)[1] for line in seen] == [str(number) for number in range(60)]
    assert (tmp_path / "log.1").exists()


def test_a_log_that_is_emptied_or_made_later(tmp_path: Path) -> None:
    """Is read from its beginning; half a line is read when it ends."""
    path = tmp_path / LOG_NAME
    follower = LogFollower(path)
    assert list(follower.new_lines()) == []
    path.write_text("first\nhalf a ")
    assert list(follower.new_lines()) == ["first"]
    with path.open("a") as file:
        file.write("line\n")
    assert list(follower.new_lines()) == ["half a line"]
    path.write_text("new\n")
    assert list(follower.new_lines()) == ["new"]
    follower.close()

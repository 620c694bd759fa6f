"""`share` writes a file that others can read, `export` the messages that a person marked."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path

import pytest

from ccsync_watch.cli import main
from ccsync_watch.model import Redacted
from ccsync_watch.store.annotation_writer import MarkChange, SessionChange, save_change
from support.fakes import START_MS
from support.storing import OTHER, SESSION, World, message

TOKEN = "[REDACTED:github-token:0123abcd]"
NAME = f"session-{SESSION[:8]}.html"


@pytest.fixture
def filled(env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return an environment with two sessions and two marks, in an empty folder."""
    world = World(tmp_path / "state")
    world.ingest(
        message("u1", f"Why?\n{TOKEN}"),
        message("u2", "Because.", role="assistant", kind="answer"),
    )
    world.say("o1", "Another", session_id=OTHER)
    for change in (
        SessionChange(SESSION, name="My name"),
        MarkChange(f"{SESSION}:u2", SESSION, None, "golden"),
        MarkChange(f"{OTHER}:o1", OTHER, None, "review"),
    ):
        save_change(world.database, Redacted(change), now_ms=START_MS)
    world.close()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return env


def test_a_file_is_written_for_its_user_alone(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """It says what is in it and what was removed; an existing one is not replaced."""
    assert main(("share", SESSION[:8]), filled) == 0
    output = capsys.readouterr().out
    assert re.search(rf"^Wrote {NAME} \(\d+\.\d KiB\)$", output, re.MULTILINE)
    assert "In it: 1 prompt, 1 answer\n" in output
    assert "github-token" in output
    path = Path(NAME)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 or os.name == "nt"
    assert "<h1>My name</h1>" in path.read_text(encoding="utf-8")

    for words in ((), ("--force",)):
        assert main(("share", SESSION, "-o", os.fspath(Path.cwd()), *words), filled) == 2
        assert "is a folder: name a file in it" in capsys.readouterr().err

    path.write_text("mine")
    assert main(("share", SESSION), filled) == 2
    assert (
        f"{NAME} exists: name another file, or replace it with --force" in capsys.readouterr().err
    )
    assert path.read_text() == "mine"
    assert main(("share", SESSION, "--force", "--everything"), filled) == 0
    assert "1 answer, 0 tool calls, 0 subagents" in capsys.readouterr().out
    assert "Because." in path.read_text(encoding="utf-8")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 or os.name == "nt"
    assert [entry.name for entry in Path().iterdir()] == [NAME]


def test_it_can_be_another_file_or_standard_output(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """In which nothing else is."""
    assert main(("share", SESSION, "-o", "other.html"), filled) == 0
    written = Path("other.html").read_text(encoding="utf-8")
    capsys.readouterr()
    assert main(("share", SESSION, "-o", "-"), filled) == 0
    assert capsys.readouterr().out == written
    assert main(("share", SESSION, "-o", "missing/other.html"), filled) == 2
    assert "cannot write missing" in capsys.readouterr().err
    assert main(("share", "nobody"), filled) == 1


def test_marked_messages_are_lines_of_json(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Of all sessions, of one, or with one mark."""

    def export(*words: str) -> list[tuple[str, str]]:
        assert main(("export", *words), filled) == 0
        lines = map(json.loads, capsys.readouterr().out.splitlines())
        return [(line["mark"], line["uuid"]) for line in lines]

    golden, review = ("golden", "u2"), ("review", "o1")
    assert export("--format", "jsonl") == [golden, review]
    assert export("--mark", "review") == [review]
    assert export(SESSION[:8], "--format", "jsonl") == [golden]
    assert export(SESSION, "--mark", "review") == []


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ((), "a session is missing: name one"),
        ((SESSION, "--format", "json", "--mark", "golden"), "--mark is of marked messages"),
    ],
)
def test_what_says_nothing_together_is_an_error(
    filled: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    error: str,
) -> None:
    """With what to do."""
    assert main(("export", *words), filled) == 2
    assert error in capsys.readouterr().err

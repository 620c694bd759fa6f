"""`prune` without a daemon, as a user calls it."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.cli import main
from ccsync_watch.clock import SystemClock
from ccsync_watch.pipeline.pruning import DAY_MS
from support.storing import OTHER, SESSION, World, message

if TYPE_CHECKING:
    from collections.abc import Callable

_WORD = "periwinkle"


@pytest.fixture
def filled(env: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Return an environment whose store has two old sessions, one of them large; no backend."""
    now_ms = SystemClock().wall_ms()
    noise = hashlib.shake_256(b"noise").hexdigest(6 << 20)
    world = World(tmp_path / "state")
    for session_id, days, text in ((SESSION, 100, noise), (OTHER, 200, "")):
        prompt = message(
            "u1",
            f"Title\n{_WORD} {text}",
            session_id=session_id,
            at_ms=now_ms - days * DAY_MS,
        )
        world.ingest(prompt, session_id=session_id)
    world.close()
    return env


@pytest.fixture
def call(filled: dict[str, str], capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Return what calls the command and returns what it says."""

    def run(*arguments: str, code: int = 0) -> str:
        assert main(["prune", *arguments], filled) == code
        captured = capsys.readouterr()
        return captured.out if code == 0 else captured.err

    return run


def _configure(env: dict[str, str], **settings: object) -> None:
    path = Path(env["HOME"]) / ".claude-code-sync.json"
    path.write_text(json.dumps(settings))
    path.chmod(0o600)


def test_a_dry_run_removes_nothing(call: Callable[..., str]) -> None:
    """It says which sessions, how much, and what stays."""
    said = call("--older-than", "150d", "--dry-run")
    assert said.startswith("Would remove the texts of 1 message of 1 session: about ")
    assert OTHER in said
    assert SESSION not in said
    assert "so no total changes" in said
    assert call("--older-than", "150d", "--dry-run") == said


def test_what_is_freed_is_named(call: Callable[..., str], tmp_path: Path) -> None:
    """The file is smaller by that."""
    path = tmp_path / "state" / "ccsync.db"
    before = path.stat().st_size
    assert before > 4 << 20
    said = call("--older-than", "12w")
    assert said.startswith("Removed the texts of 2 messages of 2 sessions: ")
    assert "\nFreed on the disk: " in said
    assert path.stat().st_size < before / 4
    assert _WORD.encode() not in path.read_bytes()
    assert call("--older-than", "12w") == "Nothing to prune\n"


def test_little_is_not_worth_a_copy_of_the_file(call: Callable[..., str]) -> None:
    """It says so."""
    said = call("--older-than", "150d")
    assert "\nNothing is freed on the disk: " in said


def test_json_has_every_figure(call: Callable[..., str]) -> None:
    """For programs."""
    document = json.loads(call("--older-than", "12w", "--json"))
    assert not document["is_dry_run"]
    assert [item["session_id"] for item in document["chosen"]] == [OTHER, SESSION]
    assert document["removed"]["sessions"] == document["removed"]["messages"] == 2
    assert document["database"]["freed_bytes"] > 4 << 20
    assert document["left_alone"] == {}


def test_by_project_and_size(call: Callable[..., str]) -> None:
    """Both are limits on what is chosen."""
    assert call("--project", "/srv/elsewhere", "--yes") == "Nothing to prune\n"
    assert call("--project", "/home/user/*", "--max-size", "1TB") == "Nothing to prune\n"
    assert "of 2 sessions" in call("--project", "/home/user/*", "--yes")


def test_all_of_a_project_is_removed_by_a_script_only_if_it_says_so(
    call: Callable[..., str],
) -> None:
    """An age, a size or a dry run says enough."""
    error = call("--project", "/home/user/*", code=2)
    assert "--project alone removes the texts of all its sessions" in error
    assert "of 2 sessions" in call("--project", "/home/user/*", "--dry-run")
    assert "of 1 session" in call("--project", "/home/user/*", "--older-than", "150d")
    assert "of 1 session" in call("--project", "/home/user/*", "--yes")


@pytest.mark.parametrize("choice", [("--project", "/home/user/*"), ("--older-than", "12w")])
def test_a_terminal_asks(
    filled: dict[str, str],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    choice: tuple[str, str],
) -> None:
    """Anything but a yes leaves all as it was; `--yes` and a dry run ask nothing."""
    person, terminal = os.openpty()
    with os.fdopen(terminal) as stdin, os.fdopen(os.dup(terminal), "w") as err:
        monkeypatch.setattr("sys.stdin", stdin)
        monkeypatch.setattr("sys.stderr", err)
        assert main(["prune", *choice, "--dry-run"], filled) == 0
        assert capfd.readouterr().out.startswith("Would remove")
        for answer, code in ((b"\n", 1), (b"no\n", 1), (b"\x04", 1), (b"Y\n", 0)):
            os.write(person, answer)
            assert main(["prune", *choice], filled) == code
            said = capfd.readouterr().out
            assert said.startswith("Removed" if code == 0 else "Nothing was removed")
    asked = os.read(person, 1 << 16).decode()
    os.close(person)
    assert asked.count("2 messages of 2 sessions from this machine, for good? [y/N]") == 4


def test_a_project_that_is_not_stored_is_named(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """With the one that is meant."""
    assert main(["prune", "--project", "projecct", "--older-than", "9d"], filled) == 0
    assert capsys.readouterr().err == (
        "ccsync-watch: --project: nothing stored matches projecct; did you mean project?\n"
    )


def test_a_dot_is_the_current_folder(
    call: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It selects the sessions there, and never those of every project."""
    here = tmp_path / "[sr]cv"
    here.mkdir()
    monkeypatch.chdir(here)
    for pattern in (".", "./", "./*", "../.", "./below"):
        assert call("--project", pattern, "--yes") == "Nothing to prune\n"
    monkeypatch.setattr("os.getcwd", lambda: "/home/user")
    assert call("--project", "./other", "--dry-run") == "Nothing to prune\n"
    assert "of 2 sessions" in call("--project", ".", "--dry-run")
    assert "of 2 sessions" in call("--project", "../user/project", "--dry-run")


@pytest.mark.parametrize("command", ["prune", "stats"])
def test_an_empty_project_is_an_error(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """A script's empty variable selects neither all nor nothing."""
    with pytest.raises(SystemExit) as ended:
        main([command, "--project", " "], filled)
    assert ended.value.code == 2
    assert "--project: it is empty" in capsys.readouterr().err


def test_without_a_choice_the_setting_decides(
    filled: dict[str, str], call: Callable[..., str]
) -> None:
    """Without either it asks for one."""
    error = call(code=2)
    assert "which sessions: use --older-than, --project or --max-size; with" in error
    _configure(filled, retention="150d")
    said = call()
    assert said.startswith("By the setting retention: 150d\nRemoved the texts of 1 message ")


def test_what_is_pending_for_a_backend_is_left_alone(
    filled: dict[str, str], call: Callable[..., str]
) -> None:
    """It is not uploaded yet."""
    _configure(filled, convex_url="https://example-1.convex.cloud")
    said = call("--older-than", "12w")
    assert said == "Nothing to prune\nLeft alone: 2 sessions not uploaded completely\n"


@pytest.mark.parametrize("argument", [("--older-than", "3m"), ("--max-size", "2G")])
def test_a_wrong_argument_is_named(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str], argument: tuple[str, str]
) -> None:
    """With what is allowed."""
    with pytest.raises(SystemExit):
        main(["prune", *argument], filled)
    assert f"'{argument[1]}' is not a" in capsys.readouterr().err


def test_an_empty_store_has_nothing_to_prune(
    env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """None is created."""
    assert main(["prune", "--older-than", "1d"], env) == 0
    assert capsys.readouterr().out == "Nothing to prune: nothing is stored yet\n"
    assert not (Path(env["CCSYNC_WATCH_HOME"]) / "ccsync.db").exists()


def test_status_shows_the_retention(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """As it is set, and what it did last."""
    main(["status"], filled)
    assert "retention" not in capsys.readouterr().out
    _configure(filled, retention={"age": "90d", "size": "2GB"})
    main(["status"], filled)
    assert "  retention    90d, 2000MB; not applied yet\n" in capsys.readouterr().out

"""Commands on what is stored: the store that must be there, and the session that they name."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ccsync_watch import __version__
from ccsync_watch.cli import main, session_lookup
from ccsync_watch.cli.commands import ledger, sync_now
from ccsync_watch.cli.session_lookup import is_session
from ccsync_watch.config import load
from ccsync_watch.control.client import ControlClient
from ccsync_watch.control.messages import HelloAnswer
from ccsync_watch.errors import OtherSchema
from ccsync_watch.store.database import DATABASE_NAME, Database, open_for_reading
from ccsync_watch.store.migrations import MIGRATIONS
from support.storing import OTHER, SESSION, World, message


def set_schema_version(folder: Path, version: int) -> None:
    """Have the database say that another version wrote it."""
    with closing(sqlite3.connect(folder / DATABASE_NAME)) as connection:
        connection.execute(f"PRAGMA user_version = {version}")


@pytest.fixture
def filled(env: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Return an environment whose store has two sessions, and one that is excluded."""
    world = World(tmp_path / "state")
    world.ingest(message("a1", "Hello"))
    world.ingest(message("b1", session_id=OTHER), session_id=OTHER)
    world.ingest(
        message("c1", session_id="excluded"),
        session_id="excluded",
        excluded=frozenset({"excluded"}),
    )
    world.close()
    return env


@pytest.mark.parametrize("command", [["stats"], ["explain", "x"], ["export", "x"]])
def test_without_a_store_it_says_what_to_do(
    env: dict[str, str], capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    """It warns, and says how to fill it."""
    assert main(command, env) == 1
    assert "nothing is stored yet: start `ccsync-watch`" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["explain", "export", "preview"])
class TestSession:
    """The session that is named on the command line."""

    def test_the_beginning_of_its_id_is_enough(
        self, filled: dict[str, str], capsys: pytest.CaptureFixture[str], command: str
    ) -> None:
        """It need not be typed whole."""
        assert main([command, SESSION], filled) == 0
        whole = capsys.readouterr().out
        assert main([command, SESSION[:4]], filled) == 0
        assert capsys.readouterr().out == whole
        assert SESSION in whole
        assert OTHER not in whole

    @pytest.mark.parametrize(
        ("prefix", "message_part"),
        [
            ("zz", "session zz is not stored"),
            ("", "the session's id is empty"),
            ("excluded", "session excluded is not stored"),
        ],
    )
    def test_an_unknown_or_ambiguous_id_is_an_error(
        self,
        filled: dict[str, str],
        capsys: pytest.CaptureFixture[str],
        command: str,
        prefix: str,
        message_part: str,
    ) -> None:
        """With what to do."""
        assert main([command, prefix], filled) == 1
        output = capsys.readouterr()
        assert (message_part in output.err, output.out) == (True, "")


@pytest.mark.parametrize("words", [["ledger"], ["sync-now", "--session"]])
def test_the_beginning_of_an_id_is_enough_where_sessions_need_not_be_stored(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    """`sessions` shows no more of it; what begins several is an error, and the name stays else."""
    main([*words, SESSION], filled)
    whole = capsys.readouterr()
    main([*words, SESSION[:8]], filled)
    assert capsys.readouterr() == whole
    assert "is not stored" not in whole.err
    main([*words, "zz-new"], filled)
    unknown = capsys.readouterr()
    assert "zz-new" in unknown.out + unknown.err
    assert main([*words, ""], filled) == 1
    assert "the session's id is empty" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["show"], ["ledger"], ["sync-now", "--session"]])
def test_the_sessions_that_an_id_may_mean_are_named(
    filled: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
) -> None:
    """With their titles; none of them is taken."""
    like = f"{SESSION[:-1]}6"
    world = World(tmp_path / "state")
    world.ingest(message("d1", session_id=like), session_id=like)
    world.close()
    assert main([*words, SESSION[:8]], filled) == 1
    output = capsys.readouterr()
    assert output.out == ""
    first, *others = output.err.splitlines()
    assert first.startswith(f"ccsync-watch: several sessions begin with '{SESSION[:8]}'")
    assert [line.split()[1] for line in others] == [SESSION, like]


def test_the_ledger_says_that_nothing_was_sent(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """With `--json` on standard error: what a program reads has only entries."""
    said = f"Nothing of session {SESSION} was sent from this machine."
    assert main(["ledger", SESSION], filled) == 0
    assert capsys.readouterr().out.split() == said.split()
    assert main(["ledger", SESSION, "--json"], filled) == 0
    output = capsys.readouterr()
    assert (output.out, output.err) == ("", f"ccsync-watch: {said}\n")


def test_an_unknown_session_is_not_imported(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is read, and no redactor prepared, for an id that no transcript can have."""
    folder = Path(filled["HOME"]) / ".claude/projects/-p"
    folder.mkdir(parents=True)
    (folder / f"{OTHER}.jsonl").write_text("{}\n")
    monkeypatch.setattr(sync_now, "_flush_without_daemon", lambda *_: pytest.fail("it imports"))
    for unknown in ("nosuch", "11111111-0000-4000-8000-000000000000"):
        assert main(["sync-now", "--session", unknown], filled) == 1
        assert f"session {unknown} is not stored" in capsys.readouterr().err


@pytest.mark.parametrize("name", [f"{OTHER}.jsonl", "agent-ab12.jsonl"])
def test_what_may_be_a_session_is_known(filled: dict[str, str], name: str) -> None:
    """A transcript that is not imported yet, or whose rows alone name its session; a stored one."""
    settings = load(filled)
    unknown = "22222222-0000-4000-8000-000000000000"
    assert not is_session(settings, unknown)
    assert is_session(settings, SESSION)
    folder = Path(filled["HOME"]) / ".claude/projects/-p"
    folder.mkdir(parents=True)
    (folder / name.replace(OTHER, unknown)).write_text("{}\n")
    assert is_session(load(filled), unknown)


def test_a_store_of_another_version_may_have_any_session(filled: dict[str, str]) -> None:
    """`sync-now` updates it, and then knows."""
    set_schema_version(Path(filled["CCSYNC_WATCH_HOME"]), len(MIGRATIONS) - 1)
    assert is_session(load(filled), "22222222-0000-4000-8000-000000000000")


@pytest.mark.parametrize("command", [["ledger", SESSION[:8]], ["ledger", SESSION]])
def test_the_store_is_opened_once(
    filled: dict[str, str], monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    """For the session and for what is printed of it."""
    opened = []

    def count(folder: Path) -> Database | None:
        opened.append(folder)
        return open_for_reading(folder)

    for module in (ledger, session_lookup):
        monkeypatch.setattr(module, "open_for_reading", count)
    assert main(command, filled) == 0
    assert len(opened) == 1


@pytest.mark.parametrize("command", [["stats"], ["ledger"], ["export", SESSION], ["explain", "x"]])
def test_a_store_of_an_earlier_version_is_not_called_empty(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    """The error says how to have it updated."""
    set_schema_version(Path(filled["CCSYNC_WATCH_HOME"]), len(MIGRATIONS) - 1)
    assert main(command, filled) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "earlier version of ccsync-watch: run `ccsync-watch stop`" in captured.err


def test_the_status_names_a_store_of_an_earlier_version(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """It is one problem among the others: the rest of the report is shown."""
    set_schema_version(Path(filled["CCSYNC_WATCH_HOME"]), len(MIGRATIONS) - 1)
    assert main(["status"], filled) == 3
    assert "Stored data not shown: the database is of an earlier" in capsys.readouterr().out


def test_repair_leaves_the_store_of_a_running_daemon_as_it_is(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Migrated, it would lack the tables that a daemon of an earlier version writes to."""
    monkeypatch.setattr(
        ControlClient, "hello", lambda _client: HelloAnswer(version=__version__, pid=1)
    )
    set_schema_version(Path(filled["CCSYNC_WATCH_HOME"]), len(MIGRATIONS) - 1)
    assert main(["repair"], filled) == 2
    assert "earlier version of ccsync-watch" in capsys.readouterr().err
    with pytest.raises(OtherSchema):
        open_for_reading(Path(filled["CCSYNC_WATCH_HOME"]))

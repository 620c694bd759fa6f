"""Commands on what is stored: the store that must be there, and the session that they name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.cli import main
from support.storing import OTHER, SESSION, World, message

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Have a home without a store."""
    return {
        "HOME": str(tmp_path),
        "CCSYNC_WATCH_HOME": str(tmp_path / "state"),
        "XDG_CACHE_HOME": os.environ["XDG_CACHE_HOME"],
    }


@pytest.fixture
def filled(env: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Have a store with two sessions, and one that is excluded."""
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
    """Nothing has been read yet."""
    assert main(command, env) == 1
    assert "nothing has been read yet: start `ccsync-watch`" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["explain", "export", "preview"])
class TestSession:
    """One that is named on the command line."""

    def test_the_beginning_of_its_id_will_do(
        self, filled: dict[str, str], capsys: pytest.CaptureFixture[str], command: str
    ) -> None:
        """Nobody types thirty-six characters."""
        assert main([command, SESSION], filled) == 0
        whole = capsys.readouterr().out
        assert main([command, SESSION[:4]], filled) == 0
        assert capsys.readouterr().out == whole
        assert SESSION in whole
        assert OTHER not in whole

    @pytest.mark.parametrize(
        ("asked", "said"),
        [
            ("zz", "no session zz is stored"),
            ("", "several sessions begin with"),
            ("excluded", "no session excluded is stored"),
        ],
    )
    def test_one_that_is_not_meant_clearly_is_refused(
        self,
        filled: dict[str, str],
        capsys: pytest.CaptureFixture[str],
        command: str,
        asked: str,
        said: str,
    ) -> None:
        """With what to do."""
        assert main([command, asked], filled) == 1
        made = capsys.readouterr()
        assert (said in made.err, made.out) == (True, "")

"""Commands on what is stored: the store that must be there, and the session that they name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.cli import main
from support.storing import OTHER, SESSION, World, message

if TYPE_CHECKING:
    from pathlib import Path


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
            ("", "several sessions begin with"),
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

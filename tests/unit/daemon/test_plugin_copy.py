"""Which environments of the plugin's copy are removed, and which command a terminal has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.daemon.plugin_copy import command_of_copy, remove_other_environments

if TYPE_CHECKING:
    from pathlib import Path


def names(state: Path) -> list[str]:
    """Return what is in the folder of the environments."""
    return sorted(path.name for path in (state / "program").iterdir())


def environments(state: Path) -> Path:
    """Make three environments, with what prepare.sh has there; return the first."""
    for name in ("111", "222", "333", "new.77"):
        (state / "program" / name / "bin").mkdir(parents=True)
    (state / "program" / "ccsync-watch").touch()
    (state / "program" / "log").touch()
    return state / "program" / "111"


def test_the_environments_of_others_are_removed(tmp_path: Path) -> None:
    """The own one stays, and so do the files, and one that is being made."""
    own = environments(tmp_path)
    remove_other_environments(tmp_path, prefix=str(own))
    assert names(tmp_path) == ["111", "ccsync-watch", "log", "new.77"]


def test_nothing_is_removed_while_one_is_made(tmp_path: Path) -> None:
    """It may be finished at any moment."""
    own = environments(tmp_path)
    (tmp_path / "program" / "preparing").write_text("77\n")
    remove_other_environments(tmp_path, prefix=str(own))
    assert {"111", "222", "333"} <= set(names(tmp_path))


def test_a_program_of_another_place_removes_nothing(tmp_path: Path) -> None:
    """An installed one, or one from the environment of another state folder."""
    environments(tmp_path)
    for prefix in (tmp_path, tmp_path / "program", tmp_path / "other" / "program" / "111"):
        remove_other_environments(tmp_path, prefix=str(prefix))
        assert command_of_copy(tmp_path, prefix=str(prefix)) is None
    remove_other_environments(tmp_path / "none", prefix=str(tmp_path))
    assert {"111", "222", "333"} <= set(names(tmp_path))


def test_the_command_for_a_terminal(tmp_path: Path) -> None:
    """It is there as soon as an environment is."""
    own = environments(tmp_path)
    command = tmp_path / "program" / "ccsync-watch"
    assert command_of_copy(tmp_path, prefix=str(own)) == command
    command.unlink()
    assert command_of_copy(tmp_path, prefix=str(own)) is None

"""`login` and `logout` write the settings file."""

from __future__ import annotations

import errno
import json
import os
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.config import save, settings_file
from ccsync_watch.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://happy-otter-123.convex.cloud"


def test_other_keys_are_kept(tmp_path: Path) -> None:
    """Unknown ones included; None removes."""
    path = tmp_path / "settings.json"
    path.write_text('{"mine": [1], "auto_sync": false, "api_key": "old"}')
    save(path, {"convex_url": URL, "api_key": None})
    assert json.loads(path.read_bytes()) == {
        "mine": [1],
        "auto_sync": False,
        "convex_url": URL,
    }


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    """Also when everybody could before."""
    path = tmp_path / "settings.json"
    path.write_text("{}")
    path.chmod(0o644)
    save(path, {"api_key": "osk_x"})
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """People keep their settings in a repository of dotfiles."""
    real = tmp_path / "dotfiles.json"
    real.write_text("{}")
    path = tmp_path / "settings.json"
    path.symlink_to(real)
    save(path, {"auto_sync": False})
    assert path.is_symlink()
    assert json.loads(real.read_bytes()) == {"auto_sync": False}


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.ENOSPC, "free some disk space"),
        (errno.EDQUOT, "remove files of yours"),
        (errno.EROFS, "mount its disk for writing"),
        (errno.EACCES, "make the folder writable"),
    ],
)
def test_what_to_do_depends_on_why_it_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, hint: str
) -> None:
    """A folder on a full disk is writable."""

    def fail(*_arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(settings_file, "write_private", fail)
    with pytest.raises(ConfigError, match="cannot write") as raised:
        save(tmp_path / "settings.json", {"auto_sync": False})
    assert raised.value.hint
    assert raised.value.hint.startswith(hint)


def test_a_broken_file_is_not_overwritten(tmp_path: Path) -> None:
    """The user's text is worth more than our change."""
    path = tmp_path / "settings.json"
    path.write_text("{broken")
    with pytest.raises(ConfigError, match="not valid JSON"):
        save(path, {"auto_sync": False})
    assert path.read_text() == "{broken"


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """The file is named, and what to do."""
    with pytest.raises(ConfigError, match=r"cannot write .*: make the folder writable"):
        save(tmp_path / "missing" / "settings.json", {"auto_sync": False})


def test_nothing_is_left_when_the_file_cannot_be_replaced(tmp_path: Path) -> None:
    """The unfinished file is removed."""
    path = tmp_path / "settings.json"
    path.symlink_to(tmp_path / "folder")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigError):
        save(path, {"auto_sync": False})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "settings.json"]


def test_a_home_that_is_not_a_folder_has_no_file(tmp_path: Path) -> None:
    """As of a system's user, whose home is `/dev/null`: the state may be elsewhere."""
    home = tmp_path / "null"
    home.touch()
    assert settings_file.read_file(home / ".claude-code-sync.json") == {}

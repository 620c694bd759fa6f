"""The installation's secret, and the names that it makes."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.errors import StateError
from ccsync_watch.store.install_keys import install_key, path_key

if TYPE_CHECKING:
    from pathlib import Path


def test_the_key_is_made_once(tmp_path: Path) -> None:
    """Every later call returns the same, or all hashes would change their meaning."""
    state = tmp_path / "state" / "ccsync-watch"
    key = install_key(state)
    assert len(key) == 32
    assert install_key(state) == key
    assert install_key(tmp_path / "other") != key


def test_the_key_is_the_users_alone(tmp_path: Path) -> None:
    """Whoever reads it can try guesses against the hashes."""
    state = tmp_path / "state"
    install_key(state)
    assert (state / "install.key").stat().st_mode & 0o777 == 0o600
    assert state.stat().st_mode & 0o777 == 0o700
    assert os.listdir(state) == ["install.key"]  # noqa: PTH208 - names wanted


def test_two_at_once_get_the_same_key(tmp_path: Path) -> None:
    """A command beside the daemon's first start must not read half a key, nor make a second."""
    for attempt in range(20):
        with ThreadPoolExecutor(8) as pool:
            keys = list(pool.map(install_key, [tmp_path / f"{attempt}"] * 8))
        assert len(set(keys)) == 1


def test_a_damaged_key_is_named(tmp_path: Path) -> None:
    """It is not replaced without a request: the hashes in the store belong to the old one."""
    (tmp_path / "install.key").write_bytes(b"short")
    with pytest.raises(StateError, match="is damaged: delete it"):
        install_key(tmp_path)


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """The message says what to do."""
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match=r"cannot use the state folder .*CCSYNC_WATCH_HOME"):
        install_key(tmp_path / "file")


def test_a_paths_key_distinguishes_paths_and_reveals_nothing_else() -> None:
    """It depends on the installation; a name that is not valid text has one too."""
    key = b"k" * 32
    assert path_key(key, "/a") == path_key(key, "/a")
    assert path_key(key, "/a") != path_key(key, "/b")
    assert path_key(key, "/a") != path_key(b"l" * 32, "/a")
    assert len(path_key(key, os.fsdecode(b"/in\xffvalid"))) == 16

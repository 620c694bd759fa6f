"""Locks, as the library takes them that the daemon uses."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import filelock

from ccsync_watch.file_locks import is_locked, take_lock

if TYPE_CHECKING:
    from pathlib import Path


def test_a_lock_of_the_library_is_seen(tmp_path: Path) -> None:
    """And left alone; a file without a lock, or no file, is not locked."""
    path = tmp_path / "x.lock"
    assert is_locked(str(path)) is False
    lock = filelock.FileLock(path)
    with lock:
        assert is_locked(str(path)) is True
        assert take_lock(str(path)) is None
    assert is_locked(str(path)) is False


def test_a_lock_is_held_as_long_as_a_handle_is_open(tmp_path: Path) -> None:
    """Also by a process that inherited one."""
    path = str(tmp_path / "x.lock")
    handle = take_lock(path)
    assert handle is not None
    inherited = os.dup(handle)
    os.close(handle)
    assert is_locked(path) is True
    os.close(inherited)
    assert is_locked(path) is False

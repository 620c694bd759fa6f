"""The secret key of this installation: it identifies files and equal secrets and reveals neither.

It never leaves the state folder. It is a file next to the database, not a row in it, so that a
database rebuilt from the transcripts gets the same rows.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import TYPE_CHECKING

from ccsync_watch.disk_faults import state_error
from ccsync_watch.errors import StateError
from ccsync_watch.private_files import make_folder, read_private

if TYPE_CHECKING:
    from pathlib import Path

_KEY_NAME = "install.key"
_KEY_BYTES = 32


def install_key(folder: Path) -> bytes:
    """Return this installation's key, created at the first call. Raises StateError, UnsafePath."""
    path = folder / _KEY_NAME
    try:
        make_folder(folder)
        if not path.exists():
            _create(path)
        key = read_private(path)
    except OSError as error:
        raise state_error(folder, error, doing="use the state folder") from None
    if len(key) != _KEY_BYTES:
        raise StateError(f"{path} is damaged", hint="delete it; a new one is created")
    return key


def _create(path: Path) -> None:
    """Write a new key, whole or not at all, unless another process has already written one."""
    # `tempfile` would do the same, and every command would have to load it.
    name = path.with_name(f"{_KEY_NAME}.{os.urandom(8).hex()}")
    handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(os.urandom(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
    finally:
        name.unlink()


def path_key(key: bytes, path: str) -> bytes:
    """Return the key of a transcript's path in the store; the path itself may contain secrets."""
    return hashlib.blake2b(os.fsencode(path), key=key, digest_size=16).digest()

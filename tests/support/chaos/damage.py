"""Damage to the files of a state folder, as failing disks, people and programs do it."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

_PAGE = 4096
_DATABASE = "ccsync.db"


def _zero_header(state: Path, _chance: random.Random) -> None:
    _overwrite(state / _DATABASE, 0, bytes(_PAGE))


def _zero_all(state: Path, _chance: random.Random) -> None:
    path = state / _DATABASE
    _overwrite(path, 0, bytes(path.stat().st_size))


def _zero_pages(state: Path, chance: random.Random) -> None:
    path = state / _DATABASE
    for _ in range(5):
        page = chance.randrange(max(1, path.stat().st_size // _PAGE))
        _overwrite(path, page * _PAGE, bytes(_PAGE))


def _flip_page_heads(state: Path, chance: random.Random) -> None:
    """Flip bytes where SQLite can notice it: of a text it has no checksum."""
    path = state / _DATABASE
    for _ in range(8):
        page = chance.randrange(1, max(2, path.stat().st_size // _PAGE))
        _overwrite(path, page * _PAGE, chance.randbytes(8))


def _truncate(state: Path, chance: random.Random) -> None:
    path = state / _DATABASE
    os.truncate(path, chance.randrange(path.stat().st_size))


def _delete(state: Path, chance: random.Random) -> None:
    (state / _DATABASE).unlink()
    if chance.random() < 0.5:
        _delete_log(state, chance)


def _delete_log(state: Path, _chance: random.Random) -> None:
    for suffix in ("-wal", "-shm"):
        (state / f"{_DATABASE}{suffix}").unlink(missing_ok=True)


def _zero_log(state: Path, _chance: random.Random) -> None:
    path = state / f"{_DATABASE}-wal"
    _overwrite(path, 0, bytes(path.stat().st_size))


def _delete_lock(state: Path, _chance: random.Random) -> None:
    (state / "daemon.lock").unlink()


def _delete_everything(state: Path, _chance: random.Random) -> None:
    for path in list(state.iterdir()):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


DAMAGES: dict[str, Callable[[Path, random.Random], None]] = {
    "zero-header": _zero_header,
    "zero-all": _zero_all,
    "zero-pages": _zero_pages,
    "flip-page-heads": _flip_page_heads,
    "truncate": _truncate,
    "delete": _delete,
    "delete-log": _delete_log,
    "zero-log": _zero_log,
    "delete-lock": _delete_lock,
    "delete-everything": _delete_everything,
}
"""Every kind of damage, by its name."""


def damage(state: Path, chance: random.Random) -> str | None:
    """Damage a state folder; return how, None where there was nothing to damage."""
    for name in chance.sample(sorted(DAMAGES), len(DAMAGES)):
        with contextlib.suppress(FileNotFoundError, ValueError):
            DAMAGES[name](state, chance)
            return name
    return None


def _overwrite(path: Path, start: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(data)

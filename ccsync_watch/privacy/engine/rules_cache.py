"""Keeps compiled triggers in a folder, and what a scan has to know of them, for the next start.

Whatever cannot be read or written there is not a failure: then it is computed and compiled again.
So is what is damaged, as with one wrong bit a scan could overlook secrets: both have a checksum,
compiled triggers that of the library.
The folder is the user's alone, as compiled triggers are loaded without checks.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ccsync_watch.privacy.engine import anchors, pattern_syntax, scan_plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ccsync_watch.privacy.engine.scan_plan import Expression

_KEPT = 6
"""So many files of compiled rules stay in the cache: two versions may be used in turn."""
_KEPT_LAYOUTS = 2
_ALONE_SECONDS = 120.0
"""How long to wait for another process that compiles, which may hang."""


class ScanLayout(NamedTuple):
    """What a scan has to know of its plan: see `ScanPlan`.

    `files` name what is compiled of those everywhere, apart and near words; empty if there is none.
    """

    bytes: list[tuple[bytes, int]]
    before: int
    after: int
    files: list[str]


class RulesCache:
    """The files in `folder`, without one if that is None, of a version of the library."""

    def __init__(self, folder: Path | None, library: Any) -> None:  # noqa: ANN401 - it has no types
        self._folder = folder
        self._library = library

    @property
    def is_there(self) -> bool:
        """Return whether there is a folder."""
        return self._folder is not None

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Let no other process compile meanwhile: after an update several may be about to.

        Beside each other they take as long as one after the other, and all but one for nothing.
        """
        # Loaded here: what is compiled already needs no lock.
        import filelock  # noqa: PLC0415 - see above

        lock = filelock.FileLock(
            (self._folder or Path()) / "compiling.lock", timeout=_ALONE_SECONDS, mode=0o600
        )
        with contextlib.ExitStack() as held:
            # Without a folder, in one that cannot be written to, or while another process hangs.
            with contextlib.suppress(OSError, NotImplementedError, filelock.Timeout):
                if self._folder is not None:
                    held.enter_context(lock)
            yield

    def name_of(self, rows: Sequence[Expression]) -> str:
        """Return the name under which the compiled rows are kept, empty of none."""
        return f"rules-{self._digest(list(rows))}.hs" if rows else ""

    def load(self, name: str) -> Any:  # noqa: ANN401 - as above
        """Return compiled triggers, None if they are not there."""
        if self._folder is None:
            return None
        library, path = self._library, self._folder / name
        with contextlib.suppress(OSError, library.error):
            database = library.loadb(path.read_bytes(), library.HS_MODE_BLOCK)
            database.scratch = library.Scratch(database)
            _mark_used(path)
            return database
        return None

    def save(self, name: str, database: Any) -> None:  # noqa: ANN401 - as above
        """Keep compiled triggers."""
        if self._folder is not None:
            self._write(name, self._library.dumpb(database))
            self._remove_unused("rules-*.hs", _KEPT)

    def load_layout(self, *key: object) -> ScanLayout | None:
        """Return the layout that was saved for what it was computed from, if there is one."""
        if self._folder is None:
            return None
        with contextlib.suppress(OSError, ValueError, TypeError):
            path = self._layout_path(*key)
            checksum, _, data = path.read_bytes().partition(b"\n")
            if checksum != _checksum(data):
                return None
            single, *rest = json.loads(data)
            layout = ScanLayout([(bytes.fromhex(byte), number) for byte, number in single], *rest)
            _mark_used(path)
            return layout
        return None

    def save_layout(self, layout: ScanLayout, *key: object) -> None:
        """Keep a layout: to compute it takes longer than to load the compiled triggers."""
        if self._folder is None:
            return
        single = [(byte.hex(), number) for byte, number in layout.bytes]
        data = json.dumps([single, *layout[1:]]).encode()
        with contextlib.suppress(OSError):
            self._write(self._layout_path(*key).name, _checksum(data) + b"\n" + data)
            self._remove_unused("rules-*.json", _KEPT_LAYOUTS)

    def _layout_path(self, *key: object) -> Path:
        folder = self._folder or Path()
        return folder / f"rules-{self._digest((_planning_code(), *key))}.json"

    def _digest(self, key: object) -> str:
        data = repr((self._library.__version__, key)).encode()
        return hashlib.sha256(data).hexdigest()[:16]

    def _write(self, name: str, data: bytes) -> None:
        if self._folder is None:
            return
        path = self._folder / name
        unfinished = path.with_suffix(f".{os.getpid()}")
        try:
            unfinished.write_bytes(data)
            unfinished.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                unfinished.unlink()

    def _remove_unused(self, pattern: str, count: int) -> None:
        """Remove the files that were not used for longest, those of old versions."""
        if self._folder is None:
            return
        with contextlib.suppress(OSError):
            files = sorted(
                self._folder.glob(pattern), key=lambda path: path.stat().st_mtime, reverse=True
            )
            for path in files[count:]:
                path.unlink(missing_ok=True)


def _mark_used(path: Path) -> None:
    """Have a file removed after all that were not used; in a folder for reading none is."""
    with contextlib.suppress(OSError):
        os.utime(path)


def _checksum(data: bytes) -> bytes:
    return hashlib.sha256(data).hexdigest().encode()


@cache
def _planning_code() -> str:
    """Return a digest of the code that plans a scan: another one may plan it in another way.

    Raises OSError where that is not in files, or is being replaced.
    """
    code = hashlib.sha256()
    for module in (anchors, pattern_syntax, scan_plan):
        code.update(Path(str(module.__file__)).read_bytes())
    return code.hexdigest()

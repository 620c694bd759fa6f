"""The hooks' spool: small files that say that a session started, paused or ended.

A file is whole once it ends with a newline.

A hook writes one file and returns; whoever reads it may run now or tomorrow. A signal only hints:
what it names is looked for below the configured folders, and nothing it says is opened. Whatever
else lies in the folder is set aside, a few of it, for someone to look at; the rest is removed.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable

SPOOL_NAME = "signals"
ASIDE_NAME = "signals.aside"
MAX_HOOK_EVENT_BYTES = 64 << 10
# How much one look takes from a folder of any size: live signals come first, then some rubbish.
MAX_TAKEN = 200
MAX_SWEPT = 500
MAX_ASIDE = 20
# A hook that was killed may leave an unfinished file behind.
_UNFINISHED_MS = 60_000

Event: TypeAlias = Literal["SessionStart", "Stop", "SessionEnd"]

# Event, session, and the hook's process id, which keeps two of the same apart.
_NAME = re.compile(
    r"(SessionStart|Stop|SessionEnd)\.([0-9A-Za-z][0-9A-Za-z_-]{0,127})\.[0-9]{1,10}"
)
_MAX_TEXT = 4096


@dataclass(frozen=True, slots=True)
class HookEvent:
    """One sign of life; `detail` holds what the event tells: source, model, cwd, reason."""

    event: Event
    session_id: str
    at_ms: int
    detail: dict[str, str]


@dataclass(frozen=True, slots=True)
class Taken:
    """Signals in the order in which they came, each with its file, and whether there is more."""

    signals: list[tuple[str, HookEvent]]
    is_more: bool


_DETAILS: dict[Event, tuple[str, ...]] = {
    "SessionStart": ("source", "model", "cwd"),
    "Stop": (),
    "SessionEnd": ("reason", "cwd"),
}


class Spool:
    """The reader; used by one thread. `claude_dirs` are the folders that a signal may speak of."""

    def __init__(self, state_dir: Path, claude_dirs: Iterable[Path]) -> None:
        self.folder = state_dir / SPOOL_NAME
        self._aside = state_dir / ASIDE_NAME
        self._roots = [root for claude_dir in claude_dirs for root in _spellings(claude_dir)]
        self._mark = 0
        # How many files were no signals of ours, since the start.
        self.foreign = 0

    def prepare(self) -> None:
        """Make the folder, for this user alone. Raises OSError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def is_changed(self) -> bool:
        """Tell, at the price of one `stat`, whether something came since the last `take`."""
        try:
            return self.folder.stat().st_mtime_ns != self._mark
        except OSError:
            return False

    def take(self) -> Taken:
        """Return the signals that wait; each stays until it is `done`."""
        try:
            # Before the names are read: what comes meanwhile makes another mark.
            mark = self.folder.stat().st_mtime_ns
            with os.scandir(self.folder) as entries:
                names = [entry.name for entry in entries]
        except OSError:
            return Taken([], is_more=False)
        self._mark = mark
        ours = [name for name in names if _NAME.fullmatch(name)]
        signals: list[tuple[str, HookEvent]] = []
        for name in ours[:MAX_TAKEN]:
            made = self._read(name)
            if made is not None:
                signals.append((name, made))
        rubbish = [name for name in names if not _NAME.fullmatch(name)]
        for name in rubbish[:MAX_SWEPT]:
            self._put_aside(name)
        signals.sort(key=lambda signal: signal[1].at_ms)
        is_more = len(ours) > MAX_TAKEN or len(rubbish) > MAX_SWEPT
        return Taken(signals, is_more=is_more)

    def done(self, name: str) -> None:
        """Forget a signal whose effect is certain."""
        with contextlib.suppress(OSError):
            (self.folder / name).unlink()

    def _read(self, name: str) -> HookEvent | None:
        try:
            data, at_ms = _contents(self.folder / name)
        except FileNotFoundError:
            return None
        except OSError:
            self._put_aside(name)
            return None
        if not data.endswith(b"\n") and abs(time.time() * 1000 - at_ms) < _UNFINISHED_MS:
            return None
        made = self._signal(name, data, at_ms)
        if made is None:
            self._put_aside(name)
        return made

    def _signal(self, name: str, data: bytes, at_ms: int) -> HookEvent | None:
        """Return the signal, None when it is malformed or not about a folder of ours."""
        try:
            fields = orjson.loads(data)
        except orjson.JSONDecodeError:
            return None
        event, session_id = name.split(".")[:2]
        if not isinstance(fields, dict) or fields.get("hook_event_name") != event:
            return None
        path = fields.get("transcript_path")
        if fields.get("session_id") != session_id or not self._is_ours(path):
            return None
        known = cast("Event", event)
        return HookEvent(known, session_id, at_ms, _details(fields, _DETAILS[known]))

    def _is_ours(self, path: object) -> bool:
        """Tell whether a transcript's path, if the signal has one, lies below a folder of ours."""
        if path is None:
            return True
        if not isinstance(path, str) or "\0" in path or not os.path.isabs(path):  # noqa: PTH117 - a str from outside
            return False
        spellings = _spellings(Path(path))
        return all(
            any(spelling.is_relative_to(root) for root in self._roots) for spelling in spellings
        )

    def _put_aside(self, name: str) -> None:
        """Keep a few small foreign files where nobody reads them, and remove the others."""
        self.foreign += 1
        path = self.folder / name
        try:
            seen = path.lstat()
            if stat.S_ISDIR(seen.st_mode):
                # Only an empty one goes; nobody's files are removed with their folder.
                path.rmdir()
            elif stat.S_ISREG(seen.st_mode) and seen.st_size <= MAX_HOOK_EVENT_BYTES:
                self._aside.mkdir(mode=0o700, exist_ok=True)
                slot = self._aside / f"{self.foreign % MAX_ASIDE}"
                path.replace(slot)
            else:
                path.unlink()
        except OSError:
            # It stays, and costs one name in the list.
            return


def _contents(path: Path) -> tuple[bytes, int]:
    """Return a small regular file of this user's, and when it was written. Raises OSError.

    Links are not followed, and opening waits for nobody.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    handle = os.open(path, flags)
    try:
        seen = os.fstat(handle)
        is_own = not hasattr(os, "getuid") or seen.st_uid == os.getuid()
        if not stat.S_ISREG(seen.st_mode) or seen.st_size > MAX_HOOK_EVENT_BYTES or not is_own:
            raise PermissionError("no signal")
        return os.read(handle, MAX_HOOK_EVENT_BYTES), seen.st_mtime_ns // 1_000_000
    finally:
        os.close(handle)


def _details(fields: dict[str, Any], names: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        value = fields.get(name)
        if isinstance(value, dict):  # the model has been told both ways
            value = value.get("id")
        if isinstance(value, str) and value:
            found[name] = value[:_MAX_TEXT]
    return found


def _spellings(path: Path) -> list[Path]:
    """Return a path without its `..`, as it is written and as its links lead."""
    written = Path(os.path.normpath(path))
    return [written, Path(os.path.realpath(path))]

"""The hooks' spool: small files which report that a session started, stopped or ended.

A hook writes one file and returns; the reader may run now or tomorrow. `SyncNow` comes from the
command `sync-now` of the plugin, for what the daemon still has to do. A file is complete once it
ends with a newline; of a hook that was killed, the file's name says which session to read. A hook
event is only a hint: its session is looked up below the Claude folders that are read, and no path
in it is opened. An event of another Claude folder shows that there is one. A few of the other files
in the folder are set aside for inspection, without their secrets; the rest is removed.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

import orjson

from ccsync_watch.errors import UnsafePath
from ccsync_watch.private_files import check_folder, make_folder, tighten_folder, write_private
from ccsync_watch.processes import is_alive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ccsync_watch.clock import Clock

SPOOL_NAME = "signals"
ASIDE_NAME = "signals.aside"
MAX_HOOK_EVENT_BYTES = 64 << 10
# How much one read takes from a folder of any size: hook events first, then some unexpected files.
MAX_EVENTS = 200
MAX_UNEXPECTED = 500
MAX_ASIDE = 20
# A hook that was killed leaves an unfinished file behind. One that takes longer than a moment is
# waited for while its process runs.
_MOMENT_MS = 2_000
_UNFINISHED_MS = 60_000

HookName: TypeAlias = Literal["SessionStart", "Stop", "SessionEnd", "SyncNow"]

# Hook, session, and the hook's process id, which distinguishes two of the same.
_NAME = re.compile(
    r"(SessionStart|Stop|SessionEnd|SyncNow)\.([0-9A-Za-z][0-9A-Za-z_-]{0,127})\.([0-9]{1,10})"
)
# The plugin's options on their way to their file; they may contain the API key.
_OPTIONS = re.compile(r"options\.([0-9]{1,10})")
_MAX_TEXT = 4096
# A transcript's path ends in `projects`, its project's folder and its session's name.
_PROJECTS = "projects"
_MIN_PARTS = 4


@dataclass(frozen=True, slots=True)
class HookEvent:
    """One event of a session; `detail` holds what it reports: source, model, cwd, reason.

    `claude_dir` is the Claude folder that it names, `is_read` whether that is one that is read.
    """

    name: HookName
    session_id: str
    at_ms: int
    detail: dict[str, str]
    claude_dir: Path | None = None
    is_read: bool = True


@dataclass(frozen=True, slots=True)
class HookEventBatch:
    """Hook events in the order they came, each with its file's name; and whether there are more."""

    events: list[tuple[str, HookEvent]]
    has_more: bool


_DETAILS: dict[HookName, tuple[str, ...]] = {
    "SessionStart": ("source", "model", "cwd"),
    "Stop": (),
    "SessionEnd": ("reason", "cwd"),
    "SyncNow": (),
}


def request_sync(state_dir: Path, session_id: str) -> bool:
    """Have the daemon, as soon as it runs, read a session to its end and upload it.

    Return whether the request was written.
    """
    name = f"SyncNow.{session_id}.0"
    if not _NAME.fullmatch(name):
        return False
    data = orjson.dumps({"hook_event_name": "SyncNow", "session_id": session_id}) + b"\n"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
    try:
        make_folder(state_dir / SPOOL_NAME)
        with os.fdopen(os.open(state_dir / SPOOL_NAME / name, flags, 0o600), "wb") as file:
            file.write(data)
    except (OSError, UnsafePath):
        return False
    return True


class Spool:
    """The reader; used by one thread. `claude_dirs` are the folders that an event may refer to.

    `redact` returns a text without its secrets. Without it, unexpected files stay in the folder.
    """

    def __init__(
        self,
        state_dir: Path,
        claude_dirs: Iterable[Path],
        *,
        clock: Clock,
        redact: Callable[[str], str] | None = None,
    ) -> None:
        self.folder = state_dir / SPOOL_NAME
        self._aside = state_dir / ASIDE_NAME
        self._clock = clock
        self._redact = redact
        self._roots = [root for claude_dir in claude_dirs for root in _spellings(claude_dir)]
        self._mtime_ns = 0
        # How many files were not hook events, since the start.
        self.unexpected = 0

    def prepare(self) -> None:
        """Create the folder, for this user alone, and remove what others put there.

        Raises UnsafePath, OSError.
        """
        make_folder(self.folder)
        for folder in (self.folder, self._aside):
            check_folder(folder)
            tighten_folder(folder, is_removing=True)

    def is_changed(self) -> bool:
        """Return, by one `stat`, whether something came since the last `read`."""
        try:
            return self.folder.stat().st_mtime_ns != self._mtime_ns
        except OSError:
            return False

    def read(self) -> HookEventBatch:
        """Return the hook events in the folder; each stays there until it is removed."""
        try:
            # Before the names are listed: what comes meanwhile changes the time again.
            mtime_ns = self.folder.stat().st_mtime_ns
            with os.scandir(self.folder) as entries:
                names = [entry.name for entry in entries]
        except OSError:
            return HookEventBatch([], has_more=False)
        self._mtime_ns = mtime_ns
        expected = [name for name in names if _NAME.fullmatch(name)]
        events: list[tuple[str, HookEvent]] = []
        for name in expected[:MAX_EVENTS]:
            event = self._read_file(name)
            if event is not None:
                events.append((name, event))
        unexpected = [name for name in names if not _NAME.fullmatch(name)]
        for name in unexpected[:MAX_UNEXPECTED]:
            if match := _OPTIONS.fullmatch(name):
                self._remove_abandoned(name, int(match[1]))
            else:
                self._set_aside(name)
        events.sort(key=lambda named: named[1].at_ms)
        has_more = len(expected) > MAX_EVENTS or len(unexpected) > MAX_UNEXPECTED
        return HookEventBatch(events, has_more=has_more)

    def remove(self, name: str) -> None:
        """Remove the file of a hook event whose effect is stored."""
        with contextlib.suppress(OSError):
            (self.folder / name).unlink()

    def _read_file(self, name: str) -> HookEvent | None:
        try:
            data, at_ms = _read_private(self.folder / name)
        except FileNotFoundError:
            return None
        except OSError:
            self._set_aside(name)
            return None
        if not data.endswith(b"\n"):
            return self._read_unfinished(name, at_ms)
        event = self._parse(name, data, at_ms)
        if event is None:
            self._set_aside(name)
        return event

    def _read_unfinished(self, file_name: str, at_ms: int) -> HookEvent | None:
        """Return what the name of a killed hook's file says; None while it may be written.

        That is enough to read the session now; how it ended is not known.
        """
        name, session_id, pid = file_name.split(".")
        if not self._is_abandoned(at_ms, int(pid)):
            return None
        if name == "SessionStart":
            self.remove(file_name)
            return None
        return HookEvent("SyncNow" if name == "SyncNow" else "Stop", session_id, at_ms, {})

    def _remove_abandoned(self, name: str, pid: int) -> None:
        with contextlib.suppress(OSError):
            if self._is_abandoned((self.folder / name).lstat().st_mtime_ns // 1_000_000, pid):
                self.remove(name)

    def _is_abandoned(self, at_ms: int, pid: int) -> bool:
        """Return whether nobody writes a file any more that was begun at that time."""
        age_ms = abs(self._clock.wall_ms() - at_ms)
        return age_ms >= _UNFINISHED_MS or (age_ms >= _MOMENT_MS and not is_alive(pid))

    def _parse(self, file_name: str, data: bytes, at_ms: int) -> HookEvent | None:
        """Return the hook event; None if it is malformed, or names another kind of file."""
        try:
            fields = orjson.loads(data)
        except orjson.JSONDecodeError:
            return None
        name, session_id = file_name.split(".")[:2]
        if not isinstance(fields, dict) or fields.get("hook_event_name") != name:
            return None
        path = _whole_path(fields.get("transcript_path"), fields.get("cwd"))
        claude_dir = _claude_dir(path, session_id)
        is_read = self._is_below_roots(path)
        if fields.get("session_id") != session_id or not (is_read or claude_dir):
            return None
        hook = cast("HookName", name)
        details = _details(fields, _DETAILS[hook])
        return HookEvent(hook, session_id, at_ms, details, claude_dir, is_read)

    def _is_below_roots(self, path: object) -> bool:
        """Return whether a transcript's path, if the event has one, is below a Claude folder."""
        if path is None:
            return True
        if not isinstance(path, str) or "\0" in path or not os.path.isabs(path):  # noqa: PTH117 - a str from outside
            return False
        spellings = _spellings(Path(path))
        return all(
            any(spelling.is_relative_to(root) for root in self._roots) for spelling in spellings
        )

    def _set_aside(self, name: str) -> None:
        """Write what is in one of the first unexpected files for inspection; remove all of them."""
        if self._redact is None:
            return
        self.unexpected += 1
        path = self.folder / name
        try:
            status = path.lstat()
            if stat.S_ISDIR(status.st_mode):
                # Only if it is empty: no files of others are removed with their folder.
                path.rmdir()
            elif self.unexpected <= MAX_ASIDE and _is_small_and_own(status):
                text = self._redact(_read_private(path)[0].decode("utf-8", "replace"))
                self._aside.mkdir(mode=0o700, exist_ok=True)
                slot = self._aside / f"{self.unexpected}"
                write_private(slot, text.encode("utf-8", "replace"))
                path.unlink()
            else:
                path.unlink()
        except OSError:
            # It stays, and costs one name in the list.
            return


def _read_private(path: Path) -> tuple[bytes, int]:
    """Return a small regular file of this user's, and when it was written. Raises OSError.

    Links are not followed, and opening never blocks.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    handle = os.open(path, flags)
    try:
        status = os.fstat(handle)
        if not _is_small_and_own(status):
            raise PermissionError("not a hook event")
        return os.read(handle, MAX_HOOK_EVENT_BYTES), status.st_mtime_ns // 1_000_000
    finally:
        os.close(handle)


def _is_small_and_own(status: os.stat_result) -> bool:
    """Return whether this is a regular file of this user's, no larger than hook events are."""
    is_own = not hasattr(os, "getuid") or status.st_uid == os.getuid()
    return is_own and stat.S_ISREG(status.st_mode) and status.st_size <= MAX_HOOK_EVENT_BYTES


def _whole_path(path: object, cwd: object) -> object:
    """Return a transcript's path, which a client with a relative `CLAUDE_CONFIG_DIR` writes so too.

    It is then in the folder where the client was started, as `cwd` is when a session starts.
    """
    if not (isinstance(path, str) and isinstance(cwd, str)) or not os.path.isabs(cwd):  # noqa: PTH117 - a str from outside
        return path
    return path if not path or os.path.isabs(path) else os.path.normpath(f"{cwd}/{path}")  # noqa: PTH117 - as above


def _claude_dir(path: object, session_id: str) -> Path | None:
    """Return the Claude folder that a transcript's path names, None if it is not written so."""
    if not isinstance(path, str) or not path.isprintable() or os.path.normpath(path) != path:
        return None
    parts = Path(path).parts
    names = f"{session_id}.jsonl", _PROJECTS
    is_transcript = len(parts) > _MIN_PARTS and (parts[-1], parts[-3]) == names
    return Path(*parts[:-3]) if is_transcript and os.path.isabs(path) else None  # noqa: PTH117 - a str from outside


def _details(fields: dict[str, Any], names: Iterable[str]) -> dict[str, str]:
    details: dict[str, str] = {}
    for name in names:
        value = fields.get(name)
        if isinstance(value, dict):  # clients report the model as a name or as an object
            value = value.get("id")
        # Not cut: no rule recognizes half a secret.
        if isinstance(value, str) and 0 < len(value) <= _MAX_TEXT:
            details[name] = value
    return details


def _spellings(path: Path) -> list[Path]:
    """Return a path without its `..`: as it is written, and with its links resolved."""
    written = Path(os.path.normpath(path))
    return [written, Path(os.path.realpath(path))]

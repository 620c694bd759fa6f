"""Find every transcript below the configured folders, and name the stream each belongs to.

The sweep is the truth that events only hint at. It never concludes from an error that a file is
gone: a folder that could not be read is reported, and what was known below it stands.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

from ccsync_watch.model import Stream

if TYPE_CHECKING:
    from collections.abc import Iterable

_AGENT = re.compile(r"agent-([0-9A-Za-z_-]{1,64})")
_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,127}")
_SUFFIX = ".jsonl"
SIDECAR_SUFFIX = ".meta.json"


@dataclass(frozen=True, slots=True)
class Transcript:
    """A transcript as `stat` saw it; sizes in bytes.

    `mtime_ns` is the later of its own and the last change of the file beside a subagent's.
    """

    path: str
    stream: Stream
    size: int
    mtime_ns: int
    device: int
    inode: int


@dataclass(slots=True)
class Sweep:
    """All transcripts of one look. `unread` are folders that could not be listed, with why."""

    found: list[Transcript] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)

    def is_certainly_gone(self, path: str) -> bool:
        """Tell whether a path that was not found is gone, and not just out of sight."""
        return not any(
            path == unread or path.startswith(f"{unread}{os.sep}") for unread in self.unread
        )


def stream_of(path: str) -> Stream | None:
    """Return what the file's name says of its stream, None when it is no transcript.

    A workflow's `journal.jsonl` and the client's temporary files are none. A subagent's session
    is the folder above `subagents`; older clients kept its file beside the session's, and then
    its rows name the session.
    """
    pure = PurePath(path)
    if pure.suffix != _SUFFIX or pure.name == "journal.jsonl":
        return None
    agent = _AGENT.fullmatch(pure.stem)
    if agent:
        parents = pure.parts[:-1]
        if "subagents" in parents:
            at = len(parents) - 1 - parents[::-1].index("subagents")
            return Stream(pure.stem, _named(parents[at - 1]), agent[1])
        return Stream(pure.stem, "", agent[1])
    return Stream(_named(pure.stem), _named(pure.stem), None)


def _named(stem: str) -> str:
    """Return a stem as an id: as it is when it looks like one, else without what does not."""
    if _NAME.fullmatch(stem):
        return stem
    return re.sub(r"[^0-9A-Za-z_-]", "_", stem)[:128].lstrip("_-") or "unnamed"


def transcript_of(path: str) -> str | None:
    """Return the transcript that a changed path belongs to: itself, or the one it stands beside."""
    if path.endswith(SIDECAR_SUFFIX):
        path = path[: -len(SIDECAR_SUFFIX)] + _SUFFIX
    return path if stream_of(path) else None


def sidecar_of(path: str) -> str:
    """Return the path of the small file beside a subagent's transcript; it may not exist."""
    return path.removesuffix(_SUFFIX) + SIDECAR_SUFFIX


def _changed_ns(path: str) -> int:
    """Return when a file was last put here; a file renamed into place keeps an older mtime."""
    try:
        return os.stat(path).st_ctime_ns  # noqa: PTH116 - a str path may hold bytes that Path would not print
    except OSError:
        return 0


def look(path: str) -> Transcript | None:
    """Return one transcript as it is now, None when it is not there or is none.

    Raises OSError when it is there and cannot be looked at.
    """
    stream = stream_of(path)
    if stream is None:
        return None
    try:
        seen = os.stat(path)  # noqa: PTH116 - a str path may hold bytes that Path would not print
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(seen.st_mode):
        return None
    mtime_ns = seen.st_mtime_ns
    if stream.agent_id is not None:
        mtime_ns = max(mtime_ns, _changed_ns(sidecar_of(path)))
    return Transcript(path, stream, seen.st_size, mtime_ns, seen.st_dev, seen.st_ino)


def sweep(roots: Iterable[str]) -> Sweep:
    """Return every transcript below the `projects` folders given.

    Links are followed; a folder or file reached twice counts once.
    """
    made = Sweep()
    seen: set[tuple[int, int]] = set()
    pending = [root for root in roots if os.path.isdir(root)]  # noqa: PTH112 - as above
    while pending:
        _list_folder(pending.pop(), made, pending, seen)
    return made


def sweep_session(roots: Iterable[str], session_id: str) -> Sweep:
    """Return one session's transcripts, its subagents' included; a `stat` in each project.

    A session's pauses are many, and looking through all transcripts for one takes a fifth of a
    second. What stands deeper, or beside it under another name, is left to the sweep.
    """
    made = Sweep()
    if not _NAME.fullmatch(session_id):
        return made
    seen: set[tuple[int, int]] = set()
    pending: list[str] = []
    for root in roots:
        with contextlib.suppress(OSError), os.scandir(root) as entries:
            for project in entries:
                found = _looked(os.path.join(project.path, session_id + _SUFFIX), made)  # noqa: PTH118 - a str path may hold bytes that Path would not print
                if found is not None and (found.device, found.inode) not in seen:
                    seen.add((found.device, found.inode))
                    made.found.append(found)
                below = os.path.join(project.path, session_id)  # noqa: PTH118 - as above
                if os.path.isdir(below):  # noqa: PTH112 - as above
                    pending.append(below)
    while pending:
        _list_folder(pending.pop(), made, pending, seen)
    return made


def _looked(path: str, made: Sweep) -> Transcript | None:
    try:
        return look(path)
    except OSError as error:
        made.unread[path] = error.strerror or "unreadable"
    return None


def _list_folder(folder: str, made: Sweep, pending: list[str], seen: set[tuple[int, int]]) -> None:
    try:
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
        made.folders.append(folder)
    except OSError as error:
        if not isinstance(error, FileNotFoundError):
            made.unread[folder] = error.strerror or "unreadable"
        return
    for entry in listed:
        try:
            if entry.is_dir():
                if _is_first(entry.stat(), seen):
                    pending.append(entry.path)
            elif entry.name.endswith(_SUFFIX) and (found := look(entry.path)):
                identity = (found.device, found.inode)
                if identity not in seen:
                    seen.add(identity)
                    made.found.append(found)
        except OSError as error:
            made.unread[entry.path] = error.strerror or "unreadable"


def _is_first(status: os.stat_result, seen: set[tuple[int, int]]) -> bool:
    identity = (status.st_dev, status.st_ino)
    if identity in seen:
        return False
    seen.add(identity)
    return True

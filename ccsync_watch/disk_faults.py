"""Why a file of the state folder could not be used, and what to do: one table of all causes.

SQLite has one text for several causes. So the folder is tried out: what the system says then is
the cause.
"""

from __future__ import annotations

import contextlib
import errno
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ccsync_watch.errors import StateError
from ccsync_watch.file_systems import network_drive

try:
    # Not when it is needed: with too many open files no module can be loaded.
    import resource
except ImportError:  # Windows has none
    resource = None  # type: ignore[assignment]  # as above

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

_ELSEWHERE = "set CCSYNC_WATCH_HOME to a folder"


@dataclass(frozen=True, slots=True)
class Fault:
    """A cause: its title, and a detail and a hint with `{folder}`, `{limit}` and `{drive}`.

    `is_resumed`: what runs works again by itself once the user did what the hint says.
    """

    title: str
    detail: str
    hint: str
    is_resumed: bool = False


FAULTS = {
    "locked": Fault(
        "Database in use",
        "another program has the database locked",
        "wait until it has ended, or end it (`fuser {folder}/ccsync.db` names it); nothing is lost",
    ),
    "full": Fault(
        "Disk full",
        "the disk is full",
        "free some disk space on the disk of {folder}",
        is_resumed=True,
    ),
    "inodes": Fault(
        "Disk full",
        "the disk has room for bytes, but for no further file",
        "remove files that you do not need from the disk of {folder}",
        is_resumed=True,
    ),
    "quota": Fault(
        "Disk quota reached",
        "your quota on this disk is used up",
        "remove some of your files, or have the quota raised",
        is_resumed=True,
    ),
    "file-size": Fault(
        "Limit of a file's size reached",
        "files may not be larger than {limit} bytes here",
        "raise the limit of the shell or service that starts it (`ulimit -f`, LimitFSIZE), or keep"
        " less, with `ccsync-watch prune`",
    ),
    "descriptors": Fault(
        "Too many open files",
        "the limit of {limit} open files is reached",
        "raise it where ccsync-watch is started (`ulimit -n 4096`, LimitNOFILE), then start it"
        " again",
    ),
    "system-descriptors": Fault(
        "Too many open files",
        "the limit of open files of the whole system is reached",
        "end programs that have many files open, or raise fs.file-max",
    ),
    "read-only": Fault(
        "Disk is read-only",
        "its disk is mounted read-only",
        "mount it for writing (`dmesg` says if it failed), or " + _ELSEWHERE + " on another disk",
    ),
    "permission": Fault(
        "State folder not usable",
        "this user may not write there",
        "make it writable, or " + _ELSEWHERE + " that is",
    ),
    "not-a-folder": Fault(
        "State folder not usable",
        "a file is where a folder has to be",
        "move that file, or " + _ELSEWHERE + " elsewhere",
    ),
    "not-a-file": Fault(
        "State folder not usable",
        "a folder is where a file has to be",
        "move that folder, or " + _ELSEWHERE + " elsewhere",
    ),
    "pipe": Fault(
        "State folder not usable",
        "a pipe that nobody reads is where a file has to be",
        "move that pipe, or " + _ELSEWHERE + " elsewhere",
    ),
    "network": Fault(
        "State folder on a network drive",
        "{folder} is on a network drive ({drive}), where SQLite's locks do not work",
        _ELSEWHERE + " on a local disk, for every program that starts ccsync-watch",
    ),
    "no-sockets": Fault(
        "State folder not usable",
        "its file system does not support sockets",
        _ELSEWHERE + " on a local disk, for every program that starts ccsync-watch",
    ),
    "disk": Fault(
        "Disk fails",
        "the disk reports an error",
        "look at what the system says of it (`dmesg`), and " + _ELSEWHERE + " on another disk if it"
        " fails",
    ),
    "damaged": Fault(
        "Database damaged",
        "the database is damaged",
        "run `ccsync-watch stop`, then `ccsync-watch start`: it keeps this file under another name,"
        " and reads the transcripts again",
    ),
    "unknown": Fault(
        "State folder not usable",
        "it cannot be used",
        "make it writable, or " + _ELSEWHERE + " that is",
    ),
}
"""Every cause, by its code."""

_BY_ERRNO = {
    errno.ENOSPC: "full",
    errno.EDQUOT: "quota",
    errno.EFBIG: "file-size",
    errno.EMFILE: "descriptors",
    errno.ENFILE: "system-descriptors",
    errno.EROFS: "read-only",
    errno.EACCES: "permission",
    errno.EPERM: "permission",
    errno.ENOTDIR: "not-a-folder",
    errno.EEXIST: "not-a-folder",
    errno.ENXIO: "pipe",
    errno.EISDIR: "not-a-file",
    errno.EIO: "disk",
    errno.EOPNOTSUPP: "no-sockets",
    errno.ENOLCK: "network",
    errno.ESTALE: "network",
}
# They say nothing of the file that could not be used.
_PASSING = {"locked", "full", "inodes", "quota", "file-size", "descriptors", "system-descriptors"}
_FULL = {"full", "inodes", "quota"}
_BY_TEXT = {
    "is locked": "locked",
    "is full": "full",
    "locking protocol": "network",
    "is not a database": "damaged",
    "malformed": "damaged",
}
_PROBE_BYTES = 16 << 10
# SQLite opens so many at once: the database, its log, the log's index, their folder.
_DATABASE_FILES = 4


def state_error(path: Path, error: OSError | sqlite3.Error, *, doing: str = "use") -> StateError:
    """Return the error to raise when a file or folder of the state could not be used."""
    folder = _existing_folder(path)
    code = find_cause(folder, error, path)
    fault = FAULTS[code]
    drive = network_drive(str(folder)) or "unknown"
    values = {"folder": folder, "limit": _limit(code), "drive": drive}
    said = getattr(error, "strerror", None) or str(error)
    detail = fault.detail.format(**values)
    # What the system says is worth more where nothing better is known.
    detail = said if code == "unknown" else f"{detail} ({said})"
    failure = StateError(
        f"cannot {doing} {path}: {detail}", hint=fault.hint.format(**values), title=fault.title
    )
    failure.is_resumed = fault.is_resumed
    failure.is_full = code in _FULL
    return failure


def check_writing(folder: Path) -> None:
    """Raise StateError, with the cause, where nothing can be written to the state folder."""
    try:
        _write_probe(folder)
    except OSError as error:
        raise state_error(folder, error, doing="use the state folder") from None


def hint_for(error: OSError) -> str:
    """Return what to do about an error of any other file."""
    code = _BY_ERRNO.get(error.errno or 0)
    if code == "read-only":
        return "mount its disk for writing"
    if code not in {"quota", "file-size", "descriptors", "system-descriptors", "disk"}:
        return "make it usable for this user"
    return FAULTS[code].hint.format(folder=error.filename, limit=_limit(code), drive="")


def find_cause(folder: Path, error: OSError | sqlite3.Error, path: Path | None = None) -> str:
    """Return the code of an error's cause in `FAULTS`; `path` is the file that it is about."""
    number = getattr(error, "errno", None)
    text = str(error)
    code = _BY_ERRNO.get(number or 0) or next(
        (code for part, code in _BY_TEXT.items() if part in text), None
    )
    if code is None and not isinstance(error, OSError):
        code = "not-a-file" if folder == path else _probe(folder)
        if code is None and "I/O" in text:
            code = "disk"
        elif code is None and "readonly" in text:
            code = "permission"
    if code == "full" and _has_no_inodes(folder):
        return "inodes"
    if code in {None, "locked", "disk", "damaged"} and network_drive(str(folder)):
        return "network"
    return code or "unknown"


def is_passing(folder: Path, error: OSError | sqlite3.Error) -> bool:
    """Return whether what failed can be done later, or once the user did what the hint says."""
    return find_cause(folder, error) in _PASSING


def _existing_folder(path: Path) -> Path:
    """Return the folder that is to be tried out: the nearest one that exists."""
    # Not by `Path.is_dir`, which fails where a folder cannot be searched.
    return next((place for place in (path, *path.parents) if os.path.isdir(place)), path.parent)  # noqa: PTH112 - see above


def _write_probe(folder: Path) -> None:
    """Bring a file to the disk, and remove it. Raises OSError.

    Not with `tempfile`: it takes a tenth of a command's start to load, and cannot be loaded when it
    is needed, with too many open files.
    """
    path = folder / f".probe-{os.urandom(8).hex()}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "wb", buffering=0) as file:  # noqa: PTH123 - a descriptor
            left = _PROBE_BYTES
            while left:
                left -= file.write(bytes(left))
            os.fsync(descriptor)
    finally:
        path.unlink()


def _probe(folder: Path) -> str | None:
    """Return the cause that the system names when something is written to a folder."""
    try:
        with contextlib.ExitStack() as opened:
            for _ in range(_DATABASE_FILES):
                opened.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        _write_probe(folder)
    except OSError as error:
        return _BY_ERRNO.get(error.errno or 0)
    limit = _resource_limit("RLIMIT_FSIZE")
    if limit is not None:
        with contextlib.suppress(OSError):
            largest = max((file.stat().st_size for file in folder.glob("ccsync.db*")), default=0)
            if largest + _PROBE_BYTES >= limit:
                return "file-size"
    return None


def _has_no_inodes(folder: Path) -> bool:
    with contextlib.suppress(AttributeError, OSError):  # Windows has none
        figures = os.statvfs(folder)
        return figures.f_files > 0 and figures.f_favail == 0
    return False


def _limit(code: str) -> str:
    names = {"file-size": "RLIMIT_FSIZE", "descriptors": "RLIMIT_NOFILE"}
    limit = _resource_limit(names[code]) if code in names else None
    return "unknown" if limit is None else f"{limit:,}"


def _resource_limit(name: str) -> int | None:
    """Return a limit of this process, None without one, and on Windows."""
    if resource is None:
        return None
    soft: int = resource.getrlimit(getattr(resource, name))[0]
    return None if soft == resource.RLIM_INFINITY else soft

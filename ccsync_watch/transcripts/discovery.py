"""List the transcripts below the configured folders, and identify the stream of each.

A scan is authoritative, file-system events are hints. An error never counts as a deletion: a
folder that could not be read is reported, and what was known below it remains valid.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

from ccsync_watch.regular_files import stored_identity, stored_mtime_ns
from ccsync_watch.stream import Stream
from ccsync_watch.transcripts.fields import agent_identity, hashed_id, is_uuid, may_be_secret

if TYPE_CHECKING:
    from collections.abc import Iterable

_AGENT_STEM = re.compile(r"agent-(.+)", re.DOTALL)
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,127}")
_SUFFIX = ".jsonl"
_SESSION_CHARS = len("00000000-0000-0000-0000-000000000000.jsonl")
_RUN = r"wf_[0-9A-Za-z_-]{1,64}"
_RUN_FILE = re.compile(rf"(.+)[/\\]workflows[/\\]({_RUN})\.json", re.DOTALL)
_RUN_PART = re.compile(rf"(.+)[/\\]subagents[/\\]workflows[/\\]({_RUN})[/\\][^/\\]+\Z", re.DOTALL)
SIDECAR_SUFFIX = ".meta.json"


@dataclass(frozen=True, slots=True)
class Transcript:
    """A transcript as `stat` reports it; sizes in bytes.

    `mtime_ns` is the later of its own and the last change of the files that describe a subagent:
    its sidecar and its workflow's run.
    """

    path: str
    stream: Stream
    size: int
    mtime_ns: int
    device: int
    inode: int


@dataclass(slots=True)
class TranscriptScan:
    """What one scan listed: transcripts, folders, and why some entries could not be read.

    `links` are those folders that only a link leads to.
    """

    transcripts: list[Transcript] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)
    _pending_links: list[str] = field(default_factory=list)
    _tops: set[str] = field(default_factory=set)
    _identities: set[tuple[int, int]] = field(default_factory=set)

    def is_certainly_gone(self, path: str) -> bool:
        """Return whether a path that was not listed is deleted, and not only unreadable."""
        return not any(
            path == unread or path.startswith(f"{unread}{os.sep}") for unread in self.unread
        )

    def add(self, transcript: Transcript) -> None:
        """Add a transcript, unless the same file was listed under another path."""
        if self._is_new(transcript.device, transcript.inode):
            self.transcripts.append(transcript)

    def add_path(self, path: str) -> None:
        """Add the transcript at a path, if there is one."""
        try:
            transcript = stat_transcript(path)
        except OSError as error:
            self.add_error(path, error)
            return
        if transcript is not None:
            self.add(transcript)

    def add_error(self, path: str, error: OSError) -> None:
        """Record a path that exists and could not be read."""
        self.unread[path] = error.strerror or "unreadable"

    def list_all(self, folders: Iterable[str]) -> None:
        """Add the transcripts below some folders, of which those that are links come last.

        A file is listed under the path without a link, whatever leads to it besides.
        """
        pending: list[str] = []
        for folder in folders:
            self._tops.add(folder)
            if os.path.islink(folder):  # noqa: PTH114 - a str path may hold bytes that Path would not print
                self._pending_links.append(folder)
            elif self._is_new_folder(folder):
                pending.append(folder)
        while pending or self._pending_links:
            if pending:
                self.list_folder(pending.pop(), pending)
            elif self._is_new_folder(link := self._pending_links.pop(0)):
                self.links.append(link)
                pending.append(link)

    def list_folder(self, folder: str, pending: list[str]) -> None:
        """Add the transcripts of one folder, and append its subfolders to `pending`."""
        try:
            with os.scandir(folder) as entries:
                ordered = sorted(entries, key=lambda entry: entry.name)
            self.folders.append(folder)
        except OSError as error:
            if not isinstance(error, FileNotFoundError):
                self.add_error(folder, error)
            return
        for entry in ordered:
            try:
                self._add_entry(entry, pending, is_top=folder in self._tops)
            except OSError as error:
                self.add_error(entry.path, error)

    def _add_entry(self, entry: os.DirEntry[str], pending: list[str], *, is_top: bool) -> None:
        """Add a transcript, or a subfolder for later. Raises OSError."""
        if entry.is_dir():
            if entry.is_symlink():
                self._pending_links.append(entry.path)
                return
            status = entry.stat()
            if self._is_new(status.st_dev, status.st_ino):
                pending.append(entry.path)
        elif entry.name.endswith(_SUFFIX):
            if transcript := stat_transcript(entry.path):
                self.add(transcript)
        elif is_top and entry.is_symlink() and not os.path.exists(entry.path):  # noqa: PTH110 - a str path may hold bytes that Path would not print
            # A project that is kept elsewhere, on a drive that is not there now.
            self.unread[entry.path] = "a link to a folder that does not exist"

    def _is_new_folder(self, folder: str) -> bool:
        try:
            status = os.stat(folder)  # noqa: PTH116 - a str path may hold bytes that Path would not print
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            self.add_error(folder, error)
            return False
        return self._is_new(status.st_dev, status.st_ino)

    def _is_new(self, device: int, inode: int) -> bool:
        identity = (device, inode)
        if identity in self._identities:
            return False
        self._identities.add(identity)
        return True


def identify_stream(path: str) -> Stream | None:
    """Return the stream that a file's name identifies, None if it is not a transcript.

    A workflow's `journal.jsonl` and the client's temporary files are not transcripts. A
    subagent's session is the folder above `subagents`; older clients kept its file in the folder
    of the session's file, and then its rows identify the session.
    """
    # A rescan comes here for every file: nearly all are named for a session, and pathlib would take
    # three times as long.
    if path.endswith(_SUFFIX) and path[-_SESSION_CHARS - 1 : -_SESSION_CHARS] == os.sep:
        stem = path[-_SESSION_CHARS : -len(_SUFFIX)]
        if is_uuid(stem):
            return Stream(stem, stem, None)
    name = os.path.basename(path)  # noqa: PTH119 - see above
    stem, dot, suffix = name.rpartition(".")
    if not stem or dot + suffix != _SUFFIX or name == "journal.jsonl":
        return None
    # Agents of a team are called `name@team`, in any script.
    agent = _AGENT_STEM.fullmatch(stem)
    if agent:
        agent_id = agent_identity(agent[1])
        name = f"agent-{agent_id}"
        parents = PurePath(path).parts[:-1]
        if "subagents" in parents:
            position = len(parents) - 1 - parents[::-1].index("subagents")
            return Stream(name, _normalize_id(parents[position - 1]), agent_id)
        return Stream(name, "", agent_id)
    session_id = _normalize_id(stem)
    return Stream(session_id, session_id, None)


def _normalize_id(stem: str) -> str:
    """Return a stem as an id, with every character that an id may not have replaced."""
    if may_be_secret(stem):
        return hashed_id(stem)
    if _ID.fullmatch(stem):
        return stem
    return re.sub(r"[^0-9A-Za-z_-]", "_", stem)[:128].lstrip("_-") or "unnamed"


def transcript_paths(path: str) -> list[str]:
    """Return the transcripts that a changed path belongs to: itself, or those that it describes."""
    run = _RUN_FILE.fullmatch(path)
    if run:
        folder = os.path.join(run[1], "subagents", "workflows", run[2])  # noqa: PTH118 - a str path may hold bytes that Path would not print
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            return [entry.path for entry in entries if identify_stream(entry.path)]
        return []
    if path.endswith(SIDECAR_SUFFIX):
        path = path[: -len(SIDECAR_SUFFIX)] + _SUFFIX
    return [path] if identify_stream(path) else []


def run_path(path: str) -> str | None:
    """Return the path of the workflow's run that a transcript is part of, None for any other.

    The file may not exist: it is written when the run ends.
    """
    part = _RUN_PART.match(path)
    return os.path.join(part[1], "workflows", f"{part[2]}.json") if part else None  # noqa: PTH118 - as above


def run_id(path: str) -> str:
    """Return the id of a workflow's run, which its file's name is, the same as from a row."""
    stem = PurePath(path).stem
    return agent_identity(stem) or hashed_id(stem)


def sidecar_path(path: str) -> str:
    """Return the path of a subagent transcript's sidecar; the file may not exist."""
    return path.removesuffix(_SUFFIX) + SIDECAR_SUFFIX


def _changed_ns(path: str) -> int:
    """Return when a file was last put here; a file renamed into place keeps an older mtime."""
    try:
        return os.stat(path).st_ctime_ns  # noqa: PTH116 - a str path may hold bytes that Path would not print
    except OSError:
        return 0


def stat_transcript(path: str) -> Transcript | None:
    """Return one transcript as it is now, None if it is absent or not a transcript.

    Raises OSError if it exists and its status cannot be read.
    """
    stream = identify_stream(path)
    if stream is None:
        return None
    try:
        status = os.stat(path)  # noqa: PTH116 - a str path may hold bytes that Path would not print
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    mtime_ns = stored_mtime_ns(status)
    if stream.agent_id is not None:
        mtime_ns = max(mtime_ns, _changed_ns(sidecar_path(path)))
        run = run_path(path)
        if run is not None:
            mtime_ns = max(mtime_ns, _changed_ns(run))
    return Transcript(path, stream, status.st_size, mtime_ns, *stored_identity(status))


def scan_transcripts(roots: Iterable[str]) -> TranscriptScan:
    """Return every transcript below these `projects` folders.

    Links are followed; a folder or file that is reached twice is listed once.
    """
    scan = TranscriptScan()
    scan.list_all(roots)
    return scan


def scan_session(roots: Iterable[str], session_id: str) -> TranscriptScan:
    """Return one session's transcripts, its subagents' included, with one `stat` per project.

    This runs at every pause of a session; a full scan of ten thousand transcripts takes a fifth
    of a second. Files at other places are left to the full scan.
    """
    scan = TranscriptScan()
    if not _ID.fullmatch(session_id):
        return scan
    companions: list[str] = []
    for root in sorted(roots, key=os.path.islink):
        with contextlib.suppress(OSError), os.scandir(root) as entries:
            for project in sorted(entries, key=os.DirEntry.is_symlink):
                scan.add_path(os.path.join(project.path, session_id + _SUFFIX))  # noqa: PTH118 - a str path may hold bytes that Path would not print
                companion = os.path.join(project.path, session_id)  # noqa: PTH118 - as above
                if os.path.isdir(companion):  # noqa: PTH112 - as above
                    companions.append(companion)
    scan.list_all(companions)
    return scan

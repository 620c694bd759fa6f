"""The file beside the database that has what a person said of sessions and messages.

No transcript has it: a database that is built again gets it from here. `revision` counts the
changes, in the file and in the database, and the one with more of them is right.
"""

from __future__ import annotations

import contextlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.disk_faults import is_passing, state_error
from ccsync_watch.errors import StateError, UnsafePath
from ccsync_watch.private_files import read_private, write_private
from ccsync_watch.store.session_annotations import MARKS, MessageMark, SessionAnnotation

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FILE_NAME = "annotations.json"
MAX_BYTES = 8 << 20
"""How large the file may become by what a person writes; redaction may make it larger."""
_MAX_READ_BYTES = 2 * MAX_BYTES
_READINGS = 2
_ASIDE = ".damaged-"
_VERSION = 1
_LARGEST = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class StoredAnnotations:
    """Everything that was said, after so many changes."""

    revision: int
    sessions: Sequence[SessionAnnotation]
    marks: Sequence[MessageMark]


def annotation_path(database_path: Path) -> Path:
    """Return where the file of a database is."""
    return database_path.with_name(FILE_NAME)


def write_file(path: Path, stored: StoredAnnotations, *, is_bounded: bool = True) -> None:
    """Replace the file whole. Raises StateError, with `is_bounded` for a large one as well."""
    document = {
        "version": _VERSION,
        "revision": stored.revision,
        "sessions": list(map(asdict, stored.sessions)),
        "messages": list(map(asdict, stored.marks)),
    }
    data = orjson.dumps(document)
    if is_bounded and len(data) > MAX_BYTES:
        raise StateError(
            "the notes, tags and marks of all sessions are too many to be stored",
            hint="remove some of them",
        )
    try:
        write_private(path, data)
    except OSError as error:
        raise state_error(path, error, doing="write") from None


def read_file(path: Path, *, now_ms: int) -> tuple[StoredAnnotations | None, Path | None]:
    """Return what the file has, None without one; and where a damaged one was moved to.

    Raises StateError when it cannot be read now, and may be later.
    """
    # Twice: what the disk does not read for a moment is not damaged.
    for _ in range(_READINGS):
        try:
            return _decode(read_private(path, _MAX_READ_BYTES + 1)), None
        except FileNotFoundError:
            return None, None
        except (OSError, UnsafePath, ValueError, TypeError, KeyError) as error:
            if isinstance(error, OSError) and is_passing(path.parent, error):
                raise state_error(path, error, doing="read") from None
    return None, _set_aside(path, now_ms)


def _set_aside(path: Path, now_ms: int) -> Path:
    """Rename a damaged file, and remove earlier ones but for the last; return its new path."""
    aside = path.with_name(f"{path.name}{_ASIDE}{now_ms}")
    earlier = sorted(path.parent.glob(f"{path.name}{_ASIDE}*[0-9]"), key=lambda file: file.name)
    for old in earlier[:-1]:
        with contextlib.suppress(OSError):
            old.unlink()
    try:
        path.replace(aside)
    except OSError as error:
        raise state_error(path, error, doing="rename") from None
    return aside


def _decode(data: bytes) -> StoredAnnotations:
    """Return what the file says. Raises ValueError, TypeError or KeyError for any other file."""
    if len(data) > _MAX_READ_BYTES:
        raise ValueError("too large")
    document = orjson.loads(data)
    if document["version"] != _VERSION:
        raise ValueError("another version")
    return StoredAnnotations(
        _number(document["revision"]),
        [_session(item) for item in document["sessions"]],
        [_mark(item) for item in document["messages"]],
    )


def _session(item: dict[str, Any]) -> SessionAnnotation:
    if not isinstance(item["is_starred"], bool):
        raise TypeError("is_starred")
    return SessionAnnotation(
        session_id=_text(item["session_id"]),
        is_starred=item["is_starred"],
        name=_text_or_none(item["name"]),
        note=_text_or_none(item["note"]),
        tags=tuple(map(_text, item["tags"])),
    )


def _mark(item: dict[str, Any]) -> MessageMark:
    return MessageMark(
        message_id=_text(item["message_id"]),
        session_id=_text(item["session_id"]),
        agent_id=_text_or_none(item["agent_id"]),
        mark=MARKS[MARKS.index(item["mark"])],
        note=_text_or_none(item["note"]),
        marked_ms=_number(item["marked_ms"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError("not a text")
    return value


def _text_or_none(value: object) -> str | None:
    return None if value is None else _text(value)


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value <= _LARGEST:
        raise TypeError("not a number")
    return value

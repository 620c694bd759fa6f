"""The requests and answers of the control API, version 1, each with its JSON form.

`status` has no type of its own here: its answer is the JSON that `report.status` builds, and
`read_status` only checks that it has the fields of this version.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ccsync_watch.model import JsonValue

DEFAULT_FLUSH_SECONDS = 60.0
MAX_FLUSH_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class HelloAnswer:
    """Who listens: the daemon's version and process id."""

    version: str
    pid: int

    def to_json(self) -> dict[str, JsonValue]:
        """Return the answer's fields."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> HelloAnswer:
        """Read an answer. Raises KeyError, TypeError or ValueError for any other JSON."""
        return cls(version=str(fields["version"]), pid=int(fields["pid"]))


@dataclass(frozen=True, slots=True)
class FlushRequest:
    """Read one session (None: all) to its end, upload it if `is_sending`, within `seconds`."""

    session_id: str | None = None
    seconds: float = DEFAULT_FLUSH_SECONDS
    is_sending: bool = True

    def to_json(self) -> dict[str, JsonValue]:
        """Return the request's fields."""
        return asdict(self)

    @classmethod
    def from_body(cls, body: bytes) -> FlushRequest:
        """Read a request's body; what it omits has its default. Raises ValueError."""
        fields = orjson.loads(body or b"{}")
        if not isinstance(fields, dict):
            raise ValueError("not an object")  # noqa: TRY004 - the body is wrong, not our types
        session_id = fields.get("session_id")
        seconds = fields.get("seconds", DEFAULT_FLUSH_SECONDS)
        is_number = isinstance(seconds, (int, float)) and math.isfinite(seconds)
        if not is_number or not isinstance(session_id, (str, type(None))):
            raise ValueError("wrong types")
        seconds = min(max(seconds, 0.0), MAX_FLUSH_SECONDS)
        return cls(session_id, seconds, bool(fields.get("is_sending", True)))


@dataclass(frozen=True, slots=True)
class FlushAnswer:
    """The result of a flush.

    `is_read`: everything on disk is in the store. `is_known`: the session exists. `is_local`: no
    backend is configured. `rows_pending` are those that the backend has not acknowledged, and
    `sessions_unsettled` the sessions whose title and totals follow their rows. `error` is what
    prevents uploading, `problem` what prevents reading. `unfinished` transcripts end in a line
    without its newline, of `unfinished_bytes` together; `unreadable` are the transcripts and
    folders that the system does not let us read; `folders` are the problems of Claude folders.
    """

    is_read: bool
    is_known: bool
    is_local: bool
    rows_sent: int
    rows_pending: int
    rows_rejected: int
    error: Problem | None = None
    problem: Problem | None = None
    unfinished: int = 0
    unfinished_bytes: int = 0
    unreadable: int = 0
    folders: tuple[Problem, ...] = ()
    sessions_unsettled: int = 0

    def to_json(self) -> dict[str, JsonValue]:
        """Return the answer's fields."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> FlushAnswer:
        """Read an answer. Raises KeyError, TypeError or ValueError for any other JSON."""
        return cls(
            is_read=bool(fields["is_read"]),
            is_known=bool(fields["is_known"]),
            is_local=bool(fields["is_local"]),
            rows_sent=int(fields["rows_sent"]),
            rows_pending=int(fields["rows_pending"]),
            rows_rejected=int(fields["rows_rejected"]),
            error=_read_problem(fields["error"]),
            problem=_read_problem(fields["problem"]),
            # Earlier daemons did not say.
            unfinished=int(fields.get("unfinished", 0)),
            unfinished_bytes=int(fields.get("unfinished_bytes", 0)),
            unreadable=int(fields.get("unreadable", 0)),
            folders=tuple(map(Problem.of_json, fields.get("folders", ()))),
            sessions_unsettled=int(fields.get("sessions_unsettled", 0)),
        )


@dataclass(frozen=True, slots=True)
class CheckAnswer:
    """Whether the backend accepts the address and key now, and what is wrong if not."""

    ok: bool
    problem: Problem | None = None

    def to_json(self) -> dict[str, JsonValue]:
        """Return the answer's fields."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> CheckAnswer:
        """Read an answer. Raises KeyError, TypeError or ValueError for any other JSON."""
        return cls(ok=bool(fields["ok"]), problem=_read_problem(fields["problem"]))


@dataclass(frozen=True, slots=True)
class DashboardAnswer:
    """An address that lets one browser in, or what prevents it."""

    url: str | None
    problem: Problem | None = None

    def to_json(self) -> dict[str, JsonValue]:
        """Return the answer's fields."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> DashboardAnswer:
        """Read an answer. Raises KeyError, TypeError or ValueError for any other JSON."""
        return cls(url=fields["url"], problem=_read_problem(fields["problem"]))


@dataclass(frozen=True, slots=True)
class SignOutAnswer:
    """That all browsers are signed out."""

    is_done: bool

    def to_json(self) -> dict[str, JsonValue]:
        """Return the answer's fields."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> SignOutAnswer:
        """Read an answer. Raises KeyError for any other JSON."""
        return cls(is_done=bool(fields["is_done"]))


@dataclass(frozen=True, slots=True)
class ReloadAnswer:
    """What is wrong with the settings that were just read; None when they are in force."""

    problem: Problem | None = None

    def to_json(self) -> dict[str, JsonValue]:
        """Return the answer's fields."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> ReloadAnswer:
        """Read an answer. Raises KeyError, TypeError or ValueError for any other JSON."""
        return cls(problem=_read_problem(fields["problem"]))


@dataclass(frozen=True, slots=True)
class ShrinkRequest:
    """Give the database's unused space back, if that is such a share of it.

    `removed_bytes` were just removed.
    """

    removed_bytes: int
    min_share: float

    def to_json(self) -> dict[str, JsonValue]:
        """Return the request's fields."""
        return asdict(self)

    @classmethod
    def from_body(cls, body: bytes) -> ShrinkRequest:
        """Read a request's body. Raises ValueError."""
        fields = orjson.loads(body)
        try:
            return cls(int(fields["removed_bytes"]), float(fields["min_share"]))
        except (KeyError, TypeError) as error:
            raise ValueError("wrong types") from error


@dataclass(frozen=True, slots=True)
class ShrinkAnswer:
    """The database's size before and after; `missing_bytes` of free disk space prevented it."""

    before_bytes: int
    after_bytes: int
    is_done: bool
    missing_bytes: int

    def to_json(self) -> dict[str, JsonValue]:
        """Return the answer's fields."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> ShrinkAnswer:
        """Read an answer. Raises KeyError, TypeError or ValueError for any other JSON."""
        return cls(
            int(fields["before_bytes"]),
            int(fields["after_bytes"]),
            is_done=bool(fields["is_done"]),
            missing_bytes=int(fields["missing_bytes"]),
        )


def read_status(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer unchanged. Raises KeyError or TypeError for that of another version."""
    for name in ("daemon", "config", "destination", "totals", "sessions", "problems"):
        _ = fields[name]
    for problem in fields["problems"]:
        _ = problem["code"], problem["hint"]
    return dict(fields)


def _read_problem(fields: Mapping[str, Any] | None) -> Problem | None:
    if fields is not None and not isinstance(fields, dict):
        raise TypeError("not a problem")
    return None if fields is None else Problem.of_json(fields)

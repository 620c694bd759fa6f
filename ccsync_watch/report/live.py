"""What a running daemon adds to the figures: its process, its problems, its connection."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccsync_watch.errors import DestinationError
    from ccsync_watch.outgoing import BackendInfo
    from ccsync_watch.problem import Problem


@dataclass(frozen=True, slots=True)
class Backend:
    """The outcome of a connection test; both None when there was none."""

    backend_info: BackendInfo | None = None
    error: DestinationError | None = None


@dataclass(slots=True)
class Live:
    """What only the running daemon knows."""

    pid: int | None = None
    since_ms: int | None = None
    problems: list[Problem] = field(default_factory=list)
    backend: Backend = field(default_factory=Backend)

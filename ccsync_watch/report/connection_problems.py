"""The problems that an answer of the backend, or its absence, shows.

Apart from the other checks: `status` needs only these while a daemon answers, and starts faster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.problem import Problem
from ccsync_watch.units import plural

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ccsync_watch.errors import DestinationError
    from ccsync_watch.outgoing import BackendInfo

MAX_CLOCK_SKEW_SECONDS = 30.0
# The title by which the README's troubleshooting section explains it.
CONNECTION_FAILED = "Connection failed"


def connection_problem(error: DestinationError) -> Problem:
    """Return the problem for an error of the backend."""
    return Problem("connection-failed", CONNECTION_FAILED, error.message, error.hint)


def clock_problems(backend_info: BackendInfo) -> Iterable[Problem]:
    """Yield a problem when this machine's clock and the backend's disagree."""
    skew = backend_info.clock_skew_seconds
    if skew is not None and abs(skew) > MAX_CLOCK_SKEW_SECONDS:
        direction = "behind" if skew > 0 else "ahead of"
        yield Problem(
            "clock-skew",
            "Clock differs",
            f"this machine's clock is {abs(skew):.0f} s {direction} the backend's",
            "set the clock: until then sessions are shown at the wrong time",
            "warning",
        )


def missing_session_problems(backend_info: BackendInfo) -> Iterable[Problem]:
    """Yield a problem when the backend lost sessions, or never had them."""
    if backend_info.missing_sessions:
        count = plural(backend_info.missing_sessions, "session")
        yield Problem(
            "sessions-sent-again",
            "Sessions sent again",
            f"the backend no longer had {count} that were uploaded before: the key may belong to"
            " another account, or they were deleted there",
            "they are sent again; a session that should not be there belongs into a project of"
            " exclude_projects",
            "info",
        )

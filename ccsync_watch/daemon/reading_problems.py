"""What of the reading does not work at present, in words."""

from __future__ import annotations

from ccsync_watch.problem import Problem


def reading_problems(*, events: str | None, unreadable: int, dropped: int) -> list[Problem]:
    """Return the problems of these three."""
    problems = events_problem(events), unreadable_problem(unreadable), dropped_problem(dropped)
    return [problem for problem in problems if problem is not None]


def events_problem(reason: str | None) -> Problem | None:
    """Return the problem of folders that cannot be watched, and why; None where all can."""
    if reason is None:
        return None
    return Problem(
        "events-unavailable",
        "File events",
        reason,
        "nothing to do: transcripts are scanned every few seconds instead",
        "warning",
    )


def unreadable_problem(count: int) -> Problem | None:
    """Return the problem of so many transcripts that cannot be read; None where all can."""
    if not count:
        return None
    return Problem(
        "transcripts-unreadable",
        "Sync not working",
        f"transcripts that cannot be read: {count}",
        "make them readable for this user; the log in the state folder names them",
    )


def dropped_problem(count: int) -> Problem | None:
    """Return the problem of so many known secrets that are no longer looked for; None of none."""
    if not count:
        return None
    return Problem(
        "known-secrets-bound",
        "Too many secrets",
        f"sessions read more secrets from files than are kept in memory: {count:,} of them, which"
        " occurred nowhere else, are not looked for any more",
        "add what matters to redact.patterns",
        "warning",
    )

"""Cases of the day on which tokens count: midnights, time zones, rows without a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.accounting_cases.case import Draft

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.accounting_cases.case import Case

_NEW_YORK = "America/New_York"


def cases() -> Iterator[Case]:
    """Yield the cases."""
    yield _moments(
        "a midnight in UTC",
        "UTC",
        {"2026-11-20T23:59:59.999": "2026-11-20", "2026-11-21T00:00:00": "2026-11-21"},
    )
    yield _moments(
        "a midnight in New York",
        _NEW_YORK,
        {"2026-11-21T04:59:59.999": "2026-11-20", "2026-11-21T05:00:00": "2026-11-21"},
    )
    yield _moments(
        "the night when summer time ends",
        _NEW_YORK,
        {
            "2026-11-01T03:59:59": "2026-10-31",
            "2026-11-01T04:00:00": "2026-11-01",
            "2026-11-02T04:30:00": "2026-11-01",
            "2026-11-02T05:00:00": "2026-11-02",
        },
    )
    yield _moments(
        "a zone a quarter of an hour off",
        "Asia/Kathmandu",
        {"2026-11-20T18:14:59": "2026-11-20", "2026-11-20T18:15:00": "2026-11-21"},
    )
    yield _moments(
        "the far end of the world",
        "Pacific/Kiritimati",
        {"2026-11-20T09:59:59": "2026-11-20", "2026-11-20T10:00:00": "2026-11-21"},
    )
    yield _without_times()
    yield _with_an_offset()


def _moments(name: str, zone: str, days: dict[str, str]) -> Case:
    draft = Draft(name, zone)
    first = next(iter(days))
    session = draft.session(first)
    for moment, day in days.items():
        session.go_to(moment)
        session.respond(day=day)
    return draft.case()


def _without_times() -> Case:
    draft = Draft("a row without a time between two with one")
    session = draft.session()
    session.respond()
    del session.respond()["timestamp"]
    session.respond()
    return draft.case()


def _with_an_offset() -> Case:
    draft = Draft("times with an offset")
    session = draft.session("2026-11-20T23:30:00")
    session.respond()["timestamp"] = "2026-11-21T01:30:01.000+02:00"
    return draft.case()

"""The line: what is in it, what is left out, and what never breaks it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from ccsync_watch.statusline.line import NOTHING_STORED, encode_line, format_line

NOW = 1_790_000_000.0
FIGURES = {"sessions": {"s": "$0.42"}, "today": "≥ $3.10", "pending": "3 rows pending"}
FIELDS = {
    "session_id": "s",
    "cost": {"total_cost_usd": 0.5},
    "rate_limits": {
        "five_hour": {"used_percentage": 23.5, "resets_at": NOW + 3600},
        "seven_day": {"used_percentage": 41.2, "resets_at": NOW + 4 * 86_400},
    },
}
WHOLE = "$0.42 session · ≥ $3.10 today · 3 rows pending · 5h 24% until 15:13 · 7d 41%"


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the times of one zone."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def line(
    fields: Any = None,  # noqa: ANN401 - any JSON
    figures: dict[str, Any] | None = None,
    problem: str = "",
    **env: str,
) -> str:
    """Return a line without colours, unless the environment asks for them."""
    return format_line(
        FIELDS if fields is None else fields, figures, problem, NOTHING_STORED, now=NOW,
        env={"NO_COLOR": "1", **env},
    )  # fmt: skip


def test_everything_is_shown() -> None:
    """The stored cost of the session, not what the client thinks; limits with their ends."""
    assert line(figures=FIGURES) == WHOLE
    assert line(figures=FIGURES, problem="Connection failed") == f"{WHOLE} · ⚠ Connection failed"


def test_a_session_that_is_not_stored_has_the_clients_cost() -> None:
    """And an unknown one has none."""
    assert line({"session_id": "new", "cost": {"total_cost_usd": 0.5}}, FIGURES).startswith(
        "$0.50 session · "
    )
    assert line({"session_id": "new"}, FIGURES) == "≥ $3.10 today · 3 rows pending"


def test_a_figure_that_is_not_known_is_left_out() -> None:
    """It is not shown as zero."""
    assert line({}, {"sessions": {}, "today": "", "pending": ""}) == NOTHING_STORED
    assert line({}) == NOTHING_STORED


@pytest.mark.parametrize(
    "limits",
    [
        None,
        [],
        {"five_hour": None},
        {"five_hour": {"used_percentage": None}},
        {"five_hour": {"used_percentage": "23"}},
        {"five_hour": {"used_percentage": True}},
        {"five_hour": {"used_percentage": -1}},
        {"five_hour": {"used_percentage": float("nan")}},
        {"five_hour": {"used_percentage": float("inf")}},
        {"five_hour": {"used_percentage": 10**400}},
        {"other": {"used_percentage": 1}},
    ],
)
def test_limits_that_are_not_understood_are_left_out(limits: object) -> None:
    """Clients before 2.1 write none, and so does one without a subscription."""
    assert line({**FIELDS, "rate_limits": limits}, FIGURES) == WHOLE.split(" · 5h", maxsplit=1)[0]


@pytest.mark.parametrize("resets_at", [None, "soon", 0, NOW - 1, NOW + 10**9, 1e300])
def test_the_end_of_a_limit_is_shown_within_a_day(resets_at: object) -> None:
    """Else only how much of it is used."""
    window = {"used_percentage": 7.000000001, "resets_at": resets_at}
    assert line({"rate_limits": {"five_hour": window}}) == "5h 7%"


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ("80", WHOLE),
        ("79", "$0.42 session · ≥ $3.10 today · 3 rows pending · 5h 24% until 15:13"),
        ("50", "$0.42 session · ≥ $3.10 today · 3 rows pending"),
        ("33", "$0.42 session · ≥ $3.10 today"),
        ("32", "$0.42 session"),
        ("10", "$0.42…"),
        ("1", "…"),
        ("0", WHOLE),
        ("-5", WHOLE),
        ("wide", WHOLE),
        ("", WHOLE),
        ("9" * 5000, WHOLE),
    ],
)
def test_a_narrow_line_has_what_matters_most(columns: str, expected: str) -> None:
    """The client shows four columns less than the terminal has, where it says how many it has."""
    shown = line(figures=FIGURES, COLUMNS=columns)
    assert shown == expected
    assert not columns.isdigit() or len(shown) <= (int(columns[:4]) or 1000)


def test_a_problem_stays_in_a_narrow_line() -> None:
    """It is the last to be left out."""
    shown = line(figures=FIGURES, problem="Connection failed", COLUMNS="40")
    assert shown == "$0.42 session · ⚠ Connection failed"
    shown = line(figures=FIGURES, problem="Connection failed", COLUMNS="23")
    assert shown == "⚠ Connection failed"


def test_a_problem_is_coloured_unless_the_user_says_otherwise() -> None:
    """Nothing else is."""
    shown = format_line({}, FIGURES, "Connection failed", "", now=NOW, env={"TERM": "xterm"})
    assert shown == "≥ $3.10 today · 3 rows pending · \x1b[33m⚠ Connection failed\x1b[0m"
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert "\x1b" not in format_line({}, FIGURES, "Connection failed", "", now=NOW, env=env)


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("utf-8", "≥ $3.10 today · ⚠ x\n".encode()),
        (None, "≥ $3.10 today · ⚠ x\n".encode()),
        ("ascii", b"> $3.10 today | ! x\n"),
        ("latin-1", b"> $3.10 today | ! x\n"),
        ("no-such-encoding", b"> $3.10 today | ! x\n"),
    ],
)
def test_a_terminal_that_lacks_the_signs_gets_others(encoding: str | None, expected: bytes) -> None:
    """No character set makes it fail."""
    assert encode_line("≥ $3.10 today · ⚠ x", encoding) == expected

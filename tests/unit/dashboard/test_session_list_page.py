"""The list of sessions: figures of each, by day, in every order, and what is not counted yet."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest
from starlette.requests import Request

from ccsync_watch.accounting.account import Cost
from ccsync_watch.dashboard.local_time import day_name
from ccsync_watch.dashboard.pages.session_list_page import PAGE
from ccsync_watch.dashboard.rendering import rounded_cost
from ccsync_watch.hook_events import HookEvent
from ccsync_watch.model import Part, Redacted
from ccsync_watch.store.annotation_writer import SessionChange, save_change
from ccsync_watch.store.hook_event_writer import save_hook_event
from ccsync_watch.store.session_figures import SessionWork, changed_sessions, count_work, load_works
from ccsync_watch.store.session_list import SessionFilter, count_matching, last_change
from support.storing import SESSION, message, usage

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue
    from support.dashboard_visitor import Visitor
    from support.storing import World

HOUR_MS = 3_600_000
NOON_MS = int(datetime(2026, 9, 21, 12, tzinfo=timezone.utc).timestamp() * 1000)


@pytest.fixture(autouse=True)
def _zone(monkeypatch: pytest.MonkeyPatch) -> None:
    import time  # noqa: PLC0415 - for the zone alone

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def result(number: int, tool: str, values: dict[str, JsonValue]) -> Part:
    """Return the result of a call."""
    return Part("tool-result", values, f"t{number}", tool)


def add(world: World, name: str, at_ms: int, *parts: Part, tokens: int = 1000) -> None:
    """Store a session with a prompt, results of calls, and one response."""
    world.ingest(
        message(f"{name}p", name, session_id=name, at_ms=at_ms),
        *(
            message(f"{name}{number}", parts=(part,), session_id=name, kind="tool_result",
                    at_ms=at_ms + 60_000)
            for number, part in enumerate(parts)
        ),
        usages=(usage(f"m{name}", session_id=name, tokens_in=tokens),),
        session_id=name,
    )  # fmt: skip


def order(html: str) -> list[str]:
    """Return the sessions of a page."""
    return re.findall(r'<a class="row" href="/sessions/([^"]+)"', html)


def count_all(visitor: Visitor) -> None:
    """Count the figures that pages are sorted by."""
    while visitor.site.figures.count_sessions():
        pass


def test_a_session_is_counted_over_all_its_messages(world: World, visitor: Visitor) -> None:
    """A file that was changed twice is one; a call that was denied did not fail."""
    add(
        world,
        "one",
        NOON_MS,
        result(1, "Edit", {"ok": True, "path": "/a", "lines_added": 1}),
        result(2, "Write", {"ok": True, "path": "/b"}),
        result(3, "Edit", {"ok": True, "path": "/a"}),
        result(4, "Bash", {"ok": False}),
        result(5, "Bash", {"ok": False, "denied": "by you"}),
        result(6, "Edit", {"ok": False, "path": "/c"}),
        result(7, "Read", {"ok": True, "path": "/d"}),
    )
    world.ingest(message("x", session_id="one", agent_id="a1", at_ms=NOON_MS), session_id="one")
    world.ingest(message("e1", session_id="one", kind="api_error", role="system"), session_id="one")
    failure = message("e2", session_id="one", kind="api_error", role="assistant", at_ms=NOON_MS)
    world.ingest(failure, session_id="one")
    work = SessionWork(60_000, failed_calls=2, changed_files=2, subagents=1)
    assert count_work(world.database, "one") == work
    for _counted_or_not in range(2):
        assert load_works(world.database, ["one"]) == {"one": work}
        row = visitor.get("/sessions").text.split('<ul class="list">')[1]
        for text in ("2 files", "2 failed", "1 subagent", "1 API error<", ">1 min<", "$0.001"):
            assert text in row
        count_all(visitor)


@pytest.mark.parametrize(
    ("usd", "shown"),
    [
        (12_345.674, "$12,345.67"), (0.054, "$0.05"), (0.01, "$0.01"), (0.0042, "$0.0042"),
        (0.0, "$0.00"), (None, "unpriced"),
    ],
)  # fmt: skip
def test_costs_in_a_column_are_cents(usd: float | None, shown: str) -> None:
    """So that they align; less than a cent is shown as it is, and what is not known as that."""
    assert rounded_cost(Cost(usd, "computed")) == shown
    if usd is not None:
        assert rounded_cost(Cost(usd, "partial")) == f"≥ {shown}"


def test_figures_of_a_session_that_grew_are_counted_again(world: World, visitor: Visitor) -> None:
    """On the page at once, and for the order when the next page is opened."""
    add(world, "one", NOON_MS)
    count_all(visitor)
    world.ingest(
        message("more", parts=(result(1, "Bash", {"ok": False}),), session_id="one",
                kind="tool_result", at_ms=NOON_MS),
        session_id="one",
    )  # fmt: skip
    assert load_works(world.database, ["one"])["one"].failed_calls == 1
    ids, _state = changed_sessions(world.database, "other prices")
    assert ids == ["one"]
    count_all(visitor)
    query = "SELECT failed_calls FROM session_figures"
    assert [row[0] for row in world.database.read().execute(query)] == [1]


def test_sessions_are_listed_by_day_with_totals(world: World, visitor: Visitor) -> None:
    """A day that continues on another page has at least what is shown of it."""
    for number in range(60):
        add(world, f"s{number:02}", NOON_MS - number * HOUR_MS)
    html = visitor.get("/sessions").text
    heads = re.findall(r"<h2><time[^>]*>(.*?)</h2>", html, re.DOTALL)
    days = [" ".join(text.split()) for text in heads]
    assert [text.split("</time> <small>")[0] for text in days] == [
        "Monday, 21 September 2026",
        "Sunday, 20 September 2026",
        "Saturday, 19 September 2026",
    ]
    assert ">13 sessions · $" in days[0]
    assert ">24 sessions · $" in days[1]
    assert ">≥ 13 sessions · ≥ $" in days[2]
    assert day_name(NOON_MS) in days[0]
    assert "<span>60 sessions</span>" in html
    more = re.search(r'rel="next" href="([^"]+)"', html)
    assert more is not None
    second = visitor.get(more[1].replace("&amp;", "&")).text
    assert order(html) + order(second) == [f"s{number:02}" for number in range(60)]
    assert "≥ 10 sessions" in second


@pytest.mark.parametrize(
    ("sort", "first"),
    [("tokens", "rich"), ("cost", "rich"), ("duration", "long"), ("messages", "long"),
     ("failed", "failing"), ("oldest", "long")],
)  # fmt: skip
def test_sessions_are_sorted_by_their_figures(
    world: World, visitor: Visitor, sort: str, first: str
) -> None:
    """And the page says if it does not know all of them yet."""
    add(world, "long", NOON_MS, *(result(n, "Bash", {"ok": True}) for n in range(9)))
    world.ingest(
        message("end", session_id="long", kind="answer", role="assistant",
                at_ms=NOON_MS + 20 * 60_000),
        session_id="long",
    )  # fmt: skip
    add(world, "rich", NOON_MS + HOUR_MS, tokens=5_000_000)
    add(world, "failing", NOON_MS + 2 * HOUR_MS, result(1, "Bash", {"ok": False}))
    is_dated = sort == "oldest"
    query = f"sort={sort}".encode()
    request = Request({"type": "http", "query_string": query, "headers": []})
    before = PAGE.build_context(visitor.site, request)
    assert bool(before["uncounted"]) == (not before["days"]) == (not is_dated)
    count_all(visitor)
    html = visitor.get(f"/sessions?sort={sort}").text
    assert "not counted yet" not in html
    assert order(html)[0] == first
    assert len(order(html)) == 3
    assert ("<h2>" in html) == is_dated


def test_a_running_session_has_a_dot(world: World, visitor: Visitor) -> None:
    """Until a hook says that it ended."""
    add(world, SESSION, visitor.site.clock.wall_ms() - 60_000)
    assert 'class="running"' in visitor.get("/sessions").text
    now_ms = visitor.site.clock.wall_ms()
    event = Redacted(HookEvent("SessionEnd", SESSION, now_ms, {}))
    save_hook_event(world.database, event, now_ms=now_ms, is_released=False)
    assert 'class="running"' not in visitor.get("/sessions").text


def test_sessions_are_counted_up_to_a_bound(world: World) -> None:
    """More are not counted."""
    for number in range(5):
        add(world, f"s{number}", NOON_MS)
    assert count_matching(world.database, SessionFilter(), 9) == 5
    assert count_matching(world.database, SessionFilter(), 3) == 3


def test_any_change_of_any_session_is_noticed(world: World) -> None:
    """Also of one that is older than others: an open list then asks for itself again."""
    add(world, "future", NOON_MS + 9999 * HOUR_MS)
    seen = [last_change(world.database)]
    add(world, "old", NOON_MS)
    seen.append(last_change(world.database))
    world.ingest(message("more", session_id="old", at_ms=NOON_MS), session_id="old")
    seen.append(last_change(world.database))
    for tags in ("one", "two"):
        change = SessionChange("old", tags=tags)
        save_change(world.database, Redacted(change), now_ms=NOON_MS)
        seen.append(last_change(world.database))
    assert len(set(seen)) == len(seen)

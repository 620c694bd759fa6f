"""The figures of the overview lead to their sessions, by addresses of the list of sessions."""

from __future__ import annotations

import html
import re
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from unittest.mock import Mock

from ccsync_watch.dashboard.local_time import (
    day_end_ms,
    day_start_ms,
    hour_name,
    local_minute,
    parse_hour,
)
from ccsync_watch.model import Part
from ccsync_watch.statusline.plan_limits import keep_limits
from ccsync_watch.store import prompt_counts
from support.fakes import START_MS
from support.storing import OTHER, SESSION, message, usage
from support.waiting import wait_until

if TYPE_CHECKING:
    import pytest

    from support.dashboard_visitor import Visitor
    from support.fakes import FakeClock
    from support.storing import World

HOUR_MS = 3_600_000
WEEK_MS = 7 * 24 * HOUR_MS


def _overview(visitor: Visitor, query: str) -> str:
    path = f"/?{query}"
    wait_until(lambda: "Cost by" in visitor.get(path).text, "figures")
    return html.unescape(visitor.get(path).text)


def _listed(visitor: Visitor, address: str) -> set[str]:
    return set(re.findall(r'class="row" href="/sessions/([\w-]+)"', visitor.get(address).text))


def _fill(world: World, now_ms: int) -> None:
    for name, ago_ms, host in ((SESSION, HOUR_MS, "desk"), (OTHER, 50 * HOUR_MS, "laptop")):
        at_ms = now_ms - ago_ms
        used = usage(f"m-{name}", session_id=name, timestamp_ms=at_ms, cache_read_tokens=50)
        said = message("u1", session_id=name, at_ms=at_ms)
        world.ingest(said, session_id=name, usages=(used,), cwd=f"/home/user/{host}")
        with world.database.write() as connection:
            connection.execute("UPDATE sessions SET host = ? WHERE id = ?", (host, name))


def test_every_mark_leads_to_its_sessions(world: World, visitor: Visitor, clock: FakeClock) -> None:
    """Bars, cells of both grids, projects, machines and blocks of hours."""
    now_ms = clock.wall_ms()
    _fill(world, now_ms)
    page = _overview(visitor, "range=7&by=project")
    at = datetime.fromtimestamp((now_ms - 50 * HOUR_MS) / 1000)  # noqa: DTZ006 - local
    day = at.date().isoformat()
    assert f'href="/sessions?since={day}&until={day}"' in page
    assert _listed(visitor, f"/sessions?since={day}&until={day}") == {OTHER}
    since = (datetime.fromtimestamp(now_ms / 1000) - timedelta(days=6)).date()  # noqa: DTZ006 - local
    for query in (
        "project=%2Fhome%2Fuser%2Flaptop",
        "host=laptop",
        f"hour={at.weekday()}-{at.hour}",
    ):
        address = f"/sessions?since={since}&{query}"
        assert f'href="{address}"' in page
        assert _listed(visitor, address) == {OTHER}
    starts = [
        int(at_ms) // HOUR_MS * HOUR_MS for at_ms in (now_ms - HOUR_MS, now_ms - 50 * HOUR_MS)
    ]
    for start_ms, name in zip(starts, (SESSION, OTHER), strict=True):
        since_minute, until = local_minute(start_ms), local_minute(start_ms + 5 * HOUR_MS)
        address = "/sessions?" + f"since={since_minute}&until={until}".replace(":", "%3A")
        assert f'href="{address}"' in page
        assert _listed(visitor, address) == {name}
    assert 'aria-label="Cost"' in page
    assert ">laptop<" in page


def test_a_block_shows_what_is_used_of_its_limit(
    world: World, visitor: Visitor, clock: FakeClock
) -> None:
    """Only that of now, and only of the limit for five hours: each other cell has a dash."""
    now_ms = clock.wall_ms()
    _fill(world, now_ms)
    for name, shares, dashes in (("seven_day", 0, 2), ("five_hour", 1, 1)):
        limits = {"rate_limits": {name: {"used_percentage": 34}}}
        keep_limits(str(visitor.site.state_dir), limits, now_ms / 1000)
        blocks = _overview(visitor, "range=7").partition("<h2>Blocks of five hours")[2]
        table = blocks.partition("</table>")[0]
        assert table.count("<td>34 % used ") == shares
        assert table.count('<td><span class="dim">\N{EN DASH}</span></td></tr>') == dashes


def test_a_tool_leads_to_the_sessions_that_called_it(
    world: World, visitor: Visitor, clock: FakeClock
) -> None:
    """Among the most used and among the slowest, whatever its name is."""
    now_ms = clock.wall_ms()
    _fill(world, now_ms)
    name = "mcp__a b__c"
    part = Part("tool-call", {}, "t1", name)
    result = Part("tool-result", {"ok": True, "durationMs": 900}, "t1", name)
    world.ingest(
        message("a1", parts=(part,), kind="answer", role="assistant", at_ms=now_ms - HOUR_MS),
        message("r1", parts=(result,), kind="tool_result", at_ms=now_ms - HOUR_MS),
    )
    page = _overview(visitor, "range=7")
    addresses = re.findall(r'href="(/sessions\?[^"]*q=tool[^"]*)"', page)
    assert len(addresses) == 2
    for address in addresses:
        assert _listed(visitor, address) == {SESSION}


def test_the_block_of_now_is_the_only_one(world: World, visitor: Visitor, clock: FakeClock) -> None:
    """Responses that a wrong clock dated ahead are in blocks that have not begun."""
    now_ms = clock.wall_ms()
    _fill(world, now_ms)
    for days in (1, 2):
        at_ms = now_ms + days * 24 * HOUR_MS
        world.ingest(
            message(f"u{days}", at_ms=at_ms), usages=(usage(f"n{days}", timestamp_ms=at_ms),)
        )
    page = _overview(visitor, "range=7").partition("<h2>Blocks of five hours")[2]
    assert page.count('<span class="tag">now</span>') == 1


def test_the_period_before_is_beside_the_figures(
    world: World, visitor: Visitor, clock: FakeClock
) -> None:
    """Of all days there is none."""
    now_ms = clock.wall_ms()
    _fill(world, now_ms)
    page = _overview(visitor, "range=today")
    assert "0 before</small>" in page
    assert " before</small>" not in _overview(visitor, "range=all")


def test_an_hour_of_the_week_limits_a_search_too(
    world: World, visitor: Visitor, clock: FakeClock
) -> None:
    """It stays among the filters until it is unchecked; another text means nothing."""
    _fill(world, clock.wall_ms())
    at = datetime.fromtimestamp((clock.wall_ms() - HOUR_MS) / 1000)  # noqa: DTZ006 - local
    hour = f"{at.weekday()}-{at.hour}"
    page = visitor.get(f"/sessions?hour={hour}").text
    assert hour_name(hour) in page
    assert f'name="hour" value="{hour}" checked' in page
    assert _listed(visitor, f"/sessions?hour={hour}") == {SESSION}
    wait_until(lambda: _listed(visitor, "/sessions?q=hello") == {SESSION, OTHER}, "indexed")
    assert _listed(visitor, f"/sessions?hour={hour}&q=hello") == {SESSION}
    assert _listed(visitor, "/sessions?hour=9-99") == {SESSION, OTHER}
    assert prompt_counts.sessions_at_hour(world.database, 0, 0, since_ms=1 << 60) == set()


def test_years_without_prompts_are_passed_over(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock that was wrong once costs every later page nothing; a week is looked at, at most."""
    at_ms = START_MS // HOUR_MS * HOUR_MS
    times = [at_ms - 25 * 52 * WEEK_MS, at_ms, at_ms + 52 * WEEK_MS]
    for number, prompt_ms in enumerate(times):
        name = f"s{number}"
        world.ingest(message("p", session_id=name, at_ms=prompt_ms), session_id=name)
    localtime = Mock(wraps=time.localtime)
    monkeypatch.setattr(time, "localtime", localtime)
    at = datetime.fromtimestamp(at_ms / 1000)  # noqa: DTZ006 - local
    sessions = prompt_counts.sessions_at_hour(world.database, at.weekday(), at.hour, since_ms=0)
    assert sessions == {"s0", "s1", "s2"}
    assert localtime.call_count < 3 * 7 * 24 * 4 + 12


def test_minutes_and_hours_are_read_as_they_are_written() -> None:
    """In local time; other texts mean nothing."""
    at_ms = 1_790_000_040_000
    assert day_start_ms(local_minute(at_ms)) == day_end_ms(local_minute(at_ms)) == at_ms
    assert day_start_ms("2026-13-01T00:00") is None
    assert day_end_ms("2026-01-01T7:00") is None
    assert parse_hour("6-23") == (6, 23)
    assert [parse_hour(text) for text in ("7-1", "0-24", "", "1")] == [None] * 4
    assert hour_name("0-9") == "Mon 9:00 to 10:00"


def test_tools_that_took_no_time_are_not_denied(world: World, visitor: Visitor) -> None:
    """Calls are counted next to it."""
    world.ingest(message("c1", parts=(Part("tool-call", {}, "t1", "Bash"),)))
    page = _overview(visitor, "range=all")
    assert "No time was measured." in page
    assert "No tool was called." not in page


def test_a_model_of_several_names_leads_to_its_sessions(world: World, visitor: Visitor) -> None:
    """Whatever is in its names: a provider may call a model as it likes."""
    for number, (name, model) in enumerate(
        [(SESSION, 'own "fast" one'), (OTHER, 'own "fast" one-20260101')]
    ):
        used = usage(f"m{number}", session_id=name, model=model)
        world.ingest(message("u1", session_id=name), session_id=name, usages=(used,))
        with world.database.write() as connection:
            connection.execute("UPDATE sessions SET model = ? WHERE id = ?", (model, name))
    page = _overview(visitor, "range=all")
    addresses = re.findall(r'<a class="model" href="([^"]+)"', page)
    assert len(addresses) == 1
    assert _listed(visitor, addresses[0]) == {SESSION, OTHER}

"""`/metrics`: for a program with the token, in a form that Prometheus' own parser reads."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from httpx import ASGITransport, AsyncClient, Response
from prometheus_client.parser import text_string_to_metric_families

from ccsync_watch.accounting.account import Cost, Tokens
from ccsync_watch.accounting.breakdowns import BreakdownLine
from ccsync_watch.accounting.budgets import BudgetLine
from ccsync_watch.config import load
from ccsync_watch.dashboard.app import build_app
from ccsync_watch.dashboard.metrics import format_metrics
from ccsync_watch.dashboard.site import build_site
from support.dashboard_visitor import DaemonDouble
from support.storing import SESSION, World, message, usage

if TYPE_CHECKING:
    from pathlib import Path

    from ccsync_watch.dashboard.browser_access import BrowserAccess
    from support.fakes import FakeClock

PORT = 8377
TOKEN = "a-token-of-prometheus"


def values_of(text: str) -> dict[tuple[str, ...], float]:
    """Return the values by name and labels, as Prometheus reads them."""
    return {
        (sample.name, *(f"{key}={value}" for key, value in sorted(sample.labels.items()))): (
            sample.value
        )
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_figures_have_names_labels_and_values() -> None:
    """What is not known is left out; quotes and line ends in labels are escaped."""
    status = {
        "version": "1.2",
        "destination": {"name": "OpenSync"},
        "totals": {"rows_pending": 3, "last_ack_ms": 1_500, "sessions": None},
        "bytes_behind": 7,
        "problems": [
            {"code": "rejected", "severity": "error"},
            {"code": "clock-skew", "severity": "warning"},
        ],
    }
    tokens = Tokens(1, 2, 3, 4, 5)
    odd = 'odd "model"\\\n'
    lines = [
        BreakdownLine("opus", 1, 6, tokens, Cost(2.5, "client")),
        BreakdownLine(odd, 1, 1, tokens, Cost(None, "unpriced")),
    ]
    budget = BudgetLine("day", None, 5.0, Cost(1.0, "client"))
    values = values_of(format_metrics(status, lines, [budget]))  # type: ignore[arg-type]  # a part
    assert values["ccsync_watch_rows_pending",] == 3
    assert values["ccsync_watch_last_ack_timestamp_seconds",] == 1.5
    assert values["ccsync_watch_bytes_behind",] == 7
    assert values["ccsync_watch_errors",] == values["ccsync_watch_warnings",] == 1
    assert values["ccsync_watch_problem", "code=rejected", "severity=error"] == 1
    assert ("ccsync_watch_sessions",) not in values
    assert values["ccsync_watch_tokens_total", "kind=cache_read", "model=opus"] == 5
    assert values["ccsync_watch_cost_usd_total", "model=opus"] == 2.5
    assert ("ccsync_watch_cost_usd_total", f"model={odd}") not in values
    assert values["ccsync_watch_cost_is_partial", f"model={odd}"] == 1
    assert values["ccsync_watch_budget_spent_usd", "period=day", "project="] == 1
    status["destination"] = None
    values = values_of(format_metrics(status, [], []))  # type: ignore[arg-type]  # a part
    assert values["ccsync_watch_rows_pending",] == 0


@pytest.mark.parametrize("is_set", [True, False])
def test_only_the_token_of_the_settings_opens_them(
    world: World, access: BrowserAccess, clock: FakeClock, tmp_path: Path, *, is_set: bool
) -> None:
    """At any loopback name; without a token in the settings for nobody."""
    world.ingest(message("a1"), usages=(usage("m1", cost_usd=0.5, model=None),))
    file = tmp_path / ".claude-code-sync.json"
    file.write_text(json.dumps({"metrics_token": TOKEN} if is_set else {}), encoding="utf-8")
    file.chmod(0o600)
    settings = load({"HOME": str(tmp_path), "CCSYNC_WATCH_HOME": str(tmp_path)}, {})
    site = build_site(
        world.database,
        DaemonDouble(),
        access=access,
        prices=world.prices,
        settings=lambda: settings,
        clock=clock,
    )
    app = build_app(site, port=PORT)

    async def ask(authorization: str, path: str = "/metrics", method: str = "GET") -> Response:
        url = f"http://127.0.0.1:{PORT}"
        async with AsyncClient(transport=ASGITransport(app), base_url=url) as client:
            return await client.request(method, path, headers={"Authorization": authorization})

    def status_of(*request: str) -> int:
        return asyncio.run(ask(*request)).status_code

    bearer = f"Bearer {TOKEN}"
    answer = asyncio.run(ask(bearer))
    for refused in (f"Bearer {TOKEN}x", TOKEN, f"Basic {TOKEN}", "Bearer ", "Bearer None", ""):
        assert status_of(refused) == 403
    assert status_of(bearer, "/sessions") == status_of(bearer, "/metrics", "POST") == 403
    if not is_set:
        assert answer.status_code == 403
        return
    assert asyncio.run(ask(f"bearer {TOKEN}")).text == answer.text
    head = asyncio.run(ask(bearer, "/metrics", "HEAD"))
    assert (head.status_code, head.content) == (200, b"")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    values = values_of(answer.text)
    assert values["ccsync_watch_cost_usd_total", "model=unknown"] == 0.5
    assert values["ccsync_watch_tokens_total", "kind=output", "model=unknown"] == 5
    assert SESSION not in answer.text
    assert TOKEN not in answer.text

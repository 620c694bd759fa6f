"""The commands, the pages, the export, the preview and the backend have the same figures."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import shutil
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from ccsync_watch.accounting.prices import PriceList
from ccsync_watch.cli import main
from ccsync_watch.cli.commands import stats
from ccsync_watch.cli.statusline_figures import MAX_SESSIONS, figures_of
from ccsync_watch.config import load
from ccsync_watch.dashboard.app import build_app
from ccsync_watch.dashboard.browser_access import BrowserAccess
from ccsync_watch.dashboard.site import build_site
from ccsync_watch.store.database import open_database
from ccsync_watch.units import dollars, full_count
from support.dashboard_visitor import PORT, DaemonDouble, base_url, sign_in
from support.histories import HOUR_MS, Historian, feed
from support.lines import call, text
from support.storing import World

if TYPE_CHECKING:
    from pathlib import Path

    from support.histories import Transcript

SESSIONS = 300
FEW_SESSIONS = 80
"""For a further version of Python: sessions differ in data. More than the status line knows."""
NOW_MS = 1_790_000_000_000
_MODELS = ("claude-opus-5-5", "claude-opus", "not-in-any-list")


def _write_histories(now_ms: int, count: int) -> Historian:
    """Write sessions of every kind, the last of them a little before now."""
    choose = random.Random(12)  # noqa: S311 - the same sessions every time
    history = Historian()
    totals: dict[str, dict[str, Any]] = {}
    mains: list[Transcript] = []
    while len(mains) < count:
        source = choose.choice(mains) if mains and choose.random() < 0.2 else None
        how = choose.choice(["fork", "branch", "rewritten", "kept"])
        session = history.copy(source, how) if source else history.session()
        session.writer.at_ms = now_ms - (count + 1 - len(mains)) * 3 * HOUR_MS
        mains.append(session)
        session.rows.append(session.writer.prompt(f"Begin {session.session_id}"))
        used: Counter[tuple[str, str]] = Counter()
        for _turn in range(choose.randrange(5)):
            _write_turn(history, session, choose, used)
        if choose.random() < 0.3:
            agent = history.session(agent_of=session)
            _write_response(history, agent, choose, used)
        _write_facts(session, choose)
        if choose.random() < 0.6:
            before = totals.get(source.session_id) if source and how == "fork" else None
            totals[session.session_id] = _write_total(session, choose, used, before)
        if choose.random() < 0.2:
            _write_turn(history, session, choose, used)
    return history


def _write_turn(
    history: Historian, session: Transcript, choose: random.Random, used: Counter[tuple[str, str]]
) -> None:
    writer, number = session.writer, len(session.rows)
    writer.at_ms += choose.choice([1000, 60_000, 30 * HOUR_MS])
    session.rows.append(writer.prompt(f"Do {session.session_id} {number}"))
    if choose.random() < 0.4:
        used_id = f"toolu_{session.session_id}_{number}"
        _write_response(history, session, choose, used, call(used_id, "Bash", command="ls"))
        session.rows.append(writer.result(used_id, "out", is_error=choose.random() < 0.3))
    _write_response(history, session, choose, used)
    if choose.random() < 0.1:
        metadata = {"trigger": "manual", "preTokens": 9}
        session.rows.append(
            writer.row("system", subtype="compact_boundary", content="Compacted",
                       compactMetadata=metadata)
        )  # fmt: skip
    if choose.random() < 0.1:
        session.rows.append(writer.prompt("[Request interrupted by user]"))


def _write_response(
    history: Historian,
    session: Transcript,
    choose: random.Random,
    used: Counter[tuple[str, str]],
    block: dict[str, Any] | None = None,
) -> None:
    input_tokens, output, written, read = (choose.choice([0, 3, 1234, 567_891]) for _ in range(4))
    counts = (input_tokens, output, written, read)
    first = len(session.rows)
    history.response(session, tokens=counts, blocks=choose.choice([1, 1, 3]))
    model = choose.choices(_MODELS, (6, 3, 1))[0]
    for row in session.rows[first:]:
        row["message"]["model"] = model
        row["message"]["content"] = [block or text("Done")]
        row["message"]["stop_reason"] = "tool_use" if block else "end_turn"
    names = ("inputTokens", "outputTokens", "cacheCreationInputTokens", "cacheReadInputTokens")
    used.update({(model, name): count for name, count in zip(names, counts, strict=True)})


def _write_facts(session: Transcript, choose: random.Random) -> None:
    session_id = session.session_id
    if choose.random() < 0.2:
        title = f"Mine {session_id}"
        session.rows.append({"type": "custom-title", "customTitle": title, "sessionId": session_id})
    if choose.random() < 0.2:
        title = f"Made {session_id}"
        session.rows.append({"type": "ai-title", "aiTitle": title, "sessionId": session_id})
    uuids = [row["uuid"] for row in session.rows if "uuid" in row]
    if uuids and choose.random() < 0.2:
        summary = f"About {session_id}"
        session.rows.append({"type": "summary", "summary": summary, "leafUuid": uuids[-1]})


def _write_total(
    session: Transcript,
    choose: random.Random,
    used: Counter[tuple[str, str]],
    before: dict[str, Any] | None,
) -> dict[str, Any]:
    """Write the client's total: that of the rows, or more, or less, after what it started with."""
    factor = choose.choice([1.0, 1.0, 1.5, 0.5])
    models: dict[str, dict[str, Any]] = (
        json.loads(json.dumps(before["modelUsage"])) if before else {}
    )
    for (model, name), count in used.items():
        fields = models.setdefault(model, {"costUSD": 0.0})
        fields[name] = fields.get(name, 0) + int(count * factor)
        fields["costUSD"] += count * factor * choose.choice([1e-6, 3.3e-6])
    if choose.random() < 0.1:
        models["claude-late"] = {"inputTokens": 70, "outputTokens": 7, "costUSD": 0.0123}
    row = {
        "type": "cost-state",
        "sessionId": session.session_id,
        "totalCostUSD": sum(fields["costUSD"] for fields in models.values()),
        "totalAPIDuration": 900,
        "modelUsage": models,
        "hasUnknownModelCost": choose.random() < 0.1,
    }
    session.rows.append(row)
    return row


class _Views:
    """Everything that shows figures, on one store."""

    def __init__(
        self, world: World, env: dict[str, str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        self._env, self._capsys = env, capsys
        settings = load(env, {})
        site = build_site(
            world.database,
            DaemonDouble(),
            access=BrowserAccess(world.folder, clock=world.clock),
            prices=world.prices,
            settings=lambda: settings,
            clock=world.clock,
        )
        # One app for all pages: to compile the templates takes most of the time of one.
        self._app = build_app(site, port=PORT)
        self._cookies = sign_in(site.access)
        self._base_url = base_url(site.access)

    def run(self, *arguments: str, code: int = 0) -> str:
        """Return what a command prints."""
        self._capsys.readouterr()
        assert main(list(arguments), self._env) == code, arguments
        return self._capsys.readouterr().out

    def page(self, path: str) -> str:
        """Return a page, when its figures are counted."""
        while "Counting…" in (html := asyncio.run(self._get(path))):
            pass
        return html

    async def _get(self, path: str) -> str:
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(
            transport=transport, base_url=self._base_url, cookies=self._cookies
        ) as client:
            return (await client.get(path)).text


@pytest.fixture(scope="module")
def session_count(pytestconfig: pytest.Config) -> int:
    """Return how many sessions there are."""
    return FEW_SESSIONS if pytestconfig.getoption("--few-cases") else SESSIONS


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory, session_count: int) -> Path:
    """Store the sessions once; return the state folder."""
    folder = tmp_path_factory.mktemp("stored") / "state"
    history = _write_histories(NOW_MS, session_count)
    with closing(open_database(folder, now_ms=NOW_MS)) as database:
        for transcript in history.transcripts:
            feed(database, transcript, transcript.lines(), NOW_MS)
    return folder


@pytest.fixture
def world(tmp_path: Path, stored: Path) -> World:
    """Have a copy of the sessions."""
    world = World(shutil.copytree(stored, tmp_path / "state"))
    world.clock.now_ms = NOW_MS
    world.prices.ensure_known(["claude-late", "not-in-any-list"])
    return world


@pytest.fixture
def views(
    world: World, env: dict[str, str], capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> _Views:  # fmt: skip
    """Return what shows the store, at the world's prices and time."""
    monkeypatch.setattr(PriceList, "from_settings", lambda _settings: world.prices)
    monkeypatch.setattr(stats, "SystemClock", lambda: world.clock)
    return _Views(world, env, capsys)


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Return an environment whose state folder is the world's."""
    (tmp_path / "home").mkdir()
    return {
        "HOME": str(tmp_path / "home"),
        "CCSYNC_WATCH_HOME": str(tmp_path / "state"),
        # The tests share compiled rules, which `preview` needs.
        "XDG_CACHE_HOME": os.environ["XDG_CACHE_HOME"],
    }


def _facts(html: str) -> dict[str, str]:
    """Return the figures of a page by their names, without markup; a title has the exact one.

    Those of the period before, and of sessions without a response, are left out.
    """
    pattern = re.compile(
        r'<dt>([^<]*)</dt><dd(?: title="(\d[\d,]*\d|\d)?[^"]*")?>(.*?)</dd>', re.DOTALL
    )
    return {
        name: title or " ".join(re.sub(r"<small[^>]*>[^<]*</small>|<[^>]*>", " ", value).split())
        for name, title, value in pattern.findall(html)
    }


def _shown_cost(cost: dict[str, Any]) -> str:
    labels = {"client": "reported", "computed": "estimated", "partial": "partial"}
    if cost["usd"] is None:
        return "unpriced"
    sign = "≥ " if cost["provenance"] == "partial" else ""
    return f"{sign}{dollars(cost['usd'])} {labels[cost['provenance']]}"


def _prompt(tokens: dict[str, int]) -> int:
    names = ("input", "cache_write_5m", "cache_write_1h", "cache_read")
    return sum(tokens[name] for name in names)


def test_all_views_of_each_session_have_the_same_figures(
    world: World, views: _Views, session_count: int
) -> None:
    """In `stats`, `explain`, the list, the page, the export, the preview, and at the backend."""
    lines = json.loads(views.run("stats", "--by", "session", "--json"))["lines"]
    assert len(lines) == session_count
    previewed = {
        request["body"]["externalId"]: request["body"]
        for request in map(json.loads, views.run("preview").splitlines())
        if request["path"] == "/sync/session"
    }
    world.drain(limit=20_000)
    listed = _list_sessions(views)
    for line in lines:
        session_id, account = line["session_id"], line["account"]
        title, cost = line["title"] or session_id, account["cost"]
        prompt, output = _prompt(account["tokens"]), account["tokens"]["output"]
        prompts = line["activity"]["prompts"]
        explained = json.loads(views.run("explain", session_id, "--json"))
        assert explained["account"] == account
        assert (explained["title"] or session_id) == title
        facts = _facts(views.page(f"/sessions/{session_id}"))
        assert facts["Prompts"] == full_count(prompts), session_id
        assert facts["Prompt tokens"] == full_count(prompt)
        assert facts["Output tokens"] == full_count(output)
        assert facts["Cost"] == _shown_cost(cost)
        assert listed[session_id] == (title, prompts, prompt, output)
        exported = json.loads(views.run("export", session_id, "--format", "json"))["session"]
        assert (exported["title"] or session_id, exported["prompts"]) == (title, prompts)
        assert (exported["prompt_tokens"], exported["output_tokens"]) == (prompt, output)
        assert exported["cost"] == cost
        is_whole = cost["provenance"] in {"client", "computed"}
        for sent in (previewed[session_id], _at_backend(world, session_id)):
            assert (sent["promptTokens"], sent["completionTokens"]) == (prompt, output)
            assert (sent.get("cost") or 0.0) == ((cost["usd"] or 0.0) if is_whole else 0.0)


def _list_sessions(views: _Views) -> dict[str, tuple[str, int, int, int]]:
    """Return title, prompts, prompt and output tokens of every session on the list's pages."""
    row = re.compile(
        r'href="/sessions/([^"?]+)">\s*<span class="title">'
        r'(?:<span class="running".*?</span></span>)?([^<]*)</span>.*?'
        r'title="([\d,]+) prompts?,.*?title="([\d,]+) prompt tokens, ([\d,]+) output tokens"',
        re.DOTALL,
    )
    listed = {}
    path: str | None = "/sessions"
    while path is not None:
        html = views.page(path)
        for session_id, title, *counts in row.findall(html):
            numbers = [int(count.replace(",", "")) for count in counts]
            listed[session_id] = (title, numbers[0], numbers[1], numbers[2])
        following = re.search(r'rel="next" href="([^"]+)"', html)
        path = following[1].replace("&amp;", "&") if following else None
    return listed


@pytest.mark.parametrize(
    ("range_name", "since"), [("today", "1d"), ("7", "7d"), ("30", "30d"), ("all", None)]
)
def test_all_tables_of_a_range_have_the_same_total(
    views: _Views, range_name: str, since: str | None
) -> None:
    """By day, model, project and session, and on the overview."""
    more = ["--since", since] if since else []
    tables = {
        by: json.loads(views.run("stats", "--by", by, "--json", *more))["lines"]
        for by in ("day", "model", "project", "session")
    }
    accounts = [line["account"] for line in tables["session"]]
    lines = [tables["day"], tables["model"], tables["project"], accounts]
    totals = [
        (
            sum(_prompt(line["tokens"]) for line in table),
            sum(line["tokens"]["output"] for line in table),
            sum(line["responses"] for line in table),
            dollars(sum(line["cost"]["usd"] or 0.0 for line in table)),
        )
        for table in lines
    ]
    assert len(set(totals)) == 1
    assert all((line["cost"]["usd"] or 0) >= 0 for line in tables["day"])
    assert all(line["key"] for line in tables["day"]), "every day is known"
    printed = {views.run("stats", "--by", by, *more).split("\ntotal")[1].split("\n")[0].split()[-1]
               for by in ("day", "model", "project")}  # fmt: skip
    assert printed == {totals[0][3]}
    facts = _facts(views.page(f"/?range={range_name}"))
    assert facts["Sessions"] == full_count(len(tables["session"]))
    assert facts["Prompts"] == full_count(
        sum(line["activity"]["prompts"] for line in tables["session"])
    )
    assert (facts["Prompt tokens"], facts["Output tokens"]) == (
        full_count(totals[0][0]),
        full_count(totals[0][1]),
    )
    assert totals[0][3] in facts["Cost"]


def test_the_status_line_has_the_same_costs(
    world: World, views: _Views, env: dict[str, str]
) -> None:
    """Of every session that it knows as `stats` prints it, and of today as the overview does."""
    figures = figures_of(load(env), world.clock.now_ms)
    assert len(figures["sessions"]) == MAX_SESSIONS
    lines = {
        line["session_id"]: line["account"]["cost"]
        for line in json.loads(views.run("stats", "--by", "session", "--json"))["lines"]
    }
    provenances = set()
    for session_id, shown in figures["sessions"].items():
        assert _shown_cost(lines[session_id]).rsplit(" ", 1)[0] == shown or shown == "unpriced"
        assert (lines[session_id]["usd"] is None) == (shown == "unpriced")
        provenances.add(lines[session_id]["provenance"])
    assert {"client", "computed", "partial"} <= provenances
    total = views.run("stats", "--since", "1d").split("\ntotal")[1].split("\n")[0]
    assert total.endswith(f"  {figures['today']}")
    assert figures["today"] in _facts(views.page("/?range=today"))["Cost"]


def test_status_counts_the_same_sessions_and_prompts(views: _Views) -> None:
    """As `stats` does."""
    lines = json.loads(views.run("stats", "--by", "session", "--json"))["lines"]
    totals = json.loads(views.run("status", "--json", code=3))["totals"]
    assert totals["sessions"] == len(lines)
    assert totals["prompts"] == sum(line["activity"]["prompts"] for line in lines)


def _at_backend(world: World, session_id: str) -> dict[str, Any]:
    """Return what the backend has of a session."""
    record = world.backend.session(session_id)
    return {
        "promptTokens": record.prompt_tokens,
        "completionTokens": record.completion_tokens,
        "cost": record.cost,
    }

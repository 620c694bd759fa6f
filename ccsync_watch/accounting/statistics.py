"""What was used and done, by day, model, project, tool and session: for `stats` and dashboards.

Every function reads the store and returns frozen values, the largest first (days in their order).
Costs are held against the client's totals, which belong to sessions: by day and since a day, rows
are summed at their prices, and what no row reports stands under the key None. All tables of one
choice come to the same totals.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from ccsync_watch.accounting.account import NO_TOKENS, UNPRICED, Cost, Tokens
from ccsync_watch.accounting.reconciliation import cost_of, reconcile, total_cost
from ccsync_watch.accounting.session_accounts import accounts, groups

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable

    from ccsync_watch.accounting.account import SessionAccount
    from ccsync_watch.accounting.prices import PriceList
    from ccsync_watch.accounting.reconciliation import RowSum
    from ccsync_watch.store.database import Database

Zone: TypeAlias = Literal["local", "utc"]

_SMALLEST_USD = 5e-10
# Copied rows are another session's. Those a fork copied of the user have no mark of their own.
_OWN = (
    "NOT m.is_inherited AND m.kind <> 'session' AND (m.session_id NOT IN"
    " (SELECT id FROM sessions WHERE forked_from IS NOT NULL) OR NOT EXISTS"
    " (SELECT 1 FROM sessions f"
    " JOIN messages p ON p.id = f.forked_from || ':' || m.uuid WHERE f.id = m.session_id))"
)
_EXCLUDED = "(SELECT id FROM sessions WHERE is_excluded)"


@dataclass(frozen=True, slots=True)
class Line:
    """What stands under one key of a table; `key` None = what cannot be told apart so."""

    key: str | None
    sessions: int
    responses: int
    tokens: Tokens
    cost: Cost


@dataclass(frozen=True, slots=True)
class Activity:
    """What was done; times in milliseconds, None where nothing tells.

    `turns` = answers that ended a turn. `api_ms`, `tool_ms` and lines are the client's own where it
    wrote its total; else tools and lines are summed from results. `wall_ms` is from the first row
    to the last.
    """

    prompts: int = 0
    turns: int = 0
    tool_calls: int = 0
    tool_errors: int = 0
    permissions_granted: int = 0
    permissions_denied: int = 0
    compactions: int = 0
    api_errors: int = 0
    retries: int = 0
    wall_ms: int | None = None
    api_ms: int | None = None
    tool_ms: int | None = None
    lines_added: int | None = None
    lines_removed: int | None = None


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A session with its place, its account and what was done in it."""

    session_id: str
    title: str | None
    project_path: str | None
    started_ms: int | None
    updated_ms: int | None
    account: SessionAccount
    activity: Activity


@dataclass(frozen=True, slots=True)
class Overview:
    """All tables of one choice at once, and the sums of `by_session`'s."""

    sessions: int
    prompts: int
    days: list[Line]
    projects: list[Line]
    models: list[Line]
    tools: list[ToolLine]

    @property
    def tool_calls(self) -> int:
        """Calls of all tools."""
        return sum(tool.calls for tool in self.tools)

    @property
    def tool_errors(self) -> int:
        """Failures of all tools."""
        return sum(tool.errors for tool in self.tools)


@dataclass(frozen=True, slots=True)
class ToolLine:
    """Calls of one tool; `error_rate` is None while no call has a result."""

    tool: str
    calls: int
    results: int
    errors: int
    denied: int
    total_ms: int

    @property
    def error_rate(self) -> float | None:
        """Errors as a share of results."""
        return self.errors / self.results if self.results else None


def overview(
    database: Database,
    prices: PriceList,
    *,
    since_ms: int | None = None,
    pace: Callable[[], None] = lambda: None,
) -> Overview:
    """Return every table, the sessions' accounts made once for all of them.

    `pace` is called every few microseconds of work; it may wait, to leave the processor to others.
    """
    found = _accounts(database, prices, since_ms, None, pace)
    read = database.read()
    asked = {"since": since_ms, "floor": since_ms or 0}
    scope = _scope(since_ms)
    (prompts,) = read.execute(
        f"SELECT count(*) FROM messages m WHERE m.kind = 'prompt' AND {scope}",  # noqa: S608 - constants
        asked,
    ).fetchone()
    active = read.execute(
        "SELECT s.id FROM sessions s WHERE NOT s.is_excluded"  # noqa: S608 - constants
        " AND coalesce(s.updated_ms, 0) >= :floor AND EXISTS"
        f" (SELECT 1 FROM messages m WHERE m.session_id = s.id AND {scope})",
        asked,
    )
    recent = read.execute(
        "SELECT id FROM sessions WHERE NOT is_excluded AND coalesce(updated_ms, 0) >= :floor",
        asked,
    )
    shown = {row[0] for row in active} | found.keys() & {row[0] for row in recent}
    return Overview(
        sessions=len(shown),
        prompts=prompts,
        days=_days(database, prices, found, zone="local", since_ms=since_ms, pace=pace),
        projects=_projects(database, found, pace),
        models=_models(found, pace),
        tools=by_tool(database, since_ms=since_ms),
    )


def by_session(
    database: Database,
    prices: PriceList,
    *,
    since_ms: int | None = None,
    session_id: str | None = None,
) -> list[SessionLine]:
    """Return sessions, the latest first; excluded ones are left out.

    Of a session that began before `since_ms`, only the rows since then are counted.
    """
    found = _accounts(database, prices, since_ms, session_id)
    done = activities(database, since_ms=since_ms, session_id=session_id)
    known = {row["id"]: row for row in _sessions(database.read(), session_id)}
    made = [
        _session_line(each, known.get(each), found.get(each), done.get(each, Activity()))
        for each in found.keys() | (done.keys() & known.keys())
    ]
    return sorted(made, key=lambda each: (-(each.updated_ms or 0), each.session_id))


def _session_line(
    session_id: str, row: sqlite3.Row | None, account: SessionAccount | None, done: Activity
) -> SessionLine:
    """Return a session's line; `row` is None where only copies of it are stored."""
    account = account or reconcile(session_id, [], None)
    return SessionLine(
        session_id=session_id,
        title=row["title"] if row else None,
        project_path=row["project_path"] if row else None,
        started_ms=row["started_ms"] if row else None,
        updated_ms=row["updated_ms"] if row else None,
        account=account,
        activity=_timed(done, account, row),
    )


def by_project(database: Database, prices: PriceList, *, since_ms: int | None = None) -> list[Line]:
    """Return projects by their folder."""
    return _projects(database, _accounts(database, prices, since_ms, None), _no_pace)


def _projects(
    database: Database, found: dict[str, SessionAccount], pace: Callable[[], None]
) -> list[Line]:
    query = "SELECT id, project_path FROM sessions WHERE NOT is_excluded"
    places = dict(database.read().execute(query).fetchall())
    sums: defaultdict[str | None, list[SessionAccount]] = defaultdict(list)
    for each, account in found.items():
        pace()
        sums[places.get(each)].append(account)
    return _by_cost(_line(key, found) for key, found in sums.items())


def by_model(database: Database, prices: PriceList, *, since_ms: int | None = None) -> list[Line]:
    """Return models; under None what the client counted of models that it does not name."""
    return _models(_accounts(database, prices, since_ms, None), _no_pace)


def _models(accounts_: dict[str, SessionAccount], pace: Callable[[], None]) -> list[Line]:
    sums: defaultdict[str | None, list[Line]] = defaultdict(list)
    for account in accounts_.values():
        pace()
        for model in account.models:
            sums[model.model].append(
                Line(model.model, 1, model.responses, model.tokens, model.cost)
            )
        rest = account.tokens - sum((each.tokens for each in account.models), NO_TOKENS)
        if any(rest.billed):
            usd = (account.cost.usd or 0.0) - sum(m.cost.usd or 0.0 for m in account.models)
            sums[None].append(Line(None, 1, 0, rest, Cost(max(0.0, usd), "client")))
    return _by_cost(_sum(key, found) for key, found in sums.items())


def by_day(
    database: Database,
    prices: PriceList,
    *,
    zone: Zone = "local",
    since_ms: int | None = None,
) -> list[Line]:
    """Return days (ISO) in their order, in this machine's time zone or in UTC.

    Under None, last: what has no date, and what the client counted beyond the rows.
    """
    found = _accounts(database, prices, since_ms, None)
    return _days(database, prices, found, zone=zone, since_ms=since_ms, pace=_no_pace)


def _days(
    database: Database,
    prices: PriceList,
    accounts_: dict[str, SessionAccount],
    *,
    zone: Zone,
    since_ms: int | None,
    pace: Callable[[], None],
) -> list[Line]:
    local = ", 'localtime'" if zone == "local" else ""
    day = f"date(timestamp_ms / 1000, 'unixepoch'{local})"
    rows: defaultdict[str | None, list[RowSum]] = defaultdict(list)
    condition, values = _shown(since_ms)
    for group in groups(database, prices, day, condition=condition, values=values, pace=pace):
        rows[None if group.key[0] is None else str(group.key[0])].append(group.rows)
    query = f"SELECT {day}, count(DISTINCT session_id) FROM usage WHERE {condition} GROUP BY 1"  # noqa: S608 - constants
    seen = dict(database.read().execute(query, values).fetchall())
    made = [
        Line(
            key,
            seen[key],
            sum(each.responses for each in found),
            sum((each.tokens for each in found), NO_TOKENS),
            cost_of(found),
        )
        for key, found in rows.items()
    ]
    dated = sorted((each for each in made if each.key is not None), key=lambda each: each.key or "")
    undated = [each for each in made if each.key is None]
    rest = _beyond_rows(accounts_.values(), pace)
    if undated or rest:
        undated = [_sum(None, [*undated, *([rest] if rest else [])])]
    return [*dated, *undated]


def by_tool(database: Database, *, since_ms: int | None = None) -> list[ToolLine]:
    """Return tools, the most called first. Needs `sync_tool_calls`, without which none is kept."""
    query = (
        "SELECT coalesce(p.tool_name, 'unknown') AS tool, sum(p.kind = 'tool-call') AS calls,"  # noqa: S608 - constants
        " sum(p.kind = 'tool-result') AS results,"
        " coalesce(sum(p.kind = 'tool-result' AND json_extract(p.content, '$.ok') = 0), 0)"
        " AS errors, coalesce(sum(p.kind = 'tool-result'"
        " AND json_extract(m.facts, '$.denial') IS NOT NULL), 0) AS denied,"
        " coalesce(sum(iif(p.kind = 'tool-result', json_extract(p.content, '$.durationMs'), 0)), 0)"
        " AS total_ms FROM parts p JOIN messages m ON m.seq = p.message_seq"
        f" WHERE p.kind IN ('tool-call', 'tool-result') AND {_scope(since_ms)}"
        " GROUP BY 1 ORDER BY calls DESC, tool"
    )
    return [
        ToolLine(row["tool"], row["calls"], row["results"], row["errors"], row["denied"],
                 int(row["total_ms"]))
        for row in database.read().execute(query, {"since": since_ms})
    ]  # fmt: skip


def total(lines: Iterable[Line]) -> Line:
    """Return the sum of a table's lines; its sessions are not, as one may stand in several."""
    return replace(_sum("total", list(lines)), sessions=0)


def activities(
    database: Database, *, since_ms: int | None = None, session_id: str | None = None
) -> dict[str, Activity]:
    """Return what was done in sessions, copies left out; times only as far as rows tell."""
    chosen = " AND m.session_id = ?" if session_id is not None else ""
    values = (since_ms or 0, *([session_id] if session_id is not None else ()))
    scope = f"{_OWN} AND coalesce(m.timestamp_ms, 0) >= ?{chosen}"
    messages = (
        "SELECT m.session_id, sum(m.kind = 'prompt') AS prompts,"  # noqa: S608 - constants
        " count(DISTINCT iif(m.kind = 'answer' AND m.agent_id IS NULL"
        "  AND coalesce(json_extract(m.facts, '$.stop_reason'), 'tool_use') <> 'tool_use',"
        "  m.usage_id, NULL)) AS turns,"
        " sum(m.kind = 'compaction') AS compactions,"
        " sum(m.kind = 'api_error' AND m.role = 'assistant') AS api_errors,"
        " sum(m.kind = 'api_error' AND m.role = 'system') AS retries,"
        " coalesce(sum(json_extract(m.facts, '$.permission') = 'accept'), 0) AS granted,"
        " coalesce(sum(json_extract(m.facts, '$.denial') IS NOT NULL"
        "  OR json_extract(m.facts, '$.permission') = 'reject'), 0) AS denied"
        f" FROM messages m WHERE {scope} GROUP BY m.session_id"
    )
    tools = (
        "SELECT m.session_id, sum(p.kind = 'tool-call') AS calls,"  # noqa: S608 - constants
        " coalesce(sum(p.kind = 'tool-result' AND json_extract(p.content, '$.ok') = 0), 0)"
        " AS errors, sum(iif(p.kind = 'tool-result', json_extract(p.content, '$.durationMs'),"
        " NULL)) AS tool_ms,"
        " sum(iif(p.kind = 'tool-result', json_extract(p.content, '$.lines_added'), NULL))"
        " AS added, sum(iif(p.kind = 'tool-result', json_extract(p.content, '$.lines_removed'),"
        " NULL)) AS removed FROM parts p JOIN messages m ON m.seq = p.message_seq"
        f" WHERE p.kind IN ('tool-call', 'tool-result') AND {scope} GROUP BY m.session_id"
    )
    read = database.read()
    made: dict[str, Activity] = {}
    for row in read.execute(messages, values):
        made[row["session_id"]] = Activity(
            prompts=row["prompts"],
            turns=row["turns"],
            compactions=row["compactions"],
            api_errors=row["api_errors"],
            retries=row["retries"],
            permissions_granted=row["granted"],
            permissions_denied=row["denied"],
        )
    for row in read.execute(tools, values):
        made[row["session_id"]] = replace(
            made[row["session_id"]],
            tool_calls=row["calls"],
            tool_errors=row["errors"],
            tool_ms=row["tool_ms"] and int(row["tool_ms"]),
            lines_added=row["added"],
            lines_removed=row["removed"],
        )
    return made


def _timed(done: Activity, account: SessionAccount, row: sqlite3.Row | None) -> Activity:
    """Return what was done with the times of the session, the client's where it told them."""
    started, updated = (row["started_ms"], row["updated_ms"]) if row else (None, None)
    told = {
        name: getattr(account, name)
        for name in ("api_ms", "tool_ms", "lines_added", "lines_removed")
        if getattr(account, name) is not None
    }
    return replace(done, wall_ms=updated - started if started is not None else None, **told)


def _scope(since_ms: int | None) -> str:
    """Return what a message `m` must be to be counted; needs the parameter `since`."""
    if since_ms is None:
        return f"{_OWN} AND m.session_id NOT IN {_EXCLUDED}"
    return (
        f"{_OWN} AND m.timestamp_ms >= :since AND m.session_id IN"  # noqa: S608 - constants
        " (SELECT id FROM sessions WHERE updated_ms >= :since AND NOT is_excluded)"
    )


def _no_pace() -> None:
    pass


def _accounts(
    database: Database,
    prices: PriceList,
    since_ms: int | None,
    session_id: str | None,
    pace: Callable[[], None] = _no_pace,
) -> dict[str, SessionAccount]:
    """Return accounts; of what began before `since_ms` those of the rows since then."""
    if session_id is not None:
        return accounts(database, prices, [session_id])
    everything = accounts(database, prices, begun_ms=since_ms, pace=pace)
    hidden = {
        row[0] for row in database.read().execute("SELECT id FROM sessions WHERE is_excluded")
    }
    made = {each: account for each, account in everything.items() if each not in hidden}
    if since_ms is None:
        return made
    rows: defaultdict[str, list[RowSum]] = defaultdict(list)
    condition, values = _shown(since_ms)
    for group in groups(
        database, prices, "session_id", condition=condition, values=values, pace=pace
    ):
        rows[str(group.key[0])].append(group.rows)
    return {
        each: made[each] if each in made else reconcile(each, rows[each], None)
        for each in made.keys() | rows.keys()
    }


def _shown(since_ms: int | None) -> tuple[str, tuple[int, ...]]:
    condition = "session_id NOT IN (SELECT id FROM sessions WHERE is_excluded)"
    if since_ms is None:
        return condition, ()
    return f"{condition} AND timestamp_ms >= ?", (since_ms,)


def _sessions(read: sqlite3.Connection, session_id: str | None) -> list[sqlite3.Row]:
    """Return what is known of sessions, titled by the user, else by the client or a prompt."""
    told = (
        "(SELECT json_extract(value, '$') FROM session_facts WHERE session_id = id AND name = '{}')"
    )
    named, made = told.format("custom_title"), told.format("generated_title")
    query = (
        f"SELECT *, coalesce({named}, {made}, first_prompt) AS title FROM sessions"  # noqa: S608 - constants
        " WHERE NOT is_excluded"
    )
    if session_id is None:
        return read.execute(query).fetchall()
    return read.execute(f"{query} AND id = ?", (session_id,)).fetchall()


def _beyond_rows(found: Iterable[SessionAccount], pace: Callable[[], None]) -> Line | None:
    """Return what the clients' totals hold more, or less, than the prices of the rows."""
    usd, tokens, sessions = 0.0, NO_TOKENS, 0
    for account in found:
        pace()
        more = (account.cost.usd or 0.0) - (account.row_cost.usd or 0.0)
        if any(account.unrecorded.billed) or abs(more) > _SMALLEST_USD:
            usd, tokens, sessions = usd + more, tokens + account.unrecorded, sessions + 1
    return Line(None, sessions, 0, tokens, Cost(usd, "client")) if sessions else None


def _line(key: str | None, found: list[SessionAccount]) -> Line:
    return Line(
        key,
        len(found),
        sum(each.responses for each in found),
        sum((each.tokens for each in found), NO_TOKENS),
        total_cost(each.cost for each in found if any(each.tokens.billed)),
    )


def _sum(key: str | None, found: list[Line]) -> Line:
    return Line(
        key,
        sum(each.sessions for each in found),
        sum(each.responses for each in found),
        sum((each.tokens for each in found), NO_TOKENS),
        total_cost(each.cost for each in found) if found else UNPRICED,
    )


def _by_cost(lines: Iterable[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: (-(line.cost.usd or 0.0), -line.tokens.prompt))

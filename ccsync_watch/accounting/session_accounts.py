"""The accounts of sessions, from the store: rows priced and held against the client's totals.

Prices are used as far as the list knows them; call `PriceList.learn(models(...))` before, where
waiting a second does no harm.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

import orjson

from ccsync_watch.accounting import rates
from ccsync_watch.accounting.account import NO_TOKENS, NO_TOTALS, ClientTotals, Cost, Tokens
from ccsync_watch.accounting.reconciliation import (
    Claim,
    RowSum,
    client_totals,
    cost_of,
    reconcile,
)
from ccsync_watch.model import Redacted
from ccsync_watch.store import session_summaries

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence

    from ccsync_watch.accounting.account import SessionAccount
    from ccsync_watch.accounting.prices import PriceList
    from ccsync_watch.model import SessionSummary
    from ccsync_watch.store.database import Database

_PROMPT = "input_tokens + cache_write_5m_tokens + cache_write_1h_tokens + cache_read_tokens"
_NEVER_MS = 1 << 62
# How many expressions tell apart what has another price, or another source of one.
_PRICE_KEYS = 8


@dataclass(frozen=True, slots=True)
class Group:
    """Responses that share a price, and whatever else they were asked for by."""

    key: tuple[str | int | None, ...]
    rows: RowSum


@dataclass(frozen=True, slots=True)
class SubagentAccount:
    """What one subagent used, a part of its session's; `cost` is that of its rows."""

    agent_id: str
    agent_type: str | None
    description: str | None
    responses: int
    tokens: Tokens
    cost: Cost


def models(database: Database, session_id: str | None = None) -> list[str]:
    """Return the models of a session's responses, or of all."""
    query = "SELECT DISTINCT model FROM usage WHERE model IS NOT NULL"
    read = database.read()
    if session_id is None:
        return [row[0] for row in read.execute(query)]
    return [row[0] for row in read.execute(f"{query} AND session_id = ?", (session_id,))]


def groups(
    database: Database,
    prices: PriceList,
    *keys: str,
    condition: str = "true",
    values: Sequence[object] = (),
    after_ms: int = _NEVER_MS,
    pace: Callable[[], None] = lambda: None,
) -> list[Group]:
    """Return sums over the table `usage` by SQL expressions, priced where there is a price.

    Rows dated at or after `after_ms` are later ones.
    """
    steps = " + ".join(["0", *(f"({_PROMPT} > {step})" for step in prices.steps())])
    by = ", ".join(
        [
            *keys, "model", "is_fast", "coalesce(tier, '') = 'batch'", "is_us_only",
            "date(timestamp_ms / 1000, 'unixepoch')", "coalesce(timestamp_ms >= ?, 0)",
            "cost_usd IS NOT NULL", steps,
        ]
    )  # fmt: skip
    query = (
        f"SELECT {by}, min({_PROMPT}), count(*), sum(cost_usd),"  # noqa: S608 - expressions of this package
        " sum(input_tokens), sum(output_tokens), sum(cache_write_5m_tokens),"
        " sum(cache_write_1h_tokens), sum(cache_read_tokens), sum(web_searches)"
        f" FROM usage WHERE {condition}"
        f" GROUP BY {', '.join(str(number + 1) for number in range(len(keys) + _PRICE_KEYS))}"
    )
    made = []
    for row in database.read().execute(query, (after_ms, *values)):
        pace()
        made.append(_group(row, len(keys), prices))
    return made


def _group(row: sqlite3.Row, count: int, prices: PriceList) -> Group:
    shared = row[count : count + _PRICE_KEYS]
    model, is_fast, is_batch, is_us_only, day, is_later, is_client_priced, _step = shared
    prompt, responses, paid, *used = row[count + _PRICE_KEYS :]
    tokens = Tokens(*used)
    mode = rates.FAST if is_fast else rates.BATCH if is_batch else rates.STANDARD
    usd: Decimal | None
    if is_client_priced:
        usd = Decimal(repr(paid))
    else:
        known = prices.rates(model, day, mode)
        usd = known.cost(tokens, prompt, is_us_only=bool(is_us_only)) if known else None
    return Group(
        tuple(row[:count]),
        RowSum(model, responses, tokens, usd, bool(is_later), bool(is_client_priced)),
    )


def account(database: Database, session_id: str, prices: PriceList) -> SessionAccount:
    """Return one session's account; without responses and totals an empty one."""
    rows = _rows(database, session_id, prices)
    made = reconcile(session_id, rows, _claim(database, session_id))
    if made.notes and made.client_usd is not None:
        # The client's total may be older than the last rows: those are counted beside it.
        after_ms = _after_last_state(database.read(), session_id)
        if after_ms is not None:
            rows = _rows(database, session_id, prices, after_ms)
            made = reconcile(session_id, rows, _claim(database, session_id))
    return _with_doubts(database.read(), made)


def accounts(
    database: Database,
    prices: PriceList,
    session_ids: Iterable[str] | None = None,
    *,
    begun_ms: int | None = None,
    pace: Callable[[], None] = lambda: None,
) -> dict[str, SessionAccount]:
    """Return the accounts of sessions, by default of every one that used anything.

    `begun_ms` leaves out those that began before. `pace` is called now and then.
    """
    if session_ids is not None:
        return {each: account(database, each, prices) for each in session_ids}
    chosen, values = "true", list[int]()
    if begun_ms is not None:
        chosen = "session_id IN (SELECT id FROM sessions WHERE started_ms >= ?)"
        values.append(begun_ms)
    rows: defaultdict[str, list[RowSum]] = defaultdict(list)
    for group in groups(database, prices, "session_id", condition=chosen, values=values, pace=pace):
        rows[str(group.key[0])].append(group.rows)
    read = database.read()
    special = {row[0] for row in read.execute("SELECT DISTINCT session_id FROM contested")}
    special |= {row[0] for row in read.execute("SELECT id FROM sessions WHERE forked_from <> ''")}
    latest: dict[str, ClientTotals] = {}
    states = read.execute(f"SELECT session_id, value FROM cost_states WHERE {chosen}", values)  # noqa: S608 - constants
    for session_id, value in states:
        pace()
        totals = client_totals(orjson.loads(value))
        if totals and totals.usd >= latest.get(session_id, NO_TOTALS).usd:
            latest[session_id] = totals
    made: dict[str, SessionAccount] = {}
    for each in rows.keys() | latest.keys():
        pace()
        claim = Claim(latest[each]) if each in latest else None
        known = None if each in special else reconcile(each, rows[each], claim)
        # Where rows and total agree there is nothing more to ask.
        made[each] = account(database, each, prices) if known is None or known.notes else known
    return made


def subagents(database: Database, session_id: str, prices: PriceList) -> list[SubagentAccount]:
    """Return what each of a session's subagents used, the dearest first."""
    read = database.read()
    rows: defaultdict[str, list[RowSum]] = defaultdict(list)
    for group in groups(
        database,
        prices,
        "agent_id",
        condition="session_id = ? AND agent_id IS NOT NULL",
        values=(session_id,),
    ):
        rows[str(group.key[0])].append(group.rows)
    told = {
        row["agent_id"]: row
        for row in read.execute(
            "SELECT agent_id, agent_type, description FROM subagents WHERE session_id = ?",
            (session_id,),
        )
    }
    made = [
        SubagentAccount(
            agent_id=each,
            agent_type=told[each]["agent_type"] if each in told else None,
            description=told[each]["description"] if each in told else None,
            responses=sum(row.responses for row in rows.get(each, ())),
            tokens=sum((row.tokens for row in rows.get(each, ())), NO_TOKENS),
            cost=cost_of(rows.get(each, ())),
        )
        for each in sorted(rows.keys() | told.keys())
    ]
    return sorted(made, key=lambda each: -(each.cost.usd or 0.0))


def summary(
    database: Database, session_id: str, prices: PriceList
) -> Redacted[SessionSummary] | None:
    """Return a session's absolute state with its tokens and cost; None as the store's own.

    A cost that is not whole is left out: the backend would take it for all there was.
    """
    found = session_summaries.session_summary(database, session_id)
    if found is None:
        return None
    made = account(database, session_id, prices)
    is_whole = made.cost.provenance in {"client", "computed"}
    return Redacted(
        replace(
            found.value,
            prompt_tokens=made.tokens.prompt,
            output_tokens=made.tokens.output,
            cost_usd=made.cost.usd if is_whole else None,
        )
    )


def _rows(
    database: Database, session_id: str, prices: PriceList, after_ms: int = _NEVER_MS
) -> list[RowSum]:
    found = groups(
        database, prices, condition="session_id = ?", values=(session_id,), after_ms=after_ms
    )
    return [group.rows for group in found]


def _states(read: sqlite3.Connection, session_id: str) -> list[tuple[ClientTotals, int]]:
    """Return the totals that the client wrote of a session with their places, the last one last.

    They only grow, so the last one is the largest, wherever a rewritten file has it.
    """
    rows = read.execute("SELECT value, start FROM cost_states WHERE session_id = ?", (session_id,))
    found = [(client_totals(orjson.loads(value)), start) for value, start in rows]
    known = [(totals, start) for totals, start in found if totals is not None]
    return sorted(known, key=lambda each: (each[0].usd, sum(each[0].tokens.billed), each[1]))


def _claim(database: Database, session_id: str) -> Claim | None:
    read = database.read()
    states = _states(read, session_id)
    if not states:
        return None
    totals = states[-1][0]
    row = read.execute(
        "SELECT forked_from, is_branch FROM sessions WHERE id = ?", (session_id,)
    ).fetchone()
    if row is None or row["forked_from"] is None:
        return Claim(totals)
    before = _before_fork(read, row["forked_from"], session_id)
    if row["is_branch"]:
        return Claim(totals, (NO_TOTALS, *before))
    is_known = read.execute("SELECT 1 FROM sessions WHERE id = ?", (row["forked_from"],)).fetchone()
    return Claim(totals, (*before, NO_TOTALS), is_certain=is_known is not None)


def _before_fork(read: sqlite3.Connection, source: str, fork: str) -> list[ClientTotals]:
    """Return the source's totals from before the fork's first response, the latest first."""
    (first_ms,) = read.execute(
        "SELECT coalesce(min(timestamp_ms), ?) FROM usage WHERE session_id = ?", (_NEVER_MS, fork)
    ).fetchone()
    query = (
        "SELECT coalesce(max(timestamp_ms), 0) FROM messages"
        " WHERE session_id = ? AND agent_id IS NULL AND start < ?"
    )
    return [
        totals
        for totals, start in reversed(_states(read, source))
        if read.execute(query, (source, start)).fetchone()[0] <= first_ms
    ]


def _after_last_state(read: sqlite3.Connection, session_id: str) -> int | None:
    """Return when the first row after the client's last total was written, None without any."""
    _totals, start = _states(read, session_id)[-1]
    (found,) = read.execute(
        "SELECT min(timestamp_ms) FROM messages WHERE session_id = ? AND agent_id IS NULL"
        " AND start > ? AND kind <> 'session' AND NOT is_inherited",
        (session_id, start),
    ).fetchone()
    return None if found is None else int(found)


def _with_doubts(read: sqlite3.Connection, made: SessionAccount) -> SessionAccount:
    (guesses,) = read.execute(
        "SELECT count(*) FROM contested WHERE session_id = ? AND is_guess", (made.session_id,)
    ).fetchone()
    if not guesses:
        return made
    note = (
        f"{guesses} responses stand in other sessions too, without a mark: each counts once, for"
        " the session that ended first"
    )
    return replace(made, notes=(*made.notes, note))

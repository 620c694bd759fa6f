"""The accounts of sessions, from the store: priced rows, reconciled with the client's totals."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import orjson

from ccsync_watch.accounting.account import NO_TOKENS, NO_TOTALS, ClientTotals, Cost, Tokens
from ccsync_watch.accounting.client_claims import first_row_after_total_ms, load_claim
from ccsync_watch.accounting.reconciliation import (
    Claim,
    RowSum,
    client_totals,
    cost_of,
    reconcile,
)
from ccsync_watch.accounting.usage_groups import NEVER_MS, load_groups
from ccsync_watch.model import Redacted
from ccsync_watch.store.session_summaries import session_summary
from ccsync_watch.units import plural

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from ccsync_watch.accounting.account import SessionAccount
    from ccsync_watch.accounting.prices import PriceList
    from ccsync_watch.model import SessionSummary
    from ccsync_watch.store.database import Database


@dataclass(frozen=True, slots=True)
class SubagentAccount:
    """What one subagent used, a part of its session's account; `cost` is that of its rows."""

    agent_id: str
    agent_type: str | None
    description: str | None
    responses: int
    tokens: Tokens
    cost: Cost


def load_account(database: Database, session_id: str, prices: PriceList) -> SessionAccount:
    """Return one session's account; an empty one without responses and totals."""
    read = database.read()
    claim = load_claim(read, session_id)
    account = reconcile(session_id, _rows(database, session_id, prices), claim)
    if account.notes and account.client_usd is not None:
        # The client's total may be older than the last rows: those are added to it.
        after_ms = first_row_after_total_ms(read, session_id)
        if after_ms is not None:
            account = reconcile(session_id, _rows(database, session_id, prices, after_ms), claim)
    return _note_guesses(read, account)


def load_accounts(
    database: Database,
    prices: PriceList,
    *,
    started_since_ms: int | None = None,
    pace: Callable[[], None] = lambda: None,
) -> dict[str, SessionAccount]:
    """Return the accounts of every session that used anything.

    `started_since_ms` leaves out those that started before. `pace` is called now and then.
    """
    condition, values = "true", list[int]()
    if started_since_ms is not None:
        condition = "session_id IN (SELECT id FROM sessions WHERE started_ms >= ?)"
        values.append(started_since_ms)
    rows: defaultdict[str, list[RowSum]] = defaultdict(list)
    for group in load_groups(
        database, prices, "session_id", condition=condition, values=values, pace=pace
    ):
        rows[str(group.key[0])].append(group.rows)
    read = database.read()
    contested_or_forked = {
        row[0]
        for row in read.execute(
            "SELECT DISTINCT session_id FROM contested"
            " UNION SELECT id FROM sessions WHERE forked_from <> ''"
        )
    }
    latest: dict[str, ClientTotals] = {}
    states = read.execute(f"SELECT session_id, value FROM cost_states WHERE {condition}", values)  # noqa: S608 - constants
    for session_id, value in states:
        pace()
        totals = client_totals(orjson.loads(value))
        if totals and totals.usd >= latest.get(session_id, NO_TOTALS).usd:
            latest[session_id] = totals
    accounts: dict[str, SessionAccount] = {}
    for session_id in rows.keys() | latest.keys():
        pace()
        if session_id not in contested_or_forked:
            claim = Claim(latest[session_id]) if session_id in latest else None
            account = reconcile(session_id, rows[session_id], claim)
            # Where rows and total agree, nothing more has to be read.
            if not account.notes:
                accounts[session_id] = account
                continue
        accounts[session_id] = load_account(database, session_id, prices)
    return accounts


def load_subagent_accounts(
    database: Database, session_id: str, prices: PriceList
) -> list[SubagentAccount]:
    """Return what each of a session's subagents used, the most expensive first."""
    rows: defaultdict[str, list[RowSum]] = defaultdict(list)
    for group in load_groups(
        database,
        prices,
        "agent_id",
        condition="session_id = ? AND agent_id IS NOT NULL",
        values=(session_id,),
    ):
        rows[str(group.key[0])].append(group.rows)
    described = {
        row["agent_id"]: row
        for row in database.read().execute(
            # A copied result names subagents whose rows are another session's.
            "SELECT agent_id, agent_type, description FROM subagents WHERE session_id = ?1"
            " AND (agent_id IN (SELECT agent_id FROM messages WHERE session_id = ?1)"
            " OR agent_id IN (SELECT agent_id FROM usage WHERE session_id = ?1))",
            (session_id,),
        )
    }
    accounts = [
        SubagentAccount(
            agent_id=agent_id,
            agent_type=described[agent_id]["agent_type"] if agent_id in described else None,
            description=described[agent_id]["description"] if agent_id in described else None,
            responses=sum(row.responses for row in rows.get(agent_id, ())),
            tokens=sum((row.tokens for row in rows.get(agent_id, ())), NO_TOKENS),
            cost=cost_of(rows.get(agent_id, ())),
        )
        for agent_id in sorted(rows.keys() | described.keys())
    ]
    return sorted(accounts, key=lambda account: -(account.cost.usd or 0.0))


def load_summary(
    database: Database, session_id: str, prices: PriceList
) -> Redacted[SessionSummary] | None:
    """Return a session's summary with the tokens and cost of its account; None without one.

    A partial cost is left out: the backend would take it for the whole.
    """
    summary = session_summary(database, session_id)
    if summary is None:
        return None
    account = load_account(database, session_id, prices)
    is_whole = account.cost.provenance in {"client", "computed"}
    return Redacted(
        replace(
            summary.value,
            prompt_tokens=account.tokens.prompt,
            output_tokens=account.tokens.output,
            cost_usd=account.cost.usd if is_whole else None,
        )
    )


def _rows(
    database: Database, session_id: str, prices: PriceList, after_ms: int = NEVER_MS
) -> list[RowSum]:
    groups = load_groups(
        database, prices, condition="session_id = ?", values=(session_id,), after_ms=after_ms
    )
    return [group.rows for group in groups]


def _note_guesses(read: sqlite3.Connection, account: SessionAccount) -> SessionAccount:
    (guesses,) = read.execute(
        "SELECT count(*) FROM contested WHERE session_id = ? AND is_guess", (account.session_id,)
    ).fetchone()
    if not guesses:
        return account
    verb = "is" if guesses == 1 else "are"
    note = (
        f"{plural(guesses, 'response')} {verb} in other sessions too, without a mark: each is"
        " counted once, as a guess for the session that went on last after the copy"
    )
    return replace(account, notes=(*account.notes, note))

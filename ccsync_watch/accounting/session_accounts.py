"""The accounts of sessions, from the store: priced rows, reconciled with the client's totals."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import orjson

from ccsync_watch.accounting.account import (
    NO_TOKENS,
    NO_TOTALS,
    ClientTotals,
    Cost,
    Tokens,
    total_cost,
)
from ccsync_watch.accounting.calendars import LOCAL_DAYS
from ccsync_watch.accounting.client_claims import first_row_after_total_ms, load_claim
from ccsync_watch.accounting.client_totals import read_client_totals
from ccsync_watch.accounting.own_costs import reprice_claim
from ccsync_watch.accounting.reconciliation import Claim, reconcile
from ccsync_watch.accounting.spreading import RowSum, cost_of, count_unreadable, sum_tokens
from ccsync_watch.accounting.unreadable_usage import load_unreadable
from ccsync_watch.accounting.usage_groups import NEVER_MS, load_groups
from ccsync_watch.model import Redacted
from ccsync_watch.store.session_summaries import session_summary
from ccsync_watch.units import plural

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from ccsync_watch.accounting.account import SessionAccount
    from ccsync_watch.accounting.calendars import Calendar
    from ccsync_watch.accounting.prices import PriceList
    from ccsync_watch.outgoing import SessionSummary
    from ccsync_watch.store.database import Database


@dataclass(frozen=True, slots=True)
class SubagentAccount:
    """What one subagent used, a part of its session's account; `cost` is that of its rows.

    `is_helper`: the client itself started it, and `agent_type` says what for.
    """

    agent_id: str
    agent_type: str | None
    description: str | None
    responses: int
    tokens: Tokens
    cost: Cost
    is_helper: bool = False


def load_account(
    database: Database,
    session_id: str,
    prices: PriceList,
    *,
    calendar: Calendar = LOCAL_DAYS,
    since_ms: int = 0,
    until_ms: int | None = None,
) -> SessionAccount:
    """Return one session's account between two moments; an empty one if nothing was used."""
    read = database.read()
    claim = load_claim(read, session_id, calendar=calendar, since_ms=since_ms, until_ms=until_ms)
    if claim is not None:
        claim = reprice_claim(claim, prices)

    def load_rows(after_ms: int = NEVER_MS) -> list[RowSum]:
        unreadable = load_unreadable(
            read, "session_id = ?", (session_id,), after_ms=after_ms,
            since_ms=since_ms, until_ms=until_ms, calendar=calendar,
        )  # fmt: skip
        groups = load_groups(
            database, prices, condition="session_id = ?", values=(session_id,),
            after_ms=after_ms, since_ms=since_ms, until_ms=until_ms, calendar=calendar,
        )  # fmt: skip
        return [*(group.rows for group in groups), *unreadable.get(session_id, ())]

    rows = load_rows()
    if claim is not None and not _is_settled(rows, claim):
        # The client's total may be older than the last rows: those are added to it.
        after_ms = first_row_after_total_ms(read, session_id)
        if after_ms is not None:
            rows = load_rows(after_ms)
    return _note_guesses(read, reconcile(session_id, rows, claim))


def _is_settled(rows: Sequence[RowSum], claim: Claim) -> bool:
    """Return whether the client's total is exactly that of the rows: nothing else can matter."""
    return (
        bool(rows)
        and not count_unreadable(rows)
        and claim.totals.tokens.billed == sum_tokens(rows).billed
    )


def load_accounts(
    database: Database,
    prices: PriceList,
    *,
    since_ms: int | None = None,
    until_ms: int | None = None,
    session_ids: Sequence[str] | None = None,
    calendar: Calendar = LOCAL_DAYS,
    pace: Callable[[], None] = lambda: None,
) -> dict[str, SessionAccount]:
    """Return the accounts of every session that used anything, or of some; excluded ones left out.

    With `since_ms` or `until_ms`, of what each used from then on, or before then. `pace` is called
    now and then.
    """
    condition, values = _condition_of(since_ms, until_ms, session_ids)
    rows: defaultdict[str, list[RowSum]] = defaultdict(list)
    for group in load_groups(
        database, prices, "session_id", condition=condition, values=values,
        since_ms=since_ms or 0, until_ms=until_ms, calendar=calendar, pace=pace,
    ):  # fmt: skip
        rows[str(group.key[0])].append(group.rows)
    read = database.read()
    unreadable = load_unreadable(
        read, condition, values, since_ms=since_ms or 0, until_ms=until_ms, calendar=calendar
    )
    for session_id, more in unreadable.items():
        rows[session_id] += more
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
        totals = read_client_totals(orjson.loads(value))
        if totals and totals.usd >= latest.get(session_id, NO_TOTALS).usd:
            latest[session_id] = totals
    accounts: dict[str, SessionAccount] = {}
    for session_id in sorted(rows.keys() | latest.keys()):
        pace()
        claim = reprice_claim(Claim(latest[session_id]), prices) if session_id in latest else None
        # Where rows and total agree, nothing more has to be read.
        if session_id not in contested_or_forked and (
            claim is None or _is_settled(rows[session_id], claim)
        ):
            account = reconcile(session_id, rows[session_id], claim)
        else:
            account = load_account(
                database, session_id, prices,
                calendar=calendar, since_ms=since_ms or 0, until_ms=until_ms,
            )  # fmt: skip
        if (since_ms is None and until_ms is None) or account.shares:
            accounts[session_id] = account
    return accounts


def _condition_of(
    since_ms: int | None, until_ms: int | None, session_ids: Sequence[str] | None
) -> tuple[str, list[object]]:
    """Return the SQL condition that leaves out sessions which cannot be counted, and its values."""
    condition = "session_id NOT IN (SELECT id FROM sessions WHERE is_excluded)"
    values = list[object]()
    if session_ids is not None:
        condition += f" AND session_id IN ({','.join('?' * len(session_ids))})"
        values += session_ids
    if since_ms is not None and until_ms is not None:
        # What was used before and after a window does not matter: of long ago there is much.
        condition += (
            " AND session_id IN (SELECT id FROM sessions"
            "  WHERE updated_ms >= ? AND coalesce(started_ms, updated_ms) < ?"
            " UNION SELECT session_id FROM usage WHERE timestamp_ms >= ? AND timestamp_ms < ?)"
        )
        values += [since_ms, until_ms, since_ms, until_ms]
    elif since_ms is not None:
        condition += (
            " AND session_id IN (SELECT id FROM sessions WHERE updated_ms >= ?"
            " UNION SELECT session_id FROM usage WHERE timestamp_ms >= ?)"
        )
        values += [since_ms, since_ms]
    elif until_ms is not None:
        # One without any date has none of its usage in a window that ends.
        condition += (
            " AND (session_id IN (SELECT id FROM sessions"
            "  WHERE coalesce(started_ms, updated_ms) < ?)"
            " OR session_id IN (SELECT session_id FROM usage WHERE timestamp_ms < ?))"
        )
        values += [until_ms, until_ms]
    return condition, values


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
            "SELECT agent_id, agent_type, description, is_helper FROM subagents"
            " WHERE session_id = ?1"
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
            is_helper=bool(agent_id in described and described[agent_id]["is_helper"]),
        )
        for agent_id in sorted(rows.keys() | described.keys())
    ]
    return sorted(accounts, key=lambda account: -(account.cost.usd or 0.0))


def load_helper_accounts(
    database: Database, session_id: str, prices: PriceList
) -> list[SubagentAccount]:
    """Return what the client's own helpers used in a session, summed by their purpose."""
    query = "SELECT 1 FROM subagents WHERE session_id = ? AND is_helper LIMIT 1"
    if database.read().execute(query, (session_id,)).fetchone() is None:
        return []
    by_purpose: defaultdict[str, list[SubagentAccount]] = defaultdict(list)
    for account in load_subagent_accounts(database, session_id, prices):
        if account.is_helper:
            by_purpose[account.agent_type or account.agent_id].append(account)
    return [
        replace(
            accounts[0],
            responses=sum(account.responses for account in accounts),
            tokens=sum((account.tokens for account in accounts), NO_TOKENS),
            cost=total_cost(account.cost for account in accounts),
        )
        for accounts in by_purpose.values()
    ]


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


def _note_guesses(read: sqlite3.Connection, account: SessionAccount) -> SessionAccount:
    (guesses,) = read.execute(
        "SELECT count(*) FROM contested WHERE session_id = ? AND is_guess", (account.session_id,)
    ).fetchone()
    if not guesses:
        return account
    verb = "is" if guesses == 1 else "are"
    note = (
        f"{plural(guesses, 'response')} {verb} in other sessions too, without a mark: each is"
        " counted once, as a guess for the session that was continued last after the copy"
    )
    return replace(account, notes=(*account.notes, note))

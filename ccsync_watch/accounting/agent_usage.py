"""Tokens and cost by the subagent that used them, at the prices of rows."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ccsync_watch.accounting.account import NO_TOKENS
from ccsync_watch.accounting.breakdowns import BreakdownLine, by_cost
from ccsync_watch.accounting.selections import EVERYTHING, matches_model, selected_sessions
from ccsync_watch.accounting.spreading import cost_of
from ccsync_watch.accounting.usage_groups import load_groups

if TYPE_CHECKING:
    from ccsync_watch.accounting.prices import PriceList
    from ccsync_watch.accounting.selections import Selection
    from ccsync_watch.accounting.spreading import RowSum
    from ccsync_watch.store.database import Database

_AGENT = (
    "iif(agent_id IS NULL, NULL, coalesce((SELECT iif(a.is_helper, 'Claude Code: ', '')"
    " || a.agent_type FROM subagents a WHERE a.session_id = usage_requests.session_id"
    " AND a.agent_id = usage_requests.agent_id), 'subagent'))"
)


def by_agent(
    database: Database, prices: PriceList, selection: Selection = EVERYTHING
) -> list[BreakdownLine]:
    """Return who used the tokens, the most expensive first: by the type of subagents.

    The main conversations have the key None. Costs are those of rows, not reconciled with totals
    of the client, which do not say who used what.
    """
    groups: defaultdict[str | None, list[RowSum]] = defaultdict(list)
    sessions: defaultdict[str | None, set[str]] = defaultdict(set)
    wanted = selected_sessions(database, selection)
    for group in load_groups(
        database,
        prices,
        _AGENT,
        "session_id",
        condition="session_id NOT IN (SELECT id FROM sessions WHERE is_excluded)",
        since_ms=selection.since_ms or 0,
        until_ms=selection.until_ms,
    ):
        name, session_id = group.key
        if not group.rows.at.is_counted or (wanted is not None and session_id not in wanted):
            continue
        if selection.model and not matches_model(group.rows.model, selection.model):
            continue
        key = None if name is None else str(name)
        groups[key].append(group.rows)
        sessions[key].add(str(session_id))
    return by_cost(
        BreakdownLine(
            key,
            len(sessions[key]),
            sum(row.responses for row in rows),
            sum((row.tokens for row in rows), NO_TOKENS),
            cost_of(rows),
        )
        for key, rows in groups.items()
    )

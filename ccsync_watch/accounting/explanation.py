"""Explain a session's figures: which responses count for it, which do not, and the difference.

A naive sum adds the usage of every row of every file of a session. But one response is reported by
several rows, and forks copy whole histories.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ccsync_watch.accounting.session_accounts import load_account, load_subagent_accounts
from ccsync_watch.store.session_summaries import session_summary
from ccsync_watch.store.status_figures import uncounted_rows

if TYPE_CHECKING:
    import sqlite3

    from ccsync_watch.accounting.account import ModelAccount, SessionAccount
    from ccsync_watch.accounting.prices import PriceList
    from ccsync_watch.accounting.session_accounts import SubagentAccount
    from ccsync_watch.store.database import Database

_REPORTED = "Claude Code's own figure"


@dataclass(frozen=True, slots=True)
class Response:
    """A response of the API that rows of the session report, and the session it counts for.

    `rows` = how many rows of this session report it, `copies` = how many of other sessions do.
    """

    id: str
    model: str | None
    agent_id: str | None
    timestamp_ms: int | None
    start: int
    rows: int
    copies: int
    owner: str
    prompt_tokens: int
    output_tokens: int

    def counts_for(self, session_id: str) -> bool:
        """Return whether it counts for a session."""
        return self.owner == session_id


@dataclass(frozen=True, slots=True)
class Explanation:
    """A session's account and where it comes from.

    `naive_prompt` and `naive_output` are the sums over all rows. They are larger by the repeated
    rows (those of a response after its first) and the inherited responses (other sessions').
    `price_sources` names where the price of each model comes from, None where it has none.
    `uncounted` are rows that report tokens which no total contains: how many, by reason.
    """

    account: SessionAccount
    title: str | None
    responses: tuple[Response, ...]
    subagents: tuple[SubagentAccount, ...]
    naive_rows: int
    naive_prompt: int
    naive_output: int
    repeated_rows: int
    inherited_responses: int
    price_sources: dict[str, str | None]
    uncounted: dict[str, int] = field(default_factory=dict)

    @property
    def counted(self) -> tuple[Response, ...]:
        """The responses that make up the total."""
        return tuple(
            response for response in self.responses if response.counts_for(self.account.session_id)
        )


def explain(database: Database, session_id: str, prices: PriceList) -> Explanation | None:
    """Return the explanation of a session's figures; None for an unknown or excluded session."""
    summary = session_summary(database, session_id)
    if summary is None:
        return None
    read = database.read()
    rows, prompt, output = read.execute(
        "SELECT count(*), coalesce(sum(prompt_tokens), 0), coalesce(sum(output_tokens), 0)"
        " FROM usage_rows WHERE session_id = ?",
        (session_id,),
    ).fetchone()
    responses = tuple(_responses(read, session_id))
    account = load_account(database, session_id, prices)
    return Explanation(
        account=account,
        title=summary.value.title,
        responses=responses,
        subagents=tuple(load_subagent_accounts(database, session_id, prices)),
        naive_rows=rows,
        naive_prompt=prompt,
        naive_output=output,
        repeated_rows=sum(max(0, response.rows - 1) for response in responses),
        inherited_responses=sum(not response.counts_for(session_id) for response in responses),
        price_sources={
            model.model: _price_source(model, prices) for model in account.models if model.model
        },
        uncounted=uncounted_rows(database, session_id),
    )


def _price_source(model: ModelAccount, prices: PriceList) -> str | None:
    """Return where the cost of a model comes from, as people read it."""
    source = prices.source(model.model)
    is_reported = model.is_reported and model.cost.usd is not None
    if not is_reported and model.cost.provenance != "client":
        return source
    if prices.own_multiplier != 1:
        return f"{_REPORTED} x {prices.own_multiplier}"
    is_whole = model.cost.provenance == "client"
    return _REPORTED if is_whole else f"{_REPORTED}; later responses: {source or 'not known'}"


def _responses(read: sqlite3.Connection, session_id: str) -> list[Response]:
    """Return the responses that rows of the session, or copies of its own rows, report."""
    row_of = "r.usage_id IN (SELECT u.id UNION ALL SELECT id FROM usage WHERE counted_in = u.id)"
    rows = read.execute(
        "SELECT u.response_id AS id, u.model, u.agent_id, u.timestamp_ms, u.session_id AS owner,"  # noqa: S608 - a constant
        " u.prompt_tokens, u.output_tokens,"
        f" (SELECT count(*) FROM usage_rows r WHERE {row_of} AND r.session_id = ?1)"
        f" AS own_rows, (SELECT count(*) FROM usage_rows r WHERE {row_of}) AS all_rows,"
        f" (SELECT min(r.start) FROM usage_rows r WHERE {row_of}) AS start"
        " FROM usage_tokens u WHERE u.session_id = ?1"
        " OR u.id IN (SELECT coalesce(c.counted_in, c.id) FROM usage_rows r"
        "   JOIN usage c ON c.id = r.usage_id WHERE r.session_id = ?1)"
        " ORDER BY coalesce(u.agent_id, ''), start",
        (session_id,),
    )
    return [
        Response(
            id=row["id"],
            model=row["model"],
            agent_id=row["agent_id"],
            timestamp_ms=row["timestamp_ms"],
            start=row["start"] or 0,
            rows=row["own_rows"],
            copies=row["all_rows"] - row["own_rows"],
            owner=row["owner"],
            prompt_tokens=row["prompt_tokens"],
            output_tokens=row["output_tokens"],
        )
        for row in rows
    ]

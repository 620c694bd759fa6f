"""Compare a session's rows with the client's own total, and decide which counts; pure.

The client's total is right to the last digit for what it covers. It covers more than the rows
where a request left none (compaction, a cut stream), and includes what a fork started with. It
covers less after /branch, with two processes on one session, and after it was written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ccsync_watch.accounting.account import (
    NO_TOKENS,
    NO_TOTALS,
    NOTHING,
    ClientTotals,
    Cost,
    ModelAccount,
    SessionAccount,
    Share,
    Tokens,
    total_cost,
)
from ccsync_watch.accounting.client_totals import base_name
from ccsync_watch.accounting.model_parts import split_by_model
from ccsync_watch.accounting.spreading import (
    NO_DAY,
    Day,
    RowSum,
    cost_of,
    count_unfinished,
    count_unreadable,
    count_unreported,
    shares_of_rows,
    sum_tokens,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Claim:
    """The client's total, and what it may have inherited, the most likely first.

    `is_certain` False: the session was forked from one whose totals are unknown. `cleared` are the
    totals of sessions before it, which some clients carry over /clear; `is_after_clear`: it began
    with one. `causes` may explain what is in no row. `last_day` is that of the session's last row.
    """

    totals: ClientTotals
    inherited: Sequence[ClientTotals] = (NO_TOTALS,)
    is_certain: bool = True
    cleared: Sequence[ClientTotals] = ()
    is_after_clear: bool = False
    causes: Sequence[str] = ()
    last_day: Day = NO_DAY


def reconcile(session_id: str, rows: Sequence[RowSum], claim: Claim | None) -> SessionAccount:
    """Return a session's account from its rows and the client's total, if it wrote one.

    Of what is not counted by its day, nothing is left in it.
    """
    account = _account(session_id, rows, claim)
    return account if all(share.is_counted for share in account.shares) else _limit(account, rows)


def _account(session_id: str, rows: Sequence[RowSum], claim: Claim | None) -> SessionAccount:
    if claim is None:
        return _account_by_rows(session_id, rows, None, ())
    # The client wrote the searches of its own tool to the model that made them.
    readable = [row for row in rows if not row.is_unknown and not row.is_search]
    match = _match_inherited(readable, claim)
    if match is None:
        return _account_by_rows(session_id, rows, claim.totals, (_why_rows_count(claim),))
    # What no row reports was not reported to the client either.
    later = [
        row
        for row in rows
        if row.unreported or (row.is_later and (row.unreadable or not match.covers_all))
    ]
    early = [row for row in readable if match.covers_all or not row.is_later]
    return _account_by_client(session_id, early, later, claim, match.inherited)


class _Match(NamedTuple):
    """What the client's total inherited, and whether the total covers every row."""

    inherited: ClientTotals
    covers_all: bool


def _match_inherited(rows: Sequence[RowSum], claim: Claim) -> _Match | None:
    """Return what the client's total inherited; None when the rows count.

    Equality to the last token is proof; otherwise it is the most likely candidate that leaves the
    rows before the total covered, of each model.
    """
    before = [row for row in rows if not row.is_later]
    all_tokens = sum_tokens(rows)
    tokens_before = all_tokens if len(before) == len(rows) else sum_tokens(before)
    candidates = [
        (inherited, claim.totals.tokens - inherited.tokens)
        for inherited in (*claim.inherited, *claim.cleared)
    ]
    for expected in (all_tokens, tokens_before):
        for inherited, own in candidates:
            if own.billed == expected.billed:
                return _Match(inherited, expected == all_tokens)
    if not claim.is_certain:
        return None
    cleared = claim.cleared if claim.is_after_clear else ()
    more = claim.totals.tokens - tokens_before
    carried = [totals for totals in cleared if not claim.causes or _explains(totals, more)]
    for inherited in (*carried, *claim.inherited):
        if _covers(claim.totals, inherited, before):
            return _Match(inherited, tokens_before == all_tokens)
    return None


def _explains(totals: ClientTotals, more: Tokens) -> bool:
    """Return whether most of what the rows lack is in another session's total."""
    amount = totals.tokens.prompt + totals.tokens.output
    return 2 * amount >= more.prompt + more.output


def _covers(totals: ClientTotals, inherited: ClientTotals, rows: Sequence[RowSum]) -> bool:
    """Return whether the total without what it inherited covers the rows of every model."""
    if not all(
        totals.models.get(name, (NO_TOKENS, 0.0))[0].covers(tokens)
        for name, (tokens, _usd) in inherited.models.items()
    ):
        return False
    if not (totals.tokens - inherited.tokens).covers(sum_tokens(rows)):
        return False
    names = {base_name(row.model or "") for row in rows}
    if not names <= totals.models.keys():
        return True
    return all(
        (totals.models[name][0] - inherited.models.get(name, (NO_TOKENS, 0.0))[0]).covers(
            sum_tokens(row for row in rows if base_name(row.model or "") == name)
        )
        for name in names
    )


def _account_by_client(
    session_id: str,
    early: Sequence[RowSum],
    later: Sequence[RowSum],
    claim: Claim,
    inherited: ClientTotals,
) -> SessionAccount:
    totals, rows = claim.totals, (*early, *later)
    own = totals.tokens - inherited.tokens + sum_tokens(later)
    unrecorded = own - sum_tokens(rows)
    has_more = any(unrecorded.billed)
    notes = []
    if inherited.tokens != NO_TOKENS:
        is_cleared = any(inherited is cleared for cleared in claim.cleared)
        source = "before /clear" if is_cleared else "it was forked from"
        notes.append(
            f"Claude Code's total includes ${inherited.reported:.6f} of the session {source}:"
            " taken off"
        )
    if has_more:
        notes.append(_why_more(rows, totals, inherited, claim.causes))
    if any(any(row.tokens.billed) for row in later):
        notes.append("what was used after Claude Code's last total is added at known prices")
    notes += _why_lower_bound(later)
    if totals.reported_usd is not None:
        notes.append(_why_own(totals))
    parts = split_by_model(early, later, totals, inherited)
    if totals.has_guess and not totals.own_priced >= totals.models.keys():
        notes.append("Claude Code's price for a model that it does not know is a guess: left out")
    models = tuple(
        ModelAccount(part.model, part.responses, part.all_tokens, part.whole_cost, part.is_reported)
        for part in parts
    )
    return SessionAccount(
        session_id=session_id,
        tokens=own,
        unrecorded=unrecorded if has_more else NO_TOKENS,
        cost=total_cost(model.cost for model in models) if models else Cost(0.0, "client"),
        row_cost=cost_of(rows),
        client_usd=totals.reported,
        inherited_usd=inherited.reported if inherited is not NO_TOTALS else None,
        models=models,
        responses=sum(row.responses for row in rows),
        shares=tuple(
            share for part in parts for share in part.shares(early or later, claim.last_day)
        ),
        notes=tuple(notes),
        **_times(totals, inherited),
    )


def _account_by_rows(
    session_id: str,
    rows: Sequence[RowSum],
    totals: ClientTotals | None,
    notes: tuple[str, ...],
) -> SessionAccount:
    cost = cost_of(rows)
    notes = (*notes, *_why_lower_bound(rows))
    return SessionAccount(
        session_id=session_id,
        tokens=sum_tokens(rows),
        unrecorded=NO_TOKENS,
        cost=cost,
        row_cost=cost,
        client_usd=totals.reported if totals else None,
        inherited_usd=None,
        models=tuple(_row_models(rows)),
        responses=sum(row.responses for row in rows),
        shares=tuple(shares_of_rows(rows)),
        notes=notes,
        **(_times(totals, NO_TOTALS) if totals else {}),
    )


def _row_models(rows: Sequence[RowSum]) -> Iterable[ModelAccount]:
    for name in sorted({row.model or "" for row in rows}):
        model_rows = [row for row in rows if (row.model or "") == name]
        responses = sum(row.responses for row in model_rows)
        yield ModelAccount(name or None, responses, sum_tokens(model_rows), cost_of(model_rows))


def _limit(account: SessionAccount, rows: Sequence[RowSum]) -> SessionAccount:
    """Return the account of the counted days alone."""
    return account_of_shares(
        account,
        tuple(share for share in account.shares if share.is_counted),
        row_cost=cost_of(row for row in rows if row.at.is_counted),
    )


def account_of_shares(
    account: SessionAccount, shares: tuple[Share, ...], *, row_cost: Cost
) -> SessionAccount:
    """Return the account of some of its shares, without what is known of the whole only."""
    models = []
    for name in sorted({share.model or "" for share in shares}):
        model_shares = [share for share in shares if (share.model or "") == name]
        models.append(
            ModelAccount(
                name or None,
                sum(share.responses for share in model_shares),
                sum((share.tokens for share in model_shares), NO_TOKENS),
                total_cost(share.cost for share in model_shares),
            )
        )
    return SessionAccount(
        session_id=account.session_id,
        tokens=sum((share.tokens for share in shares), NO_TOKENS),
        unrecorded=sum((share.unrecorded for share in shares), NO_TOKENS),
        cost=total_cost(share.cost for share in shares) if shares else NOTHING,
        row_cost=row_cost,
        client_usd=None,
        inherited_usd=None,
        models=tuple(models),
        responses=sum(share.responses for share in shares),
        shares=shares,
    )


def _why_more(
    rows: Sequence[RowSum],
    totals: ClientTotals,
    inherited: ClientTotals,
    causes: Sequence[str],
) -> str:
    """Return what the client counted that left no row, and the causes that the rows show."""
    names = {base_name(row.model or "") for row in rows}
    unnamed = [
        name
        for name, (tokens, _usd) in sorted(totals.models.items())
        if name not in names and tokens != inherited.models.get(name, (NO_TOKENS, 0.0))[0]
    ]
    known = [*causes, *(f"requests to {name}, which no row names" for name in unnamed)]
    why = ", ".join(known) if known else "the transcript does not show why"
    return f"Claude Code counted requests that left no row or an incomplete one: {why}"


def _why_own(totals: ClientTotals) -> str:
    """Return which settings count instead of the client's figure."""
    names = ", ".join(sorted(name or "unknown models" for name in totals.own_priced))
    if not names:
        return "Claude Code's own figure is multiplied by `price_multiplier` in your settings"
    return f"your own prices count for {names}, not what Claude Code reported"


def _why_rows_count(claim: Claim) -> str:
    if not claim.is_certain:
        return (
            "what Claude Code's total includes of the session it was forked from is not known:"
            " rows are counted"
        )
    return (
        "Claude Code's total covers less than the rows (/branch, two processes on one session, an"
        " interrupt): rows are counted"
    )


def _why_lower_bound(rows: Sequence[RowSum]) -> list[str]:
    notes = []
    if unfinished := count_unfinished(rows):
        responses = "1 response was" if unfinished == 1 else f"{unfinished} responses were"
        notes.append(
            f"{responses} written before the end and never completed (some client versions, an"
            " interrupt): tokens and cost are at least what is shown"
        )
    if unreadable := count_unreadable(rows):
        reporting = "1 row reports" if unreadable == 1 else f"{unreadable} rows report"
        notes.append(
            f"{reporting} tokens that cannot be read: tokens and cost are at least what is shown"
        )
    if unreported := count_unreported(rows):
        reporting = "1 response reports" if unreported == 1 else f"{unreported} responses report"
        notes.append(
            f"{reporting} no tokens, as some gateways do: tokens and cost are at least what is"
            " shown"
        )
    return notes


def _times(totals: ClientTotals, inherited: ClientTotals) -> dict[str, Any]:
    """Return the client's times and lines of this session alone."""
    own: dict[str, Any] = {}
    for name in ("api_ms", "tool_ms", "lines_added", "lines_removed"):
        total, before = getattr(totals, name), getattr(inherited, name)
        own[name] = None if total is None else max(0, total - (before or 0))
    return own

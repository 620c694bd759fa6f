"""Hold a session's rows against the client's own total, and say which of them is right; pure.

The client's total is right to the last digit for what it covers. It covers more than the rows
where a request left none (compaction, a cut stream), and includes what a fork began with. It covers
less after /branch, with two processes on one session, and of what came after it was written.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ccsync_watch.accounting.account import (
    NO_TOKENS,
    NO_TOTALS,
    UNPRICED,
    ClientTotals,
    Cost,
    ModelAccount,
    SessionAccount,
    Tokens,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MAX_TOKENS = 1 << 53
_MAX_USD = 1e9


@dataclass(frozen=True, slots=True)
class RowSum:
    """Rows of one model that share a price; `usd` None = it has none.

    `is_later` = they were written after the client's total. `is_client_priced` = the rows
    themselves carry the client's price.
    """

    model: str | None
    responses: int
    tokens: Tokens
    usd: Decimal | None
    is_later: bool = False
    is_client_priced: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """The client's total, and what of it may be another session's, the likeliest first."""

    totals: ClientTotals
    inherited: Sequence[ClientTotals] = (NO_TOTALS,)
    # False: the session was forked from one whose totals nobody knows.
    is_certain: bool = True


def client_totals(state: object) -> ClientTotals | None:
    """Return what a `cost-state` line says, None when it is none that adds up."""
    if not isinstance(state, dict) or not isinstance(state.get("modelUsage", {}), dict):
        return None
    usd = _money(state.get("totalCostUSD"))
    models: dict[str, tuple[Tokens, float]] = {}
    for name, used in state.get("modelUsage", {}).items():
        if not isinstance(used, dict):
            return None
        model = _plain_name(name)
        before, paid = models.get(model, (NO_TOKENS, 0.0))
        models[model] = before + _tokens(used), paid + (_money(used.get("costUSD")) or 0.0)
    if usd is None:
        return None
    return ClientTotals(
        usd=usd,
        models=models,
        has_guess=state.get("hasUnknownModelCost") is True,
        api_ms=_milliseconds(state.get("totalAPIDuration")),
        tool_ms=_milliseconds(state.get("totalToolDuration")),
        duration_ms=_milliseconds(state.get("totalDuration")),
        lines_added=_milliseconds(state.get("totalLinesAdded")),
        lines_removed=_milliseconds(state.get("totalLinesRemoved")),
    )


def reconcile(session_id: str, rows: Sequence[RowSum], claim: Claim | None) -> SessionAccount:
    """Return a session's account from its rows and the client's total, if it wrote one."""
    if claim is None:
        return _of_rows(session_id, rows, None, NO_TOTALS, ())
    found = _inherited(rows, claim)
    if found is None:
        return _of_rows(session_id, rows, claim.totals, NO_TOTALS, (_why_rows(claim),))
    inherited, is_whole = found
    later = [] if is_whole else [row for row in rows if row.is_later]
    return _of_client(session_id, rows, claim.totals, inherited, later)


def cost_of(rows: Iterable[RowSum]) -> Cost:
    """Return what rows come to at the prices that are known of them."""
    rows = list(rows)
    used = [row for row in rows if any(row.tokens.billed)]
    if rows and not used:
        return Cost(0.0, "computed")
    rows = used
    priced = [row.usd for row in rows if row.usd is not None]
    if not priced:
        return UNPRICED
    usd = float(sum(priced, Decimal(0)))
    if len(priced) < len(rows):
        return Cost(usd, "partial")
    return Cost(usd, "client" if all(row.is_client_priced for row in rows) else "computed")


def _inherited(rows: Sequence[RowSum], claim: Claim) -> tuple[ClientTotals, bool] | None:
    """Return what of the client's total is another session's, and whether it covers every row.

    None when the rows are right. An equality to the last token is proof; otherwise it is the
    likeliest that leaves the rows covered, those after the total left out.
    """
    before = _sum(row for row in rows if not row.is_later)
    everything = _sum(rows)
    left = [(each, claim.totals.tokens - each.tokens) for each in claim.inherited]
    for wanted in (everything, before):
        for each, tokens in left:
            if tokens.billed == wanted.billed:
                return each, wanted == everything
    if claim.is_certain:
        for each, tokens in left:
            if tokens.covers(before) and claim.totals.tokens.covers(each.tokens):
                return each, before == everything
    return None


def _of_client(
    session_id: str,
    rows: Sequence[RowSum],
    totals: ClientTotals,
    inherited: ClientTotals,
    later: Sequence[RowSum],
) -> SessionAccount:
    own = totals.tokens - inherited.tokens + _sum(later)
    unrecorded = own - _sum(rows)
    has_more = any(unrecorded.billed)
    notes = []
    if inherited.tokens != NO_TOKENS:
        notes.append(f"the client's total begins with ${inherited.usd:.6f} of the forked session")
    if has_more:
        notes.append("the client counted requests that left no row (compaction, a cut stream)")
    if later:
        notes.append("what came after the client's last total is priced by row")
    models = tuple(_client_models(rows, totals, inherited, later))
    cost = _with_later(totals.usd - inherited.usd, later)
    if totals.has_guess and any(model.cost.provenance == "unpriced" for model in models):
        notes.append("the client priced a model that it does not know, by guess: left out")
        cost = total_cost(model.cost for model in models)
    return SessionAccount(
        session_id=session_id,
        tokens=own,
        unrecorded=unrecorded if has_more else NO_TOKENS,
        cost=cost,
        row_cost=cost_of(rows),
        client_usd=totals.usd,
        inherited_usd=inherited.usd if inherited is not NO_TOTALS else None,
        models=models,
        responses=sum(row.responses for row in rows),
        notes=tuple(notes),
        **_times(totals, inherited),
    )


def _client_models(
    rows: Sequence[RowSum],
    totals: ClientTotals,
    inherited: ClientTotals,
    later: Sequence[RowSum],
) -> Iterable[ModelAccount]:
    """Yield each model's share, the client's where it names the models as the rows do."""
    names = {_plain_name(row.model or "") for row in rows}
    if not names <= totals.models.keys():
        yield from _row_models(rows)
        return
    for name, (tokens, usd) in totals.models.items():
        before, paid = inherited.models.get(name, (NO_TOKENS, 0.0))
        mine = [row for row in rows if _plain_name(row.model or "") == name]
        after = [each for each in later if each in mine]
        used = tokens - before + _sum(after)
        if used == NO_TOKENS and not mine:
            continue
        is_guess = totals.has_guess and not any(each.usd is not None for each in mine)
        cost = UNPRICED if is_guess else _with_later(usd - paid, after)
        yield ModelAccount(name or None, sum(each.responses for each in mine), used, cost)


def _of_rows(
    session_id: str,
    rows: Sequence[RowSum],
    totals: ClientTotals | None,
    inherited: ClientTotals,
    notes: tuple[str, ...],
) -> SessionAccount:
    cost = cost_of(rows)
    return SessionAccount(
        session_id=session_id,
        tokens=_sum(rows),
        unrecorded=NO_TOKENS,
        cost=cost,
        row_cost=cost,
        client_usd=totals.usd if totals else None,
        inherited_usd=None,
        models=tuple(_row_models(rows)),
        responses=sum(row.responses for row in rows),
        notes=notes,
        **(_times(totals, inherited) if totals else {}),
    )


def _row_models(rows: Sequence[RowSum]) -> Iterable[ModelAccount]:
    for name in sorted({row.model or "" for row in rows}):
        mine = [row for row in rows if (row.model or "") == name]
        responses = sum(each.responses for each in mine)
        yield ModelAccount(name or None, responses, _sum(mine), cost_of(mine))


def _why_rows(claim: Claim) -> str:
    if not claim.is_certain:
        return "what the client's total took over from the forked session is not known: rows count"
    return (
        "the client's total covers less than the rows (/branch, two processes on one session, an"
        " interrupt): rows count"
    )


def _with_later(usd: float, later: Sequence[RowSum]) -> Cost:
    usd = max(0.0, usd)
    if not later:
        return Cost(usd, "client")
    more = cost_of(later)
    if more.usd is None:
        return Cost(usd, "partial")
    return Cost(usd + more.usd, "partial" if more.provenance == "partial" else "computed")


def total_cost(costs: Iterable[Cost]) -> Cost:
    """Return the sum of costs; it is partial when one of them is not known."""
    costs = list(costs)
    known = [cost.usd for cost in costs if cost.usd is not None]
    if not known:
        return UNPRICED
    if len(known) < len(costs) or any(cost.provenance == "partial" for cost in costs):
        return Cost(math.fsum(known), "partial")
    is_client = all(cost.provenance == "client" for cost in costs)
    return Cost(math.fsum(known), "client" if is_client else "computed")


def _times(totals: ClientTotals, inherited: ClientTotals) -> dict[str, Any]:
    """Return the client's times and lines of this session alone."""
    made: dict[str, Any] = {}
    for name in ("api_ms", "tool_ms", "lines_added", "lines_removed"):
        whole, before = getattr(totals, name), getattr(inherited, name)
        made[name] = None if whole is None else max(0, whole - (before or 0))
    return made


def _sum(rows: Iterable[RowSum]) -> Tokens:
    return sum((row.tokens for row in rows), NO_TOKENS)


def _plain_name(model: str) -> str:
    """Return a model's name without what the client adds about its context window."""
    return model.partition("[")[0]


def _tokens(used: dict[str, Any]) -> Tokens:
    written = _number(used.get("cacheCreationInputTokens"))
    hour = min(_number(used.get("cacheCreationEphemeral1hInputTokens")), written)
    return Tokens(
        input=_number(used.get("inputTokens")),
        output=_number(used.get("outputTokens")),
        cache_write_5m=written - hour,
        cache_write_1h=hour,
        cache_read=_number(used.get("cacheReadInputTokens")),
        web_searches=_number(used.get("webSearchRequests")),
    )


def _number(value: object) -> int:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return int(value) if is_number and 0 <= value < _MAX_TOKENS else 0  # type: ignore[call-overload, operator]  # a number, as just asked


def _milliseconds(value: object) -> int | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return _number(value) if is_number else None


def _money(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if 0 <= value < _MAX_USD else None

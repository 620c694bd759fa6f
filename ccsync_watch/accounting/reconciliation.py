"""Compare a session's rows with the client's own total, and decide which counts; pure.

The client's total is right to the last digit for what it covers. It covers more than the rows
where a request left none (compaction, a cut stream), and includes what a fork started with. It
covers less after /branch, with two processes on one session, and after it was written.
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
    """The sum of rows of one model with one price; `usd` None = without a known price.

    `is_later` = written after the client's total. `is_client_priced` = the rows
    themselves carry the client's price. `unfinished` responses were written before they had ended:
    what they report is a lower bound.
    """

    model: str | None
    responses: int
    tokens: Tokens
    usd: Decimal | None
    is_later: bool = False
    is_client_priced: bool = False
    unfinished: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """The client's total, and what it may have inherited, the most likely first.

    `is_certain` False: the session was forked from one whose totals are unknown.
    """

    totals: ClientTotals
    inherited: Sequence[ClientTotals] = (NO_TOTALS,)
    is_certain: bool = True


def client_totals(state: object) -> ClientTotals | None:
    """Return the totals of a `cost-state` line, None for one of another shape."""
    if not isinstance(state, dict) or not isinstance(state.get("modelUsage", {}), dict):
        return None
    usd = _money(state.get("totalCostUSD"))
    models: dict[str, tuple[Tokens, float]] = {}
    for name, model_usage in state.get("modelUsage", {}).items():
        if not isinstance(model_usage, dict):
            return None
        model = _base_name(name)
        tokens, model_usd = models.get(model, (NO_TOKENS, 0.0))
        models[model] = (
            tokens + _tokens(model_usage),
            model_usd + (_money(model_usage.get("costUSD")) or 0.0),
        )
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
        return _account_by_rows(session_id, rows, None, ())
    match = _match_inherited(rows, claim)
    if match is None:
        return _account_by_rows(session_id, rows, claim.totals, (_why_rows_count(claim),))
    inherited, covers_all = match
    later = [] if covers_all else [row for row in rows if row.is_later]
    return _account_by_client(session_id, rows, claim.totals, inherited, later)


def cost_of(rows: Iterable[RowSum]) -> Cost:
    """Return the cost of rows by the prices that are known."""
    rows = list(rows)
    billed = [row for row in rows if any(row.tokens.billed)]
    if rows and not billed:
        return Cost(0.0, "computed")
    priced = [row.usd for row in billed if row.usd is not None]
    if not priced:
        return UNPRICED
    usd = float(sum(priced, Decimal(0)))
    if len(priced) < len(billed) or _unfinished(billed):
        return Cost(usd, "partial")
    return Cost(usd, "client" if all(row.is_client_priced for row in billed) else "computed")


def _match_inherited(rows: Sequence[RowSum], claim: Claim) -> tuple[ClientTotals, bool] | None:
    """Return what the client's total inherited, and whether the total covers every row.

    None when the rows count. Equality to the last token is proof; otherwise it is the most likely
    candidate that leaves the rows before the total covered.
    """
    before = _sum(row for row in rows if not row.is_later)
    all_rows = _sum(rows)
    candidates = [
        (inherited, claim.totals.tokens - inherited.tokens) for inherited in claim.inherited
    ]
    for expected in (all_rows, before):
        for inherited, own in candidates:
            if own.billed == expected.billed:
                return inherited, expected == all_rows
    if claim.is_certain:
        for inherited, own in candidates:
            if own.covers(before) and claim.totals.tokens.covers(inherited.tokens):
                return inherited, before == all_rows
    return None


def _account_by_client(
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
        notes.append(
            f"Claude Code's total includes ${inherited.usd:.6f} of the session it was forked from"
        )
    if has_more:
        notes.append("Claude Code counted requests that left no row (compaction, a cut stream)")
    if later:
        notes.append("what was used after Claude Code's last total is added at list prices")
    models = tuple(_client_models(rows, totals, inherited, later))
    cost = _with_later(totals.usd - inherited.usd, later)
    if totals.has_guess and any(model.cost.provenance == "unpriced" for model in models):
        notes.append("Claude Code's price for a model that it does not know is a guess: left out")
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
    names = {_base_name(row.model or "") for row in rows}
    if not names <= totals.models.keys():
        yield from _row_models(rows)
        return
    for name, (tokens, usd) in totals.models.items():
        inherited_tokens, inherited_usd = inherited.models.get(name, (NO_TOKENS, 0.0))
        model_rows = [row for row in rows if _base_name(row.model or "") == name]
        model_later = [row for row in later if row in model_rows]
        own = tokens - inherited_tokens + _sum(model_later)
        if own == NO_TOKENS and not model_rows:
            continue
        is_guess = totals.has_guess and not any(row.usd is not None for row in model_rows)
        cost = UNPRICED if is_guess else _with_later(usd - inherited_usd, model_later)
        yield ModelAccount(name or None, sum(row.responses for row in model_rows), own, cost)


def _account_by_rows(
    session_id: str,
    rows: Sequence[RowSum],
    totals: ClientTotals | None,
    notes: tuple[str, ...],
) -> SessionAccount:
    cost = cost_of(rows)
    if unfinished := _unfinished(rows):
        notes = (*notes, _why_lower_bound(unfinished))
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
        **(_times(totals, NO_TOTALS) if totals else {}),
    )


def _row_models(rows: Sequence[RowSum]) -> Iterable[ModelAccount]:
    for name in sorted({row.model or "" for row in rows}):
        model_rows = [row for row in rows if (row.model or "") == name]
        responses = sum(row.responses for row in model_rows)
        yield ModelAccount(name or None, responses, _sum(model_rows), cost_of(model_rows))


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


def _unfinished(rows: Iterable[RowSum]) -> int:
    """Return how many responses are known by a lower bound only; the client's price is exact."""
    return sum(row.unfinished for row in rows if not row.is_client_priced)


def _why_lower_bound(unfinished: int) -> str:
    responses = "1 response was" if unfinished == 1 else f"{unfinished} responses were"
    return (
        f"{responses} written before the end and never completed (some client versions, an"
        " interrupt): tokens and cost are at least what is shown"
    )


def _with_later(usd: float, later: Sequence[RowSum]) -> Cost:
    usd = max(0.0, usd)
    if not later:
        return Cost(usd, "client")
    added = cost_of(later)
    if added.usd is None:
        return Cost(usd, "partial")
    return Cost(usd + added.usd, "partial" if added.provenance == "partial" else "computed")


def total_cost(costs: Iterable[Cost]) -> Cost:
    """Return the sum of costs; partial when one of them is not known."""
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
    own: dict[str, Any] = {}
    for name in ("api_ms", "tool_ms", "lines_added", "lines_removed"):
        total, before = getattr(totals, name), getattr(inherited, name)
        own[name] = None if total is None else max(0, total - (before or 0))
    return own


def _sum(rows: Iterable[RowSum]) -> Tokens:
    return sum((row.tokens for row in rows), NO_TOKENS)


def _base_name(model: str) -> str:
    """Return a model's name without what the client adds about its context window."""
    return model.partition("[")[0]


def _tokens(model_usage: dict[str, Any]) -> Tokens:
    written = _number(model_usage.get("cacheCreationInputTokens"))
    hour = min(_number(model_usage.get("cacheCreationEphemeral1hInputTokens")), written)
    return Tokens(
        input=_number(model_usage.get("inputTokens")),
        output=_number(model_usage.get("outputTokens")),
        cache_write_5m=written - hour,
        cache_write_1h=hour,
        cache_read=_number(model_usage.get("cacheReadInputTokens")),
        web_searches=_number(model_usage.get("webSearchRequests")),
    )


def _number(value: object) -> int:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return int(value) if is_number and 0 <= value < _MAX_TOKENS else 0  # type: ignore[call-overload, operator]  # a number, as checked above


def _milliseconds(value: object) -> int | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return _number(value) if is_number else None


def _money(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if 0 <= value < _MAX_USD else None

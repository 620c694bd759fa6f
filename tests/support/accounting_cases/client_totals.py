"""Cases of the client's own total of a session, which has more or less than its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.accounting_cases.case import SONNET, Counts, Draft
from support.accounting_cases.copies import copy_session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.accounting_cases.case import Case, Conversation, Used

_FIRST, _NEXT = "2026-11-20T10:00:00", "2026-11-22T10:00:00"
_ADVISOR = "claude-opus-4-7"


def cases() -> Iterator[Case]:
    """Yield the cases."""
    yield _fork_with_inherited_total()
    yield _branch_with_its_own_total()
    yield _carried_over_clear()
    yield _total_with_more()
    yield _total_of_a_cut_answer()
    yield _total_that_is_short()
    yield _rows_after_the_total()
    yield _total_with_an_advisor()


def _write_total(session: Conversation, used: list[Used]) -> None:
    """Write the client's own total of responses."""
    models: dict[str, dict[str, float]] = {}
    for response in used:
        counts = response.counts
        amounts = {
            "inputTokens": counts.input,
            "outputTokens": counts.output,
            "cacheReadInputTokens": counts.read,
            "cacheCreationInputTokens": counts.write,
            "webSearchRequests": counts.searches,
            "costUSD": float(response.usd or 0),
        }
        before = models.get(response.model or "", {})
        models[response.model or ""] = {
            name: amount + before.get(name, 0) for name, amount in amounts.items()
        }
    session.rows.append(
        {
            "type": "cost-state",
            "sessionId": session.writer.session_id,
            "totalCostUSD": sum(model["costUSD"] for model in models.values()),
            "modelUsage": models,
            "hasUnknownModelCost": False,
        }
    )


def _fork_with_inherited_total() -> Case:
    draft = Draft("a fork whose total contains its source's")
    source = draft.session(_FIRST)
    source.respond()
    _write_total(source, draft.used)
    rows, source.rows = source.rows, source.rows[:-1]
    fork = copy_session(source, _NEXT, "requester")
    source.rows = rows
    fork.ask()
    fork.respond()
    _write_total(fork, draft.used)
    return draft.case()


def _branch_with_its_own_total() -> Case:
    draft = Draft("a branch whose total begins at zero")
    source = draft.session(_FIRST)
    source.respond()
    branch = copy_session(source, _NEXT, "source")
    branch.ask()
    branch.respond()
    _write_total(branch, draft.used[-1:])
    return draft.case()


def _total_with_more() -> Case:
    draft = Draft("a compaction that only the client's total has")
    session = draft.session(_FIRST)
    session.respond()
    metadata = {"trigger": "manual", "preTokens": 9}
    session.rows.append(
        session.writer.row(
            "system", subtype="compact_boundary", content="Compacted", compactMetadata=metadata
        )
    )
    draft.count(session, Counts(4000, 700))
    _write_total(session, draft.used)
    return draft.case()


def _carried_over_clear() -> Case:
    draft = Draft("a total that was carried over /clear")
    first = draft.session(_FIRST)
    first.respond()
    _write_total(first, draft.used)
    second = draft.session(_NEXT)
    second.rows.clear()
    second.ask("<command-name>/clear</command-name>")
    second.ask()
    second.respond()
    _write_total(second, draft.used)
    return draft.case()


def _total_of_a_cut_answer() -> Case:
    draft = Draft("an answer that was cut, and that the client's total has")
    session = draft.session(_FIRST)
    session.respond()
    used = Counts(3000, 800)
    row = session.answer(Counts(used.input, 1))
    row["message"]["stop_reason"] = None
    draft.count(session, used)
    _write_total(session, draft.used)
    return draft.case()


def _total_that_is_short() -> Case:
    draft = Draft("a total that has less than the rows")
    session = draft.session(_FIRST)
    session.respond()
    _write_total(session, draft.used)
    total = session.rows.pop()
    session.respond()
    session.rows.append(total)
    return draft.case()


def _rows_after_the_total() -> Case:
    draft = Draft("a session that continued after its total")
    session = draft.session(_FIRST)
    session.respond()
    draft.count(session, Counts(4000, 700))
    _write_total(session, draft.used)
    session.go_to(_NEXT)
    session.ask()
    session.respond()
    return draft.case()


def _total_with_an_advisor() -> Case:
    draft = Draft("an advisor that the client's total has too")
    session = draft.session(_FIRST)
    own, advice = Counts(900, 80, 0, 0, 40_000), Counts(52_001, 3007)
    entry = {"type": "advisor_message", "model": _ADVISOR, **advice.as_usage()}
    session.respond(own, SONNET, price=SONNET, iterations=[entry])
    draft.count(session, advice, _ADVISOR)
    _write_total(session, draft.used)
    return draft.case()

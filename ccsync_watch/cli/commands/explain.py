"""`ccsync-watch explain SESSION`: what made its figures, what counted once, and the difference."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.accounting import usage_groups
from ccsync_watch.accounting.explanation import Explanation, explain
from ccsync_watch.accounting.prices import PriceList
from ccsync_watch.cli.console import printable, say, show_warnings
from ccsync_watch.cli.store_access import chosen_session, open_store
from ccsync_watch.cli.tables import money, show
from ccsync_watch.config import load
from ccsync_watch.units import dollars, plural

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping


_SHOWN_RESPONSES = 20
_PROVENANCE = {
    "client": "Claude Code's own figure",
    "computed": "tokens at list prices",
    "partial": "the sum of what has a price",
    "unpriced": "no price is known",
}


def main(arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Print why a session's figures are what they are; 1 when it is not stored."""
    settings = load(env, flags)
    show_warnings(settings)
    database = open_store(settings)
    if database is None:
        return 1
    try:
        session_id = chosen_session(database, arguments.session)
        if session_id is None:
            return 1
        prices = PriceList.from_settings(settings)
        prices.ensure_known(usage_groups.used_models(database, session_id))
        found = explain(database, session_id, prices)
        if found is None:
            return 1
        if arguments.json:
            say(orjson.dumps(asdict(found), option=orjson.OPT_INDENT_2).decode())
        else:
            _show(found, is_whole=arguments.all)
        return 0
    finally:
        database.close()


def _show(found: Explanation, *, is_whole: bool) -> None:
    made = found.account
    say(f"{made.session_id}  {printable(found.title or '')}".rstrip())
    say(f"  cost        {money(made.cost)}, {_PROVENANCE[made.cost.provenance]}")
    if made.client_usd is not None:
        less = f", of which {dollars(made.inherited_usd)} inherited" if made.inherited_usd else ""
        rows = f"; the rows at list prices: {money(made.row_cost)}"
        say(f"  client      {dollars(made.client_usd)}{less}{rows}")
    say(f"  prompt      {made.tokens.prompt:,} tokens")
    say(f"  output      {made.tokens.output:,} tokens")
    if any(made.unrecorded.billed):
        say(
            f"  beyond rows {made.unrecorded.prompt:,} prompt and {made.unrecorded.output:,} output"
            " tokens that no row reports"
        )
    for note in made.notes:
        say(f"  note        {note}")
    _show_once(found)
    _show_models(found)
    _show_subagents(found)
    _show_responses(found, is_whole=is_whole)


def _show_once(found: Explanation) -> None:
    counted = found.counted
    say("")
    say(f"{plural(found.naive_rows, 'row')} report usage, of {plural(len(counted), 'response')}")
    say(f"  counted once instead of for every row   {found.repeated_rows:,} rows")
    say(f"  copied from other sessions, not counted {found.inherited_responses:,} responses")
    rows_prompt = found.account.tokens.prompt - found.account.unrecorded.prompt
    rows_output = found.account.tokens.output - found.account.unrecorded.output
    say(
        f"  a naive sum would be {found.naive_prompt:,} prompt and {found.naive_output:,} output:"
        f" {found.naive_prompt - rows_prompt:+,} and {found.naive_output - rows_output:+,}"
    )


def _show_models(found: Explanation) -> None:
    if not found.account.models:
        return
    say("")
    heads = ("model", "responses", "input", "write 5m", "write 1h", "cache read", "output", "cost")
    rows = [
        [
            model.model or "not named",
            f"{model.responses:,}",
            f"{model.tokens.input:,}",
            f"{model.tokens.cache_write_5m:,}",
            f"{model.tokens.cache_write_1h:,}",
            f"{model.tokens.cache_read:,}",
            f"{model.tokens.output:,}",
            money(model.cost),
        ]
        for model in found.account.models
    ]
    show(heads, rows)


def _show_subagents(found: Explanation) -> None:
    if not found.subagents:
        return
    say("")
    heads = ("subagent", "type", "responses", "prompt", "output", "cost of its rows")
    rows = [
        [
            subagent.agent_id,
            subagent.agent_type or "-",
            f"{subagent.responses:,}",
            f"{subagent.tokens.prompt:,}",
            f"{subagent.tokens.output:,}",
            money(subagent.cost),
        ]
        for subagent in found.subagents
    ]
    show(heads, rows)


def _show_responses(found: Explanation, *, is_whole: bool) -> None:
    if not found.responses:
        return
    say("")
    shown = found.responses if is_whole else found.responses[:_SHOWN_RESPONSES]
    heads = ("response", "at byte", "where", "rows", "copies", "prompt", "output", "counts")
    rows = [
        [
            each.id,
            f"{each.start:,}",
            each.agent_id[:8] if each.agent_id else "main",
            f"{each.rows:,}",
            f"{each.copies:,}",
            f"{each.prompt_tokens:,}",
            f"{each.output_tokens:,}",
            "here" if each.counts_for(found.account.session_id) else f"for {each.owner[:8]}",
        ]
        for each in shown
    ]
    show(heads, rows)
    left = len(found.responses) - len(shown)
    if left:
        say(f"… and {plural(left, 'response')} more (--all shows them)")

"""Show how a session's figures came about, and what was counted once."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.accounting import usage_groups
from ccsync_watch.accounting.account import COST_SOURCES, format_cost
from ccsync_watch.accounting.explanation import Explanation, explain
from ccsync_watch.accounting.prices import PriceList
from ccsync_watch.cli.arguments import add_setting_flags
from ccsync_watch.cli.console import printable, say, say_wrapped, show_warnings
from ccsync_watch.cli.session_lookup import find_session, open_store
from ccsync_watch.cli.text_table import print_table
from ccsync_watch.config import load
from ccsync_watch.units import dollars, plural

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from ccsync_watch.accounting.session_accounts import SubagentAccount
    from ccsync_watch.cli.text_table import Cell


ORDER = 80
EXAMPLES = ("explain 1b2c3d4e", "explain 1b2c3d4e --json")
_SHOWN_RESPONSES = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the session and the form of the output."""
    add_setting_flags(parser)
    parser.add_argument("session", metavar="SESSION", help="its id, or the beginning of it")
    parser.add_argument("--all", action="store_true", help="every response, not the first 20")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def main(arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Print why a session's figures are what they are; 1 when it is not stored."""
    settings = load(env, flags)
    show_warnings(settings)
    with open_store(settings) as database:
        session_id = find_session(database, arguments.session)
        if session_id is None:
            return 1
        prices = PriceList.from_settings(settings)
        prices.ensure_known(usage_groups.used_models(database, session_id))
        explanation = explain(database, session_id, prices)
        if explanation is None:
            return 1
        if arguments.json:
            say(orjson.dumps(asdict(explanation), option=orjson.OPT_INDENT_2).decode())
        else:
            _show(explanation, is_whole=arguments.all)
        return 0


def _show(explanation: Explanation, *, is_whole: bool) -> None:
    account = explanation.account
    say_wrapped(f"{account.session_id}  {printable(explanation.title or '')}".rstrip())
    source = COST_SOURCES[account.cost.provenance]
    cost = "" if account.cost.usd is None else f"{format_cost(account.cost)}, "
    say_wrapped(f"  cost        {cost}{source.label}: {source.meaning}")
    if account.client_usd is not None:
        less = (
            f", of which {dollars(account.inherited_usd)} inherited"
            if account.inherited_usd
            else ""
        )
        rows = f"; estimated from the rows: {format_cost(account.row_cost)}"
        say_wrapped(f"  reported    {dollars(account.client_usd)}{less}{rows}")
    say(f"  prompt      {account.tokens.prompt:,} tokens")
    say(f"  output      {account.tokens.output:,} tokens")
    unrecorded = account.unrecorded
    if any(unrecorded.billed):
        say(
            f"  not in rows {unrecorded.prompt:,} prompt and {unrecorded.output:,} output tokens"
            " that no row of the transcripts reports"
        )
    for note in account.notes:
        say_wrapped(f"  note        {note}")
    _show_once(explanation)
    _show_models(explanation)
    _show_subagents(explanation)
    _show_responses(explanation, is_whole=is_whole)


def _show_once(explanation: Explanation) -> None:
    counted = explanation.counted
    say("")
    responses = plural(len(counted), "response")
    verb = "reports" if explanation.naive_rows == 1 else "report"
    say(f"{plural(explanation.naive_rows, 'row')} {verb} usage, of {responses}")
    repeated = plural(explanation.repeated_rows, "row")
    inherited = plural(explanation.inherited_responses, "response")
    say(f"  counted once instead of for every row   {repeated}")
    say(f"  copied from other sessions, not counted {inherited}")
    for reason, number in explanation.uncounted.items():
        say(f"  not counted: {reason:<27}{plural(number, 'row')}")
    tokens, unrecorded = explanation.account.tokens, explanation.account.unrecorded
    naive_prompt, naive_output = explanation.naive_prompt, explanation.naive_output
    more_prompt = naive_prompt - (tokens.prompt - unrecorded.prompt)
    more_output = naive_output - (tokens.output - unrecorded.output)
    say_wrapped(
        f"  a naive sum would be {naive_prompt:,} prompt and {naive_output:,} output:"
        f" {more_prompt:+,} and {more_output:+,}"
    )


def _show_models(explanation: Explanation) -> None:
    if not explanation.account.models:
        return
    say("")
    heads = ("model", "responses", "input", "write 5m", "write 1h", "cache read", "output", "cost")
    rows: list[list[Cell]] = [
        [
            model.model or "unknown",
            model.responses,
            model.tokens.input,
            model.tokens.cache_write_5m,
            model.tokens.cache_write_1h,
            model.tokens.cache_read,
            model.tokens.output,
            format_cost(model.cost),
        ]
        for model in explanation.account.models
    ]
    optional = ("write 1h", "write 5m", "responses", "cache read")
    print_table(heads, rows, has_names=True, optional=optional)
    for model, source in explanation.price_sources.items():
        say_wrapped(f"  price of {printable(model)}: {printable(source or 'not known')}")


def _show_subagents(explanation: Explanation) -> None:
    if not explanation.subagents:
        return
    say("")
    heads = ("subagent", "type", "responses", "prompt", "output", "cost of its rows")
    rows: list[list[Cell]] = [
        [
            subagent.agent_id,
            _type_of(subagent),
            subagent.responses,
            subagent.tokens.prompt,
            subagent.tokens.output,
            format_cost(subagent.cost),
        ]
        for subagent in explanation.subagents
    ]
    print_table(heads, rows, texts={"type": 16}, optional=("responses", "prompt"))


def _show_responses(explanation: Explanation, *, is_whole: bool) -> None:
    if not explanation.responses:
        return
    say("")
    session_id = explanation.account.session_id
    shown = explanation.responses if is_whole else explanation.responses[:_SHOWN_RESPONSES]
    heads = ("response", "at byte", "where", "rows", "copies", "prompt", "output", "counts")
    rows: list[list[Cell]] = [
        [
            response.id,
            f"{response.start:,}",
            response.agent_id[:8] if response.agent_id else "main",
            response.rows,
            response.copies,
            response.prompt_tokens,
            response.output_tokens,
            "here" if response.counts_for(session_id) else f"for {response.owner[:8]}",
        ]
        for response in shown
    ]
    print_table(heads, rows, optional=("at byte", "copies", "rows", "where"))
    left = len(explanation.responses) - len(shown)
    if left:
        say_wrapped(f"… and {plural(left, 'response')} more (--all lists them)")


def _type_of(subagent: SubagentAccount) -> str:
    """Return a subagent's type, or what the client itself started it for."""
    name = subagent.agent_type or "-"
    return f"Claude Code: {name}" if subagent.is_helper else name

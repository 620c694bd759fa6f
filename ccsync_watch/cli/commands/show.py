"""Show one session for reading, in a pager on a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ccsync_watch.accounting import usage_groups
from ccsync_watch.accounting.account import format_cost
from ccsync_watch.accounting.prices import PriceList
from ccsync_watch.accounting.session_accounts import load_account, load_subagent_accounts
from ccsync_watch.cli.console import printable, show_warnings, warn
from ccsync_watch.cli.session_lookup import find_row, open_store
from ccsync_watch.cli.session_text import write_conversation
from ccsync_watch.cli.terminal_page import open_page
from ccsync_watch.config import load
from ccsync_watch.dashboard.local_time import date_and_time
from ccsync_watch.dashboard.resuming import resume_command
from ccsync_watch.dashboard.session_document import iterate_document
from ccsync_watch.dashboard.shown_models import short_model
from ccsync_watch.plain_text import plain_text
from ccsync_watch.store import conversations, session_outline
from ccsync_watch.units import plural

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from ccsync_watch.accounting.account import SessionAccount
    from ccsync_watch.accounting.session_accounts import SubagentAccount
    from ccsync_watch.cli.terminal_page import TerminalPage
    from ccsync_watch.store.conversations import SubagentRow
    from ccsync_watch.store.database import Database
    from ccsync_watch.store.session_list import SessionRow

ORDER = 73
EXAMPLES = ("show 1f3a9c2e", "show 1f3a9c2e --outputs", "show 1f3a9c2e --json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the session, how much of it, and the form of the output."""
    parser.add_argument("session", metavar="SESSION", help="its id, or the beginning of it")
    parser.add_argument(
        "--agent", metavar="ID", help="one of its subagents, by the id or its start"
    )
    parser.add_argument("--outputs", action="store_true", help="also the outputs of calls")
    parser.add_argument("--no-pager", action="store_true", help="print at once, on a terminal too")
    parser.add_argument(
        "--json", action="store_true", help="print all of it as JSON, as `export --format json`"
    )


def main(arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Write what was said, and the calls; in a pipe without styles."""
    settings = load(env, flags)
    show_warnings(settings)
    with open_store(settings) as database:
        row = find_row(database, arguments.session)
        if row is None:
            return 1
        agent = None
        if arguments.agent:
            agent = _find_agent(database, row.session_id, arguments.agent)
            if agent is None:
                return 1
        prices = PriceList.from_settings(settings)
        prices.ensure_known(usage_groups.used_models(database, row.session_id))
        account = load_account(database, row.session_id, prices)
        if arguments.json:
            used = account if agent is None else _agent_account(database, row, agent, prices)
            for piece in iterate_document(database, row, used, "json", agent):
                sys.stdout.write(piece)
            return 0
        folder = session_outline.load_details(database, row.session_id).folder
        with open_page(env, has_pager=not arguments.no_pager) as page:
            _write_head(page, row, account, folder, agent)
            write_conversation(
                page,
                database,
                row.session_id,
                agent_id=agent.agent_id if agent else None,
                folder=folder,
                has_outputs=arguments.outputs,
            )
    return 0


def _find_agent(database: Database, session_id: str, prefix: str) -> SubagentRow | None:
    agents = [
        agent
        for agent in conversations.list_subagents(database, session_id)
        if agent.agent_id.startswith(prefix)
    ]
    exact = [agent for agent in agents if agent.agent_id == prefix]
    if len(exact or agents) == 1:
        return (exact or agents)[0]
    shown = printable(prefix)
    if agents:
        ids = printable(", ".join(agent.agent_id for agent in agents[:5]))
        warn(f"several subagents begin with '{shown}': {ids}")
    else:
        warn(f"the session has no subagent {shown}: its calls name those that it has")
    return None


def _agent_account(
    database: Database, row: SessionRow, agent: SubagentRow, prices: PriceList
) -> SubagentAccount | None:
    accounts = load_subagent_accounts(database, row.session_id, prices)
    return next((used for used in accounts if used.agent_id == agent.agent_id), None)


def _write_head(
    page: TerminalPage,
    row: SessionRow,
    account: SessionAccount,
    folder: str | None,
    agent: SubagentRow | None,
) -> None:
    page.wrapped(_one_line(row.title or row.session_id), "bold")
    facts = [
        row.project_name,
        row.git_branch,
        short_model(row.model) if row.model else None,
        date_and_time(row.started_ms),
        plural(row.prompts, "prompt"),
        format_cost(account.cost),
    ]
    page.wrapped(" · ".join(_one_line(fact) for fact in facts if fact), "dim")
    if row.pruned is not None:
        page.wrapped(f"The texts of {plural(row.pruned.messages, 'message')} were removed.", "dim")
    if agent is not None:
        task = f": {agent.description}" if agent.description else ""
        page.wrapped(_one_line(f"Subagent {agent.name}{task}"))
    else:
        page.line(_one_line(resume_command(row.session_id, folder)), "dim")
    page.line()


def _one_line(text: str) -> str:
    return printable(" ".join(plain_text(text).split()))

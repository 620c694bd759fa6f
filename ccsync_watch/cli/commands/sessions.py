"""List sessions, or those that a search finds, and how to continue them."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from ccsync_watch.accounting import usage_groups
from ccsync_watch.accounting.account import format_cost
from ccsync_watch.accounting.prices import PriceList
from ccsync_watch.accounting.session_accounts import load_account, load_accounts
from ccsync_watch.cli.arguments import count
from ccsync_watch.cli.console import (
    printable,
    say,
    say_wrapped,
    show_warnings,
    terminal_columns,
    warn,
)
from ccsync_watch.cli.query_help import QUERY_HELP
from ccsync_watch.cli.search_index import count_sessions, index_messages
from ccsync_watch.cli.session_lookup import SHORT_ID_CHARS, open_store
from ccsync_watch.cli.text_table import cut_to_fit, text_columns
from ccsync_watch.clock import SystemClock
from ccsync_watch.config import load
from ccsync_watch.dashboard.resuming import resume_command
from ccsync_watch.plain_text import plain_value
from ccsync_watch.store import session_list, session_outline, session_search
from ccsync_watch.store.search_compiler import compile_query
from ccsync_watch.units import age, full_count, plural

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from ccsync_watch.accounting.account import SessionAccount
    from ccsync_watch.store.database import Database
    from ccsync_watch.store.session_list import SessionRow

ORDER = 71
EXAMPLES = (
    "sessions",
    "sessions 'project:api since:yesterday'",
    "sessions --sort cost --limit 5",
    "sessions --resume 'file:main.py'",
)
_MAX_LIMIT = 1000
_SORTS: tuple[session_list.SessionSort, ...] = (
    "recent", "started", "oldest", "cost", "tokens", "duration", "messages", "failed",
)  # fmt: skip
_BY_TIME = {"recent", "started", "oldest"}
_GAP = "  "
_LEAST_TITLE_COLUMNS = 10
_LEAST_ASKED = {
    "Prompts": 24,
    "Activity": _LEAST_TITLE_COLUMNS,
    "Project": _LEAST_TITLE_COLUMNS,
}
"""The columns that are left out where the title would have less than so many."""


class _Listed(NamedTuple):
    """One session with what it cost and the command that continues it."""

    row: SessionRow
    account: SessionAccount
    resume: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add which sessions, their order, and the form of the output."""
    parser.add_argument("query", nargs="*", metavar="QUERY", help=f"only those with: {QUERY_HELP}")
    parser.add_argument(
        "--sort",
        choices=_SORTS,
        default="recent",
        metavar="ORDER",
        help=f"one of {', '.join(_SORTS)} (recent)",
    )
    parser.add_argument(
        "--limit", type=count, default=20, metavar="N", help="list so many sessions (20)"
    )
    parser.add_argument(
        "--all", action="store_true", help="also those in which nobody said anything"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--resume", action="store_true", help="print the commands that continue the sessions"
    )
    form.add_argument("--json", action="store_true", help="print the sessions as JSON")


def main(arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Print a line for each session, the last active first."""
    settings = load(env, flags)
    show_warnings(settings)
    with open_store(settings) as database:
        text = " ".join(arguments.query)
        if text:
            index_messages(database)
        prices = PriceList.from_settings(settings)
        prices.ensure_known(usage_groups.used_models(database))
        if arguments.sort not in _BY_TIME:
            count_sessions(database, prices)
        now_ms = SystemClock().wall_ms()
        query = compile_query(database, text, now_ms)
        has_words = not (query.is_empty or query.is_of_sessions)
        matching = session_search.list_matching(
            database,
            session_list.SessionFilter(is_conversation=not (arguments.all or has_words)),
            query,
            sort=arguments.sort,
            limit=min(arguments.limit, _MAX_LIMIT),
        )
        for notice in query.notices:
            warn(printable(notice))
        sessions = _read(database, matching.rows, prices)
    if arguments.json:
        _print_json(sessions, matching)
    elif arguments.resume:
        for session in sessions:
            say(session.resume)
    else:
        _print_table(sessions, matching, now_ms)
    return 0


def _read(database: Database, rows: Sequence[SessionRow], prices: PriceList) -> list[_Listed]:
    accounts = load_accounts(database, prices, session_ids=[row.session_id for row in rows])
    return [
        _Listed(
            row,
            # What used nothing is not among them.
            accounts.get(row.session_id) or load_account(database, row.session_id, prices),
            resume_command(
                row.session_id, session_outline.load_details(database, row.session_id).folder
            ),
        )
        for row in rows
    ]


def _print_table(
    sessions: list[_Listed], matching: session_search.FoundSessions, now_ms: int
) -> None:
    if not sessions:
        say("No session matches." if matching.end is None else "No match in the newest sessions.")
        return
    heads = ["Session", "Activity", "Prompts", "Cost", "Project", "Title"]
    rows = [
        [
            session.row.session_id[:SHORT_ID_CHARS],
            age(session.row.updated_ms, now_ms),
            full_count(session.row.prompts),
            format_cost(session.account.cost),
            printable(session.row.project_name or ""),
            printable(" ".join((session.row.title or session.row.session_id).split())),
        ]
        for session in sessions
    ]
    _print_rows(heads, rows)
    say()
    if matching.total is not None and matching.total > len(sessions):
        least = " or more" if matching.total >= session_search.MAX_COUNTED else ""
        total = f"{full_count(matching.total)}{least} sessions"
        say(f"{len(sessions)} of {total}: --limit shows more")
    elif matching.total is None:
        say(f"At least {plural(len(sessions), 'session')}: --limit searches for more")
    else:
        say(plural(len(sessions), "session"))
    if len(sessions) == 1:
        say(f"Continue it: {sessions[0].resume}")
    else:
        say_wrapped(
            "`ccsync-watch show SESSION` shows one, `sessions --resume` how to continue them."
        )


def _print_rows(heads: list[str], rows: list[list[str]]) -> None:
    """Print columns that fit into the terminal: the title is cut, and before that the project.

    Where too little would stay of the title, columns are left out, the least asked for first.
    """
    columns = terminal_columns()
    table = [heads, *rows]
    widths = _fitting_widths(table, columns)
    for head, least in _LEAST_ASKED.items():
        if columns is None or widths[-1] >= least:
            break
        at = table[0].index(head)
        table = [[*row[:at], *row[at + 1 :]] for row in table]
        widths = _fitting_widths(table, columns)
    widths[-1] = max(widths[-1], _LEAST_TITLE_COLUMNS)
    for row in table:
        cells = [cut_to_fit(*cell) for cell in zip(row, widths, strict=True)]
        for at, cell in enumerate(cells):
            padding = " " * (widths[at] - text_columns(cell))
            is_number = table[0][at] in {"Activity", "Prompts", "Cost"}
            cells[at] = padding + cell if is_number else cell + padding
        say(_GAP.join(cells).rstrip())


def _fitting_widths(table: list[list[str]], columns: int | None) -> list[int]:
    """Return the columns' widths; what is left for the title, the last, may be below 0."""
    widths = [max(map(text_columns, column)) for column in zip(*table, strict=True)]
    if columns is None:
        return widths
    if "Project" in table[0]:
        project = table[0].index("Project")
        others = sum(widths[:project]) + (len(widths) - 1) * len(_GAP)
        widths[project] = min(widths[project], max(8, (columns - others) // 3))
    widths[-1] = columns - sum(widths[:-1]) - (len(widths) - 1) * len(_GAP)
    return widths


def _print_json(sessions: list[_Listed], matching: session_search.FoundSessions) -> None:
    listed = [
        {
            **asdict(session.row),
            "prompt_tokens": session.account.tokens.prompt,
            "output_tokens": session.account.tokens.output,
            "cost": asdict(session.account.cost),
            "resume": session.resume,
        }
        for session in sessions
    ]
    answer = {
        "total": matching.total,
        "has_more": matching.end is not None,
        "sessions": listed,
    }
    text = orjson.dumps(plain_value(answer), option=orjson.OPT_INDENT_2).decode()
    sys.stdout.write(f"{text}\n")

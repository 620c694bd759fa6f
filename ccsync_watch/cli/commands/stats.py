"""Show tokens, costs, tools and files by time, model, project, branch, session and more."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.accounting import usage_documents, usage_groups
from ccsync_watch.accounting.budgets import check_budgets
from ccsync_watch.accounting.calendars import Calendar, read_zone
from ccsync_watch.accounting.prices import PriceList
from ccsync_watch.accounting.selections import Selection
from ccsync_watch.accounting.table_order import SORTS, sort_table, sorts_of
from ccsync_watch.accounting.time_windows import read_window
from ccsync_watch.accounting.unmatched_filters import unmatched_filters, unmatched_projects
from ccsync_watch.accounting.usage_tables import CALLS, TABLES, load_table
from ccsync_watch.cli.arguments import add_setting_flags, name, project, warn_of_unmatched
from ccsync_watch.cli.console import printable, say, show_warnings, warn
from ccsync_watch.cli.session_lookup import open_store
from ccsync_watch.cli.stats_tables import show_table
from ccsync_watch.clock import SystemClock
from ccsync_watch.config import load
from ccsync_watch.errors import ConfigError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from ccsync_watch.accounting.usage_tables import UsageTable
    from ccsync_watch.config import Settings
    from ccsync_watch.store.database import Database

ORDER = 70
EXAMPLES = (
    "stats --last 7d",
    "stats --by month --breakdown",
    "stats --by project --last 2026-10 --model opus",
    "stats --by session --project shop --sort cost",
    "stats --by day --csv --breakdown",
    "stats --check-budget",
)

_FILTERS = (
    ("--project", project, "PROJECT", "a folder and all below it, its name, or a glob"),
    ("--model", name, "MODEL", "a part of a model's name, or a glob"),
    ("--host", name, "MACHINE", "a machine, or a glob"),
    ("--branch", name, "BRANCH", "a branch, or a glob"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to sum by, which part of it, in which order, and the form of the output."""
    add_setting_flags(parser)
    parser.add_argument(
        "--by", choices=TABLES, default="day", metavar="WHAT", help=f"one of {', '.join(TABLES)}"
    )
    parser.add_argument("--since", metavar="TIME", help="from then on: 2026-01-31, 7d, yesterday")
    parser.add_argument("--until", metavar="TIME", help="up to the end of this day or month")
    parser.add_argument(
        "--last", metavar="SPAN", help="7d, 2w, 3m, today, yesterday, 2026-10 or 2026-10-31"
    )
    for option, read, metavar, meaning in _FILTERS:
        parser.add_argument(option, type=read, metavar=metavar, help=meaning)
    parser.add_argument(
        "--breakdown", action="store_true", help="the models of each line below it, or as columns"
    )
    parser.add_argument("--sort", choices=SORTS, metavar="ORDER", help=f"one of {', '.join(SORTS)}")
    parser.add_argument("--reverse", action="store_true", help="the order the other way around")
    zone = parser.add_mutually_exclusive_group()
    zone.add_argument("--timezone", metavar="ZONE", help="of days and times: Europe/Berlin, utc")
    zone.add_argument("--utc", action="store_true", help="the same as --timezone utc")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print everything as JSON")
    form.add_argument("--csv", action="store_true", help="print the lines as CSV")
    form.add_argument(
        "--check-budget", action="store_true", help="exit with 1 if a budget is exceeded, and why"
    )


def main(arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Print one table from the store, with or without the daemon."""
    settings = load(env, flags)
    _check(arguments)
    show_warnings(settings)
    with open_store(settings) as database:
        prices = PriceList.from_settings(settings)
        prices.ensure_known(usage_groups.used_models(database))
        if arguments.check_budget:
            return _check_budget(database, prices, settings)
        return _show(database, prices, arguments, settings)


def _check(arguments: argparse.Namespace) -> None:
    """Raise ConfigError for options that exclude each other."""
    if arguments.last and (arguments.since or arguments.until):
        raise ConfigError("--last and --since or --until exclude each other", hint="give one")
    if arguments.by in CALLS and (arguments.model or arguments.breakdown):
        raise ConfigError(
            f"--by {arguments.by} has no models", hint="leave --model and --breakdown out"
        )
    if arguments.sort is not None and arguments.sort not in sorts_of(arguments.by):
        raise ConfigError(
            f"--by {arguments.by} cannot be sorted by {arguments.sort}",
            hint=f"sort by {', '.join(sorts_of(arguments.by))}",
        )


def _show(
    database: Database, prices: PriceList, arguments: argparse.Namespace, settings: Settings
) -> int:
    calendar = Calendar(read_zone("utc" if arguments.utc else arguments.timezone))
    window = read_window(
        calendar,
        SystemClock().wall_ms(),
        since=arguments.since,
        until=arguments.until,
        last=arguments.last,
    )
    selection = Selection(
        window.since_ms,
        window.until_ms,
        project=arguments.project,
        host=arguments.host,
        branch=arguments.branch,
        model=arguments.model,
        calendar=calendar,
    )
    table = load_table(database, prices, arguments.by, selection, window)
    if not table.lines:
        warn_of_unmatched(unmatched_filters(database, selection))
    table = sort_table(table, arguments.sort, is_reversed=arguments.reverse)
    has_calls = settings.sync_tool_calls or _has_calls(table)
    if arguments.json:
        document = usage_documents.table_document(table, selection, window, has_calls=has_calls)
        say(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
    elif arguments.csv:
        usage_documents.write_csv(
            table, selection, window, sys.stdout,
            has_calls=has_calls, has_models=arguments.breakdown,
        )  # fmt: skip
    else:
        show_table(
            table,
            calendar,
            window,
            is_all=selection == Selection(calendar=calendar),
            has_calls=has_calls,
            has_models=arguments.breakdown,
        )
    return 0


def _check_budget(database: Database, prices: PriceList, settings: Settings) -> int:
    """Print each budget; return 1 if one is exceeded."""
    lines = check_budgets(database, prices, settings.budget, SystemClock().wall_ms())
    if not lines:
        raise ConfigError(
            "no budget is set",
            hint="set one, such as `ccsync-watch config set budget '{\"month\": 250}'`",
        )
    # A mistake in a name would be a budget that nothing ever exceeds.
    projects = dict.fromkeys(line.project for line in lines if line.project)
    warn_of_unmatched(unmatched_projects(database, projects), setting="budget")
    for line in lines:
        say(f"{'exceeded' if line.is_exceeded else 'ok':<8}  {printable(line.text)}")
    exceeded = [line for line in lines if line.is_exceeded]
    if exceeded:
        warn(f"budget exceeded: {printable('; '.join(line.text for line in exceeded))}")
    return 1 if exceeded else 0


def _has_calls(table: UsageTable) -> bool:
    """Return whether calls are stored of an earlier time, when the setting was on."""
    return any(getattr(line, "activity", None) and line.activity.tool_calls for line in table.lines)  # type: ignore[union-attr]  # of sessions

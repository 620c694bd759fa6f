"""Search prompts, answers and tool calls."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.cli.arguments import count
from ccsync_watch.cli.console import printable, say, show_warnings, warn
from ccsync_watch.cli.query_help import QUERY_HELP
from ccsync_watch.cli.search_index import index_messages
from ccsync_watch.cli.session_lookup import SHORT_ID_CHARS, open_store
from ccsync_watch.cli.terminal_page import open_page
from ccsync_watch.cli.text_table import cut_to_fit, shorten_all, text_columns
from ccsync_watch.clock import SystemClock
from ccsync_watch.config import load
from ccsync_watch.dashboard.local_time import date_and_time
from ccsync_watch.dashboard.speakers import SPEAKERS
from ccsync_watch.dashboard.tool_views import tool_label
from ccsync_watch.errors import QueryError
from ccsync_watch.plain_text import plain_text, plain_value
from ccsync_watch.store import session_list
from ccsync_watch.store.search_compiler import compile_query
from ccsync_watch.store.search_hits import MARKS
from ccsync_watch.store.search_queries import find_messages
from ccsync_watch.units import full_count, plural

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from ccsync_watch.cli.terminal_page import TerminalPage
    from ccsync_watch.store.database import Database
    from ccsync_watch.store.search_hits import SearchHit
    from ccsync_watch.store.search_queries import SearchPage, SessionHits

ORDER = 72
EXAMPLES = (
    'search "retry timeout"',
    "search 'kind:prompt project:api since:7d -test'",
    "search --json 'is:error tool:Bash'",
)
_MAX_LIMIT = 1000
_MAX_TITLE_COLUMNS = 200
_BETWEEN = " · "


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to search for, how much to show, and the form of the output."""
    parser.add_argument(
        "query", nargs="+", metavar="QUERY", help=f"what to search for, in quotes: {QUERY_HELP}"
    )
    parser.add_argument("--best", action="store_true", help="the best match first, not the newest")
    parser.add_argument(
        "--limit", type=count, default=20, metavar="N", help="show so many sessions (20)"
    )
    parser.add_argument("--no-pager", action="store_true", help="print at once, on a terminal too")
    parser.add_argument("--json", action="store_true", help="print the matches as JSON")


def main(arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Print the sessions with a match, and what of each matches."""
    settings = load(env, flags)
    show_warnings(settings)
    with open_store(settings) as database:
        index_messages(database)
        query = compile_query(database, " ".join(arguments.query), SystemClock().wall_ms())
        if query.is_empty:
            raise QueryError("this search has no words", hint="write letters or digits")
        matches = find_messages(
            database,
            query,
            limit=min(arguments.limit, _MAX_LIMIT),
            order="best" if arguments.best else "newest",
        )
        if arguments.json:
            _print_json(database, matches, query.notices)
            return 0
        for notice in query.notices:
            warn(printable(notice))
        if not matches.groups:
            say("Nothing in the newest sessions." if matches.end else "Nothing matches.")
            return 0
        with open_page(env, has_pager=not arguments.no_pager) as page:
            for group in matches.groups:
                _print_group(page, database, group)
            page.wrapped(_counts(matches), "dim")
    return 0


def _print_group(page: TerminalPage, database: Database, group: SessionHits) -> None:
    session = session_list.load_session(database, group.session_id)
    if session is None:
        return
    names = [printable(name) for name in (session.project_name, session.git_branch) if name]
    title = " ".join((session.title or session.session_id).split())
    page.line(cut_to_fit(title, page.columns or _MAX_TITLE_COLUMNS), "bold")
    short_id, time = group.session_id[:SHORT_ID_CHARS], date_and_time(session.updated_ms)
    if page.columns:
        others = f"{short_id}  {_BETWEEN.join(['' for _ in names] + [time])}"
        names = shorten_all(names, page.columns - text_columns(others))
    page.wrapped(short_id, "cyan", rest=f"  {_BETWEEN.join([*names, time])}", rest_style="dim")
    for hit in group.hits:
        page.wrapped(f"  {_speaker(hit)}", "green", rest=f"  {date_and_time(hit.timestamp_ms)}")
        page.marked(hit.snippet, MARKS, indent="    ")
    left = group.count - len(group.hits)
    if left:
        page.line(f"  {'' if group.is_exact else 'at least '}{full_count(left)} more", "dim")
    page.line()


def _speaker(hit: SearchHit) -> str:
    speaker = SPEAKERS.get(hit.kind)
    name = speaker.name if speaker else hit.kind
    of_agent = " (subagent)" if hit.agent_id else ""
    return f"{name}{f' {tool_label(hit.tool_name)}' if hit.tool_name else ''}{of_agent}"


def _counts(matches: SearchPage) -> str:
    counts = matches.counts
    least = "" if counts.is_exact else "At least "
    text = f"{least}{plural(counts.messages, 'message')} in {plural(counts.sessions, 'session')}"
    if matches.end is not None:
        text += f"; {plural(len(matches.groups), 'session')} shown: --limit shows more"
    return text


def _print_json(database: Database, matches: SearchPage, notices: tuple[str, ...]) -> None:
    sessions = []
    for group in matches.groups:
        session = session_list.load_session(database, group.session_id)
        hits = [{**asdict(hit), "snippet": _without_marks(hit.snippet)} for hit in group.hits]
        for hit in hits:
            del hit["seq"]
        sessions.append(
            {
                "session_id": group.session_id,
                "title": session.title if session else None,
                "project_path": session.project_path if session else None,
                "updated_ms": group.updated_ms,
                "matches": group.count,
                "is_exact": group.is_exact,
                "messages": hits,
            }
        )
    answer = {
        "messages": matches.counts.messages,
        "sessions": matches.counts.sessions,
        "is_exact": matches.counts.is_exact,
        "has_more": matches.end is not None,
        "notices": list(notices),
        "results": sessions,
    }
    text = orjson.dumps(plain_value(answer), option=orjson.OPT_INDENT_2).decode()
    sys.stdout.write(f"{text}\n")


def _without_marks(snippet: str) -> str:
    for mark in MARKS:
        snippet = snippet.replace(mark, "")
    return plain_text(snippet)

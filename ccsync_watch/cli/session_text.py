"""A conversation for reading in a terminal: what was said, and each call in a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.cli.console import printable
from ccsync_watch.cli.text_table import cut_to_fit, text_columns
from ccsync_watch.dashboard.conversation import build_entries
from ccsync_watch.dashboard.json_text import compact_json
from ccsync_watch.dashboard.local_time import local_datetime
from ccsync_watch.dashboard.session_plans import load_task_lists
from ccsync_watch.dashboard.tool_views import build_view
from ccsync_watch.plain_text import plain_text
from ccsync_watch.store import conversations, rewound, stored_messages
from ccsync_watch.transcripts.kept_files import describe_file
from ccsync_watch.units import duration, plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccsync_watch.cli.terminal_page import TerminalPage
    from ccsync_watch.dashboard.conversation import Entry, EntryItem
    from ccsync_watch.store.database import Database

_CHUNK_MESSAGES = 200
_MAX_NOTE_CHARS = 200
_MAX_CALL_COLUMNS = 200
_MIN_SUMMARY_COLUMNS = 12


def write_conversation(
    page: TerminalPage,
    database: Database,
    session_id: str,
    *,
    agent_id: str | None = None,
    folder: str | None = None,
    has_outputs: bool = False,
) -> None:
    """Write a session's main conversation, or one of its subagents'.

    Paths in `folder` are shown as ones in it. `has_outputs`: the outputs of calls are written too.
    """
    day, follows_calls = None, False
    for entry in _entries(database, session_id, agent_id):
        at_ms = entry.message.timestamp_ms
        moment = local_datetime(at_ms) if at_ms is not None else None
        if moment is not None and moment.date() != day:
            day = moment.date()
            page.line(f"{day:%A, %d %B %Y}", "dim")
            page.line()
        # Calls that Claude makes without a word follow those before them.
        is_of_calls = all(item.kind == "call" for item in entry.items)
        if follows_calls and not is_of_calls:
            page.line()
        follows_calls = is_of_calls
        if not is_of_calls:
            style = "bold cyan" if entry.message.kind == "prompt" else "bold"
            fate = f" ({entry.fate})" if entry.fate else ""
            time = f"  {moment:%H:%M}" if moment is not None else ""
            page.line(f"{entry.speaker}{fate}", style, rest=time, rest_style="dim")
        if entry.is_folded or entry.fate:
            page.line(entry.excerpt, "dim")
        else:
            for item in entry.items:
                _write_item(page, item, folder, has_outputs=has_outputs)
        if not is_of_calls:
            page.line()


def _entries(database: Database, session_id: str, agent_id: str | None) -> Iterator[Entry]:
    subagents = conversations.list_subagents(database, session_id)
    rewound_messages = rewound.rewound_ranges(database, session_id) if agent_id is None else []
    tasks = load_task_lists(database, session_id)
    last_seq = 0
    known: set[str] = set()
    while messages := conversations.conversation_page(
        database, session_id, agent_id=agent_id, after_seq=last_seq, limit=_CHUNK_MESSAGES
    ):
        calls = [
            part.tool_use_id
            for message in messages
            for part in message.parts
            if part.kind == "tool-call" and part.tool_use_id
        ]
        yield from build_entries(
            messages,
            results=stored_messages.tool_results(database, calls),
            subagents=subagents,
            earlier_calls=known,
            rewound=rewound_messages,
            tasks=tasks,
        )
        known.update(calls)
        last_seq = messages[-1].seq


def _write_item(
    page: TerminalPage, item: EntryItem, folder: str | None, *, has_outputs: bool
) -> None:
    content = item.content
    if item.kind == "call":
        _write_call(page, item, folder, has_outputs=has_outputs)
    elif item.kind == "text" and isinstance(content, str) and not item.is_of_terminal:
        page.markdown(content)
    elif item.kind in {"text", "verbatim"} and isinstance(content, str):
        page.line(content)
    elif item.kind == "thinking" and isinstance(content, str):
        page.line(cut_to_fit(f"Thinking: {_one_line(content)}", _MAX_NOTE_CHARS), "dim italic")
    elif item.kind == "note" and isinstance(content, dict) and "label" in content:
        text = f"{content['label']}: {content.get('text') or ''}".removesuffix(": ")
        page.line(cut_to_fit(_one_line(text), _MAX_NOTE_CHARS), "dim")
    elif item.kind == "result":
        label = item.outcome.label if item.outcome else ""
        page.line(f"● Result of {item.tool_name or 'a call'}", rest=f"  {label}", rest_style="dim")
    elif item.kind in {"image", "file"}:
        page.line(describe_file(item.kind, content), "dim")
    else:
        page.line(f"{item.kind} withheld: {compact_json(content)}", "dim")


def _write_call(
    page: TerminalPage, item: EntryItem, folder: str | None, *, has_outputs: bool
) -> None:
    view = build_view(item.tool_name or "unknown", item.content, item.outcome, folder, item.tasks)
    notes = [str(note) for note in view.notes]
    if view.added is not None:
        notes.append(f"+{view.added} -{view.removed or 0}")
    outcome = item.outcome
    if outcome is None:
        notes.append("no result yet")
    else:
        code = f", exit {outcome.exit_code}" if outcome.exit_code else ""
        notes.append(f"{outcome.label}{code}")
        if outcome.duration_ms is not None:
            notes.append(duration(outcome.duration_ms))
    rest = f"  {' · '.join(notes)}"
    columns = page.columns or _MAX_CALL_COLUMNS
    label = f"● {cut_to_fit(_one_line(view.label), columns // 2)}"
    room = columns - text_columns(rest) - text_columns(label) - 1
    summary = cut_to_fit(_one_line(view.summary), max(room, _MIN_SUMMARY_COLUMNS))
    is_failed = outcome is not None and not outcome.is_ok and not outcome.denied
    page.wrapped(f"{label} {summary}", rest=rest, rest_style="red" if is_failed else "dim")
    for subagent in item.subagents:
        page.wrapped(
            f"  Subagent {subagent.name}, {plural(subagent.messages, 'message')}:"
            f" --agent {subagent.agent_id}",
            "dim",
        )
    if outcome is not None and outcome.output and (has_outputs or is_failed):
        for line in outcome.output.rstrip().split("\n"):
            page.line(f"  {line}", "dim")


def _one_line(text: str) -> str:
    return printable(" ".join(plain_text(text).split()))

"""What a session's page says of it as a whole: its turns, its prompts in a line, its files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import orjson

from ccsync_watch.store.conversations import TimelineStep, conversation_name
from ccsync_watch.store.hand_offs import IS_DRAWN
from ccsync_watch.store.id_keys import key_of
from ccsync_watch.store.packed_texts import unpack
from ccsync_watch.store.stored_messages import CARRIED_USAGE
from ccsync_watch.store.turns import ENDS_TURN, STARTERS
from ccsync_watch.transcripts.call_results import CHANGING_TOOLS, needs_arguments, read_change

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ccsync_watch.model import JsonValue
    from ccsync_watch.store.database import Database

_MAX_TITLE_CHARS = 120


@dataclass(frozen=True, slots=True)
class SessionDetails:
    """Where a session was started, by which client, and whether a hook reported its end.

    `folder` is the one that the client finds the session in when it is resumed.
    """

    folder: str | None
    client_version: str | None
    has_ended: bool


def load_details(database: Database, session_id: str) -> SessionDetails:
    """Return a session's details, all unknown for one that is not stored."""
    read = database.read()
    row = read.execute(
        "SELECT coalesce(folder, cwd, project_path), client_version FROM sessions WHERE id = ?",
        (session_id,),
    ).fetchone()
    event = read.execute(
        "SELECT name FROM hook_events WHERE session_id = ?"
        " AND name IN ('SessionStart', 'SessionEnd') ORDER BY at_ms DESC, id DESC LIMIT 1",
        (session_id,),
    ).fetchone()
    folder, client_version = row or (None, None)
    return SessionDetails(folder, client_version, bool(event and event["name"] == "SessionEnd"))


def first_lines(database: Database, seqs: Sequence[int]) -> dict[int, str]:
    """Return the beginning of what messages say, in one line, by their numbers."""
    query = (
        "SELECT content FROM parts WHERE message_seq = ? AND kind = 'text' ORDER BY position"
        " LIMIT 1"
    )
    read = database.read()
    lines: dict[int, str] = {}
    for seq in seqs:
        row = read.execute(query, (seq,)).fetchone()
        text = orjson.loads(unpack(row[0])) if row else None
        if isinstance(text, str):
            line = " ".join(text[: 4 * _MAX_TITLE_CHARS].split())
            is_long = len(line) > _MAX_TITLE_CHARS
            lines[seq] = f"{line[:_MAX_TITLE_CHARS]}…" if is_long else line
    return lines


def turn_steps(database: Database, session_id: str) -> Iterator[TimelineStep]:
    """Yield the steps that decide where turns begin, with nothing else of their messages."""
    kinds = (*STARTERS, "answer", "interrupt", "api_error")
    rows = database.read().execute(
        f"SELECT m.seq, m.kind, {ENDS_TURN} FROM messages m"  # noqa: S608 - constants
        f" WHERE m.session_id = ? AND m.agent_id IS NULL AND m.kind IN {kinds}"
        f" AND {IS_DRAWN} ORDER BY m.seq",
        (session_id,),
    )
    for seq, kind, ends_turn in rows:
        yield TimelineStep(seq, kind, None, None, None, 0, ends_turn=ends_turn)


def has_more_starters(database: Database, session_id: str, count: int) -> bool:
    """Return whether more messages than that may have started a turn of a session."""
    (starters,) = (
        database.read()
        .execute(
            "SELECT count(*) FROM (SELECT 1 FROM compact_messages m"  # noqa: S608 - constants
            f" WHERE m.session_key = {key_of('?')} AND m.agent_id IS NULL"
            f" AND m.kind IN {STARTERS} LIMIT ?)",
            (session_id, count + 1),
        )
        .fetchone()
    )
    return bool(starters > count)


def is_final(database: Database, session_id: str) -> bool:
    """Return whether all responses of a session's main conversation had ended when written."""
    row = (
        database.read()
        .execute(
            f"SELECT 1 FROM messages m {CARRIED_USAGE} WHERE m.session_id = ?"  # noqa: S608 - constants
            " AND m.agent_id IS NULL AND m.kind <> 'session' AND NOT u.is_final"
            f" AND {IS_DRAWN} LIMIT 1",
            (session_id,),
        )
        .fetchone()
    )
    return row is None


class ToolUse(NamedTuple):
    """A call; `name` is its message's in the conversation of `agent_id`, `result` None without."""

    name: str
    agent_id: str | None
    call_id: str | None
    tool: str
    arguments: JsonValue
    result: JsonValue


# Conversations are in files of their own, imported one after the other: their calls are put
# together by time, and those of each stay in its order, whatever its clock did.
_BY_TIME = (
    "max(coalesce(m.timestamp_ms, m.dated_ms, 0)) OVER (PARTITION BY k.agent_id ORDER BY k.seq)"
)


def calls_of(database: Database, session_id: str, tools: Sequence[str]) -> list[ToolUse]:
    """Return the calls of some tools in a session, its subagents' too, in the order of time."""
    rows = database.read().execute(
        "SELECT m.id, m.agent_id, c.tool_use_id, c.tool_name, c.content,"  # noqa: S608 - constants
        " (SELECT r.content FROM parts r"
        "  WHERE r.tool_use_id = c.tool_use_id AND r.kind = 'tool-result' LIMIT 1)"
        " FROM compact_messages k CROSS JOIN parts c ON c.message_seq = k.seq"
        " AND c.kind = 'tool-call' AND c.tool_name IN (SELECT value FROM json_each(?2))"
        " CROSS JOIN messages m ON m.seq = k.seq"
        f" WHERE k.session_key = {key_of('?1')} AND k.kind = 'answer'"
        f" AND {IS_DRAWN} ORDER BY {_BY_TIME}, k.seq",
        (session_id, orjson.dumps(list(tools)).decode()),
    )
    return [
        ToolUse(
            conversation_name(name, session_id, agent_id),
            agent_id,
            call_id,
            tool,
            orjson.loads(unpack(arguments)),
            None if result is None else orjson.loads(unpack(result)),
        )
        for name, agent_id, call_id, tool, arguments, result in rows
    ]


class FileEdit(NamedTuple):
    """Where a call is that changed a file: the subagent, if any, and the message's name."""

    agent_id: str | None
    name: str


@dataclass(slots=True)
class ChangedFile:
    """A file that a session's calls changed; lines are None where no result says how many."""

    path: str
    lines_added: int | None = None
    lines_removed: int | None = None
    edits: list[FileEdit] = field(default_factory=list)


def changed_files(database: Database, session_id: str) -> list[ChangedFile]:
    """Return the files that a session and its subagents changed, in the order of first changes."""
    marks = ", ".join("?" * len(CHANGING_TOOLS))
    rows = database.read().execute(
        "SELECT p.tool_name, p.content, c.content AS called, m.agent_id, m.id"  # noqa: S608 - marks and constants
        " FROM compact_messages r"
        " CROSS JOIN parts p ON p.message_seq = r.seq AND p.kind = 'tool-result'"
        " CROSS JOIN parts c ON c.tool_use_id = p.tool_use_id AND c.kind = 'tool-call'"
        # In this order: from the session's messages on both sides it is the square of them.
        " CROSS JOIN messages m ON m.seq = c.message_seq AND m.session_id = ?1"
        f" WHERE r.session_key = {key_of('?1')} AND r.kind = 'tool_result'"
        f" AND p.tool_name IN ({marks}) ORDER BY m.seq",
        (session_id, *CHANGING_TOOLS),
    )
    files: dict[str, ChangedFile] = {}
    for row in rows:
        content, called = orjson.loads(unpack(row["content"])), None
        if needs_arguments(row["tool_name"], content):
            called = orjson.loads(unpack(row["called"]))
        change = read_change(row["tool_name"], content, called)
        if change is None:
            continue
        file = files.setdefault(change.path, ChangedFile(change.path))
        if change.lines_added is not None:
            file.lines_added = (file.lines_added or 0) + change.lines_added
            file.lines_removed = (file.lines_removed or 0) + (change.lines_removed or 0)
        name = conversation_name(row["id"], session_id, row["agent_id"])
        file.edits.append(FileEdit(row["agent_id"], name))
    return list(files.values())

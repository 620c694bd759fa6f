"""A session as one file: Markdown to read, JSON to go on with; written as it is read."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Literal, TypeAlias

import orjson

from ccsync_watch.dashboard import formatting
from ccsync_watch.dashboard.conversation import outcome_of
from ccsync_watch.store import conversations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccsync_watch.model import JsonValue, Part, StoredMessage
    from ccsync_watch.store.database import Database
    from ccsync_watch.store.session_list import SessionRow

Form: TypeAlias = Literal["md", "json"]
MEDIA_TYPES = {"md": "text/markdown; charset=utf-8", "json": "application/json"}
_CHUNK_MESSAGES = 200
# Each piece is a trip through a thread.
_CHUNK_CHARS = 1 << 16
_HEADINGS = {"prompt": "Prompt", "answer": "Claude", "summary": "Summary", "command": "Command"}


def exported(database: Database, row: SessionRow, form: str) -> Iterator[str]:
    """Yield a session's text, its subagents' conversations after its own."""
    held: list[str] = []
    size = 0
    for piece in _markdown(database, row) if form == "md" else _json(database, row):
        held.append(piece)
        size += len(piece)
        if size >= _CHUNK_CHARS:
            yield "".join(held)
            held, size = [], 0
    yield "".join(held)


def _messages(database: Database, session_id: str, agent_id: str | None) -> Iterator[StoredMessage]:
    after = 0
    while found := conversations.conversation_page(
        database, session_id, agent_id=agent_id, after_seq=after, limit=_CHUNK_MESSAGES
    ):
        yield from found
        after = found[-1].seq


def _json(database: Database, row: SessionRow) -> Iterator[str]:
    yield '{"session":' + orjson.dumps(asdict(row)).decode() + ',"messages":['
    agents = [
        None,
        *(subagent.agent_id for subagent in conversations.list_subagents(database, row.session_id)),
    ]
    separator = ""
    for agent_id in agents:
        for message in _messages(database, row.session_id, agent_id):
            yield separator + "\n" + orjson.dumps(asdict(message)).decode()
            separator = ","
    yield "\n]}\n"


def _markdown(database: Database, row: SessionRow) -> Iterator[str]:
    yield f"# {row.title or row.session_id}\n\n"
    facts = {
        "Session": row.session_id,
        "Project": row.project_path,
        "Branch": row.git_branch,
        "Model": row.model,
        "Started": formatting.moment(row.started_ms),
        "Last row": formatting.moment(row.updated_ms),
        "Tokens": f"{row.input_tokens + row.cache_read_tokens + row.cache_write_tokens:,} in,"
        f" {row.output_tokens:,} out",
    }
    yield "".join(f"- {name}: {value}\n" for name, value in facts.items() if value)
    yield from _conversation(database, row.session_id, None)
    for agent in conversations.list_subagents(database, row.session_id):
        yield f"\n---\n\n# Subagent {agent.agent_type or agent.agent_id}\n\n"
        yield from _conversation(database, row.session_id, agent.agent_id)


def _conversation(database: Database, session_id: str, agent_id: str | None) -> Iterator[str]:
    for message in _messages(database, session_id, agent_id):
        pieces = [piece for part in message.parts if (piece := _part(part))]
        if not pieces:
            continue
        name = _HEADINGS.get(message.kind, message.kind.replace("_", " ").capitalize())
        yield (
            f"\n## {name} · {formatting.moment(message.timestamp_ms)}\n\n"
            + "\n\n".join(pieces)
            + "\n"
        )


def _part(part: Part) -> str:
    content = part.content
    if part.kind == "tool-call":
        return f"**{part.tool_name}**\n\n{_fenced(_dumped(content), 'json')}"
    if part.kind == "tool-result":
        made = outcome_of(content)
        told = "ok" if made.is_ok else "error"
        code = "" if made.exit_code is None else f", exit code {made.exit_code}"
        return f"_{told}{code}_" + (f"\n\n{_fenced(made.output)}" if made.output else "")
    if isinstance(content, str):
        return f"_Thinking_\n\n{content}" if part.kind == "thinking" else content
    return f"_{part.kind}: {_dumped(content, is_brief=True)}_"


def _dumped(content: JsonValue, *, is_brief: bool = False) -> str:
    return orjson.dumps(content, option=None if is_brief else orjson.OPT_INDENT_2).decode()


def _fenced(text: str, language: str = "") -> str:
    """Return a block of code whose fence is longer than any in it."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text}\n{fence}"

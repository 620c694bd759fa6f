"""Write a session as one file, Markdown for people or JSON for programs, piece by piece."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from ccsync_watch.accounting.account import NO_TOKENS, NOTHING, format_cost
from ccsync_watch.dashboard.json_text import compact_json, indented_json
from ccsync_watch.dashboard.local_time import date_and_time
from ccsync_watch.dashboard.speakers import speaker_of
from ccsync_watch.plain_text import plain_text
from ccsync_watch.store import conversations, session_annotations
from ccsync_watch.store.hand_offs import find_hand_off
from ccsync_watch.store.rewound import is_rewound, rewound_ranges
from ccsync_watch.store.session_facts import shown_facts
from ccsync_watch.store.stored_messages import tool_results
from ccsync_watch.store.withdrawn import withdrawal
from ccsync_watch.transcripts.call_outcome import read_outcome
from ccsync_watch.transcripts.inferred_times import is_inferred
from ccsync_watch.transcripts.kept_files import describe_file, describe_values
from ccsync_watch.units import plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ccsync_watch.accounting.account import SessionAccount
    from ccsync_watch.accounting.session_accounts import SubagentAccount
    from ccsync_watch.model import Part
    from ccsync_watch.outgoing import StoredMessage
    from ccsync_watch.store.conversations import SubagentRow
    from ccsync_watch.store.database import Database
    from ccsync_watch.store.session_annotations import MessageMark
    from ccsync_watch.store.session_list import SessionRow

MEDIA_TYPES = {"md": "text/markdown; charset=utf-8", "json": "application/json"}
"""By the name of the format, which is the file's extension too."""
_CHUNK_MESSAGES = 200
# Each chunk is a trip through a thread.
_CHUNK_CHARS = 1 << 16
_MAX_INLINE_CHARS = 100


def iterate_document(
    database: Database,
    session: SessionRow,
    account: SessionAccount | SubagentAccount | None,
    document_format: str,
    agent: SubagentRow | None = None,
) -> Iterator[str]:
    """Yield a session's text in chunks, its subagents' conversations after its own.

    With `agent` only that subagent's, whose account it is then; None for one that used nothing.
    `document_format` is a name of `MEDIA_TYPES`.
    """
    iterate = _iterate_markdown if document_format == "md" else _iterate_json
    chunk: list[str] = []
    size = 0
    for piece in iterate(database, session, account, agent):
        chunk.append(piece)
        size += len(piece)
        if size >= _CHUNK_CHARS:
            yield plain_text("".join(chunk))
            chunk, size = [], 0
    yield plain_text("".join(chunk))


def _iterate_messages(
    database: Database, session_id: str, agent_id: str | None
) -> Iterator[StoredMessage]:
    last_seq = 0
    while messages := conversations.conversation_page(
        database, session_id, agent_id=agent_id, after_seq=last_seq, limit=_CHUNK_MESSAGES
    ):
        yield from messages
        last_seq = messages[-1].seq


def _iterate_json(
    database: Database,
    session: SessionRow,
    account: SessionAccount | SubagentAccount | None,
    agent: SubagentRow | None,
) -> Iterator[str]:
    tokens, cost = (account.tokens, account.cost) if account else (NO_TOKENS, NOTHING)
    fields = {
        **asdict(session),
        "prompt_tokens": tokens.prompt,
        "input_tokens": tokens.input,
        "cache_write_tokens": tokens.cache_write,
        "cache_read_tokens": tokens.cache_read,
        "output_tokens": tokens.output,
        "cost": asdict(cost),
        "facts": shown_facts(database.read(), session.session_id),
    }
    said = asdict(session_annotations.load_annotation(database, session.session_id))
    del said["session_id"]
    fields["annotation"] = said
    marks = _marks(database, session)
    if session.pruned is None:
        del fields["pruned"]
    if agent is not None:
        fields["subagent"] = asdict(agent)
    yield '{"session":' + compact_json(fields) + ',"messages":['
    session_id = session.session_id
    agent_ids: list[str | None] = [
        subagent.agent_id for subagent in conversations.list_subagents(database, session_id)
    ]
    rewound = rewound_ranges(database, session_id)
    separator = ""
    for agent_id in [None, *agent_ids] if agent is None else [agent.agent_id]:
        for message in _iterate_messages(database, session_id, agent_id):
            marked = {
                **asdict(message),
                "is_rewound": is_rewound(rewound, message.seq),
                "withdrawn": withdrawal(message),
                "mark": asdict(mark) if (mark := marks.get(message.id)) else None,
            }
            for part in marked["parts"]:
                del part["styles"]  # of pages only
            yield separator + "\n" + compact_json(marked)
            separator = ","
    yield "\n]}\n"


def _marks(database: Database, session: SessionRow) -> dict[str, MessageMark]:
    marks = session_annotations.list_marks(database, session_id=session.session_id)
    return {mark.message_id: mark for mark in marks}


def _pruned_text(session: SessionRow) -> str | None:
    pruned = session.pruned
    if pruned is None:
        return None
    return f"of {plural(pruned.messages, 'message')}, {date_and_time(pruned.at_ms)}"


def _iterate_markdown(
    database: Database,
    session: SessionRow,
    account: SessionAccount | SubagentAccount | None,
    agent: SubagentRow | None,
) -> Iterator[str]:
    tokens, cost = (account.tokens, account.cost) if account else (NO_TOKENS, NOTHING)
    figures = {
        "Tokens": f"{tokens.prompt:,} prompt, {tokens.output:,} output",
        "Cost": format_cost(cost),
    }
    if agent is not None:
        yield from _iterate_subagent(database, session, agent, figures)
        return
    yield f"# {_one_line(session.title or session.session_id)}\n\n"
    hand_off = find_hand_off(database, session.session_id)
    said = session_annotations.load_annotation(database, session.session_id)
    facts = {
        "Session": session.session_id,
        "Continues": hand_off.source,
        "Continued in": hand_off.target,
        "Project": session.project_path,
        "Worktree": session.worktree,
        "Branch": session.git_branch,
        "Model": session.model,
        "Started": date_and_time(session.started_ms),
        "Last message": date_and_time(session.updated_ms),
        "Texts removed": _pruned_text(session),
        **figures,
        "Claude Code's own helpers": _describe_helpers(database, session.session_id),
        **shown_facts(database.read(), session.session_id),
        "Starred": "yes" if said.is_starred else "",
        "Tags": ", ".join(said.tags),
        "Note": said.note or "",
    }
    yield "".join(f"- {name}: {_one_line(value)}\n" for name, value in facts.items() if value)
    marks = _marks(database, session)
    yield from _iterate_conversation(database, session.session_id, None, marks)
    for subagent in conversations.list_subagents(database, session.session_id):
        yield "\n---\n\n"
        yield from _iterate_subagent(database, session, subagent, {})


def _iterate_subagent(
    database: Database, session: SessionRow, agent: SubagentRow, figures: dict[str, str]
) -> Iterator[str]:
    yield f"# Subagent {_one_line(agent.name)}\n\n"
    task = ": ".join(_one_line(value) for value in (agent.phase, agent.description) if value)
    yield f"{task}\n" if task else ""
    if figures:
        facts = {
            "Session": session.session_id,
            "Subagent": agent.agent_id,
            "Model": ", ".join(agent.models),
            "Started": date_and_time(agent.started_ms),
            "Last message": date_and_time(agent.updated_ms),
            **figures,
        }
        yield "".join(f"- {name}: {_one_line(value)}\n" for name, value in facts.items() if value)
    marks = _marks(database, session)
    yield from _iterate_conversation(database, session.session_id, agent.agent_id, marks)


def _describe_helpers(database: Database, session_id: str) -> str:
    """Return what the client started subagents for by itself; their conversations are not kept."""
    return ", ".join(
        f"{purpose} ({plural(responses, 'response')}, {output:,} output)"
        for purpose, responses, output in conversations.list_helpers(database, session_id)
    )


def _iterate_conversation(
    database: Database,
    session_id: str,
    agent_id: str | None,
    marks: Mapping[str, MessageMark],
) -> Iterator[str]:
    rewound = rewound_ranges(database, session_id) if agent_id is None else []
    for message in _iterate_messages(database, session_id, agent_id):
        pieces = [piece for part in message.parts if (piece := _format_part(part))]
        if not pieces:
            continue
        name = heading_of(message)
        fate = "rewound" if is_rewound(rewound, message.seq) else withdrawal(message)
        mark = f" · {fate}" if fate else ""
        if message.id in marks:
            mark += f" · {marks[message.id].mark}"
        yield f"\n## {_one_line(name)}{mark} · {_when(message)}\n\n" + "\n\n".join(pieces) + "\n"


def format_message(database: Database, message: StoredMessage) -> str:
    """Return what a message says as Markdown, with the results of its calls."""
    call_ids = [
        part.tool_use_id for part in message.parts if part.kind == "tool-call" and part.tool_use_id
    ]
    results = tool_results(database, call_ids)
    pieces = []
    for part in message.parts:
        pieces.append(_format_part(part))
        if part.kind == "tool-call" and part.tool_use_id in results:
            pieces.append(_format_part(results[part.tool_use_id]))
    return plain_text("\n\n".join(filter(None, pieces)) + "\n")


def heading_of(message: StoredMessage) -> str:
    """Return who or what a message is from, as the file's headings say it."""
    return "Prompt" if message.kind == "prompt" else speaker_of(message)


def _one_line(text: str) -> str:
    return " ".join(text.splitlines())


def _when(message: StoredMessage) -> str:
    date = date_and_time(message.timestamp_ms)
    return f"{date} (inferred)" if is_inferred(message.facts) else date


def _format_part(part: Part) -> str:
    content = part.content
    if part.kind == "tool-call":
        return f"**{part.tool_name}**\n\n{_code_block(indented_json(content), 'json')}"
    if part.kind == "tool-result":
        outcome = read_outcome(content)
        code = "" if outcome.exit_code is None else f", exit code {outcome.exit_code}"
        note = f" · {outcome.facts['note']}" if "note" in outcome.facts else ""
        if "backgroundTaskId" in outcome.facts:
            note += f" · background task {outcome.facts['backgroundTaskId']}"
        summary = f"_{outcome.denied or ('ok' if outcome.is_ok else 'error')}{code}{note}_"
        if outcome.said:
            summary += f": {outcome.said}" if outcome.denied else f", you said: {outcome.said}"
        return summary + (f"\n\n{_code_block(outcome.output)}" if outcome.output else "")
    if part.kind in {"image", "file"}:
        return f"_{describe_file(part.kind, content)}_"
    if part.kind == "note" and isinstance(content, dict) and "label" in content:
        return _format_note(str(content["label"]), str(content.get("text") or ""))
    if isinstance(content, str):
        return f"_Thinking_\n\n{content}" if part.kind == "thinking" else content
    sizes = describe_values(content) if isinstance(content, dict) else []
    return f"_{part.kind} withheld: {', '.join(sizes)}_"


def _format_note(label: str, text: str) -> str:
    if not text or (len(text) <= _MAX_INLINE_CHARS and "\n" not in text):
        return f"_{label}: {text}_" if text else f"_{label}_"
    return f"_{label}_\n\n{_code_block(text)}"


def _code_block(text: str, language: str = "") -> str:
    """Return a block of code whose fence is longer than any in the text."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text}\n{fence}"

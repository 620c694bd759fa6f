"""The titles of sessions that nobody named: what a person typed first, else the first command.

In the ingest transaction. A better title replaces the one of a row that was stored before.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING

from ccsync_watch.transcripts.plans import plan_heading
from ccsync_watch.transcripts.wrappers import LOCAL_COMMANDS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from ccsync_watch.model import Message, Part

MAX_TITLE_CHARS = 200
_MAX_SCANNED_CHARS = 8000
# An element that stands on lines of its own before what was typed.
_TAG_BLOCK = re.compile(r"\s*<([A-Za-z][\w-]*)(?:\s[^<>]*)?>.*?</\1>[ \t\r]*\n", re.DOTALL)
_TAG_LINE = re.compile(r"\s*<(?:[^<>]*|([a-z-]+)[^<>]*>[^<>]*</\1)>\s*")
_FENCE = re.compile(r"\s*(?:```|~~~)[\w+-]*\s*")
_ATTACHED = {"image": "Image", "file": "File"}
"""What a prompt without words is called, by the kind of its part."""
# What makes a session a conversation. An answer does too, unless only the client asked.
_CONVERSATION_KINDS = frozenset(
    {
        "prompt",
        "blocked",
        "teammate",
        "cross_session",
        "plan",
        "summary",
        "compaction",
        "notification",
        "task",
    }
)
# What can make a title: most messages cannot, and are not searched for one.
_TITLED_KINDS = frozenset({"prompt", "blocked", "command", "teammate", "cross_session", "plan"})


class TitleRank(IntEnum):
    """What a title is made of, the best last; stored, so that the numbers never change."""

    PEER = 1
    LOCAL_COMMAND = 2
    COMMAND = 3
    PASTE = 4
    PROMPT = 5


def save_titles(connection: sqlite3.Connection, messages: Iterable[Message]) -> None:
    """Save the best title that messages of main conversations make, and which are conversations."""
    titles: dict[str, tuple[TitleRank, str]] = {}
    spoken: set[str] = set()
    answered: set[str] = set()
    for message in messages:
        if message.agent_id:
            continue
        session_id = message.session_id
        best = titles.get(session_id)
        # Most messages of a session come after a prompt that it is named after.
        is_settled = best is not None and best[0] is TitleRank.PROMPT
        title = None if is_settled and message.kind != "command" else _title_of(message)
        if title and (best is None or title[0] > best[0]):
            titles[session_id] = title
        if message.kind in _CONVERSATION_KINDS or (title and title[0] is TitleRank.COMMAND):
            spoken.add(session_id)
        elif message.kind in {"answer", "tool_result"}:
            answered.add(session_id)
    connection.executemany(
        "UPDATE sessions SET first_prompt = ?2, title_rank = ?3 WHERE id = ?1"
        " AND (first_prompt IS NULL OR title_rank < ?3) AND NOT is_metadata_only",
        [(session_id, title, int(rank)) for session_id, (rank, title) in titles.items()],
    )
    mark = "UPDATE sessions SET is_conversation = 1 WHERE id = ? AND NOT is_conversation"
    connection.executemany(mark, [(session_id,) for session_id in sorted(spoken)])
    connection.executemany(
        f"{mark} AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.session_id = sessions.id"  # noqa: S608 - constants
        " AND m.kind = 'injected' AND json_extract(m.facts, '$.request') IS NOT NULL)",
        [(session_id,) for session_id in sorted(answered - spoken)],
    )


def list_unread(connection: sqlite3.Connection, path_keys: Iterable[bytes]) -> None:
    """Mark the conversations among sessions whose files are gone before they were read again.

    An update of the database leaves that to the reading, which has more of a session.
    """
    kinds = sorted(_CONVERSATION_KINDS | {"answer", "tool_result"})
    connection.executemany(
        "UPDATE sessions SET is_conversation = 1 WHERE NOT is_conversation AND id IN"  # noqa: S608 - question marks only
        " (SELECT session_id FROM transcripts WHERE path_key = ? AND offset = 0 AND size = -1)"
        " AND EXISTS (SELECT 1 FROM messages m WHERE m.session_id = sessions.id"
        f" AND m.agent_id IS NULL AND m.kind IN (?{', ?' * (len(kinds) - 1)}))",
        [(key, *kinds) for key in path_keys],
    )


def _title_of(message: Message) -> tuple[TitleRank, str] | None:
    """Return the title that a message makes, None for one that makes none."""
    if message.kind not in _TITLED_KINDS:
        return None
    texts = [
        part.content
        for part in message.parts
        if part.kind == "text" and isinstance(part.content, str)
    ]
    # A block of the client's can be a part of its own, before what was typed.
    typed = [text for text in texts if not _is_tag_block(text)] or texts[-1:]
    title = next((line for text in typed if (line := short_title(text))), "")
    rank = TitleRank.PROMPT
    if message.kind == "prompt" and not title:
        title = next(filter(None, map(_pasted_line, message.parts)), "")
        title = title or next(
            filter(None, (_ATTACHED.get(part.kind) for part in message.parts)), ""
        )
        rank = TitleRank.PASTE
    elif message.kind == "blocked":
        rank = TitleRank.PASTE
    elif message.kind == "command":
        is_local = title.split(" ", 1)[0] in LOCAL_COMMANDS
        rank = TitleRank.LOCAL_COMMAND if is_local else TitleRank.COMMAND
    elif message.kind in {"teammate", "cross_session"}:
        rank = TitleRank.PEER
        sender = message.facts.get("from")
        title = short_title(f"{sender}: {title}") if title and sender else title
    elif message.kind == "plan":
        headings = filter(None, map(plan_heading, texts))
        title = short_title(next(headings, "")) or title
    return (rank, title) if title else None


def _is_tag_block(text: str) -> bool:
    return text.lstrip()[:1] == "<" and _TAG_BLOCK.fullmatch(f"{text.rstrip()}\n") is not None


def _pasted_line(part: Part) -> str:
    content = part.content
    if part.kind != "note" or not isinstance(content, dict):
        return ""
    text = content.get("text")
    return short_title(text) if isinstance(text, str) else ""


def short_title(text: str) -> str:
    """Return a text's first line with words that is not a tag, if there is one, cut at a word."""
    text = text[:_MAX_SCANNED_CHARS]
    while (block := _TAG_BLOCK.match(text)) and any(map(str.isalnum, text[block.end() :])):
        text = text[block.end() :]
    lines = [line for line in text.splitlines() if any(map(_is_seen, line))]
    wordy = [line for line in lines if any(map(str.isalnum, line)) and not _FENCE.fullmatch(line)]
    line = next((line for line in wordy if not _TAG_LINE.fullmatch(line)), None)
    line = line or (wordy or lines or [""])[0]
    line = " ".join(line.split())
    if len(line) <= MAX_TITLE_CHARS:
        return line
    head = line[: MAX_TITLE_CHARS - 1]
    at_word = head.rsplit(" ", 1)[0] if " " in head[MAX_TITLE_CHARS // 2 :] else head
    return f"{at_word}…"


def _is_seen(character: str) -> bool:
    return character.isprintable() and not character.isspace()

"""The messages that a person marked, one JSON object a line: what evaluations are made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.dashboard.json_text import compact_json
from ccsync_watch.dashboard.local_time import iso_utc
from ccsync_watch.plain_text import plain_text
from ccsync_watch.store import conversations, session_annotations, session_list
from ccsync_watch.store.stored_messages import tool_results

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ccsync_watch.model import JsonValue, Part
    from ccsync_watch.outgoing import StoredMessage
    from ccsync_watch.store.database import Database
    from ccsync_watch.store.session_annotations import MessageMark

MEDIA_TYPE = "application/jsonl"
_MAX_ROWS = 100


def iterate_marked(
    database: Database, *, session_id: str | None = None, mark: str | None = None
) -> Iterator[str]:
    """Yield a line for each marked message, of one session or all, with one mark or any.

    The messages of an excluded session are left out. Of one that is not stored any more, as its
    texts were removed or its transcript was not read again, `is_stored` is false.
    """
    for item in session_annotations.list_marks(database, session_id=session_id, mark=mark):
        session = session_list.load_session(database, item.session_id)
        if session is None:
            continue
        name = conversations.conversation_name(item.message_id, item.session_id, item.agent_id)
        message = conversations.find_message(database, item.session_id, item.agent_id, name)
        said = session_annotations.load_annotation(database, item.session_id)
        line: dict[str, JsonValue] = {
            "mark": item.mark,
            "note": item.note,
            "marked_at": iso_utc(item.marked_ms),
            "session_id": item.session_id,
            "agent_id": item.agent_id,
            "uuid": name,
            "session": {
                "title": session.title,
                "project": session.project_path,
                "branch": session.git_branch,
                "tags": list(said.tags),
                "is_starred": said.is_starred,
            },
            **_content(database, item, message),
        }
        yield plain_text(compact_json(line)) + "\n"


def _content(
    database: Database, item: MessageMark, message: StoredMessage | None
) -> dict[str, JsonValue]:
    if message is None or not message.parts:
        return {"is_stored": False}
    parts = [part for row in _response(database, item, message) for part in row.parts]
    calls = [part for part in parts if part.kind == "tool-call"]
    results = tool_results(database, [part.tool_use_id for part in calls if part.tool_use_id])
    return {
        "is_stored": True,
        "at": iso_utc(message.timestamp_ms) if message.timestamp_ms is not None else None,
        "role": message.role,
        "kind": message.kind,
        "model": message.model,
        # What was asked before it; a prompt answers nothing.
        "prompt": None if message.kind == "prompt" else _prompt_before(database, item, message),
        "text": _text_of(parts),
        "tool_calls": [
            {
                "name": part.tool_name,
                "arguments": part.content,
                "result": results[part.tool_use_id].content
                if part.tool_use_id in results
                else None,
            }
            for part in calls
        ],
    }


def _response(
    database: Database, item: MessageMark, message: StoredMessage
) -> Iterator[StoredMessage]:
    """Yield the rows of the response that a message is of, as they follow each other in a card."""
    rows = conversations.conversation_page(
        database,
        item.session_id,
        agent_id=item.agent_id,
        after_seq=message.seq - 1,
        limit=_MAX_ROWS,
    )
    responses = conversations.responses_of(database, [row.seq for row in rows])
    response = responses.get(message.seq)
    for row in rows:
        if row.seq != message.seq and (response is None or responses.get(row.seq) != response):
            return
        yield row


def _prompt_before(database: Database, item: MessageMark, message: StoredMessage) -> str | None:
    prompts = conversations.conversation_page(
        database,
        item.session_id,
        agent_id=item.agent_id,
        before_seq=message.seq,
        limit=1,
        selection="prompts",
    )
    return _text_of(prompts[0].parts) if prompts else None


def _text_of(parts: Iterable[Part]) -> str:
    texts = [
        part.content for part in parts if part.kind == "text" and isinstance(part.content, str)
    ]
    return "\n\n".join(texts)

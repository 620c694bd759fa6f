"""The backend's four write functions, each one transaction over `Tables`.

Callers validate first: these decide only what a well-formed request does. Traps are marked ▲.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from support.opensync_double.tables import Tables, part_of, patch_message
from support.opensync_double.validators import EngineError, check_document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.opensync_double.records import Fields, Message, Session

SESSION_QUIET_MS = 10_000
MESSAGE_YOUNG_MS = 5_000
SEARCH_TEXT_CHARS = 10_000


@dataclass(slots=True)
class Counts:
    """What a batch did; only `inserted + updated` and `errors` reach the client."""

    inserted: int = 0
    updated: int = 0
    skipped: int = 0
    errors: list[str] = field(default_factory=list)


def upsert_session(
    tables: Tables, user_id: str, fields: Fields, *, now_ms: int
) -> tuple[Session, bool]:
    """Do what POST /sync/session does; return the row, and whether the upsert was kept."""
    row = tables.find_session(user_id, fields["externalId"])
    if row is None:
        return _insert_session(tables, user_id, fields, now_ms=now_ms), True
    if _is_dropped(row, fields, now_ms=now_ms, looks_at_all_five=True):
        return row, False
    # ▲ A new title replaces the search text that the messages had built up.
    if fields.get("title", row.title) != row.title:
        row.searchable_text = fields["title"]
    _patch_session(row, fields, now_ms=now_ms)
    return row, True


def batch_sessions(tables: Tables, user_id: str, rows: list[Fields], *, now_ms: int) -> Counts:
    """Do what the `sessions` array of POST /sync/batch does."""
    counts = Counts()
    # The real function reads all rows in parallel before it writes any: duplicates both insert.
    rows_before = [tables.find_session(user_id, fields["externalId"]) for fields in rows]
    for fields, row in zip(rows, rows_before, strict=True):
        if row is None:
            _insert_session(tables, user_id, fields, now_ms=now_ms)
            counts.inserted += 1
        elif _is_dropped(row, fields, now_ms=now_ms, looks_at_all_five=False):
            counts.skipped += 1
        else:
            # A new title replaces no search text here, unlike that of a single session.
            _patch_session(row, fields, now_ms=now_ms)
            counts.updated += 1
    return counts


def upsert_message(tables: Tables, user_id: str, fields: Fields, *, now_ms: int) -> Message:
    """Do what POST /sync/message does; an error leaves nothing behind."""
    existing = tables.find_message(fields["externalId"])
    if existing is not None and _is_young(existing, now_ms):
        return existing
    check_document({name: value for name, value in fields.items() if name != "parts"})
    parts = tuple(part_of(sent) for sent in fields.get("parts", ()))
    _check_search_text(tables, user_id, [fields])
    session = _session_for(tables, user_id, fields, now_ms=now_ms)
    if existing is None:
        row = tables.insert_message(session, fields, now_ms=now_ms)
        session.message_count += 1
    else:
        # ▲ The row keeps its own session, whichever session this request names.
        row = existing
        patch_message(row, fields)
    row.parts = parts
    text = _text_of(fields)
    if text:
        # ▲ Also for a message that was there before: its text is appended once more.
        session.searchable_text = _searchable(session, text)
    if text or existing is None:
        session.updated_at_ms = now_ms
    return row


def batch_messages(tables: Tables, user_id: str, rows: list[Fields], *, now_ms: int) -> Counts:
    """Do what the `messages` array of POST /sync/batch does, session by session."""
    counts = Counts()
    by_session: dict[str, list[Fields]] = {}
    for fields in rows:
        by_session.setdefault(fields["sessionExternalId"], []).append(fields)
    for group in by_session.values():
        new = [fields for fields in group if tables.find_message(fields["externalId"]) is None]
        _check_search_text(tables, user_id, new)
    for group in by_session.values():
        session = _session_for(tables, user_id, group[0], now_ms=now_ms)
        _batch_one_session(tables, session, group, counts, now_ms=now_ms)
    return counts


def _batch_one_session(
    tables: Tables, session: Session, group: list[Fields], counts: Counts, *, now_ms: int
) -> None:
    texts: list[str] = []
    inserted = 0
    # As in `batch_sessions`: the lookups all come before the first insert.
    rows_before = [tables.find_message(fields["externalId"]) for fields in group]
    for fields, existing in zip(group, rows_before, strict=True):
        if existing is not None and _is_young(existing, now_ms):
            counts.skipped += 1
        elif existing is not None:
            patch_message(existing, fields)
            # ▲ The old parts go and the new ones are never inserted.
            existing.parts = ()
            counts.updated += 1
        else:
            try:
                _insert_with_parts(tables, session, fields, now_ms=now_ms)
            except EngineError as error:
                counts.errors.append(f"{fields['externalId']}: {error}")
                continue
            inserted += 1
            texts.append(_text_of(fields))
    counts.inserted += inserted
    if inserted:
        session.message_count += inserted
        session.updated_at_ms = now_ms
        text = " ".join(filter(None, texts))
        if text:
            session.searchable_text = _searchable(session, text)


def _insert_with_parts(tables: Tables, session: Session, fields: Fields, *, now_ms: int) -> None:
    """Insert row and parts; ▲ an impossible part leaves the row, and its other parts, behind.

    The real function catches the error inside its transaction, which therefore commits.
    """
    row = tables.insert_message(session, fields, now_ms=now_ms)
    errors: list[EngineError] = []
    for sent in fields.get("parts", ()):
        with _noted(errors):
            row.parts = (*row.parts, part_of(sent))
    if errors:
        raise errors[0]


@contextlib.contextmanager
def _noted(errors: list[EngineError]) -> Iterator[None]:
    try:
        yield
    except EngineError as error:
        errors.append(error)


def _insert_session(tables: Tables, user_id: str, fields: Fields, *, now_ms: int) -> Session:
    row = tables.insert_session(
        user_id, fields["externalId"], source=fields.get("source"), now_ms=now_ms
    )
    source = row.source
    _patch_session(row, fields, now_ms=now_ms)
    row.source = source
    row.searchable_text = row.title
    # The only moment at which a session's own date is listened to.
    row.created_at_ms = fields.get("createdAt", now_ms)
    return row


def _patch_session(row: Session, fields: Fields, *, now_ms: int) -> None:
    row.title = fields.get("title", row.title)
    row.project_path = fields.get("projectPath", row.project_path)
    row.project_name = fields.get("projectName", row.project_name)
    row.model = fields.get("model", row.model)
    row.provider = fields.get("provider", row.provider)
    row.source = fields.get("source", row.source)
    # Zero tokens mean "unknown" and change nothing; zero cost and duration are values.
    row.prompt_tokens = fields.get("promptTokens") or row.prompt_tokens
    row.completion_tokens = fields.get("completionTokens") or row.completion_tokens
    row.total_tokens = row.prompt_tokens + row.completion_tokens
    row.cost = fields.get("cost", row.cost)
    row.duration_ms = fields.get("durationMs", row.duration_ms)
    row.updated_at_ms = now_ms


def _is_dropped(row: Session, fields: Fields, *, now_ms: int, looks_at_all_five: bool) -> bool:
    """▲ Return whether an upsert so soon after the last write is answered ok and forgotten.

    Title, model and path are compared as sent: leaving one out differs from a row that has it.
    """
    same = fields.get("title") == row.title and fields.get("model") == row.model
    same = same and fields.get("promptTokens", 0) in {0, row.prompt_tokens}
    if looks_at_all_five:
        same = same and fields.get("projectPath") == row.project_path
        same = same and fields.get("completionTokens", 0) in {0, row.completion_tokens}
    return same and now_ms - row.updated_at_ms < SESSION_QUIET_MS


def _is_young(message: Message, now_ms: int) -> bool:
    return now_ms - message.created_at_ms < MESSAGE_YOUNG_MS


def _session_for(tables: Tables, user_id: str, fields: Fields, *, now_ms: int) -> Session:
    """Find the message's session; ▲ without one, make it up: untitled and dated now."""
    external_id = fields["sessionExternalId"]
    session = tables.find_session(user_id, external_id)
    if session is None:
        session = tables.insert_session(
            user_id, external_id, source=fields.get("source"), now_ms=now_ms
        )
        session.model = fields.get("model")
    return session


def _text_of(fields: Fields) -> str:
    texts = (_part_text(sent["content"]) for sent in fields.get("parts", ()) if _is_text(sent))
    return " ".join(filter(None, texts))


def _is_text(sent: Fields) -> bool:
    return bool(sent["type"] == "text")


def _part_text(content: object) -> str:
    if isinstance(content, dict):
        content = content.get("text") or content.get("content")
    return content if isinstance(content, str) else ""


def _searchable(session: Session, text: str) -> str:
    """Return the search text with more appended, cut by its length in UTF-16."""
    units = f"{session.searchable_text or ''} {text}".encode("utf-16-le", "surrogatepass")
    return units[: 2 * SEARCH_TEXT_CHARS].decode("utf-16-le", "ignore")


def _check_search_text(tables: Tables, user_id: str, group: list[Fields]) -> None:
    """▲ Fail where the search text would be cut through a character beyond the first plane.

    JavaScript cuts it in two, and the engine accepts no half: nothing is written.
    """
    session = tables.find_session(user_id, group[0]["sessionExternalId"]) if group else None
    text = " ".join(filter(None, map(_text_of, group)))
    units = f"{session.searchable_text or '' if session else ''} {text}".encode("utf-16-le")
    try:
        units[: 2 * SEARCH_TEXT_CHARS].decode("utf-16-le")
    except UnicodeDecodeError:
        raise EngineError("Received invalid json: unexpected end of hex escape") from None

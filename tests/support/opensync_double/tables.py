"""The backend's four tables in memory, with the indexes its functions look through."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from support.opensync_double.records import Fields, Message, Part, Session
from support.opensync_double.validators import check_document

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True)
class Tables:
    """Rows in insertion order. An index answers with its oldest row, as `.first()` does."""

    user_by_api_key: dict[str, str] = field(default_factory=dict)
    sessions: list[Session] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    _session_index: dict[tuple[str, str], Session] = field(default_factory=dict)
    # ▲ By external id alone: neither the user nor the session is part of the key.
    _message_index: dict[str, Message] = field(default_factory=dict)
    _messages_by_session: dict[str, list[Message]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def find_session(self, user_id: str, external_id: str) -> Session | None:
        """Look through `by_user_external`."""
        return self._session_index.get((user_id, external_id))

    def find_message(self, external_id: str) -> Message | None:
        """Look through `by_external_id`, which is global."""
        return self._message_index.get(external_id)

    def delete_session(self, session: Session) -> None:
        """Delete a session with its messages, as its owner can in the app."""
        self.sessions.remove(session)
        del self._session_index[session.user_id, session.external_id]
        for row in self._messages_by_session.pop(session.id, []):
            self.messages.remove(row)
            self._message_index.pop(row.external_id, None)

    def messages_of(self, session: Session) -> list[Message]:
        """Look through `by_session`."""
        return list(self._messages_by_session.get(session.id, ()))

    def insert_session(
        self, user_id: str, external_id: str, *, source: str | None, now_ms: int
    ) -> Session:
        """Add an empty session, created and updated now."""
        # The backend's own names: "opencode" by default, and one spelling for Cursor.
        source = source or "opencode"
        row = Session(
            id=f"session{next(self._numbers):08}",
            user_id=user_id,
            external_id=external_id,
            source="cursor-sync" if source == "cursor" else source,
            created_at_ms=now_ms,
            updated_at_ms=now_ms,
        )
        self.sessions.append(row)
        self._session_index.setdefault((user_id, external_id), row)
        return row

    def insert_message(self, session: Session, fields: Fields, *, now_ms: int) -> Message:
        """Add a message without parts; reject one that is too large for a document."""
        check_document({name: value for name, value in fields.items() if name != "parts"})
        row = Message(
            id=f"message{next(self._numbers):08}",
            session_id=session.id,
            external_id=fields["externalId"],
            role=fields["role"],
            text_content=fields.get("textContent"),
            model=fields.get("model"),
            prompt_tokens=fields.get("promptTokens"),
            completion_tokens=fields.get("completionTokens"),
            duration_ms=fields.get("durationMs"),
            created_at_ms=fields.get("createdAt", now_ms),
        )
        self.messages.append(row)
        self._messages_by_session.setdefault(session.id, []).append(row)
        self._message_index.setdefault(row.external_id, row)
        return row


def patch_message(row: Message, fields: Fields) -> None:
    """Overwrite what was sent and keep the rest; role, session and date never change."""
    row.text_content = fields.get("textContent", row.text_content)
    row.model = fields.get("model", row.model)
    row.prompt_tokens = fields.get("promptTokens", row.prompt_tokens)
    row.completion_tokens = fields.get("completionTokens", row.completion_tokens)
    row.duration_ms = fields.get("durationMs", row.duration_ms)


def part_of(sent: Fields) -> Part:
    """Return a row of `parts`; reject one that is too large or too deep for a document."""
    check_document(sent)
    return Part(sent["type"], sent["content"])

"""The OpenSync backend as a pure state machine: a request in, an answer out, no HTTP.

Every request is one step under one lock. It behaves as the backend's own functions of 2026-02,
their traps included (marked ▲ in `mutations`), and is never more lenient than they are.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import orjson

from support.opensync_double import mutations, reading, validators
from support.opensync_double.records import Answer, Call, Fields, Json, Message, Session
from support.opensync_double.tables import Tables
from support.opensync_double.validators import EngineError
from support.opensync_double.wire import ScriptError, checked_rows, decoded, row_counts

if TYPE_CHECKING:
    from collections.abc import Callable

API_KEY = "osk_double0000000000000000000000000000"


class UnknownKey(Exception):  # noqa: N818 - a verdict on a request
    """The backend does not know the request's key."""


class Backend:
    """Users, sessions, messages and parts behind the paths that a sync client and its owner use.

    `clock` returns seconds since the epoch. `accepts_batch_created_at` plays the newer backend
    whose batch validators know `createdAt`. `max_read_bytes` is what one query may read.

    What the owner pays for is counted: `function_calls` of requests, and of the embedding jobs
    that requests started `embedding_jobs` with the documents that they read,
    `embedding_documents`.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        api_key: str = API_KEY,
        accepts_batch_created_at: bool = False,
    ) -> None:
        self.clock = clock
        self.api_key = api_key
        self.accepts_batch_created_at = accepts_batch_created_at
        self.keeps_bodies = True
        self.max_read_bytes = reading.MAX_READ_BYTES
        self.function_calls = 0
        self.embedding_jobs = 0
        self.embedding_documents = 0
        self._calls: list[Call] = []
        self._tables = Tables()
        self._lock = threading.RLock()
        self._functions: dict[str, Callable[[str, bytes], Answer]] = {
            "GET /sync/sessions/list": self._list_sessions,
            "POST /sync/session": self._sync_session,
            "POST /sync/message": self._sync_message,
            "POST /sync/batch": self._sync_batch,
        }
        self._queries: dict[str, Callable[[Tables, str, Fields], Fields | None]] = {
            "GET /api/sessions": reading.list_sessions,
            "GET /api/sessions/get": reading.read_session,
            "GET /api/search": reading.search_sessions,
            "GET /api/export": reading.export_session,
            "GET /api/stats": reading.read_statistics,
        }
        self.add_user(api_key)

    def add_user(self, api_key: str) -> str:
        """Make `api_key` valid, as a user of its own; return the user's id."""
        with self._lock:
            users = self._tables.user_by_api_key
            return users.setdefault(api_key, f"user{len(users) + 1:08}")

    # What tests look at -------------------------------------------------------------------

    @property
    def calls(self) -> list[Call]:
        """Return every recorded call in order of arrival."""
        with self._lock:
            return list(self._calls)

    def sessions(self) -> list[Session]:
        """Return copies of all sessions in insertion order."""
        with self._lock:
            return [replace(row) for row in self._tables.sessions]

    def session(self, external_id: str, *, api_key: str | None = None) -> Session:
        """Return a copy of one user's session; raise `KeyError` when it does not exist."""
        with self._lock:
            user_id = self._tables.user_by_api_key[api_key or self.api_key]
            row = self._tables.find_session(user_id, external_id)
            if row is None:
                raise KeyError(external_id)
            return replace(row)

    def messages(self, session_external_id: str, *, api_key: str | None = None) -> list[Message]:
        """Return copies of a session's messages in insertion order; none for no session."""
        with self._lock:
            user_id = self._tables.user_by_api_key[api_key or self.api_key]
            session = self._tables.find_session(user_id, session_external_id)
            return [replace(row) for row in self._tables.messages_of(session)] if session else []

    def shown(self, session_external_id: str) -> list[Message]:
        """Return a session's messages as the viewer draws them: by createdAt, then insertion."""
        return sorted(self.messages(session_external_id), key=lambda row: row.created_at_ms)

    def all_messages(self) -> list[Message]:
        """Return copies of all messages, of every user, in insertion order."""
        with self._lock:
            return [replace(row) for row in self._tables.messages]

    def tables_text(self) -> str:
        """Return everything that the tables hold, search texts included, as one text."""
        with self._lock:
            return repr((self._tables.sessions, self._tables.messages))

    def delete_session(self, external_id: str, *, api_key: str | None = None) -> None:
        """Delete a user's session in the app, messages included; raise `KeyError` without it."""
        with self._lock:
            user_id = self._tables.user_by_api_key[api_key or self.api_key]
            row = self._tables.find_session(user_id, external_id)
            if row is None:
                raise KeyError(external_id)
            self._tables.delete_session(row)

    # What clients do ----------------------------------------------------------------------

    def post(self, path: str, payload: Json, *, api_key: str | None = None) -> Answer:
        """Record and answer a POST without HTTP; the default key is the first user's."""
        return self._request("POST", path, orjson.dumps(payload), api_key)

    def get(self, path: str, *, api_key: str | None = None) -> Answer:
        """Record and answer a GET without HTTP; the default key is the first user's."""
        return self._request("GET", path, b"", api_key)

    def _request(self, method: str, path: str, body: bytes, api_key: str | None) -> Answer:
        authorization = f"Bearer {api_key or self.api_key}"
        self.record(method, path, authorization, body)
        return self.answer(method, path, authorization, body)

    def record(
        self,
        method: str,
        path: str,
        authorization: str | None,
        body: bytes,
        *,
        fault: str | None = None,
    ) -> None:
        """Record the arrival of a request, served or not."""
        path = urlsplit(path).path
        sessions, messages = row_counts(path, body)
        call = Call(
            method=method,
            path=path,
            at_seconds=self.clock(),
            session_rows=sessions,
            message_rows=messages,
            has_authorization=authorization is not None,
            fault=fault,
            body=body if self.keeps_bodies else b"",
        )
        with self._lock:
            self._calls.append(call)

    def answer(self, method: str, target: str, authorization: str | None, body: bytes) -> Answer:
        """Do what the request asks, whole, and say what the backend says."""
        if method == "OPTIONS":
            return Answer(204, b"")
        address = urlsplit(target)
        route = f"{method} {address.path}"
        if route == "GET /health":
            self._count_calls(1)
            return Answer.of({"status": "ok", "timestamp": self._now_ms()})
        if route not in self._functions and route not in self._queries:
            return Answer(404, b"No matching routes found", "text/plain")
        if len(body) > validators.MAX_BODY_BYTES:
            return Answer.of({"error": "Request body is larger than 20 MiB"}, 413)
        with self._lock:
            return self._serve(route, authorization, body, dict(parse_qsl(address.query)))

    def _serve(
        self, route: str, authorization: str | None, body: bytes, query: dict[str, str]
    ) -> Answer:
        """Check the key and call the function; the caller has the lock."""
        self._count_calls(2)  # the action, and the check of the key
        try:
            takes_tokens = route != "GET /sync/sessions/list"
            user_id = self._authenticate(authorization, takes_tokens=takes_tokens)
            if route in self._queries:
                return self._query(route, user_id, query)
            return self._functions[route](user_id, body)
        except (UnknownKey, EngineError, ScriptError) as error:
            status = 401 if isinstance(error, UnknownKey) else 500
            return Answer.of({"error": str(error)}, status)

    def _count_calls(self, count: int) -> None:
        with self._lock:
            self.function_calls += count

    def _authenticate(self, authorization: str | None, *, takes_tokens: bool) -> str:
        """Return the user's id; no sign-in token is ever valid here."""
        header = authorization or ""
        if header.startswith("Bearer osk_"):
            user_id = self._tables.user_by_api_key.get(header.removeprefix("Bearer "))
            if user_id is None:
                raise UnknownKey("Invalid API key")
            return user_id
        if not takes_tokens:
            raise UnknownKey("Invalid API key format")
        if not header.startswith("Bearer "):
            raise UnknownKey("Missing Authorization header")
        raise UnknownKey("Invalid or expired token")

    def _query(self, route: str, user_id: str, query: dict[str, str]) -> Answer:
        """Answer one of the reading addresses; each answer is also logged there."""
        required = {"GET /api/search": "q", "GET /api/sessions/get": "id", "GET /api/export": "id"}
        name = required.get(route)
        if name and not query.get(name):
            return Answer.of({"error": f"Missing {name}"}, 400)
        self._count_calls(1)
        payload = self._queries[route](self._tables, user_id, query)
        if payload is None:
            return Answer.of({"error": "Session not found"}, 404)
        self._count_calls(1)
        return Answer.of(payload)

    def _list_sessions(self, user_id: str, _body: bytes) -> Answer:
        self._count_calls(1)
        # ▲ Every session of the user is read whole, its search text included.
        own = reading.read_all_sessions(self._tables, user_id, max_bytes=self.max_read_bytes)
        return Answer.of({"sessionIds": [row.external_id for row in own]})

    def _sync_session(self, user_id: str, body: bytes) -> Answer:
        sent = decoded(body)
        external_id = sent.get("externalId") or sent.get("sessionId")
        if not external_id:
            return Answer.of({"error": "Missing externalId or sessionId"}, 400)
        shape = {**validators.SESSION, **validators.DATED}
        # Only known fields are picked: an unknown one is ignored here, not rejected.
        fields = {name: sent[name] for name in shape if name in sent}
        fields["externalId"] = external_id
        validators.check_value(fields)
        validators.check_object(fields, shape, required=validators.SESSION_REQUIRED)
        self._count_calls(1)
        row, is_kept = mutations.upsert_session(
            self._tables, user_id, fields, now_ms=self._now_ms()
        )
        if is_kept:
            self._embed(row)
        return Answer.of({"ok": True, "sessionId": row.id})

    def _embed(self, session: Session) -> None:
        """▲ Count a job that reads every message, and the parts of those without a text."""
        messages = self._tables.messages_of(session)
        parts = sum(len(row.parts) for row in messages if not row.text_content)
        self.embedding_jobs += 1
        self.embedding_documents += len(messages) + parts

    def _sync_message(self, user_id: str, body: bytes) -> Answer:
        sent = decoded(body)
        shape = {**validators.MESSAGE, **validators.DATED}
        fields = {name: sent[name] for name in shape if name in sent}
        validators.check_value(fields)
        validators.check_object(fields, shape, required=validators.MESSAGE_REQUIRED)
        self._count_calls(1)
        row = mutations.upsert_message(self._tables, user_id, fields, now_ms=self._now_ms())
        return Answer.of({"ok": True, "messageId": row.id})

    def _sync_batch(self, user_id: str, body: bytes) -> Answer:
        """Answer 200 whatever happens: one transaction per array, its failure a line of text."""
        sent = decoded(body)
        now_ms = self._now_ms()
        sessions, session_errors = self._batch(
            "Sessions",
            lambda rows: mutations.batch_sessions(self._tables, user_id, rows, now_ms=now_ms),
            sent.get("sessions"),
            validators.SESSION,
            validators.SESSION_REQUIRED,
        )
        messages, message_errors = self._batch(
            "Messages",
            lambda rows: mutations.batch_messages(self._tables, user_id, rows, now_ms=now_ms),
            sent.get("messages"),
            validators.MESSAGE,
            validators.MESSAGE_REQUIRED,
        )
        return Answer.of(
            {
                "ok": True,
                "sessions": sessions.inserted + sessions.updated,
                "messages": messages.inserted + messages.updated,
                "errors": [*session_errors, *message_errors],
            }
        )

    def _batch(
        self,
        what: str,
        mutation: Callable[[list[Fields]], mutations.Counts],
        rows: Json,
        shape: validators.Shape,
        required: tuple[str, ...],
    ) -> tuple[mutations.Counts, list[str]]:
        """Run one array through its function; a rejected array has written nothing."""
        dated = validators.DATED if self.accepts_batch_created_at else {}
        self._count_calls(1 if rows else 0)
        try:
            counts = mutation(checked_rows(rows, {**shape, **dated}, required=required))
        except EngineError as error:
            return mutations.Counts(), [f"{what} batch error: {error}"]
        return counts, counts.errors

    def _now_ms(self) -> int:
        return int(self.clock() * 1000)

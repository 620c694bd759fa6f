"""The OpenSync backend as a pure state machine: a request in, an answer out, no HTTP.

Every request is one step under one lock. It behaves as the backend's own functions of 2026-02,
their traps included (marked ▲ in `mutations`), and is never more lenient than they are.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import orjson

from support.opensync_double import mutations, validators
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
    """Users, sessions, messages and parts behind the five paths that a sync client uses.

    `clock` returns seconds since the epoch. `accepts_batch_created_at` plays the newer backend
    whose batch validators know `createdAt`.
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
        self.embedding_jobs = 0
        self._calls: list[Call] = []
        self._tables = Tables()
        self._lock = threading.RLock()
        self._functions: dict[str, Callable[[str, bytes], Answer]] = {
            "GET /sync/sessions/list": self._list_sessions,
            "POST /sync/session": self._sync_session,
            "POST /sync/message": self._sync_message,
            "POST /sync/batch": self._sync_batch,
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
            try:
                session = self.session(session_external_id, api_key=api_key)
            except KeyError:
                return []
            return [replace(row) for row in self._tables.messages if row.session_id == session.id]

    def shown(self, session_external_id: str) -> list[Message]:
        """Return a session's messages as the viewer draws them: by createdAt, then insertion."""
        return sorted(self.messages(session_external_id), key=lambda row: row.created_at_ms)

    def all_messages(self) -> list[Message]:
        """Return copies of all messages, of every user, in insertion order."""
        with self._lock:
            return [replace(row) for row in self._tables.messages]

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

    def answer(self, method: str, path: str, authorization: str | None, body: bytes) -> Answer:
        """Do what the request asks, whole, and say what the backend says."""
        if method == "OPTIONS":
            return Answer(204, b"")
        route = f"{method} {path}"
        if route == "GET /health":
            return Answer.of({"status": "ok", "timestamp": self._now_ms()})
        function = self._functions.get(route)
        if function is None:
            return Answer(404, b"No matching routes found", "text/plain")
        if len(body) > validators.MAX_BODY_BYTES:
            return Answer.of({"error": "Request body is larger than 20 MiB"}, 413)
        with self._lock:
            try:
                user_id = self._authenticate(authorization, takes_tokens=method == "POST")
                return function(user_id, body)
            except (UnknownKey, EngineError, ScriptError) as error:
                status = 401 if isinstance(error, UnknownKey) else 500
                return Answer.of({"error": str(error)}, status)

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

    def _list_sessions(self, user_id: str, _body: bytes) -> Answer:
        own = [row.external_id for row in self._tables.sessions if row.user_id == user_id]
        return Answer.of({"sessionIds": own})

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
        row = mutations.upsert_session(self._tables, user_id, fields, now_ms=self._now_ms())
        # ▲ Paid for by the owner, also when the upsert was dropped.
        self.embedding_jobs += 1
        return Answer.of({"ok": True, "sessionId": row.id})

    def _sync_message(self, user_id: str, body: bytes) -> Answer:
        sent = decoded(body)
        shape = {**validators.MESSAGE, **validators.DATED}
        fields = {name: sent[name] for name in shape if name in sent}
        validators.check_value(fields)
        validators.check_object(fields, shape, required=validators.MESSAGE_REQUIRED)
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
        try:
            counts = mutation(checked_rows(rows, {**shape, **dated}, required=required))
        except EngineError as error:
            return mutations.Counts(), [f"{what} batch error: {error}"]
        return counts, counts.errors

    def _now_ms(self) -> int:
        return int(self.clock() * 1000)

"""What the backend answers before it looks at a row: paths, keys, bodies, the engine's limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.opensync_double.samples import TEXT, message, session

if TYPE_CHECKING:
    from support.opensync_double.backend import Backend
    from support.opensync_double.clock import ManualClock

OTHER_KEY = "osk_other"


def test_health_needs_no_key(backend: Backend, clock: ManualClock) -> None:
    """A green health check says nothing about the key."""
    answer = backend.answer("GET", "/health", None, b"")
    assert answer.json == {"status": "ok", "timestamp": clock.now_ms}


@pytest.mark.parametrize("path", ["/sync/session", "/sync/message", "/sync/batch"])
@pytest.mark.parametrize(
    ("authorization", "error"),
    [
        ("Bearer osk_wrong", "Invalid API key"),
        ("Bearer something-else", "Invalid or expired token"),
        (None, "Missing Authorization header"),
        ("Basic osk_wrong", "Missing Authorization header"),
    ],
)
def test_writing_rejects_a_bad_key(
    backend: Backend, path: str, authorization: str | None, error: str
) -> None:
    """Each kind of wrong key has its own error, all with 401."""
    answer = backend.answer("POST", path, authorization, b"{}")
    assert (answer.status, answer.json) == (401, {"error": error})
    assert backend.sessions() == []


@pytest.mark.parametrize(
    ("authorization", "error"),
    [
        ("Bearer osk_wrong", "Invalid API key"),
        ("Bearer something-else", "Invalid API key format"),
        (None, "Invalid API key format"),
    ],
)
def test_the_session_list_accepts_api_keys_only(
    backend: Backend, authorization: str | None, error: str
) -> None:
    """Another prefix is a format error there, not an expired token."""
    answer = backend.answer("GET", "/sync/sessions/list", authorization, b"")
    assert (answer.status, answer.json) == (401, {"error": error})


def test_the_session_list_names_the_users_own_sessions(backend: Backend) -> None:
    """It answers external ids in insertion order, of the key's owner alone."""
    backend.add_user(OTHER_KEY)
    for external_id in ("s2", "s1"):
        backend.post("/sync/session", session(external_id))
    backend.post("/sync/session", session("theirs"), api_key=OTHER_KEY)
    assert backend.get("/sync/sessions/list").json == {"sessionIds": ["s2", "s1"]}


def test_an_unknown_path_is_404_in_plain_text(backend: Backend) -> None:
    """The engine answers unrouted requests itself, not in JSON."""
    answer = backend.get("/sync/session")
    assert (answer.status, answer.content_type) == (404, "text/plain")


def test_a_preflight_is_answered_without_a_key(backend: Backend) -> None:
    """OPTIONS is routed for every path."""
    assert backend.answer("OPTIONS", "/sync/batch", None, b"").status == 204


@pytest.mark.parametrize("path", ["/sync/session", "/sync/message", "/sync/batch"])
@pytest.mark.parametrize(
    ("body", "error"), [(b"{", "SyntaxError"), (b"", "SyntaxError"), (b"null", "TypeError")]
)
def test_an_unreadable_body_is_a_500(backend: Backend, path: str, body: bytes, error: str) -> None:
    """Parsing happens inside the function, so it fails like a server's own error."""
    answer = backend.answer("POST", path, f"Bearer {backend.api_key}", body)
    assert answer.status == 500
    assert answer.json["error"].startswith(error)


def test_a_body_over_20_mib_is_413(backend: Backend) -> None:
    """The engine rejects it before the key is checked."""
    answer = backend.answer("POST", "/sync/batch", None, b" " * (20 * 1024 * 1024 + 1))
    assert answer.status == 413


def test_calls_are_recorded_whatever_their_outcome(backend: Backend, clock: ManualClock) -> None:
    """A call has path, time, number of rows, and whether a key was sent with it."""
    backend.post("/sync/batch", {"sessions": [session()], "messages": [message()] * 2})
    backend.record("POST", "/sync/batch", None, b"not json")
    first, second = backend.calls
    assert (first.path, first.at_seconds, first.rows) == ("/sync/batch", clock(), 3)
    assert (first.has_authorization, second.has_authorization) == (True, False)
    assert (first.json["sessions"], second.rows) == ([session()], 0)


def test_bodies_need_not_be_kept(backend: Backend) -> None:
    """A benchmark may send more than memory holds."""
    backend.keeps_bodies = False
    backend.post("/sync/message", message())
    assert [(call.body, call.rows) for call in backend.calls] == [(b"", 1)]


@pytest.mark.parametrize(
    "content",
    [
        {"args": {"$schema": "x"}},
        {"args": [{"_private": "x"}]},
        {"args": {"größe": 1}},
        {"args": {"tab\there": 1}},
        {"args": {"": 1}},
        {"args": {"k" * 1025: 1}},
        {"args": {f"k{number}": 1 for number in range(1025)}},
        {"args": [0] * 8193},
    ],
)
def test_values_that_the_engine_rejects(backend: Backend, content: object) -> None:
    """▲ A tool's own argument names can make its message impossible to store."""
    part = {"type": "tool-call", "content": content}
    assert backend.post("/sync/message", message(parts=[part])).status == 500
    assert backend.all_messages() == []


@pytest.mark.parametrize(("levels", "status"), [(15, 200), (16, 500), (80, 500)])
def test_a_document_nests_16_levels(backend: Backend, levels: int, status: int) -> None:
    """The part's row itself is the first level."""
    content: object = "deep"
    for _ in range(levels):
        content = [content]
    part = {"type": "tool-result", "content": content}
    assert backend.post("/sync/message", message(parts=[part])).status == status


def test_a_part_over_1_mib_fails_the_whole_message(backend: Backend) -> None:
    """One transaction: nothing of it is written, not even its session."""
    part = {"type": "text", "content": "x" * 1024 * 1024}
    answer = backend.post("/sync/message", message(parts=[TEXT, part]))
    assert (answer.status, backend.sessions()) == (500, [])
    assert "too large" in answer.json["error"]


def test_a_text_over_1_mib_fails_the_message(backend: Backend) -> None:
    """Its text is part of the message's own row."""
    sent = message(textContent="x" * 1024 * 1024)
    assert backend.post("/sync/message", sent).status == 500
    assert backend.all_messages() == []


def test_parts_are_documents_of_their_own(backend: Backend) -> None:
    """Two parts of 700 KiB fit where one of 1.4 MiB would not."""
    part = {"type": "text", "content": "x" * 700 * 1024}
    assert backend.post("/sync/message", message(parts=[part, part])).status == 200

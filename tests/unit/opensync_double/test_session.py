"""What POST /sync/session does, one rule to a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.opensync_double.samples import TEXT, message, session

if TYPE_CHECKING:
    from support.opensync_double.backend import Backend
    from support.opensync_double.clock import ManualClock
    from support.opensync_double.records import Fields, Json

OTHER_KEY = "osk_other"
PAST_MS = 1_700_000_000_000


def test_the_first_insert_keeps_every_field(backend: Backend, clock: ManualClock) -> None:
    """Tokens are totals, and the date is the sender's."""
    sent = session(createdAt=PAST_MS, projectName="parser", durationMs=7)
    answer = backend.post("/sync/session", sent)
    row = backend.session("s1")
    assert answer.json == {"ok": True, "sessionId": row.id}
    assert (row.title, row.project_path, row.project_name) == (
        "Fix the parser",
        "/home/me/parser",
        "parser",
    )
    assert (row.prompt_tokens, row.completion_tokens, row.total_tokens) == (100, 20, 120)
    assert (row.cost, row.duration_ms, row.source) == (1.5, 7, "claude-code")
    assert (row.created_at_ms, row.updated_at_ms) == (PAST_MS, clock.now_ms)


def test_the_default_source_is_opencode(backend: Backend) -> None:
    """A session that does not name its source is taken for another client's."""
    backend.post("/sync/session", {"externalId": "s1"})
    assert backend.session("s1").source == "opencode"


def test_session_id_stands_in_for_external_id(backend: Backend) -> None:
    """Both names are read; an empty one counts as absent."""
    backend.post("/sync/session", {"externalId": "", "sessionId": "s1"})
    assert backend.session("s1").external_id == "s1"


@pytest.mark.parametrize("body", [{}, {"externalId": ""}, []])
def test_no_id_is_a_400(backend: Backend, body: object) -> None:
    """It is the only 400 of the sync paths."""
    answer = backend.post("/sync/session", body)
    assert (answer.status, answer.json) == (400, {"error": "Missing externalId or sessionId"})


def test_an_unknown_field_is_ignored(backend: Backend) -> None:
    """Only the batch is strict about names."""
    assert backend.post("/sync/session", session(gitBranch="main")).status == 200


@pytest.mark.parametrize(
    "wrong", [{"title": None}, {"promptTokens": "7"}, {"cost": True}, {"externalId": 7}]
)
def test_a_wrong_type_is_a_500(backend: Backend, wrong: Fields) -> None:
    """Null is not undefined: it is refused like any other wrong type."""
    answer = backend.post("/sync/session", session(**wrong))
    assert answer.status == 500
    assert answer.json["error"].startswith("Error: Validator error: Expected ")
    assert backend.sessions() == []


def test_undefined_keeps_the_old_value(backend: Backend, clock: ManualClock) -> None:
    """What a later upsert leaves out stays."""
    backend.post("/sync/session", session(durationMs=7))
    clock.advance(10)
    backend.post("/sync/session", {"externalId": "s1"})
    row = backend.session("s1")
    assert (row.title, row.cost, row.duration_ms) == ("Fix the parser", 1.5, 7)
    assert (row.source, row.updated_at_ms) == ("claude-code", clock.now_ms)


def test_zero_tokens_never_overwrite(backend: Backend, clock: ManualClock) -> None:
    """Zero means unknown for tokens."""
    backend.post("/sync/session", session())
    clock.advance(10)
    backend.post("/sync/session", session(promptTokens=0, completionTokens=0))
    assert backend.session("s1").total_tokens == 120


def test_zero_cost_and_duration_overwrite(backend: Backend, clock: ManualClock) -> None:
    """Zero is a value for cost and duration: what is unknown must be left out."""
    backend.post("/sync/session", session(durationMs=7))
    clock.advance(10)
    backend.post("/sync/session", session(cost=0, durationMs=0))
    row = backend.session("s1")
    assert (row.cost, row.duration_ms) == (0, 0)


@pytest.mark.parametrize("name", ["cost", "durationMs", "projectName"])
def test_a_change_of_other_fields_within_10_s_is_dropped(
    backend: Backend, clock: ManualClock, name: str
) -> None:
    """▲ It answers ok, and the row is as it was; after 10 s the same upsert is taken."""
    value: Json = "other" if name == "projectName" else 99
    backend.post("/sync/session", session())
    before = backend.session("s1")
    clock.advance(9.999)
    assert backend.post("/sync/session", session(**{name: value})).json["ok"] is True
    assert backend.session("s1") == before
    clock.advance(0.001)
    backend.post("/sync/session", session(**{name: value}))
    row = backend.session("s1")
    assert value in {row.cost, row.duration_ms, row.project_name}


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Other"},
        {"model": "claude-haiku"},
        {"projectPath": "/elsewhere"},
        {"promptTokens": 101},
        {"completionTokens": 21},
    ],
)
def test_a_change_of_the_five_fields_is_taken_at_once(backend: Backend, change: Fields) -> None:
    """One of the five changed carries the others, the cost included."""
    backend.post("/sync/session", session())
    backend.post("/sync/session", session(cost=2.5, **change))
    assert backend.session("s1").cost == 2.5


def test_leaving_out_the_title_is_a_change(backend: Backend) -> None:
    """The five are compared as sent: undefined differs from the row's own value."""
    backend.post("/sync/session", session())
    bare = {"externalId": "s1", "model": "claude-opus", "cost": 2.5}
    backend.post("/sync/session", bare)
    assert backend.session("s1").cost == 2.5


def test_a_new_message_restarts_the_10_s(backend: Backend, clock: ManualClock) -> None:
    """▲ The final cost is lost when it follows the last message too soon."""
    backend.post("/sync/session", session())
    clock.advance(60)
    backend.post("/sync/message", message())
    clock.advance(9)
    backend.post("/sync/session", session(cost=9.0))
    assert backend.session("s1").cost == 1.5


def test_created_at_is_honoured_on_the_first_insert_only(
    backend: Backend, clock: ManualClock
) -> None:
    """A session made by an early message keeps the date of its making."""
    backend.post("/sync/message", message())
    made_ms = clock.now_ms
    clock.advance(60)
    backend.post("/sync/session", session(createdAt=PAST_MS))
    assert backend.session("s1").created_at_ms == made_ms


def test_every_kept_state_schedules_an_embedding_job(backend: Backend) -> None:
    """▲ A dropped one schedules none, and neither do messages and batches."""
    for _ in range(3):
        backend.post("/sync/session", session())
    backend.post("/sync/message", message())
    backend.post("/sync/batch", {"sessions": [session("s2")]})
    assert backend.embedding_jobs == 1


def test_an_embedding_job_reads_the_whole_session(backend: Backend) -> None:
    """▲ Every message of it, and the parts of those that have no text of their own."""
    backend.post("/sync/session", session())
    backend.post("/sync/message", message("m1"))
    backend.post("/sync/message", message("m2", textContent="", parts=[TEXT, TEXT]))
    assert backend.embedding_documents == 0
    backend.post("/sync/session", session(title="Other"))
    assert (backend.embedding_jobs, backend.embedding_documents) == (2, 4)


def test_a_new_title_replaces_the_search_text(backend: Backend) -> None:
    """▲ What the messages had put into the session's search text is gone."""
    backend.post("/sync/session", session())
    backend.post("/sync/message", message())
    assert backend.session("s1").searchable_text == "Fix the parser hello"
    backend.post("/sync/session", session(title="Other"))
    assert backend.session("s1").searchable_text == "Other"


def test_sessions_are_scoped_to_their_user(backend: Backend) -> None:
    """The same external id under two keys is two sessions."""
    backend.add_user(OTHER_KEY)
    backend.post("/sync/session", session(title="mine"))
    backend.post("/sync/session", session(title="theirs"), api_key=OTHER_KEY)
    assert backend.session("s1").title == "mine"
    assert backend.session("s1", api_key=OTHER_KEY).title == "theirs"


def test_an_absent_session_raises(backend: Backend) -> None:
    """A test that asks for what was never sent must fail loudly."""
    with pytest.raises(KeyError):
        backend.session("s1")
    assert backend.messages("s1") == []

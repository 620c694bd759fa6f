"""What POST /sync/message does, one rule to a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.opensync_double.records import Fields, Part
from support.opensync_double.samples import TEXT, message, session

if TYPE_CHECKING:
    from support.opensync_double.backend import Backend
    from support.opensync_double.clock import ManualClock

OTHER_KEY = "osk_other"
PAST_MS = 1_700_000_000_000


def test_an_insert_keeps_date_parts_and_fields(backend: Backend) -> None:
    """History keeps its own dates here."""
    call = {"type": "tool-call", "content": {"name": "Bash", "args": {"command": "ls"}}}
    sent = message(createdAt=PAST_MS, parts=[TEXT, call], model="m", promptTokens=3)
    answer = backend.post("/sync/message", sent)
    (row,) = backend.messages("s1")
    assert answer.json == {"ok": True, "messageId": row.id}
    assert row.parts == (Part("text", "hello"), Part("tool-call", call["content"]))
    assert (row.created_at_ms, row.model, row.prompt_tokens) == (PAST_MS, "m", 3)


def test_an_undated_message_is_dated_now(backend: Backend, clock: ManualClock) -> None:
    """No date means the moment of arrival."""
    backend.post("/sync/message", message())
    assert backend.messages("s1")[0].created_at_ms == clock.now_ms


def test_an_early_message_makes_an_untitled_session_dated_now(
    backend: Backend, clock: ManualClock
) -> None:
    """▲ Whatever the message's own date: send the session first."""
    backend.post("/sync/message", message(createdAt=PAST_MS, model="m"))
    backend.post("/sync/session", session(createdAt=PAST_MS))
    assert backend.session("s1").title == "Fix the parser"
    assert backend.session("s1").created_at_ms == clock.now_ms


def test_an_untitled_session_has_the_messages_model(backend: Backend) -> None:
    """And none of the fields that only a session's state has."""
    backend.post("/sync/message", message(createdAt=PAST_MS, model="m"))
    row = backend.session("s1")
    assert row.title is None
    assert (row.model, row.source, row.project_path) == ("m", "claude-code", None)


def test_an_insert_counts_and_touches_the_session(backend: Backend, clock: ManualClock) -> None:
    """The count rises by one; tokens of messages are never added to the session's."""
    backend.post("/sync/session", session())
    clock.advance(3)
    backend.post("/sync/message", message(promptTokens=5))
    row = backend.session("s1")
    assert (row.message_count, row.updated_at_ms) == (1, clock.now_ms)
    assert row.total_tokens == 120


def test_a_young_message_is_left_alone(backend: Backend, clock: ManualClock) -> None:
    """Within 5 s of its date a second sending answers ok and changes nothing."""
    backend.post("/sync/message", message())
    clock.advance(4.999)
    answer = backend.post("/sync/message", message(textContent="new", parts=[]))
    (row,) = backend.messages("s1")
    assert answer.json == {"ok": True, "messageId": row.id}
    assert (row.text_content, len(row.parts)) == ("hello", 1)


def test_youth_is_counted_from_the_messages_own_date(backend: Backend) -> None:
    """History is never young: a second sending is applied at once."""
    backend.post("/sync/message", message(createdAt=PAST_MS))
    backend.post("/sync/message", message(textContent="new"))
    assert backend.messages("s1")[0].text_content == "new"


def test_a_message_from_the_future_stays_young(backend: Backend, clock: ManualClock) -> None:
    """A sender's fast clock keeps corrections out until the date has passed."""
    backend.post("/sync/message", message(createdAt=clock.now_ms + 60_000))
    clock.advance(64)
    backend.post("/sync/message", message(textContent="new"))
    assert backend.messages("s1")[0].text_content == "hello"


def test_an_older_message_is_patched_and_its_parts_replaced(
    backend: Backend, clock: ManualClock
) -> None:
    """Fields left out stay, parts are exactly those sent, date and role never change."""
    backend.post("/sync/message", message(model="m"))
    before = backend.messages("s1")[0]
    clock.advance(5)
    other = {"type": "text", "content": {"text": "new"}}
    backend.post("/sync/message", message(textContent="new", role="tool", parts=[other]))
    (row,) = backend.messages("s1")
    assert (row.text_content, row.model, row.role) == ("new", "m", "user")
    assert (row.parts, row.created_at_ms) == (
        (Part("text", {"text": "new"}),),
        before.created_at_ms,
    )
    assert backend.session("s1").message_count == 1


def test_the_same_message_again_is_idempotent(backend: Backend, clock: ManualClock) -> None:
    """A complete message may be sent as often as it is uncertain: the message stays as it is."""
    backend.post("/sync/message", message())
    before = backend.messages("s1")
    clock.advance(60)
    backend.post("/sync/message", message())
    assert backend.messages("s1") == before


def test_the_same_message_again_is_appended_to_the_search_text(
    backend: Backend, clock: ManualClock
) -> None:
    """▲ Once more each time, up to 10,000 characters; only while it is young nothing happens."""
    backend.post("/sync/message", message())
    backend.post("/sync/message", message())
    assert backend.session("s1").searchable_text == " hello"
    clock.advance(5)
    backend.post("/sync/message", message())
    assert backend.session("s1").searchable_text == " hello hello"


def test_the_search_text_is_measured_as_javascript_does(backend: Backend) -> None:
    """Characters beyond the first plane count twice."""
    backend.post("/sync/message", message(parts=[{"type": "text", "content": "a" + "🎉" * 6000}]))
    assert backend.session("s1").searchable_text == " a" + "🎉" * 4999


@pytest.mark.parametrize("path", ["/sync/message", "/sync/batch"])
def test_a_text_that_would_be_cut_through_a_character_fails_for_good(
    backend: Backend, path: str
) -> None:
    """▲ Whenever it is sent: nothing of it is written, until there is room or none at all."""
    sent = message(parts=[{"type": "text", "content": "🎉" * 6000}])
    answer = backend.post(path, {"messages": [sent]} if path == "/sync/batch" else sent)
    assert "invalid json" in str(answer.json)
    assert backend.all_messages() == []
    backend.post("/sync/session", session(title="x" * 10_000))
    assert backend.post("/sync/message", sent).status == 200


def test_no_parts_deletes_the_old_ones(backend: Backend, clock: ManualClock) -> None:
    """Leaving parts out is not "keep": a repeat must be complete."""
    backend.post("/sync/message", message())
    clock.advance(5)
    repeat = message()
    del repeat["parts"]
    backend.post("/sync/message", repeat)
    assert backend.messages("s1")[0].parts == ()


def test_the_external_id_is_global_over_sessions(backend: Backend) -> None:
    """▲ The row stays in its first session; the second gets none, untitled and empty."""
    backend.post("/sync/message", message(createdAt=PAST_MS))
    backend.post("/sync/message", message("m1", "fork", textContent="fork's"))
    assert backend.messages("s1")[0].text_content == "fork's"
    assert backend.messages("fork") == []
    assert backend.session("fork").message_count == 0


def test_the_external_id_is_global_over_users(backend: Backend) -> None:
    """▲ Even another user's message is patched."""
    backend.add_user(OTHER_KEY)
    backend.post("/sync/message", message(createdAt=PAST_MS))
    backend.post("/sync/message", message(textContent="theirs"), api_key=OTHER_KEY)
    assert backend.messages("s1")[0].text_content == "theirs"
    assert backend.messages("s1", api_key=OTHER_KEY) == []


def test_text_parts_feed_the_search_text(backend: Backend) -> None:
    """Strings, `text` and `content` count, other types do not, and 10,000 characters fit."""
    texts: list[object] = ["one", {"text": "two"}, {"content": "three"}, {"x": "no"}, None]
    parts = [{"type": "text", "content": content} for content in texts]
    parts.append({"type": "tool-result", "content": "no"})
    backend.post("/sync/message", message(parts=parts))
    assert backend.session("s1").searchable_text == " one two three"
    long = {"type": "text", "content": "x" * 20_000}
    backend.post("/sync/message", message("m2", parts=[long]))
    assert len(backend.session("s1").searchable_text or "") == 10_000


def test_the_viewer_orders_by_date_then_by_insertion(backend: Backend, clock: ManualClock) -> None:
    """An earlier date moves a message up, however late it was sent."""
    for external_id, created_at in (("b", 2), ("c", 2), ("a", 1)):
        backend.post("/sync/message", message(external_id, createdAt=clock.now_ms + created_at))
    assert [row.external_id for row in backend.messages("s1")] == ["b", "c", "a"]
    assert [row.external_id for row in backend.shown("s1")] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"role": "robot"}, "Expected one of"),
        ({"textContent": None}, "Expected `string`, got `null`"),
        ({"parts": {}}, "Expected `array`, got `[object Object]`"),
        ({"parts": ["text"]}, "Expected `object`, got `text`"),
        ({"parts": [{"type": "text"}]}, "Missing required field `content`"),
        ({"parts": [{**TEXT, "id": 1}]}, "Unexpected field `id` in object"),
        ({"externalId": [1]}, "Expected `string`, got `1`"),
    ],
)
def test_a_malformed_message_is_a_500(backend: Backend, wrong: Fields, error: str) -> None:
    """There is not a 400: a permanent rejection looks like a passing failure."""
    answer = backend.post("/sync/message", message(**wrong))
    assert answer.status == 500
    assert f"Error: Validator error: {error}" in answer.json["error"]
    assert backend.sessions() == []


@pytest.mark.parametrize("name", ["sessionExternalId", "externalId", "role"])
def test_a_missing_field_is_a_500(backend: Backend, name: str) -> None:
    """The three are required; all else is optional."""
    sent = message()
    del sent[name]
    answer = backend.post("/sync/message", sent)
    assert answer.json["error"].endswith(f"Missing required field `{name}` in object")

"""What POST /sync/batch does, one rule to a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.opensync_double.backend import Backend
from support.opensync_double.records import Fields, Part
from support.opensync_double.samples import TEXT, message, session

if TYPE_CHECKING:
    from support.opensync_double.clock import ManualClock

PAST_MS = 1_700_000_000_000
HUGE = {"type": "text", "content": "x" * 1024 * 1024}


def batch(
    backend: Backend, *, sessions: object = None, messages: object = None
) -> tuple[int, int, list[str]]:
    """Send a batch, which always answers 200 and ok; return its counts and errors."""
    arrays = {"sessions": sessions, "messages": messages}
    sent = {name: rows for name, rows in arrays.items() if rows is not None}
    answer = backend.post("/sync/batch", sent)
    assert answer.status == 200
    assert answer.json["ok"] is True
    return answer.json["sessions"], answer.json["messages"], answer.json["errors"]


def test_a_batch_inserts_sessions_before_messages(backend: Backend) -> None:
    """The counts are what was inserted or updated, and no errors is the acknowledgement."""
    rows = [message("m1"), message("m2"), message("m3", "s2")]
    assert batch(backend, sessions=[session()], messages=rows) == (1, 3, [])
    assert backend.session("s1").title == "Fix the parser"
    assert [row.external_id for row in backend.messages("s1")] == ["m1", "m2"]
    assert backend.messages("s1")[0].parts == (Part("text", "hello"),)


def test_a_batch_counts_and_touches_its_sessions(backend: Backend, clock: ManualClock) -> None:
    """Inserted messages count, feed the search text, and start the session's 10 s again."""
    batch(backend, sessions=[session()])
    clock.advance(3)
    batch(backend, messages=[message("m1"), message("m2", promptTokens=9)])
    row = backend.session("s1")
    assert (row.message_count, row.updated_at_ms, row.total_tokens) == (2, clock.now_ms, 120)
    assert row.searchable_text == "Fix the parser hello hello"


def test_messages_without_text_leave_the_search_text(backend: Backend) -> None:
    """They count all the same."""
    batch(backend, sessions=[session()], messages=[message(parts=[])])
    row = backend.session("s1")
    assert (row.message_count, row.searchable_text) == (1, "Fix the parser")


@pytest.mark.parametrize("rows", [None, [], {}, 7])
def test_nothing_to_do_is_ok(backend: Backend, rows: object) -> None:
    """It treats absent, empty and malformed arrays alike."""
    assert batch(backend, sessions=rows, messages=rows) == (0, 0, [])


def test_created_at_rejects_the_whole_messages_array(backend: Backend) -> None:
    """▲ 200 and ok, nothing written, and the reason as text."""
    rows = [message("m1"), message("m2", createdAt=PAST_MS)]
    error = "Messages batch error: Error: Validator error: Unexpected field `createdAt` in object"
    assert batch(backend, messages=rows) == (0, 0, [error])
    assert backend.sessions() == []


def test_created_at_rejects_the_whole_sessions_array(backend: Backend) -> None:
    """▲ The messages array is a transaction of its own and goes through."""
    sessions, messages, errors = batch(
        backend, sessions=[session(createdAt=PAST_MS)], messages=[message()]
    )
    assert (sessions, messages, len(errors)) == (0, 1, 1)
    assert errors[0].startswith("Sessions batch error: Error: Validator error: ")
    assert backend.session("s1").title is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"gitBranch": "main"},
        {"role": "robot"},
        {"model": None},
        {"parts": [{**TEXT, "id": 1}]},
        {"parts": [{"type": "tool-call", "content": {"args": {"$ref": "x"}}}]},
    ],
)
def test_one_bad_message_rejects_its_whole_array(backend: Backend, wrong: Fields) -> None:
    """▲ The error does not say which row it was."""
    good = [message(f"m{number}") for number in range(5)]
    assert batch(backend, messages=[*good, message("bad", **wrong)])[:2] == (0, 0)
    assert backend.all_messages() == []


def test_a_string_for_an_array_is_rejected(backend: Backend) -> None:
    """It has a length, so it reaches the validator."""
    assert batch(backend, messages="rows")[2] == [
        "Messages batch error: Error: Validator error: Expected `array`, got `rows`"
    ]


def test_too_many_rows_are_rejected(backend: Backend) -> None:
    """An array has at most 8,192 entries."""
    errors = batch(backend, messages=[message()] * 8193)[2]
    assert "too long" in errors[0]


def test_a_batch_dates_everything_now(backend: Backend, clock: ManualClock) -> None:
    """▲ Right for lines that were just written, wrong for history."""
    batch(backend, sessions=[session()], messages=[message()])
    assert backend.session("s1").created_at_ms == clock.now_ms
    assert backend.messages("s1")[0].created_at_ms == clock.now_ms


def test_a_newer_backend_accepts_created_at(clock: ManualClock) -> None:
    """The double can be one; a client's probe is not rejected then."""
    newer = Backend(clock=clock, accepts_batch_created_at=True)
    rows = [message(createdAt=PAST_MS)]
    assert batch(newer, sessions=[session(createdAt=PAST_MS)], messages=rows) == (1, 1, [])
    assert newer.session("s1").created_at_ms == PAST_MS
    assert newer.messages("s1")[0].created_at_ms == PAST_MS


def test_a_batch_of_early_messages_makes_an_untitled_session(backend: Backend) -> None:
    """▲ As with single messages; its model is the first message's."""
    batch(backend, messages=[message("m1", model="a"), message("m2", model="b")])
    row = backend.session("s1")
    assert (row.title, row.model, row.message_count) == (None, "a", 2)


def test_a_young_message_is_skipped_and_in_no_count(backend: Backend, clock: ManualClock) -> None:
    """Sent again within 5 s, it is neither inserted nor updated nor an error."""
    batch(backend, messages=[message()])
    clock.advance(4.999)
    assert batch(backend, messages=[message(), message("m2")]) == (0, 1, [])
    assert len(backend.messages("s1")[0].parts) == 1


def test_an_older_message_sent_again_loses_its_parts(backend: Backend, clock: ManualClock) -> None:
    """▲ It counts as updated, its fields are patched, its parts are gone."""
    batch(backend, messages=[message()])
    clock.advance(5)
    assert batch(backend, messages=[message(textContent="new")]) == (0, 1, [])
    (row,) = backend.messages("s1")
    assert (row.text_content, row.parts) == ("new", ())


def test_a_copied_uuid_stays_in_the_first_session(backend: Backend, clock: ManualClock) -> None:
    """▲ A fork's copy of the history damages the original and never reaches the fork."""
    batch(backend, messages=[message("m1", "s1")])
    clock.advance(5)
    assert batch(backend, messages=[message("m1", "fork"), message("m2", "fork")]) == (0, 2, [])
    assert backend.messages("s1")[0].parts == ()
    assert [row.external_id for row in backend.messages("fork")] == ["m2"]


def test_the_same_new_message_twice_in_one_batch_is_stored_twice(backend: Backend) -> None:
    """▲ The lookups run in parallel, before the first insert."""
    assert batch(backend, messages=[message(), message()]) == (0, 2, [])
    assert len(backend.messages("s1")) == 2


def test_an_impossible_message_is_named_and_the_rest_is_written(backend: Backend) -> None:
    """The error carries the external id, and the counts leave it out."""
    rows = [message("m1"), message("big", textContent="x" * 1024 * 1024), message("m3")]
    _, messages, errors = batch(backend, messages=rows)
    assert (messages, len(errors)) == (2, 1)
    assert errors[0].startswith("big: Error: Value is too large")
    assert [row.external_id for row in backend.messages("s1")] == ["m1", "m3"]
    assert backend.session("s1").message_count == 2


def test_an_impossible_part_leaves_its_message_behind(backend: Backend) -> None:
    """▲ The caught error does not undo the insert: a row without that part, and uncounted."""
    _, messages, errors = batch(backend, messages=[message("m1", parts=[TEXT, HUGE, HUGE])])
    assert (messages, len(errors)) == (0, 1)
    (row,) = backend.messages("s1")
    assert row.parts == (Part("text", "hello"),)
    assert backend.session("s1").message_count == 0


@pytest.mark.parametrize("change", [{"cost": 9}, {"projectPath": "/x"}, {"completionTokens": 9}])
def test_the_batchs_10_s_rule_looks_at_three_fields(
    backend: Backend, clock: ManualClock, change: Fields
) -> None:
    """▲ A new path or completion count alone is dropped too, and in no count."""
    batch(backend, sessions=[session()])
    before = backend.session("s1")
    clock.advance(9.999)
    assert batch(backend, sessions=[session(**change)]) == (0, 0, [])
    assert backend.session("s1") == before
    clock.advance(0.001)
    assert batch(backend, sessions=[session(**change)]) == (1, 0, [])


@pytest.mark.parametrize("change", [{"title": "x"}, {"model": "x"}, {"promptTokens": 101}])
def test_a_change_of_the_three_fields_is_applied_at_once(backend: Backend, change: Fields) -> None:
    """A change of title, model or prompt tokens applies the other fields too."""
    batch(backend, sessions=[session()])
    assert batch(backend, sessions=[session(cost=9, **change)]) == (1, 0, [])
    assert backend.session("s1").cost == 9


def test_a_batch_never_touches_the_search_text_of_a_session(backend: Backend) -> None:
    """Unlike /sync/session, a new title leaves it as it was."""
    batch(backend, sessions=[session()])
    batch(backend, sessions=[session(title="Other", source="cursor")])
    row = backend.session("s1")
    assert (row.title, row.searchable_text, row.source) == ("Other", "Fix the parser", "cursor")

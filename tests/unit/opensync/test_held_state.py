"""Whose totals the backend holds, and whether they are newer; without a backend."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from ccsync_watch.opensync import held_state
from ccsync_watch.store.remote_sessions import RemoteState

if TYPE_CHECKING:
    from ccsync_watch.opensync.wire import Payload

SENT: Payload = {
    "title": "One",
    "model": "claude-opus",
    "promptTokens": 100,
    "completionTokens": 10,
    "cost": 4.0,
    "durationMs": 60_000,
}


def _state(*, applied: Payload | None = None, sent: Payload | None = None) -> RemoteState:
    return RemoteState(
        "s1",
        version=0,
        is_preexisting=False,
        ack_ms=0,
        applied=None if applied is None else orjson.dumps(applied).decode(),
        sent=None if sent is None else orjson.dumps(sent).decode(),
        upsert_ms=0,
        write_ms=0,
        date_floor_ms=0,
        has_messages=True,
        is_search_stale=False,
        is_recalled=False,
    )


@pytest.mark.parametrize("name", ["promptTokens", "completionTokens", "cost", "durationMs"])
def test_a_total_that_was_not_sent_is_of_another_machine(name: str) -> None:
    """Whichever it is, more or less."""
    for total in (0, 99_999_999):
        held = {**SENT, name: total}
        assert held_state.is_of_another(held, _state(applied=SENT, sent=SENT))
        assert not held_state.is_ours(held, _state(applied=SENT, sent=SENT))


def test_either_state_that_was_sent_may_be_held() -> None:
    """The backend may have dropped the last one; a corrected total is not an older one."""
    last = {**SENT, "cost": 2.0}
    for held in (SENT, last):
        assert held_state.is_ours(held, _state(applied=SENT, sent=last))


def test_what_is_not_known_was_overwritten_by_nothing() -> None:
    """Tokens of 0 and missing fields agree with everything."""
    sent: Payload = {"promptTokens": 0, "completionTokens": 0, "durationMs": 60_000}
    assert held_state.is_ours(SENT, _state(sent=sent))


def test_without_a_known_state_nobody_is_known() -> None:
    """It is neither ours nor certainly another's."""
    titled: Payload = {"title": "One", "promptTokens": 0}
    for state in (_state(), _state(sent={}), _state(applied=titled, sent=titled)):
        assert not held_state.is_ours(SENT, state)
        assert not held_state.is_of_another(SENT, state)


def test_a_state_without_totals_replaces_none() -> None:
    """An excluded session's is sent, whatever the backend has."""
    assert held_state.may_supersede(SENT, {"durationMs": 1}, _state())
    assert not held_state.may_supersede(SENT, {"title": "Two", "promptTokens": 0}, _state())


@pytest.mark.parametrize(
    ("held", "is_newer"),
    [
        ({"promptTokens": 101}, True),
        ({"completionTokens": 9}, False),
        ({"promptTokens": 50, "durationMs": 90_000}, False),
        ({"durationMs": 60_001}, True),
        ({"durationMs": 60_001, "cost": 0.0}, True),
        ({"cost": 4.5}, True),
        ({"title": "Two"}, False),
        ({}, False),
    ],
)
def test_the_longer_copy_is_newer(held: Payload, *, is_newer: bool) -> None:
    """By tokens, among equal ones by time, then by cost."""
    assert held_state.is_newer({**SENT, **held}, SENT) is is_newer


@pytest.mark.parametrize(("sent_rows", "has_more"), [(6, True), (7, False), (8, False)])
def test_a_copy_that_has_all_rows_lacks_none(sent_rows: int, *, has_more: bool) -> None:
    """A backend that does not count them may have more."""
    assert held_state.has_more_rows({"messageCount": 7}, sent_rows) is has_more
    assert held_state.has_more_rows({}, sent_rows)

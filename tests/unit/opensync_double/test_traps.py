"""Each trap of the backend, sprung by the naive client: data visibly lost or damaged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.opensync_double import faults
from support.opensync_double.clock import ManualClock
from support.opensync_double.faults import FaultPlan
from support.opensync_double.naive import NaiveClient
from support.opensync_double.samples import message, session
from support.opensync_double.server import OpenSyncDouble

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.opensync_double.backend import Backend

HISTORY_MS = 1_700_000_000_000


@pytest.fixture
def clock() -> ManualClock:
    """Stand still."""
    return ManualClock()


@pytest.fixture
def double(clock: ManualClock) -> Iterator[OpenSyncDouble]:
    """Run a double on the manual clock."""
    with OpenSyncDouble(clock=clock) as running:
        yield running


@pytest.fixture
def backend(double: OpenSyncDouble) -> Backend:
    """Look inside the double."""
    return double.backend


@pytest.fixture
def naive(double: OpenSyncDouble) -> Iterator[NaiveClient]:
    """Connect the naive client to the double."""
    with NaiveClient(double) as client:
        yield client


def test_a_resent_batch_loses_its_parts(
    double: OpenSyncDouble, backend: Backend, clock: ManualClock, naive: NaiveClient
) -> None:
    """The first answer was lost; the doubt was settled by sending the batch again."""
    double.faults = FaultPlan.of(*[faults.COMMIT_THEN_DROP] * 3)
    assert naive.sync_messages([message()]) is False
    assert len(backend.messages("s1")[0].parts) == 1
    clock.advance(6)
    assert naive.sync_messages([message()]) is True
    assert backend.messages("s1")[0].parts == ()


def test_a_forks_messages_land_in_the_wrong_session(
    backend: Backend, clock: ManualClock, naive: NaiveClient
) -> None:
    """Claude Code copies the history with its uuids, and the ids were not scoped."""
    naive.sync_session(session("original"))
    naive.sync_messages([message("uuid-1", "original")])
    clock.advance(60)
    naive.sync_session(session("fork"))
    assert naive.sync_messages([message("uuid-1", "fork"), message("uuid-2", "fork")]) is True
    assert [row.external_id for row in backend.messages("fork")] == ["uuid-2"]
    assert backend.messages("original")[0].parts == ()


def test_the_final_cost_is_lost_by_the_10_s_rule(
    backend: Backend, clock: ManualClock, naive: NaiveClient
) -> None:
    """The session ended two seconds after its last message, and its cost came with the end."""
    naive.post("/sync/session", session(cost=0.1))
    clock.advance(60)
    naive.sync_messages([message()])
    clock.advance(2)
    assert naive.post("/sync/session", session(cost=4.2)) is True
    assert backend.session("s1").cost == 0.1


def test_a_session_sent_once_keeps_its_first_figures(backend: Backend, naive: NaiveClient) -> None:
    """Messages add no tokens: only a later session upsert brings the totals."""
    naive.sync_session(session(promptTokens=0, completionTokens=0, cost=0))
    naive.sync_messages([message(promptTokens=500, completionTokens=50)])
    assert naive.sync_session(session(promptTokens=500, completionTokens=50)) is True
    assert backend.session("s1").total_tokens == 0


def test_a_trusted_200_loses_the_batch(
    double: OpenSyncDouble, backend: Backend, naive: NaiveClient
) -> None:
    """The status was 200 and ok was true; the loss stood in `errors`."""
    double.faults = FaultPlan.of(faults.MESSAGES_FAIL)
    assert naive.sync_messages([message("m1"), message("m2")]) is True
    assert backend.all_messages() == []


def test_a_trusted_200_loses_one_message(
    double: OpenSyncDouble, backend: Backend, naive: NaiveClient
) -> None:
    """One line in `errors` was one message that is nowhere."""
    double.faults = FaultPlan.of(faults.one_message_fails(1))
    assert naive.sync_messages([message("m1"), message("m2"), message("m3")]) is True
    assert [row.external_id for row in backend.messages("s1")] == ["m1", "m3"]


def test_a_captive_portal_swallows_everything(
    double: OpenSyncDouble, backend: Backend, naive: NaiveClient
) -> None:
    """A page of HTML comes with status 200 too."""
    double.faults = FaultPlan.always(faults.HTML_ANSWER)
    assert naive.sync_messages([message()]) is True
    assert backend.sessions() == []


def test_history_with_its_dates_is_rejected_whole(backend: Backend, naive: NaiveClient) -> None:
    """The batch does not know `createdAt`, and says so with status 200."""
    assert naive.sync_messages([message(createdAt=HISTORY_MS)]) is True
    assert backend.all_messages() == []


def test_history_without_its_dates_is_dated_now(
    backend: Backend, clock: ManualClock, naive: NaiveClient
) -> None:
    """A conversation of years ago reads as one of this moment."""
    naive.sync_messages([message()])
    assert backend.messages("s1")[0].created_at_ms == clock.now_ms


def test_messages_before_their_session_leave_it_dated_now(
    backend: Backend, clock: ManualClock, naive: NaiveClient
) -> None:
    """Untitled until the session comes, and dated wrongly for ever."""
    naive.sync_messages([message()])
    assert backend.session("s1").title is None
    naive.sync_session(session(createdAt=HISTORY_MS))
    assert backend.session("s1").title == "Fix the parser"
    assert backend.session("s1").created_at_ms == clock.now_ms


def test_every_session_upsert_costs_the_owner_a_job(backend: Backend, naive: NaiveClient) -> None:
    """An upsert for each message is an embedding for each message."""
    for number in range(5):
        naive.post("/sync/session", session())
        naive.sync_messages([message(f"m{number}")])
    assert backend.embedding_jobs == 5


def test_one_tool_argument_rejects_the_whole_batch(backend: Backend, naive: NaiveClient) -> None:
    """A JSON schema among a tool's arguments takes its neighbours down with it."""
    call = {"type": "tool-call", "content": {"name": "x", "args": {"$schema": "https://"}}}
    assert naive.sync_messages([message("m1"), message("m2", parts=[call])]) is True
    assert backend.all_messages() == []


def test_a_corrected_date_moves_a_message_up(
    backend: Backend, clock: ManualClock, naive: NaiveClient
) -> None:
    """Batched rows are dated on arrival: a dated row sent singly later is drawn before them."""
    first_ms = clock.now_ms
    clock.advance(3)
    naive.sync_messages([message("first")])
    naive.post("/sync/message", message("second", createdAt=first_ms + 1000))
    assert [row.external_id for row in backend.shown("s1")] == ["second", "first"]

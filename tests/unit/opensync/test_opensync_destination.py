"""What the OpenSync destination knows of sessions that the backend held before, and of certainty.

The rest of its behaviour is in `tests/contract`, which every destination runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.errors import Unauthorized, UnexpectedAnswer, Unsent
from ccsync_watch.opensync.backend_rules import RESEND_DELAY_MS
from support.opensync_double import faults
from support.opensync_double.faults import FaultPlan
from support.opensync_double.samples import session
from support.storing import OTHER, SESSION, World, calls_to, message

if TYPE_CHECKING:
    from ccsync_watch.errors import DestinationError

FAR_MS = 1 << 50
BATCH, MESSAGE, STATE = "/sync/batch", "/sync/message", "/sync/session"
LIST, NEWEST = "/sync/sessions/list", "/api/sessions"


def _certain(world: World) -> list[bool]:
    return [row.is_certain for row in world.outbox.rows(SESSION, FAR_MS, 100).value]


def test_it_says_which_backend_it_is_and_when_rows_may_be_replaced(world: World) -> None:
    """A deployment's HTTP actions have another host than its URL."""
    hosted = world.opensync("https://happy-otter-123.convex.cloud")
    assert hosted.address == "https://happy-otter-123.convex.site"
    assert hosted.resend_delay_ms == RESEND_DELAY_MS == 11_000
    hosted.close()


class TestPreexistingSessions:
    """Sessions that the backend holds, and that this store never sent."""

    def test_their_rows_are_sent_one_by_one(self, world: World) -> None:
        """A batch would delete the parts of what the backend has already."""
        world.ingest(message("u1"), message("u2"))
        world.drain()
        again = World(world.folder / "new")
        again.backend, again.transport = world.backend, world.transport
        again.clock.now_ms = world.clock.now_ms + 60_000
        again.connect()
        again.ingest(message("u1"), message("u2"), message("u3"))
        before = len(again.backend.calls)
        again.uploader.turn()
        paths = [call.path for call in again.backend.calls[before:]]
        assert BATCH not in paths
        assert paths.count(MESSAGE) == 4
        again.restart()
        again.drain()
        again.assert_complete()
        again.close()

    def test_sessions_that_this_store_sent_are_not_among_them(self, world: World) -> None:
        """After a restart their rows are sent in batches as before."""
        world.say("u1")
        world.work()
        world.restart()
        world.clock.advance(60)
        for number in range(3):
            world.say(f"v{number}")
        before = len(world.backend.calls)
        world.uploader.turn()
        assert BATCH in [call.path for call in world.backend.calls[before:]]
        assert not world.outbox.remote(SESSION).is_preexisting

    def test_their_rows_never_become_certain(self, world: World) -> None:
        """Nothing was sent, but the backend may hold the row from before."""
        world.backend.post(STATE, session(SESSION))
        world.say("u1")

        def disconnect(path: str) -> None:
            world.transport.is_offline = path == NEWEST

        world.transport.on_answer = disconnect
        assert isinstance(world.turn(), Unsent)
        assert calls_to(world.backend, STATE, MESSAGE, NEWEST) == [STATE, NEWEST]
        assert _certain(world) == [False, True]


class TestListOfSessions:
    """It is a hint: nothing depends on its arriving."""

    @pytest.mark.parametrize(
        "fault",
        [faults.refuse(500), faults.COMMIT_THEN_DROP, faults.refuse(429, retry_after_seconds=60)],
        ids=lambda fault: fault.name,
    )
    def test_without_it_everything_is_sent(self, world: World, fault: faults.Fault) -> None:
        """It is asked for once, and the key is tested in another way."""
        world.transport.faults = FaultPlan.of(None, fault)
        world.ingest(*(message(f"u{number}") for number in range(5)))
        world.drain()
        world.assert_complete()
        world.say("v1")
        world.uploader.health.backend_info = None
        world.drain()
        world.assert_complete()
        assert calls_to(world.backend, LIST) == [LIST]
        assert calls_to(world.backend)[:4] == ["/health", LIST, BATCH, STATE]

    def test_without_it_only_what_began_before_may_be_there(self, world: World) -> None:
        """Whether old sessions are is asked; new ones are not."""
        world.say("u1", ago_ms=60_000)
        world.say("u1", session_id=OTHER)
        world.transport.faults = FaultPlan.of(None, faults.refuse(500))
        world.work()
        assert calls_to(world.backend, NEWEST) == [NEWEST] * 2
        for session_id in (SESSION, OTHER):
            assert not world.outbox.remote(session_id).is_preexisting
        world.drain()
        world.assert_complete()
        world.assert_complete(OTHER)

    def test_a_wrong_key_is_tested_by_it_until_it_answers(self, world: World) -> None:
        """A key that is made valid later gets the list then."""
        world.api_key = "osk_late"
        world.connect()
        world.say("u1")
        for _ in range(2):
            assert isinstance(world.turn(), Unauthorized)
        world.backend.add_user("osk_late")
        world.drain()
        assert calls_to(world.backend, LIST) == [LIST] * 3
        assert len(world.backend.messages(SESSION, api_key="osk_late")) == 2

    def test_a_network_in_between_is_not_taken_for_an_answer(self, world: World) -> None:
        """A login page answers every address; the list is asked for again behind it."""
        world.say("u1")
        world.transport.faults = FaultPlan.of(None, faults.HTML_ANSWER, faults.HTML_ANSWER)
        assert isinstance(world.turn(), UnexpectedAnswer)
        world.drain()
        assert calls_to(world.backend, LIST) == [LIST, LIST]
        assert not world.outbox.remote(SESSION).is_preexisting


class TestMissingSessions:
    """Sessions that were acknowledged and are not there any more."""

    def test_they_are_sent_again_whole(
        self, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The user is informed; the others are left alone."""
        for session_id in (SESSION, OTHER):
            world.ingest(
                *(message(name, session_id=session_id) for name in ("u1", "u2")),
                session_id=session_id,
            )
        world.drain()
        world.say("u3")
        world.backend.delete_session(SESSION)
        world.clock.advance(3600)
        world.restart()
        before = len(world.backend.calls)
        world.drain()
        world.assert_complete()
        world.assert_complete(OTHER)
        sent = [call.json for call in world.backend.calls[before:] if call.path == MESSAGE]
        assert {payload["sessionExternalId"] for payload in sent} == {SESSION}
        assert len(sent) == 4
        backend_info = world.uploader.health.backend_info
        assert backend_info is not None
        assert backend_info.missing_sessions == 1
        assert "1 sessions that were uploaded are not at 127.0.0.1:3211 any more" in caplog.text
        world.restart()
        world.uploader.health.backend_info = world.destination.check()
        assert world.uploader.health.backend_info.missing_sessions == 0

    def test_they_are_held_where_uploads_are(self, world: World) -> None:
        """With auto_sync off nothing is sent without a request."""
        world.say("u1")
        world.drain()
        world.backend.delete_session(SESSION)
        world.restart()
        world.outbox.hold()
        assert world.destination.check().missing_sessions == 1
        assert world.uploader.turn() is False
        world.outbox.release(None)
        world.drain()
        world.assert_complete()

    def test_an_excluded_one_is_not_sent_again(self, world: World) -> None:
        """Its project was excluded since."""
        world.say("u1")
        world.drain()
        world.backend.delete_session(SESSION)
        world.ingest(message("u2"), excluded=frozenset({SESSION}))
        world.restart()
        assert world.destination.check().missing_sessions == 0


@pytest.mark.parametrize("error_type", [Unsent, Unauthorized])
@pytest.mark.parametrize("count", [1, 3])
def test_a_request_that_stored_nothing_changes_no_certainty(
    world: World, error_type: type[DestinationError], count: int
) -> None:
    """Certain rows stay certain, as a message or in a batch; uncertain ones stay uncertain."""
    world.say("u0")
    world.work()
    for number in range(count):
        world.say(f"v{number}")
    world.clock.advance(1)

    def send() -> DestinationError | bool:
        world.uploader.health.backend_info = world.destination.check()
        world.transport.is_offline = error_type is Unsent
        world.transport.faults = FaultPlan.always(faults.refuse(401))
        outcome = world.turn()
        world.transport.is_offline = False
        world.transport.faults = FaultPlan.none()
        return outcome

    assert isinstance(send(), error_type)
    if error_type is Unauthorized:
        assert calls_to(world.backend)[-1] == (MESSAGE if count == 1 else BATCH)
    assert _certain(world) == [True] * count
    seqs = [row.message.seq for row in world.outbox.rows(SESSION, FAR_MS, 9).value]
    world.outbox.mark_uncertain(SESSION, seqs)
    assert isinstance(send(), error_type)
    assert _certain(world) == [False] * count

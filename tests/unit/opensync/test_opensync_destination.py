"""What the OpenSync destination knows of sessions that the backend held before, and of certainty.

The rest of its behaviour is in `tests/contract`, which every destination runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.errors import Unauthorized, Unsent
from ccsync_watch.opensync.backend_rules import RESEND_DELAY_MS
from support.opensync_double import faults
from support.opensync_double.faults import FaultPlan
from support.opensync_double.samples import session
from support.storing import SESSION, World, calls_to, message

if TYPE_CHECKING:
    from ccsync_watch.errors import DestinationError

FAR_MS = 1 << 50
BATCH, MESSAGE, STATE = "/sync/batch", "/sync/message", "/sync/session"


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
            world.transport.is_offline = path == STATE

        world.transport.on_answer = disconnect
        assert isinstance(world.turn(), Unsent)
        assert calls_to(world.backend, STATE, MESSAGE) == [STATE, STATE]
        assert _certain(world) == [False, True]


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

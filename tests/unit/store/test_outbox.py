"""The outbox: what is pending, what may be sent, and that only an ack removes a row."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.store import status_figures
from ccsync_watch.store.outbox import Outbox
from ccsync_watch.store.recall import mark_recalled
from support.storing import OTHER, SESSION, World, message

if TYPE_CHECKING:
    from ccsync_watch.outgoing import OutboxRow

FAR = 1 << 50


def _rows(world: World, session_id: str = SESSION, now_ms: int = FAR) -> list[OutboxRow]:
    return world.outbox.rows(session_id, now_ms, 100).value


def _names(world: World, session_id: str = SESSION, now_ms: int = FAR) -> list[str]:
    return [row.message.id.rsplit(":", 1)[1] for row in _rows(world, session_id, now_ms)]


def _ack(world: World, rows: list[OutboxRow]) -> None:
    world.outbox.ack(SESSION, rows, host="h", size=10, now_ms=world.clock.now_ms, at_ms=1)


def _ledger(world: World) -> list[tuple[str, str, int, int]]:
    query = "SELECT host, kind, rows, bytes FROM ledger WHERE is_acked ORDER BY id"
    return [tuple(row) for row in world.database.read().execute(query)]


class TestRows:
    """What is sent next."""

    def test_they_come_in_order_and_a_few_at_a_time(self, world: World) -> None:
        """The order of ingestion, the header first."""
        world.ingest(*(message(f"u{number}") for number in range(5)))
        assert _names(world) == ["session", "u0", "u1", "u2", "u3", "u4"]
        assert len(world.outbox.rows(SESSION, FAR, 2).value) == 2

    def test_a_postponed_row_is_skipped(self, world: World) -> None:
        """A change of what the backend has does not hold up what comes after it."""
        world.ingest(message("u1"))
        world.work()
        world.ingest(message("u1", "new"), message("u2"))
        assert _names(world, now_ms=world.clock.now_ms) == ["u2"]
        assert _names(world, now_ms=world.clock.now_ms + 11_000) == ["u1", "u2"]

    def test_a_rejected_row_is_skipped(self, world: World) -> None:
        """It does not block its session."""
        world.ingest(message("u1"), message("u2"))
        world.outbox.reject(_rows(world)[1], "too odd")
        assert _names(world) == ["session", "u2"]
        assert world.outbox.count_rejected([SESSION]) == 1
        assert world.outbox.count_rejected([OTHER]) == 0
        assert world.outbox.count_rejected(None) == 1

    def test_a_row_that_was_read_is_current_until_it_is_not_to_be_sent(self, world: World) -> None:
        """With the content that was read, and released, and not rejected."""
        world.ingest(*(message(f"u{number}") for number in range(4)))
        header, changed, rejected, acked, other = _rows(world)
        assert all(map(world.outbox.is_current, (header, changed, rejected, acked, other)))
        world.ingest(message("u0", "new"))
        world.outbox.reject(rejected, "too odd")
        _ack(world, [acked])
        assert not any(map(world.outbox.is_current, (changed, rejected, acked)))
        assert world.outbox.is_current(_rows(world)[1])
        assert world.outbox.is_current(other)
        world.outbox.hold()
        assert not world.outbox.is_current(other)

    def test_a_session_has_rows_while_one_is_to_be_sent(self, world: World) -> None:
        """Not of another session, and not rejected or held ones."""
        assert not world.outbox.has_rows(SESSION)
        for session_id in (SESSION, OTHER):
            world.say("u1", session_id=session_id)
        assert world.outbox.has_rows(SESSION)
        assert not world.outbox.has_rows("another")
        for row in _rows(world):
            world.outbox.reject(row, "too odd")
        assert not world.outbox.has_rows(SESSION)
        assert world.outbox.has_rows(OTHER)
        world.outbox.hold()
        assert not world.outbox.has_rows(OTHER)


class TestSent:
    """What the backend certainly has."""

    @pytest.mark.parametrize("count", [49, 99])
    def test_it_is_read_once_and_in_order(self, world: World, count: int) -> None:
        """Whatever is read at once; what is queued is not among it."""
        names = [f"u{number}" for number in range(count)]
        world.ingest(*(message(name) for name in names))
        _ack(world, _rows(world))
        world.ingest(message("later"))
        world.say("u1", session_id=OTHER)
        sent = [row.value.uuid for row in world.outbox.sent_messages(SESSION)]
        assert sent == ["session", *names]
        assert world.outbox.count_sent(SESSION) == count + 1
        assert world.outbox.count_sent(OTHER) == 0

    def test_copies_count_only_in_a_session_that_says_it_is_one(self, world: World) -> None:
        """Others are sent in the session that they were copied from."""
        world.ingest(message("u1"), message("u2"))
        _ack(world, _rows(world))
        with world.database.write() as connection:
            connection.execute(
                "UPDATE compact_messages SET is_inherited = 1 WHERE seq ="
                " (SELECT seq FROM messages WHERE uuid = 'u1')"
            )
        assert world.outbox.count_sent(SESSION) == 2
        with world.database.write() as connection:
            connection.execute("UPDATE sessions SET forked_from = 'another'")
        assert world.outbox.count_sent(SESSION) == 3

    def test_of_an_excluded_session_it_has_no_content_any_more(self, world: World) -> None:
        """It is sent again, to take back what was there."""
        world.say("u1", "The secret plan")
        world.drain()
        world.ingest(message("u2"), excluded=frozenset({SESSION}))
        queued = [row.message for row in _rows(world)]
        assert [row.uuid for row in queued] == ["session", "u1"]
        state = world.outbox.recalled_summary(SESSION)
        assert state is not None
        assert state.value.title == "Excluded session"
        assert world.outbox.recalled_summary(OTHER) is None
        _ack(world, _rows(world))
        sent = [row.value for row in world.outbox.sent_messages(SESSION)]
        assert [str(row.parts) for row in sent] == [str(row.parts) for row in queued]
        assert {part.content for row in sent for part in row.parts} == {"[removed]"}

    def test_headers_that_were_sent_are_sent_again_to_name_the_machine(self, world: World) -> None:
        """Once, and none that was not sent."""
        world.outbox.update_headers(now_ms=world.clock.now_ms, is_released=True)
        world.say("u1")
        world.drain()
        world.say("u1", session_id=OTHER, is_released=False)
        naming = Outbox(world.database, is_host_sent=True)
        for _ in range(2):
            naming.update_headers(now_ms=world.clock.now_ms, is_released=True)
            assert [(row.message.uuid, row.version) for row in _rows(world)] == [("session", 0)]
        assert world.outbox.due_sessions(FAR) == [SESSION]
        assert world.outbox.remote(SESSION).is_recalled
        world.outbox.release([OTHER])
        assert [row.version for row in _rows(world, OTHER)] == [0, 0]
        due_ms = world.clock.now_ms + world.destination.resend_delay_ms
        assert _names(world, now_ms=due_ms - 1) == []
        assert _names(world, now_ms=due_ms) == ["session"]


class TestAck:
    """Only an ack of what was sent removes a row."""

    def test_it_is_recorded_in_the_ledger(self, world: World) -> None:
        """What was sent, when and where to."""
        world.ingest(message("u1"))
        _ack(world, _rows(world))
        assert _names(world) == []
        assert _ledger(world) == [("h", "messages", 2, 10)]
        assert world.outbox.remote(SESSION).is_acked
        assert world.outbox.remote(SESSION).date_floor_ms == 0

    def test_it_removes_its_own_rows_alone(self, world: World) -> None:
        """Marked with them and not sent, others are certain again."""
        world.ingest(message("u1"), message("u2"))
        rows = _rows(world)
        world.outbox.mark_uncertain(SESSION, [row.message.seq for row in rows])
        world.outbox.ack(
            SESSION, rows[:1], host="h", size=1, now_ms=5, at_ms=6, unsent=[rows[2].message.seq]
        )
        assert _names(world) == ["u1", "u2"]
        assert [row.is_certain for row in _rows(world)] == [False, True]
        state = world.outbox.remote(SESSION)
        assert (state.write_ms, state.ack_ms) == (5, 6)
        assert not state.is_search_stale

    def test_what_was_removed_is_in_the_ledger(self, world: World) -> None:
        """By kind of secret."""
        world.ingest(message("u1"))
        rows = _rows(world)
        for removed in ({"jwt": 2}, None):
            world.outbox.ack(SESSION, rows, host="h", size=1, now_ms=1, at_ms=1, removed=removed)
        query = "SELECT removed FROM ledger ORDER BY id"
        written = [json.loads(row[0]) for row in world.database.read().execute(query)]
        assert written == [{"jwt": 2}, {}]

    def test_a_stale_search_text_stays_stale(self, world: World) -> None:
        """Until it is written again, whatever is acknowledged later."""
        world.ingest(message("u1"))
        rows = _rows(world)
        stale = []
        for is_search_stale in (False, True, False):
            world.outbox.ack(
                SESSION, rows, host="h", size=1, now_ms=1, at_ms=1, is_search_stale=is_search_stale
            )
            stale.append(world.outbox.remote(SESSION).is_search_stale)
        _ack(world, rows)
        assert stale == [False, True, True]
        assert world.outbox.remote(SESSION).is_search_stale

    def test_it_ends_the_error_of_its_session(self, world: World) -> None:
        """One that was rejected, or failed, before."""
        world.ingest(message("u1"))
        _header, row = _rows(world)
        world.outbox.reject(row, "too odd")
        query = "SELECT error FROM remote"
        assert world.database.read().execute(query).fetchone()[0] == "too odd"
        _ack(world, [row])
        assert world.database.read().execute(query).fetchone()[0] is None

    def test_a_row_that_changed_while_it_was_sent_stays(self, world: World) -> None:
        """The ack is of the old content; the new one waits until the backend takes it."""
        world.ingest(message("u1"))
        rows = _rows(world)
        world.outbox.mark_uncertain(SESSION, [row.message.seq for row in rows])
        world.ingest(message("u1", "new"))
        _ack(world, rows)
        assert _names(world, now_ms=world.clock.now_ms + 10_999) == []
        (row,) = _rows(world, now_ms=world.clock.now_ms + 11_000)
        assert (row.version, row.is_certain) == (1, False)

    def test_a_row_that_changed_while_it_was_sent_is_not_rejected(self, world: World) -> None:
        """The backend rejected the old content."""
        world.ingest(message("u1"))
        before = _rows(world)[1]
        world.ingest(message("u1", "new"))
        world.outbox.count_attempt(before)
        world.outbox.reject(before, "too odd")
        assert world.outbox.count_rejected(None) == 0
        assert _rows(world)[1].attempts == 0


class TestCertainty:
    """Whether the backend may have a row."""

    def test_rows_are_uncertain_before_a_send_and_certain_again_if_nothing_was_sent(
        self, world: World
    ) -> None:
        """A crash in between leaves the row uncertain."""
        world.ingest(message("u1"))
        seqs = [row.message.seq for row in _rows(world)]
        world.outbox.mark_uncertain(SESSION, seqs, date_floor_ms=7)
        world.restart()
        assert [row.is_certain for row in _rows(world)] == [False, False]
        assert world.outbox.remote(SESSION).date_floor_ms == 7
        world.outbox.restore_certain(seqs)
        assert [row.is_certain for row in _rows(world)] == [True, True]

    def test_the_latest_date_set_by_the_backend_is_kept(self, world: World) -> None:
        """A batch with its own dates does not change it."""
        world.ingest(message("u1"))
        rows = _rows(world)
        for date_floor_ms in (9, 5, 0):
            world.outbox.mark_uncertain(SESSION, [], date_floor_ms=date_floor_ms)
            world.outbox.block(SESSION, 0, date_floor_ms=date_floor_ms)
            world.outbox.ack(
                SESSION, rows, host="h", size=1, now_ms=1, at_ms=1, date_floor_ms=date_floor_ms
            )
        assert world.outbox.remote(SESSION).date_floor_ms == 9

    def test_failed_attempts_are_counted_and_reset(self, world: World) -> None:
        """Only what happened to a row alone counts against it."""
        world.ingest(message("u1"))
        row, other = _rows(world)
        for attempted in (row, row, other):
            world.outbox.count_attempt(attempted)
        assert [row.attempts for row in _rows(world)] == [2, 1]
        world.outbox.reset_attempts(row)
        assert [row.attempts for row in _rows(world)] == [0, 1]


class TestRejected:
    """Rejected rows, tried again."""

    @pytest.fixture
    def rejected(self, world: World) -> World:
        """Have rejected rows in each of two sessions, and nothing else to send."""
        for session_id in (SESSION, OTHER):
            world.say("u1", session_id=session_id)
            for row in _rows(world, session_id):
                world.outbox.reject(row, "too odd")
            world.outbox.finish(session_id, world.outbox.remote(session_id).version, None)
        return world

    def test_they_are_queued_again_as_uncertain(self, rejected: World) -> None:
        """Program or backend may have been fixed in the meantime."""
        assert rejected.outbox.due_sessions(FAR) == []
        assert rejected.outbox.retry_rejected(is_released=True) == 4
        assert sorted(rejected.outbox.due_sessions(FAR)) == sorted([SESSION, OTHER])
        assert [row.is_certain for row in _rows(rejected)] == [False, False]
        assert rejected.outbox.count_rejected(None) == 0
        assert rejected.outbox.retry_rejected(is_released=True) == 0

    def test_retrying_one_session_leaves_the_others_rejected(self, rejected: World) -> None:
        """A sync-now of one session touches no other."""
        assert rejected.outbox.retry_rejected(is_released=True, session_ids=[SESSION]) == 2
        assert rejected.outbox.due_sessions(FAR) == [SESSION]
        assert rejected.outbox.count_rejected([OTHER]) == 2

    def test_without_auto_sync_they_are_held_until_a_sync_now(self, rejected: World) -> None:
        """Queued again is not released."""
        assert rejected.outbox.retry_rejected(is_released=False) == 4
        assert rejected.outbox.due_sessions(FAR) == []
        assert _names(rejected) == []
        rejected.outbox.release([SESSION])
        assert _names(rejected) == ["session", "u1"]
        assert rejected.outbox.due_sessions(FAR) == [SESSION]


class TestRelease:
    """`auto_sync: false`: nothing is sent until it is released."""

    @pytest.fixture
    def held(self, world: World) -> World:
        """Have two sessions with held rows."""
        for session_id in (SESSION, OTHER):
            world.say("u1", session_id=session_id, is_released=False)
        return world

    def test_nothing_is_sent_until_it_is_released(self, held: World) -> None:
        """No row, no state of a session, and not even the handshake."""
        held.drain()
        assert held.backend.calls == []
        assert held.outbox.count_unsettled(None) == 0
        assert held.outbox.count_sendable(None, FAR) == 0
        assert held.figures()["rows_held"] == held.figures()["rows_pending"] == 4

    def test_one_session_is_sent_when_it_is_released(self, held: World) -> None:
        """The other one stays; so does what is written afterwards."""
        held.outbox.release([SESSION])
        held.drain()
        held.assert_complete()
        waits = {
            row["session_id"]: row["is_due"] for row in status_figures.session_table(held.database)
        }
        assert waits == {SESSION: 0, OTHER: 1}
        held.say("u2", is_released=False)
        held.say("u2", is_released=False, session_id=OTHER)
        before = len(held.backend.calls)
        held.clock.advance(60)
        held.drain()
        assert held.ids() == ["u1"]
        assert [session.external_id for session in held.backend.sessions()] == [SESSION]
        assert len(held.backend.calls) == before

    def test_a_row_held_during_a_sync_now_is_sent_at_the_next(self, held: World) -> None:
        """A row held during a turn is neither sent with it nor forgotten after it."""

        def meanwhile(path: str) -> None:
            if path == "/sync/session":
                held.say("u2", is_released=False)

        held.transport.on_answer = meanwhile
        held.outbox.release([SESSION])
        held.uploader.turn()
        held.transport.on_answer = lambda _path: None
        held.drain()
        assert held.ids() == ["u1"]
        held.outbox.release([SESSION])
        held.drain()
        assert held.ids() == ["u1", "u2"]
        held.assert_complete()

    def test_a_row_that_is_postponed_is_not_pending_now(self, held: World) -> None:
        """Whoever asks for a sync waits seconds for it only if a word of it must go."""
        held.outbox.release(None)
        held.drain()
        held.ingest(message("u1", "changed", at_ms=held.clock.now_ms))
        now_ms = held.clock.now_ms
        assert held.outbox.count_pending(None, now_ms) == 0
        assert held.outbox.count_pending(None, now_ms + 12_000) == 1
        with held.database.write() as connection:
            mark_recalled(connection, SESSION)
        assert held.outbox.count_pending(None, now_ms) == 2

    def test_a_title_alone_is_held_as_well(self, held: World) -> None:
        """A session's state is held like its rows, and released with them."""
        held.outbox.release(None)
        held.drain()
        held.ingest(facts={"custom_title": "Later"}, is_released=False)
        held.clock.advance(60)
        held.drain()
        assert held.backend.session(SESSION).title != "Later"
        held.outbox.release([SESSION])
        held.drain()
        assert held.backend.session(SESSION).title == "Later"

    def test_switching_auto_sync_off_holds_what_is_queued(self, world: World) -> None:
        """And switching it on releases it."""
        world.say("u1")
        world.outbox.hold()
        world.drain()
        assert world.backend.calls == []
        world.outbox.release(None)
        world.drain()
        world.assert_complete()

    def test_a_release_of_what_is_settled_sends_nothing(self, world: World) -> None:
        """Starting with auto_sync on costs the backend nothing."""
        world.say("u1")
        world.drain()
        before = len(world.backend.calls)
        world.outbox.release(None)
        world.drain()
        assert len(world.backend.calls) == before

    def test_a_flush_does_not_wait_for_rows_to_gather(self, world: World) -> None:
        """But it does wait where sending earlier would lose data."""
        for session_id in (SESSION, OTHER):
            world.say("u1", session_id=session_id)
            world.outbox.record_failure(session_id, "x", not_before_ms=FAR)
        world.outbox.make_due_now([SESSION])
        assert world.outbox.due_sessions(world.clock.now_ms) == [SESSION]
        world.outbox.block(SESSION, FAR)
        world.outbox.make_due_now(None)
        assert world.outbox.due_sessions(world.clock.now_ms) == [OTHER]


class TestDestination:
    """Which backend the rows are for."""

    @pytest.mark.parametrize("delay_ms", [0, 500])
    def test_a_changed_row_waits_for_the_destinations_resend_delay(
        self, world: World, delay_ms: int
    ) -> None:
        """It is kept in the store: whoever changes a row need not know the destination."""
        world.outbox.set_resend_delay(delay_ms)
        world.ingest(message("u1"))
        world.work()
        world.ingest(message("u1", "new"))
        due_ms = world.clock.now_ms + delay_ms
        assert _names(world, now_ms=due_ms - 1) == []
        assert _names(world, now_ms=due_ms) == ["u1"]

    def test_the_first_one_gets_what_is_queued(self, world: World) -> None:
        """Whatever was stored while there was none."""
        world.say("u1")
        assert world.outbox.set_destination("http://a") is False
        assert world.outbox.set_destination("http://a") is False
        assert _names(world) == ["session", "u1"]

    def test_another_one_gets_everything(self, world: World) -> None:
        """What the first one acknowledged or rejected is queued for the second, as certain."""
        world.outbox.set_destination("http://a")
        world.say("u1")
        world.say("u1", session_id=OTHER)
        for row in _rows(world, OTHER):
            world.outbox.reject(row, "too odd")
        world.drain()
        assert world.outbox.set_destination("http://b") is True
        assert [row.is_certain for row in _rows(world)] == [True, True]
        assert world.outbox.count_rejected(None) == 0
        state = world.outbox.remote(SESSION)
        assert (state.is_acked, state.sent, state.applied) == (False, None, None)
        again = World(world.folder)
        again.drain()
        again.assert_complete(SESSION)
        again.assert_complete(OTHER)
        again.close()

    def test_another_one_gets_nothing_while_auto_sync_is_off(self, world: World) -> None:
        """With auto_sync off the engine holds what a new backend would get."""
        world.outbox.set_destination("http://a")
        world.say("u1")
        world.drain()
        world.outbox.set_destination("http://b")
        world.outbox.hold()
        before = len(world.backend.calls)
        world.drain()
        assert len(world.backend.calls) == before
        assert world.figures()["rows_held"] == 2


def test_rows_are_conserved(world: World) -> None:
    """Ingested = acknowledged + rejected + pending, at any moment."""
    ingested = acked = 0
    for number in range(6):
        result = world.ingest(message(f"u{number}"), message(f"v{number}"))
        ingested += result.inserted + (number == 0)
        if number == 2:
            world.outbox.reject(_rows(world)[0], "too odd")
        if number in {1, 3}:
            world.work()
        figures = world.figures()
        acked = sum(row[2] for row in _ledger(world) if row[1] == "messages")
        assert ingested == acked + figures["rows_rejected"] + figures["rows_pending"]
    assert acked > 0

"""How rows are sent: in batches where that is safe, one by one otherwise, each in its place."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.errors import Retryable, Unsent
from ccsync_watch.model import Part
from ccsync_watch.opensync.backend_rules import MAX_ATTEMPTS
from ccsync_watch.opensync.opensync_destination import OpenSyncDestination
from ccsync_watch.store import egress_ledger, status_figures, stored_messages
from support.opensync_double import faults
from support.opensync_double.faults import FaultPlan
from support.storing import OTHER, SESSION, World, calls_to, message

if TYPE_CHECKING:
    from pathlib import Path

DAY_MS = 86_400_000
BATCH, MESSAGE = "/sync/batch", "/sync/message"


def _write(world: World, count: int, *, ago_ms: int = 0, prefix: str = "u") -> None:
    world.ingest(
        *(
            message(f"{prefix}{number}", at_ms=world.clock.now_ms - ago_ms + number)
            for number in range(count)
        )
    )


def _sizes(world: World, path: str) -> list[int]:
    return [call.message_rows for call in world.backend.calls if call.path == path]


def _assert_in_order(world: World) -> None:
    wanted = [row.id for row in stored_messages.session_messages(world.database, SESSION)]
    assert [row.external_id for row in world.backend.shown(SESSION)] == wanted


class TestTodaysBackend:
    """It rejects dates in a batch, and dates a batch by its own clock."""

    def test_fresh_rows_are_sent_in_one_batch_after_one_probe(self, world: World) -> None:
        """A rejected probe has stored nothing, and is not repeated."""
        _write(world, 5)
        world.work()
        assert (_sizes(world, BATCH), _sizes(world, MESSAGE)) == ([2, 6], [])
        world.clock.advance(60)
        _write(world, 5, prefix="v")
        world.work()
        assert _sizes(world, BATCH) == [2, 6, 5]
        world.drain()
        world.assert_complete()

    def test_history_is_sent_one_by_one_with_its_own_dates(self, world: World) -> None:
        """A batch would date it now."""
        _write(world, 5, ago_ms=DAY_MS)
        world.work()
        assert (_sizes(world, BATCH), len(_sizes(world, MESSAGE))) == ([2], 6)
        dates = [row.created_at_ms for row in world.backend.shown(SESSION)]
        assert dates == [world.clock.now_ms - DAY_MS + at for at in (0, 0, 1, 2, 3, 4)]

    def test_a_row_of_a_long_history_costs_as_many_reads_as_of_a_short_one(
        self, world: World
    ) -> None:
        """What follows it is not read with each row that goes alone."""
        world.database.read().set_trace_callback(lambda _statement: reads.append(1))
        reads: list[int] = []
        per_row: list[float] = []
        for count in (10, 90):
            reads.clear()
            _write(world, count, ago_ms=DAY_MS, prefix=f"of{count}-")
            world.work()
            per_row.append(len(reads) / count)
        assert len(_sizes(world, MESSAGE)) == 101  # with the session's header
        assert per_row[1] <= per_row[0] * 1.1

    def test_a_single_row_is_sent_as_a_message(self, world: World) -> None:
        """With the transcript's date, to the millisecond."""
        _write(world, 1)
        world.work()
        world.clock.advance(3)
        _write(world, 1, ago_ms=300, prefix="v")
        world.work()
        assert _sizes(world, MESSAGE) == [1]
        assert world.backend.shown(SESSION)[-1].created_at_ms == world.clock.now_ms - 300

    def test_a_batch_has_at_most_100_rows(self, world: World) -> None:
        """More rows take more batches."""
        _write(world, 250)
        world.work()
        assert _sizes(world, BATCH)[1:] == [100, 100, 51]
        world.assert_complete()

    def test_a_batch_has_at_most_a_mebibyte(self, world: World) -> None:
        """Rows of nearly 200 kB each: five to a batch."""
        big = "x" * 100_000
        at_ms = world.clock.now_ms
        world.ingest(*(message(f"u{number}", big, at_ms=at_ms) for number in range(9)))
        world.work()
        assert _sizes(world, BATCH)[1:] == [6, 4]
        assert all(len(call.body) < 1_100_000 for call in world.backend.calls)
        world.assert_complete()

    @pytest.mark.parametrize("skew_ms", [0, 700, -700, 90_000, -90_000, 600_000, -600_000])
    @pytest.mark.parametrize("gap_ms", [0, 100, 900, 4000])
    def test_batches_and_single_rows_keep_their_order(
        self, tmp_path: Path, skew_ms: int, gap_ms: int
    ) -> None:
        """However the clocks differ, and however soon one follows the other."""
        world = World(tmp_path, skew_ms=skew_ms)
        for turn, count in enumerate([3, 1, 2, 1, 1, 4, 2]):
            _write(world, count, ago_ms=150, prefix=f"t{turn}-")
            world.work()
            world.clock.now_ms += gap_ms
        world.drain()
        world.assert_complete()
        _assert_in_order(world)

    def test_a_backend_whose_clock_is_wrong_gets_no_undated_batch(self, tmp_path: Path) -> None:
        """Its dates would be wrong; our own are right."""
        world = World(tmp_path, skew_ms=-90_000)
        _write(world, 4)
        world.work()
        assert (_sizes(world, BATCH), len(_sizes(world, MESSAGE))) == ([2], 5)

    def test_no_message_is_dated_in_the_backends_future(self, tmp_path: Path) -> None:
        """It would stay "young", and changes to it be ignored, until then."""
        world = World(tmp_path, skew_ms=-3_600_000)
        _write(world, 1)
        world.work()
        world.clock.advance(1)
        world.ingest(message("u0", "changed", at_ms=world.clock.now_ms))
        world.drain()
        assert world.texts() == {"u0": "changed"}
        world.assert_complete()

    def test_a_row_without_any_date_is_dated_now(self, world: World) -> None:
        """Nothing better is known."""
        world.ingest(message("u1", at_ms=None))
        world.work()
        assert {row.created_at_ms for row in world.backend.shown(SESSION)} == {world.clock.now_ms}

    def test_a_backend_without_a_clock_gets_no_undated_batch(self, world: World) -> None:
        """How wrong its dates would be is not known."""
        world.say("u0")
        world.outbox.mark_uncertain(SESSION, [1])
        world.work()
        assert isinstance(world.destination, OpenSyncDestination)
        world.destination._client.backend_clock.read(None, {}, 0, 0)
        for number in range(3):
            world.say(f"v{number}")
        world.work()
        assert calls_to(world.backend)[-4:] == [BATCH, MESSAGE, MESSAGE, MESSAGE]


class TestNewerBackend:
    """It accepts dates in a batch."""

    def test_history_is_sent_in_batches_after_one_probe(self, newer: World) -> None:
        """The probe is stored: its rows are the first ones."""
        _write(newer, 5, ago_ms=DAY_MS)
        newer.work()
        assert (_sizes(newer, BATCH), _sizes(newer, MESSAGE)) == ([2, 4], [])
        newer.assert_complete()
        _assert_in_order(newer)
        newer.clock.advance(60)
        _write(newer, 3, prefix="v")
        newer.work()
        assert _sizes(newer, BATCH) == [2, 4, 3]

    def test_a_probe_without_an_answer_is_repeated(self, newer: World) -> None:
        """Its rows are sent again one by one, and the next rows are the probe."""
        newer.transport.faults = FaultPlan.of(None, None, None, faults.COMMIT_THEN_DROP)
        _write(newer, 4, ago_ms=DAY_MS)
        assert isinstance(newer.turn(), Retryable)
        newer.clock.advance(6)
        newer.work()
        assert (_sizes(newer, BATCH), _sizes(newer, MESSAGE)) == ([2, 2], [1, 1, 1])
        newer.assert_complete()


class TestUncertain:
    """What the backend may hold is sent by the path that can send twice without harm."""

    @pytest.mark.tailing_case("42")
    def test_a_batch_without_an_answer_is_sent_again_one_by_one(self, world: World) -> None:
        """Everything is there once, with its parts."""
        _write(world, 1)
        world.work()
        world.clock.advance(60)
        _write(world, 3, prefix="v")
        world.transport.faults = FaultPlan.of(faults.COMMIT_THEN_DROP)
        assert isinstance(world.turn(), Retryable)
        world.drain()
        assert _sizes(world, MESSAGE)[-3:] == [1, 1, 1]
        world.assert_complete()
        _assert_in_order(world)

    def test_nothing_is_sent_until_the_backend_would_replace_young_messages(
        self, world: World
    ) -> None:
        """New content of a message is ignored for five seconds; later rows wait as well."""
        _write(world, 3)
        world.transport.faults = FaultPlan.of(*[None] * 4, faults.one_message_fails())
        world.turn()
        _write(world, 1, prefix="v")
        world.clock.advance(5.9)
        assert world.turn() is False
        world.clock.advance(0.1)
        assert world.turn() is True
        world.assert_complete()

    def test_a_half_written_message_is_completed(self, world: World) -> None:
        """A message was stored without its last part; the next send replaces it."""
        _write(world, 2)
        world.uploader.health.backend_info = world.destination.check()
        world.transport.on_answer = lambda path: _halve(world) if path == BATCH else None
        # The state, the probe, then the batch.
        world.transport.faults = FaultPlan.of(None, None, faults.COMMIT_THEN_500)
        world.turn()
        world.transport.on_answer = lambda _path: None
        assert any(not row.parts for row in world.backend.messages(SESSION))
        world.drain()
        world.assert_complete()

    def test_rows_after_an_uncertain_one_are_sent_after_it(self, world: World) -> None:
        """It alone as a message, then a batch again."""
        _write(world, 2)
        rows = world.outbox.rows(SESSION, 1 << 50, 9).value
        world.outbox.mark_uncertain(SESSION, [rows[0].message.seq])
        world.work()
        paths = calls_to(world.backend, BATCH, MESSAGE)
        assert paths[0] == MESSAGE
        _assert_in_order(world)


class TestSteps:
    """Each says how many rows it sent, and whether there is more to send at once."""

    @staticmethod
    def _steps(world: World, count: int) -> list[tuple[int, bool]]:
        world.destination.check()
        steps = [world.destination.deliver(SESSION) for _ in range(count)]
        return [(step.rows_acked, step.is_last) for step in steps]

    def test_of_batches_that_the_backend_dates(self, world: World) -> None:
        """The rejected probe sent nothing."""
        _write(world, 150)
        assert self._steps(world, 4) == [(0, False), (100, False), (51, False), (0, True)]

    def test_of_dated_batches(self, newer: World) -> None:
        """The probe has sent its rows."""
        _write(newer, 150, ago_ms=DAY_MS)
        assert self._steps(newer, 4) == [(2, False), (100, False), (49, False), (0, True)]

    def test_of_rows_that_are_uncertain(self, world: World) -> None:
        """They go one by one, and all of them in one step, up to the first that is not."""
        _write(world, 6)
        rows = world.outbox.rows(SESSION, 1 << 50, 9).value
        world.outbox.mark_uncertain(SESSION, [row.message.seq for row in rows[:4]])
        assert self._steps(world, 1) == [(4, False)]
        assert _sizes(world, MESSAGE) == [1] * 4

    @pytest.mark.parametrize("kind", ["world", "newer"])
    def test_what_was_sent_without_an_answer_dates_the_next_rows(
        self, request: pytest.FixtureRequest, kind: str
    ) -> None:
        """If the backend dated it: not one of them is shown before it."""
        world: World = request.getfixturevalue(kind)
        _write(world, 1)
        world.work()
        world.clock.advance(60)
        _write(world, 3, prefix="v")
        world.work()
        floor_ms = world.outbox.remote(SESSION).date_floor_ms
        world.clock.advance(60)
        _write(world, 3, prefix="w")
        world.transport.faults = FaultPlan.of(faults.COMMIT_THEN_DROP)
        assert isinstance(world.turn(), Retryable)
        is_raised = world.outbox.remote(SESSION).date_floor_ms > floor_ms
        assert is_raised == (kind == "world")

    def test_a_slow_answer_that_fails_dates_the_next_rows(self, world: World) -> None:
        """The backend may have dated the batch at any time until then."""
        _write(world, 3)
        world.work()
        _write(world, 3, prefix="v")
        world.transport.on_answer = lambda _path: world.clock.advance(7)
        world.transport.faults = FaultPlan.of(faults.COMMIT_THEN_500)
        assert isinstance(world.turn(), Retryable)
        assert world.outbox.remote(SESSION).date_floor_ms >= world.clock.now_ms


def _halve(world: World) -> None:
    """Remove the parts of the last stored message."""
    for row in world.backend._tables.messages[-1:]:
        row.parts = ()


class TestRejected:
    """A row that the backend never accepts is set aside, and does not block the others."""

    @pytest.mark.tailing_case("42")
    def test_it_is_found_by_halving(self, world: World, caplog: pytest.LogCaptureFixture) -> None:
        """All others arrive in order; log and store name it and the reason."""
        _write(world, 1, prefix="z")
        world.work()
        world.transport.rejected_ids = {f"{SESSION}:u13"}
        _write(world, 40)
        caplog.set_level(logging.ERROR)
        world.drain()
        assert world.outbox.count_rejected(None) == 1
        (row,) = status_figures.rejected_rows(world.database)
        assert (row["id"], row["session_id"]) == (f"{SESSION}:u13", SESSION)
        assert str(row["reason"]).endswith("answered HTTP 400 (too odd)")
        arrived = [name for name in world.ids() if name.startswith("u")]
        assert arrived == [f"u{number}" for number in range(40) if number != 13]
        assert f"rejects message {SESSION}:u13: {row['reason']}" in caplog.text
        assert calls_to(world.backend).count(BATCH) < 25

    def test_batches_grow_again_afterwards(self, world: World) -> None:
        """One rejected row does not slow its session down for ever."""
        _write(world, 1, prefix="z")
        world.work()
        world.transport.rejected_ids = {f"{SESSION}:u0"}
        _write(world, 300)
        world.drain()
        before = len(world.backend.calls)
        _write(world, 100, prefix="w")
        world.work()
        assert calls_to(world.backend)[before:].count(BATCH) == 1

    def test_a_row_that_the_backend_fails_on_is_rejected_after_many_attempts(
        self, world: World
    ) -> None:
        """It answers 500 to a message that it cannot store; other sessions are sent at once."""
        world.say("u1")
        world.say("u1", session_id=OTHER, ago_ms=1)
        world.make_unacceptable("u1")
        world.say("u2")
        world.drain()
        assert world.outbox.count_rejected([SESSION]) == 1
        assert world.ids() == ["u2"]
        assert world.ids(OTHER) == ["u1"]
        failed = [call for call in world.backend.calls if b":u1" in call.body]
        assert MAX_ATTEMPTS <= len([call for call in failed if call.path == MESSAGE]) <= 14
        (reason,) = [
            rejected_row["reason"] for rejected_row in status_figures.rejected_rows(world.database)
        ]
        assert "HTTP 500" in str(reason)

    @pytest.mark.parametrize(
        "fault",
        [
            replace(faults.HTML_ANSWER, status=403),
            faults.refuse(404),
            faults.redirect(302),
            faults.HTML_ANSWER,
        ],
    )
    def test_a_row_that_a_firewall_stops_is_rejected_after_many_attempts(
        self, world: World, fault: faults.Fault
    ) -> None:
        """Whatever it answers: a page, its login, or that there is nothing; others are sent."""
        _write(world, 3, ago_ms=DAY_MS)
        world.transport.rejected_ids = {f"{SESSION}:u1"}
        world.transport.rejected_by = fault
        world.drain()
        assert world.outbox.count_rejected(None) == 1
        assert world.ids() == ["u0", "u2"]

    @pytest.mark.parametrize("turns", range(4 * MAX_ATTEMPTS, 5 * MAX_ATTEMPTS + 2))
    @pytest.mark.parametrize("fault", [faults.refuse(500), faults.HTML_ANSWER])
    def test_an_outage_rejects_nothing(self, world: World, turns: int, fault: faults.Fault) -> None:
        """A backend that fails on everything says nothing about a row."""
        world.say("u1")
        # The check and the session's state pass, then everything fails.
        world.transport.faults = FaultPlan(listed=(None, None, None), drawn_from=(fault,), rate=1.0)
        for _ in range(turns):
            world.turn()
            world.clock.advance(61)
        assert world.outbox.count_rejected(None) == 0
        # One failure after a night offline does not prove anything either.
        world.transport.faults = FaultPlan.of(fault)
        world.turn()
        world.drain()
        assert world.outbox.count_rejected(None) == 0
        assert world.ids() == ["u1"]

    @pytest.mark.parametrize("rows", [1, 12])
    @pytest.mark.parametrize(
        "fault",
        [
            replace(faults.HTML_ANSWER, status=413),
            replace(faults.refuse(400), body=b'{"error":"refused"}'),
            replace(faults.refuse(422), body=b'{"error":"refused"}'),
        ],
    )
    @pytest.mark.parametrize("served", [0, 3, 5])
    def test_what_is_refused_whatever_is_sent_is_not_the_rows_fault(
        self, world: World, fault: faults.Fault, rows: int, served: int
    ) -> None:
        """A proxy with a limit refuses a session's state, too; once it is gone, all is sent."""
        _write(world, rows, ago_ms=DAY_MS)
        world.transport.faults = FaultPlan(listed=(None,) * served, drawn_from=(fault,), rate=1.0)
        for _ in range(3 * MAX_ATTEMPTS):
            world.turn()
            world.clock.advance(61)
        assert world.outbox.count_rejected(None) == 0
        world.transport.faults = FaultPlan.none()
        world.drain()
        assert world.outbox.count_rejected(None) == 0
        assert world.ids() == [f"u{number}" for number in range(rows)]
        world.assert_complete()

    @pytest.mark.parametrize("status", [402, 421])
    def test_a_paused_deployment_rejects_no_row(self, world: World, status: int) -> None:
        """Nor does a proxy: what such an error says is not said of the row."""
        _write(world, 3, ago_ms=DAY_MS)
        paths = frozenset({BATCH, MESSAGE})
        world.transport.faults = FaultPlan.of(*[faults.refuse(status)] * 5, paths=paths)
        world.drain()
        assert len(world.transport.met) == 5
        assert world.outbox.count_rejected(None) == 0
        assert world.ids() == ["u0", "u1", "u2"]

    def test_being_asked_to_wait_is_not_a_failed_attempt(self, world: World) -> None:
        """However often."""
        world.say("u1")
        world.work()
        world.say("u2")
        asked = 2 * MAX_ATTEMPTS
        world.transport.faults = FaultPlan.of(*[faults.refuse(503, retry_after_seconds=1)] * asked)
        while len(world.transport.met) < asked:
            world.turn()
            world.clock.advance(61)
        world.drain()
        assert world.outbox.count_rejected(None) == 0

    def test_a_change_gives_it_another_chance(self, world: World) -> None:
        """New redaction rules may be what it needed."""
        world.say("u1")
        world.transport.rejected_ids = {f"{SESSION}:u1"}
        world.drain()
        assert world.outbox.count_rejected(None) == 1
        world.transport.rejected_ids = set()
        world.ingest(message("u1", "changed"))
        world.drain()
        assert world.outbox.count_rejected(None) == 0
        assert world.texts()["u1"] == "changed"


class TestChanges:
    """A change of content reaches the backend, whenever it comes."""

    @pytest.mark.parametrize("count", [1, 3])
    @pytest.mark.parametrize("is_before", [False, True])
    @pytest.mark.parametrize("fault", [None, faults.COMMIT_THEN_DROP, faults.DROP_BEFORE])
    def test_a_change_during_the_request_reaches_the_backend(
        self, world: World, count: int, fault: faults.Fault | None, *, is_before: bool
    ) -> None:
        """Before the request is carried out or after it, answered or not."""
        _write(world, 1, prefix="z")
        world.drain()
        world.clock.advance(60)
        _write(world, count)

        def change(_path: str) -> None:
            world.transport.on_arrival = world.transport.on_answer = lambda _path: None
            world.ingest(message("u0", "changed", at_ms=world.clock.now_ms))

        if is_before:
            world.transport.on_arrival = change
        else:
            world.transport.on_answer = change
        if fault is not None:
            world.transport.faults = FaultPlan.of(fault)
        world.turn()
        world.drain()
        assert world.texts()["u0"] == "changed"
        world.assert_complete()
        _assert_in_order(world)

    def test_several_changes_in_succession(self, world: World) -> None:
        """The last one counts, and all parts are replaced."""
        for number in range(4):
            parts = tuple(Part("text", f"{number}-{at}") for at in range(4 - number))
            world.ingest(message("u1", parts=parts, at_ms=world.clock.now_ms))
            world.work()
            world.clock.advance(3)
        world.drain()
        assert world.texts() == {"u1": "3-0"}
        world.assert_complete()


class TestSeveralSessions:
    """What was just written in several sessions goes by one batch."""

    NAMES = ("s0", "s1", "s2")

    def _write_all(self, world: World, uuid: str) -> None:
        for name in self.NAMES:
            world.say(uuid, session_id=name)

    def _start(self, world: World) -> None:
        """Have all sessions at the backend, which has rejected the probe."""
        for name in self.NAMES:
            world.say("u0", session_id=name, ago_ms=10)
        world.work()
        world.clock.advance(1)

    def _assert_complete(self, world: World) -> None:
        world.drain()
        for name in self.NAMES:
            world.assert_complete(name)

    def test_each_session_has_its_part_of_the_ledger(self, world: World) -> None:
        """As if they had been sent by themselves."""
        self._start(world)
        self._write_all(world, "u1")
        before = list(egress_ledger.ledger_entries(world.database))
        assert world.turn() is True
        entries = [
            entry for entry in egress_ledger.ledger_entries(world.database) if entry not in before
        ]
        assert _sizes(world, BATCH)[-1] == 3
        assert {(entry.session_id, entry.rows) for entry in entries} == {
            (name, 1) for name in self.NAMES
        }
        self._assert_complete(world)

    def test_dates_are_sent_where_they_are_accepted(self, tmp_path: Path) -> None:
        """By a newer version of the backend."""
        world = World(tmp_path, accepts_dates=True)
        self._start(world)
        written_ms = world.clock.now_ms
        self._write_all(world, "u1")
        world.clock.advance(2)
        assert world.turn() is True
        assert _sizes(world, BATCH)[-1] == 3
        for name in self.NAMES:
            assert world.backend.shown(name)[-1].created_at_ms == written_ms
        self._assert_complete(world)
        world.close()

    @pytest.mark.tailing_case("39")
    def test_a_rejected_row_is_found_and_the_others_arrive(self, world: World) -> None:
        """Each session goes alone after it, and joins the others again later."""
        self._start(world)
        self._write_all(world, "u1")
        world.transport.rejected_ids = {"s1:u1"}
        world.drain()
        assert [world.figures()["rows_rejected"], world.figures()["rows_pending"]] == [1, 0]
        world.clock.advance(60)
        self._write_all(world, "u2")
        world.drain()
        assert _sizes(world, BATCH)[-1] == 3
        assert "s1:u1" not in {row.external_id for row in world.backend.all_messages()}
        assert {"s0:u1", "s2:u1", "s1:u2"} <= {
            row.external_id for row in world.backend.all_messages()
        }

    @pytest.mark.parametrize(
        "fault",
        [faults.COMMIT_THEN_DROP, faults.DROP_BEFORE, faults.one_message_fails(1)],
        ids=lambda fault: fault.name,
    )
    def test_after_a_lost_answer_all_go_one_by_one(self, world: World, fault: faults.Fault) -> None:
        """Once the rows that may be there without their parts are not young any more."""
        self._start(world)
        self._write_all(world, "u1")
        world.transport.faults = FaultPlan.of(fault)
        assert isinstance(world.turn(), Retryable)
        for name in self.NAMES:
            rows = world.outbox.rows(name, 1 << 50, 9).value
            assert [row.is_certain for row in rows] == [False]
        assert world.turn() is False
        world.drain()
        self._assert_complete(world)

    def test_an_unsent_batch_changes_no_certainty(self, world: World) -> None:
        """Its rows go by batch the next time."""
        self._start(world)
        self._write_all(world, "u1")
        world.transport.is_offline = True
        assert isinstance(world.turn(), Unsent)
        world.transport.is_offline = False
        assert world.turn() is True
        assert _sizes(world, BATCH)[-1] == 3
        self._assert_complete(world)

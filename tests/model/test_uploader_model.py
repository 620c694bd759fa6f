"""Random histories against the double: whatever happens meanwhile, the end is right."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from ccsync_watch.model import Message, Part
from ccsync_watch.store import stored_messages
from ccsync_watch.uploader.gathering import GATHER_SECONDS
from support.opensync_double.faults import FaultPlan
from support.storing import World, message, usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.model import JsonValue, Usage

SESSIONS = ("session-a", "session-b", "session-c")
HISTORY_MS = 86_400_000
SESSION = st.sampled_from(SESSIONS)


class Crash(BaseException):
    """The process ends here."""


class Uploads(RuleBasedStateMachine):
    """What is written, changed, sent, lost and restarted; the end is checked in `teardown`."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.world: World
        self.lines: dict[str, dict[str, Message]] = {session: {} for session in SESSIONS}
        self.usages: dict[str, list[Usage]] = {session: [] for session in SESSIONS}
        self.facts: dict[str, dict[str, JsonValue]] = {session: {} for session in SESSIONS}
        self.unordered: set[str] = set()
        self.was_lost = False
        self.number = 0

    @initialize(
        skew_ms=st.sampled_from([0, 0, 700, -700, 90_000, -90_000, 600_000, -600_000]),
        accepts_dates=st.booleans(),
        gather_seconds=st.sampled_from([0.0, GATHER_SECONDS]),
    )
    def start(self, skew_ms: int, gather_seconds: float, *, accepts_dates: bool) -> None:
        """Open a store beside a backend, whose clock may be wrong."""
        self.world = World(
            self.folder / "state",
            skew_ms=skew_ms,
            accepts_dates=accepts_dates,
            gather_seconds=gather_seconds,
        )

    # What Claude Code writes ----------------------------------------------------------------

    def _write(self, session_id: str, count: int, ago_ms: int | None) -> None:
        messages = []
        for _ in range(count):
            self.number += 1
            at_ms = None if ago_ms is None else self.world.clock.now_ms - ago_ms
            name = f"msg_{self.number}" if self.number % 3 == 0 else None
            new = message(
                f"u{self.number}",
                session_id=session_id,
                at_ms=at_ms,
                usage_id=name,
                parts=(
                    Part("text", f"text {self.number}"),
                    Part("tool-call", {"command": "ls"}, f"toolu_{self.number}", "Bash"),
                ),
            )
            self.lines[session_id][new.id] = new
            messages.append(new)
            if name:
                self.usages[session_id].append(
                    usage(name, session_id=session_id, tokens_in=self.number)
                )
        self._commit(session_id, messages)

    def _commit(self, session_id: str, messages: list[Message]) -> None:
        self.world.ingest(
            *messages,
            session_id=session_id,
            usages=tuple(self.usages[session_id]),
            facts=self.facts[session_id],
        )

    def _read_again(self, session_id: str) -> None:
        """Read a transcript from its start, as after a rewrite or with new rules."""
        self.world.ends[session_id] = 0
        self._commit(session_id, list(self.lines[session_id].values()))

    def _change(self, session_id: str, choice: int) -> None:
        known = list(self.lines[session_id].values())
        if not known:
            return
        self.number += 1
        old = known[choice % len(known)]
        new = replace(old, parts=(Part("text", f"changed {self.number}"), *old.parts[1:]))
        self.lines[session_id][new.id] = new
        self._read_again(session_id)

    @rule(session_id=SESSION, count=st.integers(1, 4), ago_ms=st.sampled_from([0, 0, 300, 2500]))
    def write_now(self, session_id: str, count: int, ago_ms: int) -> None:
        """Write lines of just now, whose times may go back a little."""
        self._write(session_id, count, ago_ms)

    @rule(session_id=SESSION, count=st.integers(1, 4))
    def write_history(self, session_id: str, count: int) -> None:
        """Find an old session, whose rows lie far back."""
        if not self.lines[session_id]:
            self._write(session_id, count, HISTORY_MS)

    @rule(session_id=SESSION, count=st.integers(10, 40))
    def write_backlog(self, session_id: str, count: int) -> None:
        """Find an old session with many rows, which are marked and acknowledged together."""
        if not self.lines[session_id]:
            self._write(session_id, count, HISTORY_MS)

    @rule(session_id=SESSION)
    def write_undated(self, session_id: str) -> None:
        """Write a line without a time, behind others."""
        if self.lines[session_id]:
            self._write(session_id, 1, None)
            # It has the time of the row before it; the backend may have dated that one later.
            if self.was_lost:
                self.unordered.add(session_id)

    @rule(session_id=SESSION, choice=st.integers(0, 50))
    def change(self, session_id: str, choice: int) -> None:
        """Change a message's content, as a re-read after new redaction rules does."""
        self._change(session_id, choice)

    @rule(session_id=SESSION, title=st.sampled_from(["One", "Two", ""]), cost=st.integers(1, 9))
    def name_and_price(self, session_id: str, title: str, cost: int) -> None:
        """Change what the session's own state shows."""
        if self.lines[session_id]:
            self.facts[session_id] = {"custom_title": title, "cost_state": {"totalCostUSD": cost}}
            self._commit(session_id, [])

    # What the uploader does -----------------------------------------------------------------

    @rule(count=st.integers(1, 5))
    def turns(self, count: int) -> None:
        """Take turns, some of which fail."""
        for _ in range(count):
            self.world.turn()

    @rule(session_id=SESSION, count=st.integers(1, 3), before=st.booleans())
    def write_during_a_request(self, session_id: str, count: int, *, before: bool) -> None:
        """Write during a request, before or after it is carried out."""
        self._during_a_turn(lambda: self._write(session_id, count, 0), before=before)

    @rule(session_id=SESSION, choice=st.integers(0, 50), before=st.booleans())
    def change_during_a_request(self, session_id: str, choice: int, *, before: bool) -> None:
        """Change a message during a request, which may be the one that carries it."""
        self._during_a_turn(lambda: self._change(session_id, choice), before=before)

    @rule(at=st.one_of(st.integers(0, 5), st.integers(6, 40)), before=st.booleans())
    def crash(self, at: int, *, before: bool) -> None:
        """End the process before a request leaves, or after it was carried out, unanswered."""
        requests = iter(range(1000))

        def end() -> None:
            if next(requests) == at:
                raise Crash

        try:
            self._during_a_turn(end, before=before, once=False)
        except Crash:
            self.world.restart()

    def _during_a_turn(
        self, action: Callable[[], None], *, before: bool, once: bool = True
    ) -> None:
        transport = self.world.transport

        def acts(path: str) -> None:
            if path != "/health":
                if once:
                    transport.on_arrival = transport.on_answer = lambda _path: None
                action()

        if before:
            transport.on_arrival = acts
        else:
            transport.on_answer = acts
        try:
            self.world.turn()
        finally:
            transport.on_arrival = transport.on_answer = lambda _path: None

    @rule(seconds=st.sampled_from([0.01, 0.1, 0.3]), count=st.integers(1, 3))
    def slow_turns(self, seconds: float, count: int) -> None:
        """Take turns with a backend far away: fewer rows go together, and time passes."""
        self.world.transport.on_answer = lambda _path: self.world.clock.advance(seconds)
        try:
            self.turns(count)
        finally:
            self.world.transport.on_answer = lambda _path: None

    @rule(seconds=st.sampled_from([0.05, 0.25, 0.4, 1, 3, 5, 6, 11, 60]))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.world.clock.advance(seconds)

    @rule(seed=st.integers(0, 1 << 30), rate=st.sampled_from([0.0, 0.3, 0.6]))
    def faults(self, seed: int, rate: float) -> None:
        """Change how often requests fail, and how."""
        self.world.transport.faults = FaultPlan.random(seed, rate=rate)

    @rule()
    def restart(self) -> None:
        """End the program properly and start it again."""
        self.world.restart()

    @rule()
    @precondition(lambda self: any(self.lines.values()))
    def lose_the_store(self) -> None:
        """Lose the database: the transcripts, read again, rebuild it."""
        self.was_lost = True
        # A row that was not sent may now be dated before one that the backend dated.
        self.unordered.update(
            session for session in SESSIONS if self.world.outbox.count_sendable([session], 1 << 60)
        )
        self.world.clock.advance(6)
        self.world.lose_the_store()
        for session_id, lines in self.lines.items():
            if lines:
                self._read_again(session_id)

    # The end --------------------------------------------------------------------------------

    def teardown(self) -> None:
        """Let the faults stop and the queue drain: everything is there, once, and stays."""
        try:
            self._check()
        finally:
            self.world.close()
            shutil.rmtree(self.folder)

    def _check(self) -> None:
        world = self.world
        world.transport.faults = FaultPlan.none()
        world.drain()
        assert world.figures()["rows_rejected"] == 0
        assert world.figures()["rows_pending"] == 0
        for session_id, lines in self.lines.items():
            if not lines:
                continue
            world.assert_complete(session_id)
            if session_id not in self.unordered and "one-message-fails" not in world.transport.met:
                in_order = [
                    row.id for row in stored_messages.session_messages(world.database, session_id)
                ]
                assert [row.external_id for row in world.backend.shown(session_id)] == in_order
        calls = len(world.backend.calls)
        world.clock.advance(3600)
        assert world.turn() is False
        assert len(world.backend.calls) == calls


Uploads.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestUploads = Uploads.TestCase

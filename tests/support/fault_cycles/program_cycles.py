"""Run one cycle with one fault, then the program again without, and check what must hold.

A cycle: the daemon starts, imports what there is, reads and uploads what is written meanwhile,
serves a hook event and a flush, and is stopped. Afterwards `sync-now` finds everything it needs.
"""

from __future__ import annotations

import copy
import signal
import time
from typing import TYPE_CHECKING

from ccsync_watch.control.client import ControlClient
from ccsync_watch.control.messages import FlushRequest
from ccsync_watch.errors import DaemonUnavailable
from support.fault_cycles.checks import check
from support.fault_cycles.forks import ForkedCommand, load_modules
from support.fault_cycles.outcomes import Outcome
from support.fault_cycles.places import Places
from support.fault_cycles.plans import ANSWER, plan_of
from support.fault_cycles.world import World
from support.opensync_double.backend import Backend
from support.opensync_double.faults import FaultPlan
from support.opensync_double.server import OpenSyncDouble
from support.waiting import POLL_SECONDS

if TYPE_CHECKING:
    from pathlib import Path

    from support.fault_cycles.plans import CallFault
    from support.fault_cycles.preload import CallCounter

FLUSH_SECONDS = 6.0
_START_SECONDS = 30.0
# A hang is one also on a busy machine.
_END_SECONDS = 120.0
_SYNC_SECONDS = 300.0
_SYNC = ["sync-now", "--timeout", "240"]


class ProgramBench:
    """Runs cycles one after the other, each from the same state, on folders of its own.

    With `is_new` each begins without a store, else with one that was used before.
    """

    def __init__(self, folder: Path, counter: CallCounter, *, is_new: bool) -> None:
        folder.mkdir(parents=True)
        self._places = Places(folder / "cycle")
        self._saved = folder / "saved"
        self._counter = counter
        self._double = OpenSyncDouble()
        self._double.online()
        self._double.offline()
        self._world = World(self._places)
        self._places.create(self._double.url, self._double.api_key)
        if not is_new:
            self._use_before()
        self._world.write_history() if is_new else self._world.write_more_history()
        self._places.save(self._saved)
        self._backend = self._double.backend

    def _use_before(self) -> None:
        self._world.write_gone()
        self._world.write_history()
        command = ForkedCommand.fork(self._places, _SYNC)
        with self._double:
            command.let_go()
            command.wait(_SYNC_SECONDS)
        assert command.code == 0, self._places.output.read_text()
        self._places.write_backup()
        self._world.remove_gone()
        self._places.output.unlink()

    def rehearse(self) -> Outcome:
        """Run a cycle without a fault, and load what it loaded."""
        outcome = self.run(None)
        load_modules(self._places.modules.read_text().split())
        return outcome

    def run(self, fault: CallFault | None) -> Outcome:
        """Run one cycle."""
        before = time.monotonic()
        self._places.restore(self._saved)
        self._double.backend = _copy_of(self._backend)
        world = copy.deepcopy(self._world)
        self._double.faults = plan_of(fault)
        self._counter.clear()
        daemon = ForkedCommand.fork(self._places, ["run"], lambda: self._arm(fault))
        sync = ForkedCommand.fork(self._places, _SYNC)
        violations: list[str] = []
        has_started = has_flushed = False
        with self._double:
            daemon.let_go()
            has_started = self._wait_for_start(daemon)
            world.write_live()
            world.write_hook_event()
            if has_started:
                has_flushed = self._flush()
                missing = set(world.texts) - self._held() if has_flushed else set()
                if missing:
                    violations.append(f"flushed, it says, without {len(missing)} rows")
            if daemon.has_ended() and has_started:
                violations.append(f"ended by itself, exit {daemon.code}")
            world.write_live()
            daemon.signal(signal.SIGTERM)
            if not daemon.wait(_END_SECONDS):
                violations.append("does not end")
            calls, requests = self._counter.read(), len(self._double.backend.calls)
            is_met = bool(calls.met) or any(call.fault for call in self._double.backend.calls)
            self._double.faults = FaultPlan.none()
            sync.let_go()
            if not sync.wait(_SYNC_SECONDS):
                violations.append("sync-now does not end")
            if daemon.code not in {0, 1, 2}:
                violations.append(f"exit code {daemon.code}")
            if sync.code != 0:
                violations.append(f"sync-now afterwards: exit code {sync.code}")
            backend = self._double.backend
            violations += check(world, self._places, backend, fault, self._output())
        return Outcome(
            calls=calls,
            requests=requests,
            is_met=is_met,
            code=daemon.code,
            seconds=time.monotonic() - before,
            violations=violations,
            output=self._output() if violations else "",
            has_started=has_started,
            has_flushed=has_flushed,
        )

    def _arm(self, fault: CallFault | None) -> None:
        if fault is not None and fault.call != ANSWER:
            self._counter.arm(
                fault.call, fault.file, fault.number, fault.code, is_lasting=fault.is_lasting
            )
        self._counter.start(self._places.root)

    def _wait_for_start(self, daemon: ForkedCommand) -> bool:
        client, until = ControlClient(self._places.state), time.monotonic() + _START_SECONDS
        while time.monotonic() < until and not daemon.has_ended():
            try:
                client.hello()
            except DaemonUnavailable:
                time.sleep(POLL_SECONDS)
            else:
                return True
        return False

    def _flush(self) -> bool:
        """Return whether the daemon says that everything is read and uploaded."""
        try:
            answer = ControlClient(self._places.state).flush(FlushRequest(seconds=FLUSH_SECONDS))
        except DaemonUnavailable:
            return False
        # Titles and totals follow their rows.
        left = answer.rows_pending + answer.rows_rejected + answer.unreadable
        return answer.is_read and not left and answer.error is None and answer.problem is None

    def _held(self) -> set[str]:
        return {row.external_id for row in self._double.backend.all_messages()}

    def _output(self) -> str:
        log = self._places.state / "log"
        texts = [path.read_text() for path in (self._places.output, log) if path.exists()]
        return "\n--- log\n".join(texts)


def _copy_of(backend: Backend) -> Backend:
    other = Backend(api_key=backend.api_key)
    other._tables = copy.deepcopy(backend._tables)
    return other

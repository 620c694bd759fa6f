"""The same cycle by the program's parts in one process, whose clock is moved: it takes no time.

A store is opened, transcripts are imported and uploaded, more is written, read and uploaded, and
the store is closed; after a failure the next step is tried, as the daemon does. Then all of it is
done again without a fault.
"""

from __future__ import annotations

import contextlib
import gc
import sqlite3
import time
import traceback
from typing import TYPE_CHECKING

from ccsync_watch.config import load
from ccsync_watch.daemon.runtime import Runtime
from ccsync_watch.daemon.sync_once import sync_once
from ccsync_watch.errors import CcsyncError
from support.double_transport import DoubleTransport
from support.fakes import FakeClock
from support.fault_cycles.checks import check
from support.fault_cycles.forks import run_forked
from support.fault_cycles.outcomes import Outcome
from support.fault_cycles.places import Places
from support.fault_cycles.plans import ANSWER, plan_of
from support.fault_cycles.world import World
from support.loaded_redactor import REDACTOR
from support.opensync_double.backend import API_KEY, Backend

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.fault_cycles.plans import CallFault
    from support.fault_cycles.preload import CallCounter

_URL = "http://127.0.0.1:3211"
_SECONDS = 300.0
_ATTEMPTS = 3


class PartsBench:
    """Runs cycles one after the other, each in a forked process and from the same state."""

    def __init__(self, folder: Path, counter: CallCounter, *, is_new: bool) -> None:
        folder.mkdir(parents=True)
        self._places = Places(folder / "cycle")
        self._saved = folder / "saved"
        self._counter = counter
        self._clock = FakeClock(time.time_ns() // 1_000_000)
        self._backend = Backend(clock=self._clock.monotonic)
        self._world = World(self._places, now_ms=self._clock.wall_ms)
        self._places.create(_URL, API_KEY)
        if not is_new:
            self._world.write_gone()
            self._world.write_history()
            assert not self._sync()
            self._places.write_backup()
            self._world.remove_gone()
            self._clock.advance(60)
            self._world.write_more_history()
        else:
            self._world.write_history()
        self._places.save(self._saved)

    def rehearse(self) -> Outcome:
        """Run a cycle without a fault."""
        outcome = self.run(None)
        gc.collect()
        gc.freeze()
        return outcome

    def run(self, fault: CallFault | None) -> Outcome:
        """Run one cycle, in a process of its own."""
        before = time.monotonic()
        self._places.restore(self._saved)
        self._counter.clear()
        lines, code = run_forked(lambda: self._run(fault))
        violations = lines[1:] if lines else [f"ended, exit {code}"]
        calls = self._counter.read()
        return Outcome(
            calls=calls,
            requests=int(lines[0].split()[0]) if lines else 0,
            is_met=bool(calls.met) or (bool(lines) and lines[0].endswith("met")),
            code=code,
            seconds=time.monotonic() - before,
            violations=violations,
        )

    def _run(self, fault: CallFault | None) -> list[str]:
        """Return the number of requests, and the properties that do not hold."""
        try:
            if fault is not None and fault.call != ANSWER:
                self._counter.arm(
                    fault.call, fault.file, fault.number, fault.code, is_lasting=fault.is_lasting
                )
            self._counter.start(self._places.root)
            violations = self._cycle(fault)
            requests = len(self._backend.calls)
            is_met = any(call.fault for call in self._backend.calls)
            self._counter.stop()
            self._clock.advance(120)
            violations += [f"afterwards: {text}" for text in self._sync()]
            violations += check(self._world, self._places, self._backend, fault, "")
        except BaseException:  # noqa: BLE001 - reported as what it is
            return ["0", *traceback.format_exc().splitlines()[-4:]]
        return [f"{requests} {'met' if is_met else 'not'}", *violations]

    def _cycle(self, fault: CallFault | None) -> list[str]:
        violations: list[str] = []
        transport = DoubleTransport(self._backend)
        transport.faults = plan_of(fault)
        for _ in range(_ATTEMPTS):
            with self._reported(violations), self._runtime(transport) as runtime:
                self._step(runtime, violations)
                with self._counter.paused():
                    self._world.write_live()
                self._step(runtime, violations)
                self._step(runtime, violations)
                return violations
        return violations

    def _step(self, runtime: Runtime, violations: list[str]) -> None:
        """Read and upload; claims are held against the backend."""
        with self._reported(violations, runtime):
            until = self._clock.monotonic() + _SECONDS
            answer = sync_once(runtime, None, until=until)
            left = answer.rows_pending + answer.rows_rejected + answer.unreadable
            if answer.is_read and not left and answer.error is None and answer.problem is None:
                missing = set(self._world.texts) - {
                    row.external_id for row in self._backend.all_messages()
                }
                if missing:
                    violations.append(f"synced, it says, without {len(missing)} rows")

    def _sync(self) -> list[str]:
        violations: list[str] = []
        # As another process, which no transaction that could not be rolled back hinders: a
        # connection ends with the last of its cursors, and errors hold some.
        gc.collect()
        with self._runtime(DoubleTransport(self._backend)) as runtime:
            self._step(runtime, violations)
        return violations

    @contextlib.contextmanager
    def _reported(self, violations: list[str], runtime: Runtime | None = None) -> Iterator[None]:
        """Continue after what the program reports in words; anything else is a violation."""
        try:
            yield
        except CcsyncError:
            pass
        except Exception as error:  # noqa: BLE001 - reported as what it is
            failure = runtime.database.note_failure(error) if runtime else None
            # At the start the command has words for every error of the disk's.
            is_of_disk = isinstance(error, OSError if runtime else (OSError, sqlite3.Error))
            if failure is None and not is_of_disk:
                violations.append(f"raised {error!r}")

    @contextlib.contextmanager
    def _runtime(self, transport: DoubleTransport) -> Iterator[Runtime]:
        runtime = Runtime(
            load(self._places.environment, {}),
            clock=self._clock,
            redactor=REDACTOR,
            transport=transport,
            host="test-host",
        )
        try:
            yield runtime
        finally:
            runtime.close()

"""A cycle of what the program does for its database by itself, without any transcript.

A database of an earlier version is opened and updated, or a damaged one restored from its copy;
it is annotated, copied, pruned, shrunk and copied again. After a failure the next step is tried, as
the daemon does. Then all of it is done again without a fault, and nothing may be lost.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
import traceback
from typing import TYPE_CHECKING

from ccsync_watch.daemon.daily_backup import DailyBackup
from ccsync_watch.errors import CcsyncError
from ccsync_watch.model import Redacted
from ccsync_watch.pipeline.pruning import PruneRequest, plan_pruning, prune
from ccsync_watch.store import backups, stored_messages
from ccsync_watch.store.annotation_writer import (
    SessionChange,
    restore_annotations,
    save_change,
)
from ccsync_watch.store.damage import CheckLevel
from ccsync_watch.store.database import DATABASE_NAME, open_database
from ccsync_watch.store.session_annotations import ANNOTATION_REVISION
from support.fault_cycles.forks import run_forked
from support.fault_cycles.outcomes import Outcome
from support.fault_cycles.places import Places
from support.fault_cycles.plans import DAMAGING
from support.older_databases import RELEASED, downgrade
from support.storing import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ccsync_watch.store.database import Database
    from support.fault_cycles.plans import CallFault
    from support.fault_cycles.preload import CallCounter

_KEPT, _PRUNED = ("11111111-2222-4333-8444-555555555555", "99999999-8888-4777-8666-555555555555")
_YEAR_MS = 366 * 86_400_000
_WORDS = "Words that are pruned"
_ATTEMPTS = 3
_DAY_SECONDS = 90_000.0


class UpkeepBench:
    """Runs cycles one after the other, each in a forked process and from the same state.

    With `is_new` each begins with a damaged database, else with one of version 0.1.0.
    """

    def __init__(self, folder: Path, counter: CallCounter, *, is_new: bool) -> None:
        self._places = Places(folder / "cycle")
        self._saved = folder / "saved"
        self._counter = counter
        self._is_damaged = is_new
        self._places.state.mkdir(parents=True, mode=0o700)
        self._world = World(self._places.state)
        self._fill()
        path = self._places.state / DATABASE_NAME
        if is_new:
            path.write_bytes(b"no database" * 100)
        else:
            downgrade(path, RELEASED)
            path.chmod(0o600)
            with contextlib.closing(sqlite3.connect(path)) as connection, connection:
                connection.execute("DELETE FROM meta WHERE name = ?", (ANNOTATION_REVISION,))
        self._places.save(self._saved)

    def _fill(self) -> None:
        world = self._world
        world.clock.advance(time.time() - world.clock.now_ms / 1000)
        for number in range(6):
            # The first line is the session's title, which is not pruned.
            words = f"Title\n{_WORDS} {number}"
            world.say(f"o{number}", words, session_id=_PRUNED, ago_ms=_YEAR_MS)
            world.say(f"u{number}", f"Words {number} " * 40)
        world.drain()
        with world.database.write() as connection:
            connection.execute("UPDATE transcripts SET missing_since_ms = 1")
        self._rows = {name: _rows(world.database, name) for name in (_KEPT, _PRUNED)}
        save_change(world.database, Redacted(SessionChange(_KEPT, name="Name")), now_ms=1)
        assert backups.write_backup(world.database.read())
        world.close()

    def rehearse(self) -> Outcome:
        """Run a cycle without a fault."""
        return self.run(None)

    def run(self, fault: CallFault | None) -> Outcome:
        """Run one cycle, in a process of its own."""
        before = time.monotonic()
        self._places.restore(self._saved)
        self._counter.clear()
        lines, code = run_forked(lambda: ["done", *self._run(fault)])
        calls = self._counter.read()
        return Outcome(
            calls=calls,
            requests=-1,
            is_met=bool(calls.met),
            code=code,
            seconds=time.monotonic() - before,
            violations=lines[1:] if lines else [f"ended, exit {code}"],
        )

    def _run(self, fault: CallFault | None) -> list[str]:
        """Return the properties that do not hold."""
        violations: list[str] = []
        try:
            if fault is not None:
                self._counter.arm(
                    fault.call, fault.file, fault.number, fault.code, is_lasting=fault.is_lasting
                )
            self._counter.start(self._places.root)
            self._cycle(
                violations, self._annotate, self._copy, self._prune, self._shrink, self._copy
            )
            self._counter.stop()
            afterwards: list[str] = []
            self._cycle(afterwards, self._annotate, self._prune, self._copy)
            violations += [f"afterwards: {text}" for text in afterwards]
            violations += self._check(fault)
        except BaseException:  # noqa: BLE001 - reported as what it is
            violations += traceback.format_exc().splitlines()[-4:]
        return violations

    def _cycle(self, violations: list[str], *steps: Callable[[Database], None]) -> None:
        level = CheckLevel.QUICK
        for _ in range(_ATTEMPTS):
            with self._reported(violations):
                database = open_database(
                    self._places.state, now_ms=self._world.clock.wall_ms(), level=level
                )
                try:
                    for step in steps:
                        with self._reported(violations, database):
                            step(database)
                    # As the supervisor does, which opens a damaged one again.
                    is_damaged = database.damage() is not None
                finally:
                    database.close()
                if not is_damaged:
                    return
                level = CheckLevel.FULL

    def _annotate(self, database: Database) -> None:
        restore_annotations(database, now_ms=1)
        save_change(database, Redacted(SessionChange(_KEPT, is_starred=True)), now_ms=1)

    def _copy(self, database: Database) -> None:
        daily = DailyBackup(database, self._world.clock)
        self._world.clock.advance(_DAY_SECONDS)
        daily.turn()
        for thread in threading.enumerate():
            if thread.name == "backup":
                thread.join()

    def _prune(self, database: Database) -> None:
        request = PruneRequest(max_age_days=300)
        plan = plan_pruning(
            database,
            request,
            growing=frozenset(),
            has_backend=True,
            now_ms=self._world.clock.wall_ms(),
        )
        prune(database, plan, has_backend=True, clock=self._world.clock)

    def _shrink(self, database: Database) -> None:
        database.shrink(removed_bytes=1 << 40, min_share=0.0)

    @contextlib.contextmanager
    def _reported(self, violations: list[str], database: Database | None = None) -> Iterator[None]:
        """Continue after what the program reports in words; anything else is a violation."""
        try:
            yield
        except CcsyncError as error:
            if database is not None:
                database.note_failure(error.__cause__ or error)  # type: ignore[arg-type]
        except Exception as error:  # noqa: BLE001 - reported as what it is
            failure = database.note_failure(error) if database else None
            # At the start the command has words for every error of the disk's.
            is_of_disk = isinstance(error, OSError if database else (OSError, sqlite3.Error))
            if failure is None and not is_of_disk:
                violations.append(f"raised {error!r}")

    def _check(self, fault: CallFault | None) -> Iterator[str]:
        world = self._world
        world.open()
        try:
            restore_annotations(world.database, now_ms=1)
            yield from self._check_rows(world.database)
            world.drain()
            for session_id, rows in self._rows.items():
                if [row.external_id for row in world.backend.shown(session_id)] != list(rows):
                    yield f"backend: rows of {session_id[:4]} lost, doubled or misordered"
        finally:
            world.close()
        yield from self._check_files(fault)

    def _check_rows(self, database: Database) -> Iterator[str]:
        for session_id, rows in self._rows.items():
            there = _rows(database, session_id)
            if list(there) != list(rows):
                yield f"store: {len(there)} of {len(rows)} rows of {session_id[:4]}"
            elif session_id == _KEPT and there != rows:
                yield "store: other words"
        read = database.read()
        (state,) = read.execute("PRAGMA integrity_check(1)").fetchone()
        if state != "ok":
            yield f"store: {state}"
        query = "SELECT is_starred, name FROM session_annotations WHERE session_id = ?"
        if [tuple(row) for row in read.execute(query, (_KEPT,))] != [(1, "Name")]:
            yield "store: the session is not annotated"

    def _check_files(self, fault: CallFault | None) -> Iterator[str]:
        copy = backups.backup_path(self._places.state / DATABASE_NAME)
        if not copy.exists():
            yield "files: no copy"
        else:
            with contextlib.closing(sqlite3.connect(f"{copy.as_uri()}?mode=ro", uri=True)) as read:
                (state,) = read.execute("PRAGMA integrity_check(1)").fetchone()
                (count,) = read.execute("SELECT count(*) FROM compact_messages").fetchone()
            if state != "ok" or count != sum(map(len, self._rows.values())):
                yield f"files: a copy with {count} rows: {state}"
        is_damage = fault is not None and (
            fault.effect in DAMAGING or (fault.is_lasting and fault.effect == "EIO")
        )
        for path in self._places.state.rglob("*"):
            if path.is_file() and path.stat().st_mode & 0o077:
                yield f"files: {path.name} has mode {path.stat().st_mode & 0o777:o}"
            if ".corrupt-" in path.name:
                if not is_damage and not self._is_damaged:
                    yield "files: a database was set aside that was not damaged"
            elif path.is_file() and _WORDS.encode() in path.read_bytes():
                yield f"files: pruned words in {path.name}"
            if path.name.endswith((".restored", ".new")):
                yield f"files: {path.name} is left"


def _rows(database: Database, session_id: str) -> dict[str, str]:
    """Return the rows of a session with their words, in order."""
    return {
        row.id: repr([part.content for part in row.parts])
        for row in stored_messages.session_messages(database, session_id)
    }

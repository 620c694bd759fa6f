"""What must hold after every fault: nothing lost, doubled or misordered, no secret anywhere."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ccsync_watch.errors import StateError
from ccsync_watch.store import stored_messages
from ccsync_watch.store.database import open_for_reading
from support.canaries import Canaries
from support.fault_cycles.plans import ANSWER, DAMAGING, backend_fault
from support.opensync_double.faults import Spoil

if TYPE_CHECKING:
    from ccsync_watch.store.database import Database
    from support.fault_cycles.places import Places
    from support.fault_cycles.plans import CallFault
    from support.fault_cycles.world import World
    from support.opensync_double.backend import Backend


def check(
    world: World, places: Places, backend: Backend, fault: CallFault | None, output: str
) -> list[str]:
    """Return the properties that do not hold, one line each; `output` is what was printed."""
    violations = []
    if "Traceback" in output:
        lines = [line for line in output.splitlines() if line and not line.startswith(" ")]
        violations.append(f"a traceback: {lines[-1][:150]}")
    violations += [f"store: {text}" for text in _check_store(world, places)]
    # A message that fails alone inside a batch cannot get back to its place between others that
    # have the same date.
    is_ordered = (
        fault is None
        or fault.call != ANSWER
        or backend_fault(fault.effect).spoils is not Spoil.ONE_MESSAGE
    )
    violations += [f"backend: {text}" for text in _check_backend(world, backend, is_ordered)]
    violations += [f"files: {text}" for text in _check_files(world, places)]
    is_damage = fault is not None and (
        # SQLite says that a file is damaged that cannot be read (SQLITE_IOERR_CORRUPTFS).
        fault.effect in DAMAGING or (fault.is_lasting and fault.effect == "EIO")
    )
    if list(places.state.glob("*.corrupt-*")) and not is_damage:
        violations.append("files: a database was set aside that was not damaged")
    if Canaries.find_all(output.encode()):
        violations.append("a secret in the output")
    return violations


def _check_store(world: World, places: Places) -> list[str]:
    try:
        database = open_for_reading(places.state)
    except StateError as error:
        return [error.message]
    if database is None:
        return ["there is none"]
    try:
        return _check_rows(world, database)
    finally:
        database.close()


def _check_rows(world: World, database: Database) -> list[str]:
    read = database.read()
    stored: list[str] = [
        row.id
        for session_id in _sessions(world)
        for row in stored_messages.session_messages(database, session_id)
    ]
    (pending,) = read.execute("SELECT count(*) FROM outbox").fetchone()
    (unreadable,) = read.execute("SELECT count(*) FROM unreadable").fetchone()
    (state,) = read.execute("PRAGMA integrity_check(1)").fetchone()
    # Which of two transcripts was read first is left to chance.
    violations = _difference(sorted(stored, key=_source), sorted(world.texts, key=_source))
    if pending:
        violations.append(f"{pending} rows are pending")
    if unreadable != 1:
        violations.append(f"{unreadable} lines are unreadable")
    if state != "ok":
        violations.append(state)
    return violations


def _check_backend(world: World, backend: Backend, is_ordered: bool) -> list[str]:  # noqa: FBT001 - internal
    rows = [row for session_id in _sessions(world) for row in backend.shown(session_id)]
    expected, held = list(world.texts), [row.external_id for row in rows]
    if not is_ordered:
        expected, held = sorted(expected), sorted(held)
    violations = _difference(held, expected)
    for row in rows:
        words = world.texts.get(row.external_id, "")
        if words not in f"{row.text_content}{row.parts}":
            violations.append(f"a row without {words!r}")
    if len(backend.all_messages()) != len(rows):
        violations.append("rows of other sessions")
    leaked = Canaries.find_all(backend.tables_text().encode())
    leaked |= Canaries.find_all(b"".join(call.body for call in backend.calls))
    return [*violations, *(["a secret"] if leaked & set(world.canaries.planted) else [])]


def _check_files(world: World, places: Places) -> list[str]:
    violations, planted = [], set(world.canaries.planted)
    for path in places.state.rglob("*"):
        mode = path.lstat().st_mode & 0o777
        if mode & 0o077:
            violations.append(f"{path.name} has mode {mode:o}")
        if path.is_file() and Canaries.find_all(path.read_bytes()) & planted:
            violations.append(f"a secret in {path.name}")
    return violations


def _sessions(world: World) -> list[str]:
    return list(dict.fromkeys(row.split(":", 1)[0] for row in world.texts))


def _source(row: str) -> str:
    """Return what the rows of one transcript have in common; the header is none of a transcript."""
    return row.rsplit(":", 1)[0] if not row.endswith(":session") else ""


def _difference(rows: list[str], expected: list[str]) -> list[str]:
    counted, wanted = Counter(rows), Counter(expected)
    differences = {
        "lost": wanted - counted,
        "doubled": Counter({row: count for row, count in counted.items() if count > 1}),
        "invented": Counter(set(counted) - set(wanted)),
    }
    violations = [
        f"{sum(which.values())} rows {name}" for name, which in differences.items() if which
    ]
    return violations or ([] if rows == expected else ["rows misordered"])

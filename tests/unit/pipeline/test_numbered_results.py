"""What an earlier version stored and sent as the results of other calls is corrected once."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from ccsync_watch.errors import RedactorUnavailable
from ccsync_watch.model import Part
from ccsync_watch.pipeline.numbered_results import correct_numbered_results
from ccsync_watch.pipeline.reapply import RepairResult
from ccsync_watch.store.message_writer import content_digest
from ccsync_watch.store.migrations import MIGRATIONS
from ccsync_watch.store.packed_texts import pack_json, unpack
from ccsync_watch.store.schema import add_functions
from support.lines import OTHER, SESSION, Writer, call
from support.pumping import Bench, PassingRedactor
from support.storing import World, message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ccsync_watch.model import JsonValue
    from ccsync_watch.privacy import Redactor
    from ccsync_watch.store.database import Database

FILE = "the plum giraffe"
VALUE = "kumquat-42-unripe"
READ = {"file_path": "/home/user/project/.env"}
(MIGRATION,) = (script for script in MIGRATIONS if "is_numbered" in script)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Have an empty store."""
    return World(tmp_path)


@pytest.fixture
def bench(tmp_path: Path, build_redactor: Callable[[], Redactor]) -> Iterator[Bench]:
    """Return a pump with real rules that a restart builds again."""
    bench = Bench(tmp_path, redactor=build_redactor(), build_redactor=build_redactor)
    yield bench
    bench.close()


@pytest.fixture(scope="module")
def redactor(build_redactor: Callable[[], Redactor]) -> Redactor:
    """Return a redactor with the current rules."""
    return build_redactor()


def _migrate(database: Database) -> None:
    """Do what the update does of a store of the version before."""
    with closing(sqlite3.connect(database.path, isolation_level=None)) as connection:
        add_functions(connection)
        connection.executescript(f"BEGIN; {MIGRATION} COMMIT;")


def _correct(world: World, redactor: Any) -> RepairResult:  # noqa: ANN401 - any redactor
    return correct_numbered_results(
        world.database, redactor=redactor, clock=world.clock, is_released=True
    )


def _say(world: World, number: int, part: Part, **more: Any) -> None:  # noqa: ANN401 - any field
    is_call = part.kind == "tool-call"
    row = message(
        f"u{number}",
        start=number,
        role="assistant" if is_call else "tool",
        kind="answer" if is_call else "tool_result",
        usage_id=f"m{number}" if is_call else None,
        parts=(part,),
        **more,
    )
    world.ingest(row, session_id=more.get("session_id", SESSION))


def _turn(world: World, number: int, name: str, arguments: Any, result: Any, **more: Any) -> None:  # noqa: ANN401 - any JSON
    """Store a call and its result with the id that all of them have, as they were stored."""
    _say(world, number, Part("tool-call", arguments, "call_0", name), **more)
    _say(world, number + 1, Part("tool-result", result, "call_0", name), **more)


def _store_as_before(world: World) -> None:
    world.say("u0", "Begin")
    _turn(world, 1, "Bash", {"command": "echo one"}, {"ok": True, "output": "one"})
    _turn(world, 3, "Read", READ, {"ok": True, "lines": 1, "output": f"{FILE}\nAPP_PASS={VALUE}"})
    _turn(world, 5, "Bash", {"command": "echo three"}, {"ok": True, "output": f"three {VALUE}"})
    world.drain()


def _sent_results(world: World) -> list[str]:
    """Return the results as they are shown at the backend, in their order."""
    rows = sorted(world.backend.messages(SESSION), key=lambda row: row.external_id)
    parts = [part for row in rows for part in row.parts if part.type == "tool-result"]
    return [str(part.content) for part in parts]


def _everything(database: Database) -> str:
    # Texts are packed, and the digests of two texts differ.
    return "\n".join(unpack(row[0]) for row in database.read().execute("SELECT content FROM parts"))


def test_what_was_sent_of_a_file_is_gone_without_its_transcript(
    world: World, redactor: Redactor
) -> None:
    """And each result is sent again with the call that it answers."""
    _store_as_before(world)
    assert FILE in world.backend.tables_text()
    _migrate(world.database)
    result = _correct(world, redactor)
    assert result.sessions == {SESSION}
    assert FILE not in _everything(world.database)
    assert VALUE not in _everything(world.database)
    files = world.database.path.parent.glob("ccsync.db*")
    assert FILE.encode() not in b"".join(path.read_bytes() for path in files)
    world.drain()
    world.assert_complete()
    assert FILE not in world.backend.tables_text()
    assert VALUE not in world.backend.tables_text()
    shown = _sent_results(world)
    for result_shown, used in zip(shown, ("echo one", "Read .env", "echo three"), strict=True):
        assert used in result_shown


def test_it_is_done_once(world: World, redactor: Redactor) -> None:
    """A later start changes nothing, and sends nothing."""
    _store_as_before(world)
    _migrate(world.database)
    _correct(world, redactor)
    world.drain()
    sent = len(world.backend.calls)
    assert _correct(world, redactor) == RepairResult()
    world.drain()
    assert len(world.backend.calls) == sent


def test_an_interruption_anywhere_repeats_it(world: World, redactor: Redactor) -> None:
    """Nothing counts as done while something is left."""
    _store_as_before(world)
    _migrate(world.database)
    with pytest.raises(RedactorUnavailable):
        _correct(world, PassingRedactor(poison="three"))
    world.restart()
    _correct(world, redactor)
    world.drain()
    assert FILE not in _everything(world.database) + world.backend.tables_text()


def test_a_result_whose_call_is_not_known_is_not_shown(world: World, redactor: Redactor) -> None:
    """It may be a file's content; what another session calls so is not its call."""
    _turn(world, 1, "Bash", {"command": "echo one"}, {"ok": True, "output": "one"})
    row: dict[str, JsonValue] = {"ok": True, "lines": 1, "output": FILE}
    world.say("o0", "Begin", session_id=OTHER)
    _say(world, 7, Part("tool-result", row, "call_0", "Bash"), session_id=OTHER)
    world.drain()
    _migrate(world.database)
    _correct(world, redactor)
    world.drain()
    assert FILE not in _everything(world.database) + world.backend.tables_text()
    assert '"one"' in _everything(world.database)


def test_a_failure_to_read_a_file_is_still_shown(world: World, redactor: Redactor) -> None:
    """Its first line says what went wrong; the next ones can quote the file."""
    _turn(world, 1, "Bash", {"command": "echo one"}, {"ok": True, "output": "one"})
    failed = {"ok": False, "output": f"File does not exist.\n{FILE}"}
    _turn(world, 3, "Read", {"file_path": "/home/user/project/a.py"}, failed)
    _migrate(world.database)
    _correct(world, redactor)
    assert FILE not in _everything(world.database)
    assert "File does not exist." in _everything(world.database)


def test_a_store_without_such_ids_is_left_alone(world: World, redactor: Redactor) -> None:
    """Nothing is read again, and nothing is sent."""
    used = "toolu_01ABCDEFGHIJKLMNOPQRSTUV"
    _say(world, 1, Part("tool-call", {"command": "ls"}, used, "Bash"))
    _say(world, 2, Part("tool-result", {"ok": True, "output": "one"}, used, "Bash"))
    world.drain()
    before = list(world.database.read().iterdump())
    _migrate(world.database)
    assert _correct(world, redactor) == RepairResult()
    assert list(world.database.read().iterdump()) == before


# With transcripts -------------------------------------------------------------------------


def _store_in_old_way(bench: Bench, outputs: dict[str, str | None]) -> None:
    """Give all calls the ids of their rows, and results these outputs by their rows' uuids."""
    with bench.database.write() as connection:
        connection.execute(
            "UPDATE parts SET tool_use_id = substr(tool_use_id, 1, instr(tool_use_id, '@') - 1)"
            " WHERE tool_use_id LIKE '%@%'"
        )
        for uuid, output in outputs.items():
            seq, role, kind, content = connection.execute(
                "SELECT m.seq, m.role, m.kind, p.content FROM messages m"
                " JOIN parts p ON p.message_seq = m.seq WHERE m.uuid = ?",
                (uuid,),
            ).fetchone()
            value = orjson.loads(unpack(content))
            value.pop("output", None)
            text = orjson.dumps(value if output is None else {**value, "output": output})
            connection.execute(
                "UPDATE parts SET content = ? WHERE message_seq = ?", (pack_json(text), seq)
            )
            digest = content_digest(role, kind, [("tool-result", text)])
            connection.execute(
                "UPDATE compact_messages SET digest = ? WHERE seq = ?", (digest, seq)
            )
    _migrate(bench.database)


def _rows(bench: Bench) -> tuple[Writer, list[dict[str, Any]]]:
    writer = Writer()
    rows = []
    for number, (name, arguments, output) in enumerate(
        [("Bash", {"command": "echo one"}, "one"), ("Read", READ, FILE),
         ("Bash", {"command": "echo three"}, "three")]
    ):  # fmt: skip
        used = call("call_0", name, **arguments)
        rows += [writer.answer(used, usage_id=f"m{number}"), writer.result("call_0", output)]
    bench.append(bench.path(), *rows)
    bench.catch_up()
    return writer, rows


def _update(bench: Bench) -> None:
    """Start the new version on an earlier store."""
    bench.restart()
    correct_numbered_results(
        bench.database, redactor=bench.redactor, clock=bench.clock, is_released=True
    )


def test_transcripts_are_read_again_by_the_rules_of_today(bench: Bench) -> None:
    """What was hidden as if it were a file's is shown again; it is as if it were imported now."""
    _writer, rows = _rows(bench)
    query = "SELECT kind, tool_use_id, content FROM parts ORDER BY message_seq, position"
    today = bench.select(query)
    _store_in_old_way(bench, {rows[3]["uuid"]: FILE, rows[5]["uuid"]: None})
    assert bench.select(query) != today
    _update(bench)
    assert FILE not in _everything(bench.database)
    bench.catch_up()
    assert bench.select(query) == today
    assert bench.catch_up_again(is_live=False) == 0


def test_a_transcript_that_is_gone_or_shorter_is_not_needed(bench: Bench) -> None:
    """What nothing says any more stays as the update left it."""
    _writer, rows = _rows(bench)
    _store_in_old_way(bench, {rows[3]["uuid"]: FILE, rows[5]["uuid"]: FILE})
    bench.replace(bench.path(), rows[0], rows[1])
    _update(bench)
    bench.catch_up()
    assert _everything(bench.database).count(FILE) == 1
    bench.path().unlink()
    assert bench.catch_up_again(is_live=False) == 0


def test_an_interrupted_reading_takes_no_later_call(bench: Bench) -> None:
    """A new process knows the calls of the rows before from the store, which has later ones too."""
    writer = Writer()
    rows: list[dict[str, Any]] = []
    for number, name in enumerate(("Read", "Bash")):
        used = call("call_0", name, **(READ if name == "Read" else {"command": "echo one"}))
        rows += [writer.answer(used, usage_id=f"m{number}"), writer.result("call_0", FILE)]
    bench.restart(chunk_bytes=1)
    bench.append(bench.path(), *rows)
    bench.catch_up()
    bench.rewrite(bench.path(), *rows)
    with bench.database.write() as connection:
        connection.execute("UPDATE transcripts SET offset = 0, head = x'', size = -1")
    bench.restart()
    bench.pump.reconcile()
    bench.pump.step()
    bench.restart()
    bench.catch_up()
    outputs = [
        orjson.loads(unpack(row[0])).get("output")
        for row in bench.select("SELECT content FROM parts WHERE kind = 'tool-result' ORDER BY 1")
    ]
    assert sorted(map(str, outputs)) == sorted(["None", FILE])

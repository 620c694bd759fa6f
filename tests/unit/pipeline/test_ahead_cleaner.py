"""A backlog that another process cleans ahead: the store is the same, whatever happens to it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.pipeline import cleaning_process
from ccsync_watch.pipeline.ahead_cleaner import AheadCleaner
from ccsync_watch.pipeline.cleaning_messages import (
    ChunkCleaned,
    CleaningPlan,
    CleaningSetup,
    IsReady,
    IsWorking,
    PlannedChunk,
)
from ccsync_watch.pipeline.cleaning_process import CleaningProcess
from ccsync_watch.pipeline.cleaning_start import START_BYTES
from ccsync_watch.pipeline.files import RealFiles
from ccsync_watch.pipeline.process_frames import ChildPipes, ParentPipes
from ccsync_watch.privacy.policy.projects import Projects
from ccsync_watch.store.database import open_for_reading
from ccsync_watch.transcripts.discovery import stat_transcript
from support.import_corpora import dense, many
from support.lines import AGENT, OTHER, SESSION, START_MS, Writer, call, text
from support.pumping import PROJECT, Bench
from support.redaction_corpus.shared import cache_folder
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ccsync_watch.privacy import Redactor

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows does without this process")

_VALUE = "plum giraffe 7"
"""No rule would find it: what one file discloses is removed from all that is read later."""
_CHUNK_BYTES = 20_000
_METADATA = "/home/user/private"
_HANG_SECONDS = 5


def _redactor_options() -> dict[str, Any]:
    return {"key": b"k" * 32, "cache": cache_folder()}


@pytest.fixture
def bench(tmp_path: Path, build_redactor: Callable[[], Redactor]) -> Iterator[Bench]:
    """Return a pump that reads in small chunks, and cleans all of them itself."""
    projects = Projects(policies=[(_METADATA, "metadata")])
    config = {"chunk_bytes": _CHUNK_BYTES, "projects": projects}
    bench = Bench(tmp_path, build_redactor=build_redactor, config=config)
    yield bench
    bench.close()


class Ahead:
    """The same pump with an empty store, whose backlog is cleaned ahead from some step on."""

    def __init__(self, bench: Bench, **setup: Any) -> None:  # noqa: ANN401 - any value of a setup
        bench.close()
        for path in bench.state.glob("ccsync.db*"):
            path.unlink()
        self._setup = setup
        self.cleaner: AheadCleaner | None = None
        bench.make_ahead = self._make
        bench.restart()
        self.bench = bench

    def _make(self, bench: Bench) -> AheadCleaner:
        values: dict[str, Any] = {
            "policy": bench.policy,
            "projects": bench.config["projects"],
            "redactor": _redactor_options(),
            "state_dir": bench.state,
            "files": RealFiles(),
            "chunk_bytes": _CHUNK_BYTES,
            **self._setup,
        }
        redactor: Any = bench.redactor
        self.cleaner = AheadCleaner(
            CleaningSetup(**values), redactor, clock=bench.clock, start_bytes=1
        )
        return self.cleaner

    @property
    def process(self) -> AheadCleaner:
        """Return what has the process."""
        assert self.cleaner is not None
        return self.cleaner

    def start(self) -> int:
        """Read until the process has its plan; return its id."""
        pump = self.bench.pump
        pump.reconcile()
        assert pump.step()
        process_id = self.process.process_id
        assert process_id is not None
        wait_until(self.process.is_ready, "the process is ready")
        assert pump.step()
        return process_id

    def drain(self) -> dict[str, list[tuple[Any, ...]]]:
        """Read everything; return what is stored."""
        self.bench.drain()
        return _stored(self.bench)


def _stored(bench: Bench) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of all tables but the search's, which is filled when somebody looks."""
    tables = bench.select(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'search%'"
        " AND name != 'indexed_texts'"
    )
    return {name: sorted(bench.select(f"SELECT * FROM {name}"), key=repr) for (name,) in tables}  # noqa: S608 - names of tables


def _wait_for_end(process_id: int) -> None:
    wait_until(lambda: not _runs(process_id), "the process has ended")


def _runs(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process_id}/stat")
    return not (status.exists() and status.read_text(encoding="ascii").split(") ")[1][0] == "Z")


def _write_sessions(bench: Bench) -> None:
    """Write sessions that matter to each other: secrets, calls, policies, worktrees, subagents."""
    dense(bench.root.parent, 150_000)
    for number, session_id in enumerate((OTHER, SESSION)):
        writer = Writer(session_id=session_id, at_ms=START_MS + 1000 * number)
        file = f"PORT=80\nDB_PASSWORD='{_VALUE}'\n"
        detail = {"type": "text", "file": {"filePath": "/a/.env", "content": file, "numLines": 2}}
        rows = [writer.prompt(f"the password is {_VALUE}, and {number}")]
        for turn in range(40):
            used = f"toolu_{number}_{turn}"
            rows += [
                writer.answer(call(used, "Bash", command=f"make {turn}; echo '{_VALUE}'")),
                writer.result(used, f"said {_VALUE} {'words ' * 80}", detail={"stdout": _VALUE}),
            ]
            if turn == 20 and session_id == OTHER:
                rows += [
                    writer.answer(call("env", "Read", file_path="/a/.env")),
                    writer.result("env", file, detail=detail),
                ]
            if turn == 30:
                writer.cwd = _METADATA if session_id == SESSION else writer.cwd
        bench.append(bench.path(session_id), *rows)
    task = Writer(session_id=OTHER, agent_id=AGENT)
    path = bench.root / PROJECT / OTHER / "subagents" / f"agent-{AGENT}.jsonl"
    path.parent.mkdir(parents=True)
    bench.append(path, *(task.prompt(f"task {turn} {_VALUE}" * 20) for turn in range(60)))


def _read_here(bench: Bench) -> dict[str, list[tuple[Any, ...]]]:
    bench.catch_up()
    return _stored(bench)


def test_the_store_is_the_same_to_the_byte(bench: Bench) -> None:
    """Secrets that one file disclosed are removed from the next, calls are found, policies hold."""
    _write_sessions(bench)
    expected = _read_here(bench)
    ahead = Ahead(bench)
    process_id = ahead.start()
    assert ahead.drain() == expected
    assert ahead.process.used > 5
    assert ahead.process.process_id is None
    assert not _runs(process_id)
    assert len(expected["disclosures"]) > 1
    assert bench.redactor.known_values() == {_VALUE: "file"}  # type: ignore[attr-defined]


def test_small_files_are_foreseen(bench: Bench) -> None:
    """Nearly all of them are cleaned ahead, in the order in which they are read."""
    corpus = many(bench.root.parent, 1_500_000)
    expected = _read_here(bench)
    ahead = Ahead(bench)
    ahead.start()
    assert ahead.drain() == expected
    assert ahead.process.used > len(corpus.files)  # of more than one chunk each


def test_a_long_file_takes_turns_with_others(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once it is far ahead of them it gets every second turn, as foreseen."""
    monkeypatch.setattr("ccsync_watch.pipeline.backlog.LEAD_BYTES", 60_000)
    dense(bench.root.parent, 300_000)
    writer = Writer()
    for turn in range(300):
        bench.append(bench.path(), writer.prompt(f"{turn} " * 500))
    expected = _read_here(bench)
    ahead = Ahead(bench)
    ahead.start()
    assert ahead.drain() == expected
    assert ahead.process.used > 20


def test_a_plan_follows_the_other(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process says that it is at the end of one, and gets the next without a pause."""
    monkeypatch.setattr("ccsync_watch.pipeline.upcoming_turns._MOST_BYTES", 60_000)
    dense(bench.root.parent, 400_000)
    expected = _read_here(bench)
    ahead = Ahead(bench)
    ahead.start()
    ahead.process.pause = lambda: bench.clock.advance(0.05)  # as much as it waits, at least
    assert ahead.drain() == expected
    assert ahead.process.used > 12
    assert not ahead.process.failures


def _answer_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no result of the process come before it is waited for."""
    receive = ParentPipes.receive
    late = lambda pipes, seconds: receive(pipes, seconds) if seconds else None  # noqa: E731 - short
    monkeypatch.setattr(ParentPipes, "receive", late)


def test_a_slower_process_gets_only_a_part(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others are cleaned here while it cleans the rest; the store is the same to the byte."""
    many(bench.root.parent, 600_000)
    _write_sessions(bench)
    expected = _read_here(bench)
    ahead = Ahead(bench)
    ahead.start()
    _answer_late(monkeypatch)
    take, here = AheadCleaner.take, []

    def count(cleaner: AheadCleaner, *values: Any, **options: Any) -> Any:  # noqa: ANN401 - as it has them
        taken = take(cleaner, *values, **options)
        here.extend([values[0].path] * (taken is None and cleaner.has_plan))
        return taken

    monkeypatch.setattr(AheadCleaner, "take", count)
    assert ahead.drain() == expected
    assert len(here) > 5
    assert ahead.process.used > len(here)


def test_what_is_cleaned_here_may_hold_the_call_of_a_result(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although it is committed together with the result, which was cleaned ahead without it."""
    names = [f"{number:08x}-2222-4333-8444-555555555555" for number in range(6)]
    filler = [Writer(session_id=names[0]).prompt(f"{turn} words " * 60) for turn in range(90)]
    rows = {name: [Writer(session_id=name).prompt("words")] for name in names[1:]}
    rows[names[3]] = [Writer(session_id=names[3]).answer(call("t1", "Bash", command="cat .env"))]
    rows[names[4]] = [Writer(session_id=names[4]).result("t1", f"DB_PASSWORD='{_VALUE}'")]
    for age, (name, own) in enumerate({names[0]: filler, **rows}.items()):
        bench.append(bench.path(name), *own)
        os.utime(bench.path(name), ns=(0, (START_MS - age) * 1_000_000))
    ahead = Ahead(bench)
    ahead.start()
    _answer_late(monkeypatch)
    bench.drain()
    assert bench.select("SELECT 1 FROM parts WHERE tool_use_id = 't1'")
    assert ahead.process.used > 2
    assert _VALUE not in _stored_texts(bench)


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_nothing_is_lost_when_the_process_is_killed(bench: Bench, steps: int) -> None:
    """What it had is read again here."""
    _write_sessions(bench)
    expected = _read_here(bench)
    ahead = Ahead(bench)
    process_id = ahead.start()
    for _ in range(steps):
        assert bench.pump.step()
    os.kill(process_id, signal.SIGKILL)
    assert ahead.drain() == expected
    assert ahead.process.process_id is None


def test_signals_to_all_processes_are_left_to_the_parent(bench: Bench) -> None:
    """A closed terminal and systemd send them to both: what the parent still reads is as quick."""
    _write_sessions(bench)
    expected = _read_here(bench)
    ahead = Ahead(bench)
    process_id = ahead.start()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(process_id, number)
    assert ahead.drain() == expected
    assert ahead.process.used > 5
    assert not _runs(process_id)


def test_a_process_that_hangs_is_ended(bench: Bench) -> None:
    """After five seconds without a word of it: a flush waits for what is read."""
    _write_sessions(bench)
    expected = _read_here(bench)
    ahead = Ahead(bench)
    process_id = ahead.start()
    began = bench.clock.monotonic()
    waited: list[float] = []

    def wait() -> None:
        waited.append(bench.clock.monotonic() - began)
        bench.clock.advance(0.5)

    os.kill(process_id, signal.SIGSTOP)
    ahead.process.pause = wait
    bench.drain()
    assert not _runs(process_id)
    assert max(waited) == _HANG_SECONDS
    stored = _stored(bench)
    assert stored["parts"] == expected["parts"]
    assert stored["compact_messages"] == expected["compact_messages"]


def test_a_process_that_works_is_waited_for(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so while a text takes long, and nothing is cleaned twice."""
    _write_sessions(bench)
    expected = _read_here(bench)
    ahead = Ahead(bench)
    process_id = ahead.start()
    receive = ParentPipes.receive
    words = [IsWorking(1)] * 20
    advanced = []

    def slow(pipes: ParentPipes, seconds: float) -> Any:  # noqa: ANN401 - as it has them
        if seconds and words:
            bench.clock.advance(2)
            advanced.append(2)
            return words.pop()
        return receive(pipes, seconds)

    monkeypatch.setattr(ParentPipes, "receive", slow)
    assert ahead.drain() == expected
    assert sum(advanced) == 8 * _HANG_SECONDS
    assert ahead.process.used > 0
    _wait_for_end(process_id)


def test_a_process_that_was_stopped_with_this_one_is_kept(bench: Bench) -> None:
    """Time that passed while nobody could answer is not silence: a terminal stops both."""
    _write_sessions(bench)
    expected = _read_here(bench)
    ahead = Ahead(bench)
    process_id = ahead.start()
    os.kill(process_id, signal.SIGSTOP)

    def resume() -> None:
        bench.clock.advance(40)
        os.kill(process_id, signal.SIGCONT)
        ahead.process.pause = lambda: None

    ahead.process.pause = resume
    assert ahead.drain() == expected
    assert ahead.process.used > 0


def test_a_long_text_is_announced(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the process that redacts it, between two pieces of it."""
    monkeypatch.setattr(cleaning_process, "_WORD_SECONDS", 0)
    path = bench.path(SESSION)
    bench.append(path, Writer().prompt("words " * 10_000))
    setup = Ahead(bench, chunk_bytes=100_000).process._setup
    transcript, database = stat_transcript(str(path)), open_for_reading(bench.state)
    assert transcript is not None
    assert database is not None
    (to_read, to_write), (from_read, from_write) = os.pipe(), os.pipe()
    parent, child = ParentPipes(from_read, to_write), ChildPipes(to_read, from_write)

    def run() -> None:
        with contextlib.suppress(EOFError):
            CleaningProcess(setup, child, database).run()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    parent.send(CleaningPlan(7, (PlannedChunk(transcript, 0, is_last=True),), [], {}))
    messages: list[Any] = []
    while not (messages and isinstance(messages[-1], ChunkCleaned)):
        messages += filter(None, [parent.receive(WAIT_SECONDS)])
    os.close(to_write)
    thread.join()
    database.close()
    for descriptor in (to_read, from_read, from_write):
        os.close(descriptor)
    assert isinstance(messages[0], IsReady)
    assert set(messages[1:-1]) == {IsWorking(7)}


def test_a_process_that_cannot_start_is_done_without(bench: Bench) -> None:
    """Its redactor fails: it gives no results, and the one here removes all secrets."""
    _write_sessions(bench)
    expected = _read_here(bench)
    ahead = Ahead(bench, redactor={**_redactor_options(), "patterns": ["("]})
    bench.catch_up()
    process_id = ahead.process.process_id
    if process_id is not None:
        _wait_for_end(process_id)
    assert _stored(bench) == expected
    assert not ahead.process.used


def test_what_is_written_meanwhile_may_disclose_a_secret(bench: Bench) -> None:
    """What was cleaned ahead without knowing it is not used."""
    path = bench.path()
    writer = Writer()
    bench.append(path, *(writer.prompt(f"{turn} {_VALUE} " * 50) for turn in range(200)))
    ahead = Ahead(bench)
    ahead.start()
    live = Writer(session_id=OTHER)
    file = f"DB_PASSWORD='{_VALUE}'\n"
    bench.append(
        bench.path(OTHER),
        live.answer(call("t1", "Bash", command="cat .env")),
        live.result("t1", file, detail={"stdout": file, "stderr": ""}),
    )
    bench.pump.queue_paths([str(bench.path(OTHER))])
    assert bench.pump.step()
    ((before,),) = bench.select("SELECT max(seq) FROM messages")
    ahead.drain()
    query = "SELECT unpacked(p.content) FROM parts p WHERE p.message_seq > ?"
    later = [content for (content,) in bench.select(query, before)]
    assert len(later) > 100
    assert not [content for content in later if _VALUE in content]


def _add_live(bench: Bench, path: Path, *rows: dict[str, Any]) -> None:
    """Have rows read at once that were written just now."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bench.append(path, *rows)
    bench.pump.queue_paths([str(path)])
    assert bench.pump.step()


def _stored_texts(bench: Bench) -> str:
    return "".join(map(str, bench.select("SELECT unpacked(content) FROM parts")))


@pytest.mark.parametrize("is_other_known", [False, True])
def test_the_call_of_a_result_may_be_written_meanwhile(
    bench: Bench, *, is_other_known: bool
) -> None:
    """A result that was cleaned ahead without its call, or with another one, is cleaned again."""
    writer = Writer()
    rows = [writer.answer(call("toolu_1", "Bash", command="ls"))] if is_other_known else []
    rows += [writer.prompt(f"{turn} words " * 60) for turn in range(120)]
    rows += [writer.result("toolu_1", f"DB_PASSWORD='{_VALUE}'"), writer.prompt(f"it is {_VALUE}")]
    bench.append(bench.path(), *rows)
    ahead = Ahead(bench)
    ahead.start()
    live = Writer(session_id=OTHER)
    while bench.pump.backlog_size()[1] > _CHUNK_BYTES:
        assert bench.pump.step()
    wait_until(ahead.process.has_result, "the result is read ahead")
    _add_live(bench, bench.path(OTHER), live.answer(call("toolu_1", "Bash", command="cat .env")))
    bench.drain()
    assert _VALUE not in _stored_texts(bench)


def test_a_session_may_become_metadata_only_meanwhile(bench: Bench) -> None:
    """Its texts that were cleaned ahead are not kept."""
    writer = Writer()
    bench.append(bench.path(), *(writer.prompt(f"{turn} words " * 60) for turn in range(200)))
    ahead = Ahead(bench)
    ahead.start()
    wait_until(ahead.process.has_result, "something is read ahead")
    with bench.database.write() as connection:
        connection.execute("UPDATE sessions SET is_metadata_only = 1")
    ((before,),) = bench.select("SELECT max(seq) FROM messages")
    bench.drain()
    query = "SELECT unpacked(content) FROM parts WHERE message_seq > ?"
    later = bench.select(query, before)
    assert len(later) > 50
    assert "words" not in str(later)


def test_what_was_remembered_ahead_is_known_here(bench: Bench) -> None:
    """A task in the background prints a file of secrets, after the process has ended."""
    writer = Writer()
    rows = [writer.prompt(f"{turn} words " * 60) for turn in range(60)]
    rows += [
        writer.answer(call("toolu_1", "Bash", command="cat .env", run_in_background=True)),
        writer.result("toolu_1", "Command running in background with ID: b1"),
    ]
    rows += [writer.prompt(f"{turn} words " * 60) for turn in range(60)]
    rows += [
        writer.answer(call("toolu_2", "BashOutput", bash_id="b1")),
        writer.result("toolu_2", f"DB_PASSWORD='{_VALUE}'"),
        writer.prompt(f"it is {_VALUE}"),
    ]
    bench.append(bench.path(), *rows)
    ahead = Ahead(bench)
    process_id = ahead.start()
    while not bench.select("SELECT 1 FROM parts WHERE tool_use_id = 'toolu_1'"):
        assert bench.pump.step()
    assert ahead.process.used
    os.kill(process_id, signal.SIGKILL)
    bench.drain()
    assert bench.select("SELECT 1 FROM parts WHERE tool_use_id = 'toolu_2'")
    assert _VALUE not in _stored_texts(bench)


def test_what_is_written_meanwhile_does_not_end_the_plan(bench: Bench) -> None:
    """Nearly everything is cleaned ahead, although a session writes between all steps."""
    corpus = dense(bench.root.parent, 600_000)
    ahead = Ahead(bench)
    ahead.start()
    live = Writer(session_id=OTHER)
    steps = 0
    while bench.pump.has_work():
        steps += 1
        bench.append(bench.path(OTHER), live.answer(call(f"live_{steps}", "Bash", command="ls")))
        bench.pump.queue_paths([str(bench.path(OTHER))])
        bench.pump.step()
        bench.pump.step()
    assert steps > 10
    assert ahead.process.used > corpus.bytes // _CHUNK_BYTES - 8


def test_a_file_that_changed_after_it_was_read_ahead_is_read_again(bench: Bench) -> None:
    """What was made of other bytes is not used."""
    path = bench.path()
    writer = Writer()
    bench.append(path, *(writer.prompt(f"{turn:04} before " * 80) for turn in range(200)))
    ahead = Ahead(bench)
    ahead.start()
    assert bench.pump.step()
    wait_until(ahead.process.has_result, "something is read ahead")
    status = path.stat()
    data = path.read_bytes()
    (offset,) = bench.offsets()
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data[offset:].replace(b"before", b"after!"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    bench.drain()
    texts = "".join(bench.texts()[-100:])
    assert "before" not in texts


def test_the_process_ends_with_its_parent(tmp_path: Path) -> None:
    """However that ends: nobody is left to end it."""
    source = """
import sys
sys.path[:0] = sys.argv[1:2]
from pathlib import Path
import pytest
from support.import_corpora import dense
from unit.pipeline.test_ahead_cleaner import Ahead, _redactor_options, _CHUNK_BYTES
from ccsync_watch.privacy import Redactor
from ccsync_watch.privacy.policy.projects import Projects
from ccsync_watch.store.database import open_for_reading
from ccsync_watch.transcripts.discovery import stat_transcript
from support.pumping import Bench
bench = Bench(
    Path(sys.argv[2]),
    build_redactor=lambda: Redactor(**_redactor_options()),
    config={"chunk_bytes": _CHUNK_BYTES, "projects": Projects()},
)
dense(bench.root.parent, 400_000)
print(Ahead(bench).start(), flush=True)
sys.stdin.read()
"""
    tests = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", source, str(tests), str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as parent:
        assert parent.stdout is not None
        process_id = int(parent.stdout.readline())
        assert _runs(process_id)
        parent.kill()
    _wait_for_end(process_id)


def test_a_short_backlog_needs_no_process(bench: Bench) -> None:
    """It is read before one would be ready; and what is written live never needs one."""
    redactor: Any = bench.redactor
    ahead = AheadCleaner(
        CleaningSetup(bench.policy, Projects(), {}, bench.state, RealFiles()),
        redactor,
        clock=bench.clock,
    )
    ahead.want(START_BYTES - 1)
    ahead.prepare(list, is_slow=False)
    assert ahead.process_id is None
    ahead.want(START_BYTES)
    ahead.prepare(list, is_slow=True)
    assert ahead.process_id is None  # the rules are not compiled yet


def test_nothing_is_imported_from_the_folder_that_it_is_started_in(bench: Bench) -> None:
    """A project may have modules of any name."""
    ahead = Ahead(bench)
    writer = Writer()
    bench.append(bench.path(), *(writer.answer(text("words " * 900)) for _ in range(40)))
    process_id = ahead.start()
    if sys.platform == "linux":
        assert Path(f"/proc/{process_id}/cwd").readlink() == Path("/")


def test_no_key_is_in_its_environment(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """`/proc` shows what a process was started with for as long as it runs."""
    monkeypatch.setenv("CLAUDE_SYNC_API_KEY", "osk_canary")
    monkeypatch.setenv("DATABASE_PASSWORD", "canary too")
    _write_sessions(bench)
    process_id = Ahead(bench).start()
    if sys.platform == "linux":
        data = Path(f"/proc/{process_id}/environ").read_bytes()
        assert b"PATH=" in data
        assert b"canary" not in data


def test_the_end_does_not_wait_for_a_process_that_hangs(bench: Bench) -> None:
    """The daemon stops within seconds, and ends it."""
    _write_sessions(bench)
    expected = _read_here(bench)
    ahead = Ahead(bench)
    process_id = ahead.start()
    os.kill(process_id, signal.SIGSTOP)
    ahead.process.is_ending = lambda: True
    assert ahead.drain() == expected
    assert not _runs(process_id)


def test_a_process_that_does_not_listen_keeps_nobody() -> None:
    """A message longer than a pipe takes is sent bit by bit, as far as it is read."""
    message = b"plan" * 100_000
    (to_read, to_write), (from_read, from_write) = os.pipe(), os.pipe()
    parent, child = ParentPipes(from_read, to_write), ChildPipes(to_read, from_write)
    try:
        parent.send(message)
        assert parent.receive(0) is None
        received: list[object] = []
        thread = threading.Thread(target=lambda: received.append(child.receive()), daemon=True)
        thread.start()
        wait_until(lambda: parent.receive(0) is None and bool(received), "the message is received")
        assert received == [message]
    finally:
        for descriptor in (to_read, to_write, from_read, from_write):
            os.close(descriptor)

"""Small files of a backlog are committed together; nothing else changes by that."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.privacy.policy.projects import Projects
from ccsync_watch.store.database import Database
from support.lines import AGENT, SESSION, Writer
from support.pumping import PROJECT, Bench, joined

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES = 12


class CountedDatabase(Database):
    """Counts its transactions, and lists which of them waited for the disk."""

    transactions = 0

    def __init__(self, path: Path, **options: Any) -> None:  # noqa: ANN401 - as they are passed on
        self.waits: list[bool] = []
        super().__init__(path, **options)

    @contextlib.contextmanager
    def write(self, *, waits_for_disk: bool = True) -> Iterator[sqlite3.Connection]:
        """Provide the writing connection in one transaction."""
        self.transactions += 1
        self.waits.append(waits_for_disk)
        with super().write(waits_for_disk=waits_for_disk) as connection:
            yield connection


@pytest.fixture(name="counted")
def _counted(tmp_path: Path) -> Bench:
    return Bench(tmp_path, make_database=CountedDatabase)


def transactions(bench: Bench) -> int:
    """Read what is queued; return how many transactions that took."""
    assert isinstance(bench.database, CountedDatabase)
    before = bench.database.transactions
    bench.drain()
    return bench.database.transactions - before


def write_files(bench: Bench, count: int = FILES) -> list[str]:
    """Write transcripts of one prompt each; return their texts, the first to be read first."""
    for number in range(count):
        name = f"file-{number}"
        bench.append(bench.path(name), Writer(name).prompt(name))
    return [f"file-{number}" for number in reversed(range(count))]


def test_small_files_are_committed_together(counted: Bench) -> None:
    """In the order in which they are read; a new run finds them complete."""
    texts = write_files(counted)
    counted.pump.reconcile()
    assert transactions(counted) == 1
    assert counted.texts() == texts
    assert counted.catch_up_again(is_live=False) == 0


def test_files_are_committed_by_the_size_of_a_chunk(counted: Bench) -> None:
    """So a commit is not larger than that of a large file."""
    write_files(counted)
    size = counted.path("file-11").stat().st_size
    counted.restart(chunk_bytes=3 * size)
    counted.pump.reconcile()
    assert transactions(counted) == FILES // 3


def test_of_a_backlog_the_last_commit_waits_for_the_disk(counted: Bench) -> None:
    """A power cut has some of it read again; what was written just now is not undone by one."""
    write_files(counted)
    counted.restart(chunk_bytes=3 * counted.path("file-11").stat().st_size)
    assert isinstance(counted.database, CountedDatabase)
    counted.pump.reconcile()
    counted.database.waits.clear()
    counted.drain()
    assert counted.database.waits == [False, False, False, True]
    live = counted.path("live")
    counted.append(live, *(Writer("live").prompt(f"now {number}") for number in range(9)))
    counted.pump.queue_paths([str(live)])
    counted.database.waits.clear()
    counted.drain()
    assert len(counted.database.waits) > 1
    assert all(counted.database.waits)


def test_a_file_that_is_written_to_is_committed_at_once(counted: Bench) -> None:
    """Before the backlog, and without it."""
    write_files(counted)
    counted.pump.reconcile()
    live = counted.path("live")
    counted.append(live, Writer("live").prompt("now"))
    counted.pump.queue_paths([str(live)])
    assert counted.pump.step()
    assert counted.texts() == ["now"]
    assert transactions(counted) == 1


def test_a_live_file_ends_the_commit_of_older_ones(bench: Bench) -> None:
    """A flush may queue an older file after newer ones: it is not committed with those."""
    write_files(bench, 3)
    bench.pump.reconcile()
    bench.pump.queue_paths([str(bench.path("file-0"))])
    bench.pump.step()
    assert bench.texts() == ["file-2", "file-1"]


def test_something_else_to_do_ends_the_commit(bench: Bench) -> None:
    """A line that is written meanwhile waits for one file, not for several."""
    texts = write_files(bench)
    bench.pump.set_pace(is_interrupted=lambda: True)
    bench.pump.reconcile()
    for number in range(FILES):
        assert bench.pump.step()
        assert bench.texts() == texts[: number + 1]


def test_less_is_read_at_once_while_redacting_is_slow(bench: Bench) -> None:
    """So that the first rows are stored soon, and something else is done in between."""
    writer = Writer()
    bench.append(bench.path(), *[writer.prompt("words " * 2000) for _ in range(20)])
    slow = [True]
    bench.pump.set_pace(is_interrupted=lambda: False, is_slow=lambda: slow[0])
    bench.pump.reconcile()
    bench.pump.step()
    assert 0 < len(bench.texts()) < 10
    slow.clear()
    slow.append(False)
    bench.pump.step()
    assert len(bench.texts()) == 20


def fail_to_store(bench: Bench, condition: str) -> None:
    """Read what there is, while the checkpoints that meet a condition cannot be stored."""
    with bench.database.write() as connection:
        connection.execute(
            f"CREATE TRIGGER fails BEFORE INSERT ON transcripts WHEN {condition}"
            " BEGIN SELECT raise(ABORT, 'a defect'); END"
        )
    bench.pump.reconcile()
    with pytest.raises(sqlite3.IntegrityError, match="a defect"):
        bench.pump.step()


def test_a_file_that_cannot_be_stored_does_not_keep_others_from_it(bench: Bench) -> None:
    """Of those that are committed together; the failure is reported, and tried again."""
    texts = write_files(bench)
    fail_to_store(bench, "new.stream = 'file-7'")
    assert bench.texts() == [text for text in texts if text != "file-7"]
    with bench.database.write() as connection:
        connection.execute("DROP TRIGGER fails")
    assert bench.catch_up() == 1
    assert sorted(bench.texts()) == sorted(texts)


def test_a_commit_that_fails_moves_no_offset(bench: Bench) -> None:
    """Each of the files is read again, and stored once."""
    texts = write_files(bench)
    fail_to_store(bench, "true")
    assert bench.offsets() == []
    assert bench.pump.progress.bytes_read == 0
    with bench.database.write() as connection:
        connection.execute("DROP TRIGGER fails")
    bench.catch_up()
    assert bench.texts() == texts


def test_a_policy_holds_for_the_next_file_of_the_session(bench: Bench) -> None:
    """A subagent's rows name no folder: what its session's say of it is committed first."""
    bench.restart(projects=Projects(policies=(("/home/user/quiet", "metadata"),)))
    bench.append(bench.path(), Writer(cwd="/home/user/quiet").prompt("quiet words"))
    row = Writer(agent_id=AGENT).prompt("words of its agent")
    del row["cwd"]
    bench.append(bench.path(f"agent-{AGENT}", f"{PROJECT}/{SESSION}/subagents"), joined(row))
    bench.catch_up()
    assert "words" not in str(bench.texts())
    assert len(bench.uuids()) == 2

"""What an imported row costs, counted: that does not depend on the machine, nor on its load."""

from __future__ import annotations

import sqlite3
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson
import pytest

from support.import_corpora import dense, many
from support.pumping import Bench, PassingRedactor

if TYPE_CHECKING:
    from pathlib import Path

    from ccsync_watch.model import JsonValue
    from support.import_corpora import Corpus

_SMALL, _LARGE = 400_000, 1_300_000
# A tenth above what a row costs: lower them with the cost.
_MAX_STATEMENTS, _MAX_CALLS = 10, 215
# References to columns in statements that are compiled, for a file of 47 kB.
_MAX_COMPILED = 60


class CountingRedactor(PassingRedactor):
    """Counts the bytes that it is asked to scan."""

    bytes_scanned = 0

    def redact_value(self, obj: JsonValue) -> JsonValue:
        """Return the value as it is."""
        self.bytes_scanned += len(orjson.dumps(obj))
        return super().redact_value(obj)


@dataclass
class Work:
    """What an import took: SQL statements, Python's function calls, bytes scanned, commits."""

    corpus: Corpus
    commits: int = 0
    statements: int = 0
    calls: int = 0
    bytes_scanned: int = 0

    def count_statement(self, _statement: str) -> None:
        """Count one; SQLite calls it, triggers' statements included."""
        self.statements += 1

    def count_call(self, _frame: object, event: str, _argument: object) -> None:
        """Count one: whatever is made per row, is made by a call."""
        self.calls += event == "call"

    def per_row(self, count: int) -> float:
        """Return a count for one row."""
        return count / self.corpus.messages


def compiled_for(folder: Path, *, size: int) -> tuple[int, Corpus]:
    """Import small files; return how much SQLite compiled for it, in references to columns."""
    bench = Bench(folder)
    corpus = many(bench.root.parent, size)
    count = 0

    def authorize(*_action: object) -> int:
        nonlocal count
        count += 1
        return sqlite3.SQLITE_OK

    with bench.database.write() as connection:
        connection.set_authorizer(authorize)
    bench.catch_up()
    bench.close()
    return count, corpus


def work_of(folder: Path, *, size: int, name: str = "dense") -> Work:
    """Import a corpus into an empty store."""
    redactor = CountingRedactor()
    bench = Bench(folder, redactor=redactor)
    write = many if name == "many" else dense
    work = Work(write(bench.root.parent, size))
    with bench.database.write() as connection:
        connection.set_trace_callback(work.count_statement)
    before = sys.getprofile()
    sys.setprofile(work.count_call)
    try:
        bench.catch_up()
    finally:
        sys.setprofile(before)
    assert len(bench.uuids()) == work.corpus.messages
    work.commits, work.bytes_scanned = bench.commits, redactor.bytes_scanned
    bench.close()
    return work


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Work:
    """Return the work of one long session, after what is loaded and compiled once."""
    work_of(tmp_path_factory.mktemp("first"), size=_LARGE)
    return work_of(tmp_path_factory.mktemp("large"), size=_LARGE)


def test_a_row_costs_few_statements_and_calls(large: Work) -> None:
    """Triggers' statements are counted, too."""
    assert large.per_row(large.statements) <= _MAX_STATEMENTS
    assert large.per_row(large.calls) <= _MAX_CALLS


def test_each_text_is_scanned_once(large: Work) -> None:
    """A tool's output is in its row twice: it and identifiers are half of the bytes."""
    assert large.bytes_scanned <= large.corpus.bytes * 0.55


def test_the_cost_of_a_row_is_the_same_in_a_long_session(large: Work, tmp_path: Path) -> None:
    """Nothing looks at all rows before it."""
    small = work_of(tmp_path, size=_SMALL)
    assert large.per_row(large.statements) <= small.per_row(small.statements) * 1.15
    assert large.per_row(large.calls) <= small.per_row(small.calls) * 1.15


def test_the_cost_of_a_row_is_the_same_among_many_files(tmp_path: Path) -> None:
    """A file is not looked for among all others."""
    few = work_of(tmp_path / "few", size=_SMALL, name="many")
    more = work_of(tmp_path / "more", size=_LARGE, name="many")
    assert more.per_row(more.statements) <= few.per_row(few.statements) * 1.15
    assert more.per_row(more.calls) <= few.per_row(few.calls) * 1.15


def test_statements_are_compiled_once(tmp_path: Path) -> None:
    """Those of all files are the same, however many rows a file has."""
    few, small = compiled_for(tmp_path / "few", size=_SMALL)
    more, large = compiled_for(tmp_path / "more", size=_LARGE)
    files = len(large.files) - len(small.files)
    assert (more - few) / files <= _MAX_COMPILED

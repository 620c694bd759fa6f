"""Gateways that give one id to responses of many sessions: what that costs an import, counted."""

from __future__ import annotations

from operator import attrgetter
from statistics import median
from typing import TYPE_CHECKING

import pytest

from support.histories import HOUR_MS, START_MS, feed, numbered_session

if TYPE_CHECKING:
    from support.storing import World

_FEW, _MANY = 60, 400
_WINDOW = 20  # files; now and then SQLite does some work once more for one
_STEPS = 20  # of SQLite's virtual machine


class Work:
    """Counts what SQLite does for one file: statements, and steps; each row read takes some."""

    statements = 0
    steps = 0

    def count_statement(self, _statement: str) -> None:
        """Count one, those of triggers included."""
        self.statements += 1

    def count_steps(self) -> int:
        """Count `_STEPS`; 0 lets SQLite continue."""
        self.steps += 1
        return 0


def _session_id(number: int) -> str:
    return f"{number:08x}-2222-4333-8444-555555555555"


def _work_of_next(world: World, number: int) -> Work:
    transcript = numbered_session(_session_id(number), START_MS + number * HOUR_MS)
    work = Work()
    with world.database.write() as connection:
        connection.set_trace_callback(work.count_statement)
        connection.set_progress_handler(work.count_steps, _STEPS)
    feed(world.database, transcript, transcript.lines())
    return work


@pytest.mark.parametrize("step", [1, -1], ids=["oldest first", "newest first"])
def test_a_file_costs_the_same_however_many_sessions_share_its_ids(world: World, step: int) -> None:
    """Read from the newest on, as a first import does, each file's session is the next owner."""
    numbers = range(_MANY)[::step]
    works = [_work_of_next(world, number) for number in numbers]
    few, many = works[_FEW : _FEW + _WINDOW], works[-_WINDOW:]
    for count in (attrgetter("statements"), attrgetter("steps")):
        assert median(map(count, many)) <= median(map(count, few)) * 1.1


@pytest.mark.parametrize("step", [1, -1], ids=["oldest first", "newest first"])
def test_the_first_session_owns_what_many_claim(world: World, step: int) -> None:
    """And every one of them is known to claim it, with nothing guessed."""
    count = 12
    for number in range(count)[::step]:
        _work_of_next(world, number)
    read = world.database.read()
    owners = {row[0] for row in read.execute("SELECT session_id FROM usage")}
    assert owners == {_session_id(0)}
    claims = read.execute("SELECT count(*), sum(is_guess) FROM contested").fetchone()
    assert tuple(claims) == (3 * count, 0)
    query = "SELECT count(*) FROM messages WHERE is_inherited"
    assert read.execute(query).fetchone()[0] == 0

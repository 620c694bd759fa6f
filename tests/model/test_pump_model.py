"""Everything that may happen to transcripts, in any order, against a simple model.

The model is the disk itself: once the pump has caught up, every complete row in a file is in the
store exactly once, and so is every row that was there when it had caught up before.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from support.lines import Writer, line
from support.pumping import Bench

if TYPE_CHECKING:
    from collections.abc import Callable

SESSIONS = ("aaaaaaaa-1", "bbbbbbbb-2")
PLACES = st.tuples(st.sampled_from(SESSIONS), st.sampled_from(("here", "there")))
TEXTS = st.sampled_from(["short", "other", "ä" * 300, "long " * 600])


class World(RuleBasedStateMachine):
    """Two sessions, each in up to two project folders, and a daemon that restarts."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="ccsync-model-"))
        self.bench = Bench(self.folder, config={"chunk_bytes": 1500})
        self.writers = {name: Writer(name) for name in SESSIONS}
        self.written: set[str] = set()
        self.settled: set[str] = set()

    def teardown(self) -> None:
        """Catch up a last time, then remove everything."""
        self.catch_up()
        self.bench.rest()
        self.bench.restart()
        assert self.bench.catch_up() == 0, "a new run finds nothing to do"
        self.bench.close()
        shutil.rmtree(self.folder)

    def path(self, place: tuple[str, str]) -> Path:
        """Return the path of a session's transcript in a folder."""
        return self.bench.path(*place)

    def row(self, session: str, text: str) -> bytes:
        """Return a new row of a session."""
        row = self.writers[session].prompt(text)
        self.written.add(row["uuid"])
        return line(row)

    # What the client and the user do ---------------------------------------------------

    @rule(place=PLACES, texts=st.lists(TEXTS, min_size=1, max_size=4))
    def append(self, place: tuple[str, str], texts: list[str]) -> None:
        """Write rows in one go."""
        self.bench.append(self.path(place), *[self.row(place[0], text) for text in texts])

    @rule(place=PLACES, text=TEXTS, cuts=st.lists(st.floats(0, 1), max_size=3), reads=st.booleans())
    def append_in_pieces(
        self,
        place: tuple[str, str],
        text: str,
        cuts: list[float],
        reads: bool,  # noqa: FBT001 - a parameter
    ) -> None:
        """Write a row in several writes, between which the pump may read."""
        data = self.row(place[0], text)
        ends = [*sorted(int(cut * len(data)) for cut in cuts), len(data)]
        start = 0
        for end in ends:
            self.bench.append(self.path(place), data[start:end])
            start = end
            if reads:
                self.bench.pump.queue_paths([str(self.path(place))])
                self.bench.pump.step()

    @rule(place=PLACES, keep=st.floats(0, 1))
    def truncate(self, place: tuple[str, str], keep: float) -> None:
        """Cut a file anywhere."""
        path = self.path(place)
        if path.exists():
            data = path.read_bytes()
            self.bench.rewrite(path, data[: int(keep * len(data))])

    @rule(place=PLACES, keep=st.integers(0, 3), texts=st.lists(TEXTS, max_size=4))
    def rewrite(self, place: tuple[str, str], keep: int, texts: list[str]) -> None:
        """Rewrite a file in place: some of its first rows, then others."""
        path = self.path(place)
        if path.exists():
            rows = path.read_bytes().splitlines(keepends=True)[:keep]
            self.bench.rewrite(path, *rows, *[self.row(place[0], text) for text in texts])

    @rule(place=PLACES, skip=st.integers(0, 2), texts=st.lists(TEXTS, max_size=3))
    def replace(self, place: tuple[str, str], skip: int, texts: list[str]) -> None:
        """Rename a new file over it: all but its first rows, then others."""
        path = self.path(place)
        if path.exists():
            rows = path.read_bytes().splitlines(keepends=True)[skip:]
            self.bench.replace(path, *rows, *[self.row(place[0], text) for text in texts])

    @rule(place=PLACES)
    def move(self, place: tuple[str, str]) -> None:
        """Rename a file into the other folder; what stood there is gone."""
        path, target = self.path(place), self.path(other(place))
        if path.exists():
            path.replace(target)

    @rule(place=PLACES)
    def copy(self, place: tuple[str, str]) -> None:
        """Copy a file into the other folder."""
        path, target = self.path(place), self.path(other(place))
        if path.exists():
            shutil.copy2(path, target)
            self.bench.touch(target)

    @rule(place=PLACES)
    def delete(self, place: tuple[str, str]) -> None:
        """Remove a file; a later append creates it again."""
        self.path(place).unlink(missing_ok=True)

    # What the daemon does --------------------------------------------------------------

    @rule()
    def restart(self) -> None:
        """End the run wherever it is, and begin a new one."""
        self.bench.restart()

    @rule(places=st.lists(PLACES, max_size=3))
    def events(self, places: list[tuple[str, str]]) -> None:
        """Receive events for files."""
        self.bench.pump.queue_paths([str(self.path(place)) for place in places])

    @rule()
    def rescan(self) -> None:
        """Compare all files with the store."""
        self.bench.pump.reconcile()

    @rule(session=st.sampled_from(SESSIONS))
    def flush(self, session: str) -> None:
        """Flush a session."""
        self.bench.pump.queue_session(session)

    @rule(steps=st.integers(1, 3))
    def step(self, steps: int) -> None:
        """Do some work."""
        for _ in range(steps):
            self.bench.pump.step()

    @rule()
    def catch_up(self) -> None:
        """Catch up: now everything on disk is in the store."""
        self.bench.catch_up()
        self.settled |= self.on_disk()
        stored = self.bench.uuids()
        assert self.settled <= set(stored)
        assert set(stored) <= self.written
        assert self.bench.catch_up() == 0, "what was read to its end is left alone"

    def on_disk(self) -> set[str]:
        """Return the rows that are complete lines on disk."""
        uuids = set()
        for path in self.bench.root.rglob("*.jsonl"):
            for data in path.read_bytes().split(b"\n")[:-1]:
                try:
                    uuids.add(orjson.loads(data)["uuid"])
                except orjson.JSONDecodeError:
                    continue
        return uuids

    @invariant()
    def stores_each_row_once(self) -> None:
        """Also in the outbox, and none is sent again: no row's content ever changed."""
        stored = self.bench.uuids()
        assert len(stored) == len(set(stored))
        again = (
            "SELECT count(*) FROM outbox o JOIN messages m USING (seq) WHERE m.kind != 'session'"
        )
        assert self.bench.select(f"{again} AND (NOT is_certain OR version > 0)") == [(0,)]
        assert self.bench.select(again) == [(len(stored),)]


def other(place: tuple[str, str]) -> tuple[str, str]:
    """Return the same session's place in the other folder."""
    return place[0], "there" if place[1] == "here" else "here"


World.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestWorld: Callable[..., object] = World.TestCase

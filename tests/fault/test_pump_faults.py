"""Fail step 1, 2, 3 … until a run meets no fault: nothing is lost, doubled, or half kept."""

from __future__ import annotations

import contextlib
import functools
import itertools
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.errors import RedactorUnavailable, StateError
from support.failing import (
    MOST_STEPS,
    Counter,
    FailingDatabase,
    FailingFiles,
    FailingRedactor,
    refuse_disk,
    refuse_redaction,
    refuse_store,
    runs,
)
from support.lines import AGENT, OTHER, SESSION, Writer, call, line, text
from support.pumping import PROJECT, Bench

if TYPE_CHECKING:
    from pathlib import Path


class Story:
    """Two sessions and a subagent, read to their end while something fails."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        one, two, agent = Writer(), Writer(OTHER), Writer(agent_id=AGENT)
        self.files: dict[Path, list[bytes]] = {
            bench.path(): [
                line(one.prompt("a" * 1500)),
                line(one.answer(text("b"), call("toolu_1", "Bash", command="ls"))),
                b"broken\n",
                line(one.result("toolu_1", "out")),
                line(one.prompt("x" * 3000)),
                line({"type": "custom-title", "customTitle": "T", "sessionId": SESSION}),
            ],
            bench.path(OTHER): [line(two.prompt(f"row {number}")) for number in range(6)],
            bench.path(f"agent-{AGENT}", f"{PROJECT}/{SESSION}/subagents"): [
                line(agent.prompt("task")), line(agent.answer(text("done"), usage_id="msg_9"))
            ],
        }  # fmt: skip
        for path, lines in self.files.items():
            bench.append(path, *lines)
        path.with_name(f"agent-{AGENT}.meta.json").write_bytes(b'{"agentType":"Explore"}')

    def work(self) -> None:
        """Read what there is, as the daemon does: a rescan repeats a failed step."""
        for _ in range(2):
            with contextlib.suppress(StateError, RedactorUnavailable):
                self.bench.pump.reconcile()
            while self.bench.pump.has_work():
                try:
                    self.bench.pump.step()
                except (StateError, RedactorUnavailable):
                    self.check_offsets()
        self.check_offsets()

    def check_offsets(self) -> None:
        """Hold the invariant: what is before an offset is in the store, and nothing else is."""
        expected = 0
        for name, agent_id, offset in self.bench.select(
            "SELECT stream, agent_id, offset FROM transcripts"
        ):
            (lines,) = [lines for path, lines in self.files.items() if path.stem == name]
            ends = list(itertools.accumulate(map(len, lines)))
            assert offset in {0, *ends}
            whole = [line for line, end in zip(lines, ends, strict=True) if end <= offset]
            rows = sum(b'"uuid"' in line for line in whole)
            expected += rows
            ((stored,),) = self.bench.select(
                "SELECT count(*) FROM messages m JOIN transcripts t ON t.id = m.transcript_id"
                " WHERE t.stream = ? AND t.agent_id IS ?", name, agent_id,
            )  # fmt: skip
            assert stored == rows
        assert len(self.bench.uuids()) == expected

    def check(self) -> None:
        """Find everything in the store, once and unquestioned, and nothing left to do."""
        self.bench.catch_up()
        self.check_offsets()
        assert len(self.bench.uuids()) == 4 + 6 + 2
        assert self.bench.texts()[0]
        assert self.bench.select("SELECT agent_type FROM subagents") == [("Explore",)]
        assert self.bench.select("SELECT value FROM session_facts") == [('"T"',)]
        assert [reason for *_, reason in self.bench.unreadable()] == ["not JSON"]
        assert sum(n for (n,) in self.bench.select("SELECT output_tokens FROM usage")) == 10
        sent = "SELECT count(*), sum(version), min(is_certain) FROM outbox"
        assert self.bench.select(sent) == [(14, 0, 1)]
        assert self.bench.pump.problems.reasons == {}
        assert self.bench.catch_up() == 0


@pytest.mark.parametrize("restarts", [False, True], ids=["continues", "restarts"])
def test_a_failing_file_operation_loses_nothing(tmp_path: Path, restarts: bool) -> None:  # noqa: FBT001 - a parameter
    """Whichever it is, and whether the same run continues or the next."""
    for at in runs():
        counter = Counter(at, refuse_disk)
        bench = Bench(tmp_path / str(at), files=FailingFiles(counter), config={"chunk_bytes": 2000})
        if not _meets_a_fault(bench, counter, restarts=restarts):
            break
    else:
        pytest.fail("the run never ended")


@pytest.mark.parametrize("restarts", [False, True], ids=["continues", "restarts"])
def test_a_failing_redactor_loses_nothing(tmp_path: Path, restarts: bool) -> None:  # noqa: FBT001 - a parameter
    """It may fail on any chunk or name."""
    for at in runs():
        counter = Counter(at + 1, refuse_redaction)
        redactor = FailingRedactor(counter)
        bench = Bench(tmp_path / str(at), redactor=redactor, config={"chunk_bytes": 2000})
        if not _meets_a_fault(bench, counter, restarts=restarts):
            break
    else:
        pytest.fail("the run never ended")


@pytest.mark.tailing_case("44")
@pytest.mark.parametrize(
    ("every", "stride", "restarts"),
    [(0, 1, False), (0, 1, True), (40, 7, False), (40, 7, True)],
    ids=[
        "transactions, continues",
        "transactions, restarts",
        "inside, continues",
        "inside, restarts",
    ],
)
def test_a_failing_store_loses_nothing(
    tmp_path: Path,
    every: int,
    stride: int,
    restarts: bool,  # noqa: FBT001 - a parameter
) -> None:
    """Before a transaction, inside it, and after a commit that seemed to fail."""
    for at in range(1, MOST_STEPS, stride):
        counter = Counter(at, refuse_store)
        bench = Bench(tmp_path / str(at), config={"chunk_bytes": 2000})
        bench.make_database = functools.partial(FailingDatabase, counter=counter, every=every)
        bench.restart()
        if not _meets_a_fault(bench, counter, restarts=restarts):
            break
    else:
        pytest.fail("the run never ended")


def _meets_a_fault(bench: Bench, counter: Counter, *, restarts: bool) -> bool:
    """Work while something fails, then check, in the same run or the next; whether anything did."""
    story = Story(bench)
    story.work()
    is_met = counter.disarm()
    if restarts:
        bench.make_database = None
        bench.restart()
    story.check()
    bench.close()
    return is_met

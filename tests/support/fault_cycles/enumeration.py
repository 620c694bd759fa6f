"""Run many cycles at once, each with one fault, and write down how each ended.

A program: it is started with the library preloaded that makes calls fail.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from support.fault_cycles.parts_cycles import PartsBench
from support.fault_cycles.plans import CallFault, enumerate_faults
from support.fault_cycles.preload import CallCounter
from support.fault_cycles.program_cycles import ProgramBench
from support.fault_cycles.upkeep_cycles import UpkeepBench

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Bench: TypeAlias = PartsBench | ProgramBench | UpkeepBench
BENCHES: dict[str, type[Bench]] = {
    "parts": PartsBench,
    "program": ProgramBench,
    "upkeep": UpkeepBench,
}
"""What runs: the program's parts in one process, the program itself, or the database's upkeep."""
STARTS = ("known", "new")
"""A store that was used before, and none; an older store, and a damaged one."""


@dataclass(frozen=True, slots=True)
class Case:
    """A fault, what runs, and what it starts with."""

    bench: str
    start: str
    fault: CallFault

    @property
    def name(self) -> str:
        """Its name, by which it is repeated."""
        return f"{self.bench} {self.start} {self.fault.name}"

    @classmethod
    def of(cls, name: str) -> Case:
        """Return the case with a name."""
        bench, start, fault = name.split(" ", 2)
        return cls(bench, start, CallFault.of(fault))


class Run:
    """Cases, run by several workers; each has its own folders below `folder`."""

    def __init__(self, folder: Path, results: Path, counter: CallCounter) -> None:
        self._folder = folder
        self._results = results
        self._counter = counter

    def enumerate(self, bench: str, most: int) -> Iterator[Case]:
        """Run a cycle from each start without a fault, and yield all faults that it may have."""
        for start in STARTS:
            outcome = self._bench("rehearsal", bench, start).rehearse()
            assert not outcome.violations, (start, outcome.violations, outcome.output)
            for fault in enumerate_faults(outcome.calls.counts, outcome.requests, most=most):
                yield Case(bench, start, fault)

    def _bench(self, name: str, bench: str, start: str) -> Bench:
        folder = self._folder / f"{name}-{bench}-{start}"
        return BENCHES[bench](folder, self._counter, is_new=start == "new")

    def run(self, cases: Sequence[Case], workers: int, until: float) -> None:
        """Run the cases until a monotonic time."""
        pids = []
        for worker in range(min(workers, len(cases))):
            pid = os.fork()
            if not pid:
                code = 1
                try:
                    self._work(worker, cases[worker::workers], until)
                    code = 0
                except BaseException:  # noqa: BLE001 - the end of the process
                    traceback.print_exc()
                finally:
                    os._exit(code)
            pids.append(pid)
        codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
        assert not any(codes), f"workers failed: {codes}"

    def _work(self, worker: int, cases: Sequence[Case], until: float) -> None:
        # Of its own: the memory of the first one is shared with the other workers.
        self._counter = CallCounter()
        benches: dict[tuple[str, str], Bench] = {}
        for case in cases:
            if time.monotonic() > until:
                return
            key = case.bench, case.start
            if key not in benches:
                benches[key] = self._bench(str(worker), *key)
            outcome = benches[key].run(case.fault)
            result = {
                "case": case.name,
                "is_met": outcome.is_met,
                "failed_calls": outcome.calls.met,
                "has_started": outcome.has_started,
                "has_flushed": outcome.has_flushed,
                "code": outcome.code,
                "seconds": round(outcome.seconds, 1),
                "violations": outcome.violations,
                "output": outcome.output,
            }
            with self._results.open("a") as file:
                file.write(json.dumps(result) + "\n")


def main() -> int:
    """Run the cases that the arguments name; return 1 when a property does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycle", choices=sorted(BENCHES), action="append", help="what runs")
    parser.add_argument("--seed", type=int, default=18)
    parser.add_argument("--count", type=int, help="so many, drawn by the seed")
    parser.add_argument("--most", type=int, default=200, help="calls of a kind that all fail")
    parser.add_argument("--workers", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=86_400.0)
    parser.add_argument(
        "--results",
        type=Path,
        help="one line of JSON for each case; the cases in it are not repeated",
    )
    parser.add_argument("--case", action="append", default=[], help="this case, by its name")
    arguments = parser.parse_args()
    until = time.monotonic() + arguments.seconds
    with tempfile.TemporaryDirectory(prefix="ccsync-faults-") as folder:
        results = arguments.results or Path(folder) / "results"
        results.touch()
        run = Run(Path(folder), results, CallCounter())
        named = [Case.of(name) for name in arguments.case]
        # Rehearsed also for named ones alone: it loads what each process would load.
        benches = arguments.cycle or dict.fromkeys([case.bench for case in named] or BENCHES)
        drawn = [case for bench in benches for case in run.enumerate(bench, arguments.most)]
        random.Random(arguments.seed).shuffle(drawn)  # noqa: S311 - repeatable, not secret
        count = 0 if named and arguments.count is None else arguments.count
        done = {json.loads(line)["case"] for line in results.read_text().splitlines()}
        cases = [*named, *[case for case in drawn if case.name not in done][:count]]
        _say(f"{len(cases)} of {len(drawn)} faults, {len(done)} done before")
        run.run(cases, arguments.workers, until)
        return report(results)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def report(results: Path) -> int:
    """Print what the cases came to; return 1 when a property does not hold."""
    lines = [json.loads(line) for line in results.read_text().splitlines()]
    met = [line for line in lines if line["is_met"]]
    kinds = Counter(" ".join(_kind(line["case"])) for line in met)
    for kind, count in sorted(kinds.items()):
        _say(f"{count:6} {kind}")
    calls = sum(line["failed_calls"] for line in met)
    _say(f"{len(lines)} cycles, {len(met)} met their fault, {calls} calls failed")
    violated = [line for line in lines if line["violations"]]
    for line in violated:
        _say(f"VIOLATED {line['case']}: {'; '.join(line['violations'])}")
        _say("\n".join(f"    {text}" for text in line["output"].splitlines()[-30:]))
    _say(f"{len(violated)} violated a property")
    return 1 if violated else 0


def _kind(case: str) -> tuple[str, str, str]:
    words = case.split()
    return words[2], words[3], " ".join(words[5:])


if __name__ == "__main__":
    sys.exit(main())

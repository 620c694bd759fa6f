"""How long a command takes, by the clock and of the processor.

On a machine that is busy with other work only the second says something about the command.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HEADER = "median    p95    CPU"


@dataclass
class ProcessTimes:
    """The milliseconds of each run of one command; of no other one at the same time."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def run(
        self, words: Sequence[str], *, env: Mapping[str, str], data: bytes
    ) -> subprocess.CompletedProcess[bytes]:
        """Run the command with this input, and add its times."""
        before, since = _cpu_seconds(), time.perf_counter()
        completed = subprocess.run(words, env=env, input=data, capture_output=True, check=True)
        self.wall.append((time.perf_counter() - since) * 1000)
        self.cpu.append((_cpu_seconds() - before) * 1000)
        return completed

    def __str__(self) -> str:
        """Return the columns of HEADER: the medians, and the 95th percentile."""
        p95 = statistics.quantiles(self.wall, n=20)[-1]
        return f"{statistics.median(self.wall):6.2f} {p95:6.2f} {statistics.median(self.cpu):6.2f}"


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime

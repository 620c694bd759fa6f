"""How much memory a process takes, now and at most, and how much processor time. Linux only."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

_SAMPLE_SECONDS = 0.02


@dataclass(frozen=True)
class Memory:
    """Bytes of memory: what a process shares with others in equal parts (PSS), and in full."""

    pss_bytes: int = 0
    rss_bytes: int = 0

    @classmethod
    def of(cls, pid: int) -> Memory:
        """Return what a process takes now. Raises OSError once it has ended."""
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
        sizes = {line.split()[0]: int(line.split()[1]) << 10 for line in lines[1:]}
        return cls(sizes.get("Pss:", 0), sizes.get("Rss:", 0))

    def __str__(self) -> str:
        """Return both in MB of 10^6 bytes."""
        return f"{self.pss_bytes / 1e6:5.1f} MB (RSS {self.rss_bytes / 1e6:5.1f})"


class PeakMemory:
    """Samples a process's memory while the block runs."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.most = Memory()

    def __enter__(self) -> PeakMemory:  # noqa: PYI034 - Self needs Python 3.11
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(_SAMPLE_SECONDS):
            try:
                now = Memory.of(self._pid)
            except OSError:
                return
            self.most = max(self.most, now, key=lambda memory: memory.pss_bytes)


def processor_seconds(pid: int) -> float:
    """Return the processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def settled(pid: int, seconds: float = 2.0) -> Memory:
    """Wait until a process has used next to no processor time for a while; return its memory."""
    used, since = processor_seconds(pid), time.monotonic()
    while time.monotonic() < since + seconds:
        time.sleep(0.1)
        now = processor_seconds(pid)
        if now > used + 0.02:
            used, since = now, time.monotonic()
    return Memory.of(pid)

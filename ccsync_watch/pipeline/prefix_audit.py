"""Find transcripts of which something was changed that had been read, in the middle of the file.

An append changes size and time as a rewrite does, and the edges of a file do not show what is
between them. So a transcript that changed is read once more, as bytes only, when it has rested: the
checksum of what was read of it has to be the same. Until then its checkpoint is stored without a
modification time, so that a restart in between has it compared too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ccsync_watch.transcripts.fingerprint import checksum

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.clock import Clock
    from ccsync_watch.pipeline.checkpoint_resolver import CheckpointResolver
    from ccsync_watch.pipeline.files import Files

# One that is written to all the time is compared all the same.
REST_SECONDS = 10.0
MOST_SECONDS = 50.0
# A share of what a disk can do, and bytes between two looks at what else there is to do.
BYTES_PER_SECOND = 16 << 20
_SLICE_BYTES = 4 << 20


@dataclass(slots=True)
class _Reading:
    """A transcript of which `position` bytes were read, whose checksum so far is `prefix`."""

    path: str
    offset: int
    expected: int | None
    position: int = 0
    prefix: int | None = 0


class PrefixAudit:
    """Compares transcripts that were added, a slice a step. Used by the thread that reads."""

    def __init__(
        self,
        resolver: CheckpointResolver,
        *,
        files: Files,
        clock: Clock,
        on_rewritten: Callable[[str], None],
    ) -> None:
        self._resolver = resolver
        self._files = files
        self._clock = clock
        self._on_rewritten = on_rewritten
        # When each transcript was read first and last since it was compared.
        self._due: dict[str, tuple[float, float]] = {}
        self._reading: _Reading | None = None
        self._allowed_bytes = 0.0
        self._counted_at = clock.monotonic()

    def add(self, path: str) -> None:
        """Have a transcript compared that has changed since it was read."""
        now = self._clock.monotonic()
        first, _last = self._due.get(path, (now, now))
        self._due[path] = (first, now)

    def is_due(self, path: str) -> bool:
        """Return whether a transcript is yet to be compared."""
        return path in self._due or (self._reading is not None and self._reading.path == path)

    def step(self) -> bool:
        """Read a slice; return whether there was anything to read, and bytes left to read it."""
        now = self._clock.monotonic()
        grown = self._allowed_bytes + (now - self._counted_at) * BYTES_PER_SECOND
        self._allowed_bytes, self._counted_at = min(grown, BYTES_PER_SECOND), now
        self._reading = self._reading or self._next(now)
        if self._reading is None or self._allowed_bytes < _SLICE_BYTES:
            return False
        self._allowed_bytes -= _SLICE_BYTES
        self._read(self._reading)
        return True

    def _next(self, now: float) -> _Reading | None:
        for path, (first, last) in list(self._due.items()):
            if now - last >= REST_SECONDS or now - first >= MOST_SECONDS:
                del self._due[path]
                known = self._resolver.checkpoint(path)
                if known is not None and known.offset:  # else it is at another path now, or gone
                    return _Reading(path, known.offset, known.fingerprint.prefix)
        return None

    def _read(self, reading: _Reading) -> None:
        end = min(reading.position + _SLICE_BYTES, reading.offset)
        try:
            with self._files.open_file(reading.path) as file:
                reading.prefix = checksum(file.read_at, reading.position, end, reading.prefix)
        except OSError:
            self._reading = None  # the next scan finds why
            return
        reading.position = end
        if reading.prefix is not None and end < reading.offset:
            return
        self._reading = None
        # Earlier versions stored no checksum: nothing says whether it is what they read.
        if reading.prefix is None or reading.prefix != reading.expected:
            self._resolver.mark_rewritten(reading.path)
            self._on_rewritten(reading.path)
        else:
            self._resolver.set_compared(reading.path, reading.offset)

"""Compare a growing file, read at random moments in chunks of random size, with its content."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ccsync_watch.transcripts.tail import read_lines

LINES = st.binary(max_size=60)
CHUNKS = st.integers(1, 64)


class GrowingFile(RuleBasedStateMachine):
    """The lines read so far, in order, are the file up to a newline."""

    def __init__(self) -> None:
        super().__init__()
        self.data = b""
        self.read = b""
        self.scanned = 0

    @rule(data=LINES)
    def append(self, data: bytes) -> None:
        """Write a piece, which may end anywhere."""
        self.data += data

    @rule()
    def end_line(self) -> None:
        """Write a newline."""
        self.data += b"\n"

    @rule()
    def restart(self) -> None:
        """Forget how far an unfinished line was searched; the offset is kept."""
        self.scanned = 0

    @rule(chunk_bytes=CHUNKS)
    def read_chunk(self, chunk_bytes: int) -> None:
        """Read one chunk."""
        chunk = read_lines(
            lambda offset, count: self.data[offset : offset + count],
            len(self.read),
            scanned=self.scanned,
            chunk_bytes=chunk_bytes,
        )
        self.scanned = chunk.scanned
        for line in chunk.lines:
            assert line.start == len(self.read)
            self.read += line.data + b"\n"
            assert line.end == len(self.read)
        assert chunk.end == len(self.read)
        has_line = b"\n" in self.data[chunk.end :]
        assert chunk.lines or not has_line, "a read skips no complete line"

    @rule()
    def read_to_the_end(self) -> None:
        """Read until no complete line is left."""
        before = -1
        while before != len(self.read):
            before = len(self.read)
            self.read_chunk(16)
        assert self.read == self.data[: self.data.rfind(b"\n") + 1]

    @invariant()
    def reads_a_prefix(self) -> None:
        """Nothing is invented, left out or read twice."""
        assert self.data.startswith(self.read)


GrowingFile.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestGrowingFile = GrowingFile.TestCase

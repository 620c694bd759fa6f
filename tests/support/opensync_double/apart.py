"""The double in a process of its own: in the one that measures, it would take part in the figures.

`python -m opensync_double.apart` serves until it is killed, and prints its address and key first.
Its only argument is a `Manner` as JSON.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from support.opensync_double.faults import FaultPlan, answer_late
from support.opensync_double.server import OpenSyncDouble

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Manner:
    """How the backend serves: which version it is, how far away, and how much it takes.

    `max_per_second` requests are served, those beyond answered with 429; None: all.
    """

    accepts_dates: bool = False
    delay_seconds: float = 0.0
    max_per_second: float | None = None
    keeps_bodies: bool = True


@dataclass(frozen=True)
class Load:
    """What clients cost the backend until now; `text_bytes` of messages, once each.

    Of the `requests`, `refused` were beyond what it takes.
    """

    requests: int
    refused: int
    function_calls: int
    embedding_jobs: int
    connections: int
    body_bytes: int
    text_bytes: int

    @classmethod
    def of(cls, opensync: OpenSyncDouble) -> Load:
        """Count."""
        backend = opensync.backend
        calls = backend.calls
        return cls(
            requests=len(calls),
            refused=sum(call.fault == "refuse-429" for call in calls),
            function_calls=backend.function_calls,
            embedding_jobs=backend.embedding_jobs,
            connections=opensync.connections,
            body_bytes=sum(len(call.body) for call in calls),
            text_bytes=sum(
                len((row.text_content or "").encode()) for row in backend.all_messages()
            ),
        )

    def since(self, earlier: Load) -> Load:
        """Return the difference."""
        before = asdict(earlier)
        return Load(**{name: count - before[name] for name, count in asdict(self).items()})


@dataclass(frozen=True)
class Served:
    """Where the double is, and its key."""

    url: str
    api_key: str
    requests: IO[str]
    answers: IO[str]

    def load(self) -> Load:
        """Return what the double counted."""
        self.requests.write("load\n")
        self.requests.flush()
        return Load(**json.loads(self.answers.readline()))


@contextlib.contextmanager
def served_apart(manner: Manner | None = None) -> Iterator[Served]:
    """Serve the double from another process."""
    words = [sys.executable, "-m", __name__, json.dumps(asdict(manner or Manner()))]
    folder = Path(__file__).parents[2]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, cwd=folder, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            url, api_key = process.stdout.readline().split()
            yield Served(url, api_key, process.stdin, process.stdout)
        finally:
            process.kill()


def main() -> None:
    """Be that process."""
    manner = Manner(**json.loads(sys.argv[1]))
    late = FaultPlan.always(answer_late(manner.delay_seconds))
    with OpenSyncDouble(
        faults=late if manner.delay_seconds else None,
        accepts_batch_created_at=manner.accepts_dates,
        max_per_second=manner.max_per_second,
    ) as opensync:
        opensync.backend.keeps_bodies = manner.keeps_bodies
        print(opensync.url, opensync.api_key, flush=True)  # noqa: T201 - it is read by the other
        for _request in sys.stdin:
            print(json.dumps(asdict(Load.of(opensync))), flush=True)  # noqa: T201 - as above


if __name__ == "__main__":
    main()

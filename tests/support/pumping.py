"""A pump on real files and a real database, in a folder of its own."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from ccsync_watch.pipeline.files import RealFiles
from ccsync_watch.pipeline.prefix_audit import REST_SECONDS
from ccsync_watch.pipeline.pump import Pump
from ccsync_watch.pipeline.pump_config import PumpConfig
from ccsync_watch.privacy.policy.policy import Policy
from ccsync_watch.store.database import DATABASE_NAME, open_database
from ccsync_watch.store.install_keys import install_key
from ccsync_watch.store.packed_texts import unpack
from support.cleanup import close_after_test
from support.fakes import FakeClock
from support.lines import SESSION, START_MS, line

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.model import JsonValue
    from ccsync_watch.pipeline.ahead_cleaner import AheadCleaner
    from ccsync_watch.pipeline.files import Files
    from ccsync_watch.privacy.known.tracker import TrackingRedactor
    from ccsync_watch.store.database import Database

PROJECT = "-home-user-project"
IS_LIVE = pytest.mark.parametrize("is_live", [True, False], ids=["live", "while stopped"])


class PassingRedactor:
    """Changes nothing; fails on whatever holds `poison` while that is set."""

    def __init__(self, poison: str | None = None) -> None:
        self.poison = poison
        self.calls = 0

    dropped_known = 0

    def add_known(self, value: str, kind: str) -> None:
        """Do nothing."""

    def take_known(self) -> list[str]:
        """Return nothing: no value is known."""
        return []

    def redact_value(self, obj: JsonValue) -> JsonValue:
        """Return the value as it is."""
        self.calls += 1
        if self.poison is not None and self.poison in orjson.dumps(obj).decode():
            raise RuntimeError(f"cannot redact {self.poison}")
        return obj


@dataclass
class Bench:
    """Transcripts in `root`, a database in `state`, and a pump that was started on both."""

    folder: Path
    files: Files = field(default_factory=RealFiles)
    redactor: TrackingRedactor = field(default_factory=PassingRedactor)
    build_redactor: Callable[[], TrackingRedactor] | None = None
    policy: Policy = field(default_factory=Policy)
    config: dict[str, Any] = field(default_factory=dict)
    make_database: Callable[[Path], Database] | None = None
    make_ahead: Callable[[Bench], AheadCleaner] | None = None
    clock: FakeClock = field(default_factory=FakeClock)
    commits: int = 0

    def __post_init__(self) -> None:
        self.root = self.folder / "claude" / "projects"
        self.state = self.folder / "state"
        self.root.mkdir(parents=True, exist_ok=True)
        self._mtime_ns = START_MS * 1_000_000
        self._database: Database | None = None
        close_after_test(self)  # even when the pump does not start
        self.pump = self.restart()

    @property
    def database(self) -> Database:
        """Return the open database."""
        assert self._database is not None
        return self._database

    def restart(self, **config: Any) -> Pump:  # noqa: ANN401 - any setting
        """Start a new run on the same files and database; nothing else is kept."""
        self.close()
        if self.build_redactor is not None:
            self.redactor = self.build_redactor()
        self.config.update(config)
        settings: dict[str, Any] = {"roots": (os.fspath(self.root),), **self.config}
        self._database = open_database(self.state, now_ms=self.clock.wall_ms())
        if self.make_database is not None:
            path = self._database.path
            self._database.close()
            self._database = self.make_database(path)
        self.pump = Pump(
            PumpConfig(
                policy=self.policy,
                install_key=install_key(self.state),
                host="test-host",
                **settings,
            ),
            database=self._database,
            redactor=self.redactor,
            files=self.files,
            clock=self.clock,
            on_commit=self._note_commit,
            ahead=self.make_ahead(self) if self.make_ahead else None,
        )
        return self.pump

    def close(self) -> None:
        """Close the database."""
        if self._database is not None:
            if hasattr(self, "pump"):
                self.pump.close()
            self._database.close()
            self._database = None

    def _note_commit(self) -> None:
        self.commits += 1

    # The client's side -----------------------------------------------------------------

    def path(self, name: str = SESSION, project: str = PROJECT) -> Path:
        """Return the path of a transcript of this name; its folder exists."""
        path = self.root / project / f"{name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def touch(self, path: Path) -> None:
        """Give a file a time of its own, later than all before it."""
        self._mtime_ns += 1_000_000_000
        os.utime(path, ns=(self._mtime_ns, self._mtime_ns))

    def append(self, path: Path, *rows: dict[str, Any] | bytes) -> int:
        """Append rows or bytes as the client does; return the file's size."""
        with path.open("ab") as file:
            file.write(joined(*rows))
        self.touch(path)
        return path.stat().st_size

    def rewrite(self, path: Path, *rows: dict[str, Any] | bytes) -> None:
        """Rewrite a file in place: the same inode, other bytes."""
        path.write_bytes(joined(*rows))
        self.touch(path)

    def replace(self, path: Path, *rows: dict[str, Any] | bytes) -> None:
        """Rename a new file over an old one."""
        staged = path.with_name(f"{path.name}.compact.tmp.0123abcd")
        staged.write_bytes(joined(*rows))
        self.touch(staged)
        staged.replace(path)

    # The pump's side -------------------------------------------------------------------

    def catch_up(self) -> int:
        """Scan and read everything to its end; return how many steps it took."""
        self.pump.reconcile()
        return self.drain()

    def drain(self) -> int:
        """Read what is queued; return how many steps it took."""
        steps = 0
        while self.pump.step():
            steps += 1
            assert steps < 10_000, "the pump does not come to an end"
        return steps

    def rest(self) -> None:
        """Let files rest until they are compared with what was read; read those that differ."""
        self.clock.advance(REST_SECONDS)
        while self.pump.prefix_audit.step():
            pass
        self.drain()

    def catch_up_again(self, *, is_live: bool) -> int:
        """Catch up in the same run or in a new one; return how many bytes were read."""
        if not is_live:
            self.restart()
        before = self.pump.progress.bytes_read
        self.catch_up()
        return self.pump.progress.bytes_read - before

    def sent_again(self) -> int:
        """Return how many messages are in the outbox for another reason than being new."""
        query = "SELECT count(*) FROM outbox WHERE version > 0 OR NOT is_certain"
        ((count,),) = self.select(query)
        return int(count)

    def select(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        return [tuple(row) for row in self.database.read().execute(query, values)]

    def uuids(self, session_id: str | None = None) -> list[str]:
        """Return the stored messages' uuids, in order; our own header rows are left out."""
        query = "SELECT uuid, session_id FROM messages WHERE kind != 'session' ORDER BY seq"
        return [uuid for uuid, owner in self.select(query) if session_id in {None, owner}]

    def texts(self) -> list[str]:
        """Return the contents of all stored text parts, in order."""
        query = (
            "SELECT p.content FROM parts p JOIN messages m ON m.seq = p.message_seq"
            " WHERE m.kind != 'session' AND p.kind = 'text' ORDER BY m.seq, p.position"
        )
        return [orjson.loads(unpack(content)) for (content,) in self.select(query)]

    def offsets(self) -> list[int]:
        """Return the offsets of all known transcripts, in the order they were found."""
        return [offset for (offset,) in self.select("SELECT offset FROM transcripts ORDER BY id")]

    def unreadable(self) -> list[tuple[int, int, str]]:
        """Return the unreadable ranges, with their reasons."""
        rows = self.select(
            "SELECT start, end, reason FROM unreadable ORDER BY transcript_id, start"
        )
        return [(start, end, reason) for start, end, reason in rows]


def empty_store() -> bytes:
    """Return an empty store: to copy it takes a tenth of the time of making it."""
    with tempfile.TemporaryDirectory() as folder:
        open_database(Path(folder), now_ms=START_MS).close()
        return (Path(folder) / DATABASE_NAME).read_bytes()


def joined(*rows: dict[str, Any] | bytes) -> bytes:
    """Return rows and raw bytes as one file's content."""
    return b"".join(row if isinstance(row, bytes) else line(row) for row in rows)


def ids(*rows: dict[str, Any]) -> list[str]:
    """Return the uuids of rows."""
    return [row["uuid"] for row in rows]

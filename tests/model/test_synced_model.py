"""The pump, the outbox and the delivery together, against a model: what was written, and where.

The model is a list of rows. After every step each row that left the outbox is at the backend, with
the words that the store has, once; at the end all rows are, in the order of their transcript.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ccsync_watch.config import Secret, Settings
from ccsync_watch.daemon.runtime import Runtime
from ccsync_watch.daemon.sync_once import sync_once
from ccsync_watch.errors import CcsyncError, DestinationError
from ccsync_watch.model import Redacted
from ccsync_watch.opensync import wire
from ccsync_watch.store import stored_messages
from ccsync_watch.store.sendable_messages import sendable_messages
from support.double_transport import DoubleTransport
from support.fakes import FakeClock
from support.lines import Writer, line, text
from support.opensync_double import faults
from support.opensync_double.backend import API_KEY, Backend
from support.opensync_double.faults import FaultPlan
from support.pumping import PassingRedactor

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ccsync_watch.model import JsonValue
    from ccsync_watch.privacy import Redactor

SESSIONS = ("aaaaaaaa-1111-4222-8333-444444444444", "bbbbbbbb-1111-4222-8333-444444444444")
SESSION = st.sampled_from(SESSIONS)
_WAYS = st.sampled_from(faults.ways(late_seconds=60))
_SECONDS = 600.0


class Killed(BaseException):
    """The process ends here."""


class Synced(RuleBasedStateMachine):
    """Transcripts on a disk, the program's parts, and a backend that fails."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="ccsync-model-"))
        self.project = self.folder / "claude" / "projects" / "p"
        self.project.mkdir(parents=True)
        self.clock = FakeClock()
        self.backend = Backend(clock=self.clock.monotonic)
        self.transport = DoubleTransport(self.backend)
        self.settings = Settings(
            claude_dirs=(self.folder / "claude",),
            state_dir=self.folder / "state",
            cache_dir=None,
            file=self.folder / "settings.json",
            convex_url="http://127.0.0.1:3211",
            api_key=Secret(API_KEY),
        )
        self.writers = {session_id: Writer(session_id) for session_id in SESSIONS}
        self.lines: dict[str, list[dict[str, Any]]] = {session_id: [] for session_id in SESSIONS}
        self.written: set[str] = set()
        # A message that failed alone in a batch, or whose words changed, keeps its date there.
        self.unordered: set[str] = set()
        self.latest_ms: dict[str, int] = {}
        self.number = 0
        self.runtime = self._start()

    def _start(self) -> Runtime:
        return Runtime(
            self.settings,
            clock=self.clock,
            redactor=cast("Redactor", PassingRedactor()),
            transport=self.transport,
            host="test-host",
        )

    # What Claude Code and the user do -------------------------------------------------------

    def _path(self, session_id: str) -> Path:
        return self.project / f"{session_id}.jsonl"

    def _row(self, session_id: str, ago_ms: int) -> dict[str, Any]:
        self.number += 1
        writer = self.writers[session_id]
        writer.at_ms = self.clock.now_ms - ago_ms
        # The backend sorts by date; rows of one moment are kept in order, those of a day are not.
        latest_ms = self.latest_ms.get(session_id, 0)
        if writer.at_ms < latest_ms - 1000:
            self.unordered.add(session_id)
        self.latest_ms[session_id] = max(latest_ms, writer.at_ms)
        if self.number % 3:
            row = writer.prompt(f"words {self.number}")
        else:
            row = writer.answer(text(f"words {self.number}"), usage_id=f"msg_{self.number}")
        self.written.add(f"{session_id}:{row['uuid']}")
        return row

    def _save(self, session_id: str) -> None:
        path = self._path(session_id)
        path.write_bytes(b"".join(map(line, self.lines[session_id])))

    @rule(session_id=SESSION, count=st.integers(1, 4), ago_ms=st.sampled_from([0, 300, 86_400_000]))
    def append(self, session_id: str, count: int, ago_ms: int) -> None:
        """Write lines of now, or of long ago."""
        rows = [self._row(session_id, ago_ms) for _ in range(count)]
        self.lines[session_id] += rows
        with self._path(session_id).open("ab") as file:
            file.write(b"".join(map(line, rows)))

    @rule(session_id=SESSION, cut=st.floats(0.0, 1.0))
    def append_in_two(self, session_id: str, cut: float) -> None:
        """Write half a line, which is read, then the other half."""
        row = self._row(session_id, 0)
        self.lines[session_id].append(row)
        data = line(row)
        at = int(cut * len(data))
        for part in (data[:at], data[at:]):
            with self._path(session_id).open("ab") as file:
                file.write(part)
            self._work(turns=0)

    @rule(session_id=SESSION, choice=st.integers(0, 50))
    @precondition(lambda self: any(self.lines.values()))
    def rewrite(self, session_id: str, choice: int) -> None:
        """Change the words of a line, and write the whole file again."""
        rows = self.lines[session_id]
        if rows:
            self.number += 1
            row = rows[choice % len(rows)]
            content: JsonValue = f"changed {self.number}"
            if row["type"] == "assistant":
                content = [text(f"changed {self.number}")]
            row["message"] = {**row["message"], "content": content}
            self._save(session_id)

    @rule(session_id=SESSION, keep=st.integers(0, 4))
    def compact(self, session_id: str, keep: int) -> None:
        """Write the file again with its last lines only, as a compaction does."""
        rows = self.lines[session_id]
        if len(rows) > keep:
            self.lines[session_id] = rows[len(rows) - keep :]
            self._save(session_id)

    @rule(session_id=SESSION, title=st.sampled_from(["One", "Two"]))
    def rename(self, session_id: str, title: str) -> None:
        """Give a session another title."""
        if self.lines[session_id]:
            row = {"type": "custom-title", "customTitle": title, "sessionId": session_id}
            with self._path(session_id).open("ab") as file:
                file.write(line(row))

    @rule(is_on=st.booleans())
    def change_settings(self, *, is_on: bool) -> None:
        """Turn uploading on or off: the program starts again with that."""
        self.settings = replace(self.settings, auto_sync=is_on)
        self.runtime.close()
        self.runtime = self._start()

    # What the program does, and what happens to it -------------------------------------------

    def _work(self, turns: int) -> None:
        """Read everything, then upload for so many turns; failures are what they are."""
        runtime = self.runtime
        runtime.pump.reconcile()
        while runtime.pump.step():
            pass
        for _ in range(turns):
            try:
                assert runtime.uploader is not None
                runtime.uploader.turn()
            except DestinationError:
                continue

    @rule(turns=st.integers(0, 6))
    def work(self, turns: int) -> None:
        """Read and upload."""
        self._work(turns)

    @rule(way=_WAYS, at=st.integers(0, 3), turns=st.integers(1, 4))
    def fail(self, way: faults.Fault, at: int, turns: int) -> None:
        """Fail a request: a lost acknowledgement, a rate limit, half an answer, and others."""
        self.transport.faults = FaultPlan.of(*[None] * at, way)
        if way.spoils is faults.Spoil.ONE_MESSAGE:
            self.unordered.update(SESSIONS)
        self._work(turns)
        self.transport.faults = FaultPlan.none()

    @rule(at=st.integers(0, 6), before=st.booleans())
    def kill(self, at: int, *, before: bool) -> None:
        """End the process at a request, before it is sent or after it was carried out."""
        requests = iter(range(1000))

        def end(_path: str) -> None:
            if next(requests) == at:
                raise Killed

        if before:
            self.transport.on_arrival = end
        else:
            self.transport.on_answer = end
        try:
            self._work(turns=4)
        except Killed:
            self.restart()
        finally:
            self.transport.on_arrival = self.transport.on_answer = lambda _path: None

    @rule()
    def restart(self) -> None:
        """End the program where it is, and start it again."""
        self.runtime.close()
        self.runtime = self._start()

    @rule(seconds=st.sampled_from([0.3, 1, 6, 60, 3600]))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds)

    @rule()
    def sync(self) -> None:
        """Sync: what is said to be sent is at the backend."""
        try:
            answer = sync_once(self.runtime, None, until=self.clock.monotonic() + _SECONDS)
        except CcsyncError as error:
            raise AssertionError(error) from error
        assert answer.is_read
        assert answer.error is None
        assert (answer.rows_pending, answer.rows_rejected) == (0, 0)
        assert self._on_disk() <= self._held()

    # What holds ------------------------------------------------------------------------------

    def _held(self) -> set[str]:
        return {row.external_id for row in self.backend.all_messages()}

    def _on_disk(self) -> set[str]:
        return {
            f"{session_id}:{row['uuid']}" for session_id, rows in self.lines.items() for row in rows
        }

    @initialize()
    def begin(self) -> None:
        """Begin with one line."""
        self.append(SESSIONS[0], 1, 0)

    @invariant()
    def nothing_is_doubled_or_invented(self) -> None:
        """Neither in the store nor at the backend."""
        for session_id in SESSIONS:
            header = {f"{session_id}:session"}
            rows = stored_messages.session_messages(self.runtime.database, session_id)
            ids = [row.id for row in rows]
            held = [row.external_id for row in self.backend.messages(session_id)]
            assert len(ids) == len(set(ids))
            assert len(held) == len(set(held))
            assert set(held) <= set(ids)
            assert set(ids) - header <= self.written

    @invariant()
    def what_left_the_outbox_is_at_the_backend(self) -> None:
        """Row for row, with the words that the store has."""
        read = self.runtime.database.read()
        pending = {
            row[0] for row in read.execute("SELECT m.id FROM outbox JOIN messages m USING (seq)")
        }
        for session_id in SESSIONS:
            held = {row.external_id: row for row in self.backend.messages(session_id)}
            for row in sendable_messages(self.runtime.database, session_id, is_host_sent=False):
                if row.id not in pending:
                    assert row.id in held
                    parts = [
                        {"type": part.type, "content": part.content} for part in held[row.id].parts
                    ]
                    assert parts == wire.message_payload(Redacted(row), None).value["parts"]

    def teardown(self) -> None:
        """Let everything work again: all of it is there, in order, and nothing is left to do."""
        try:
            self.change_settings(is_on=True)
            for _ in range(3):
                self.sync()
                self.clock.advance(3600)
            self.what_left_the_outbox_is_at_the_backend()
            for session_id in SESSIONS:
                rows = stored_messages.session_messages(self.runtime.database, session_id)
                in_order = [row.id for row in rows]
                shown = [row.external_id for row in self.backend.shown(session_id)]
                assert sorted(shown) == sorted(in_order)
                if session_id not in self.unordered:
                    assert shown == in_order
            read = self.runtime.database.read()
            assert read.execute("SELECT count(*) FROM outbox").fetchone()[0] == 0
            calls = len(self.backend.calls)
            self.sync()
            assert len(self.backend.calls) == calls
        finally:
            self.runtime.close()
            shutil.rmtree(self.folder)


Synced.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
TestSynced: Callable[..., object] = Synced.TestCase

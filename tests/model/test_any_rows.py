"""Rows of every type with any value at any place, and files with any damage.

Nothing raises, on the way from a file to the store, the pages, the exports and the backend; the
rows around are kept; and what was not understood is counted.
"""

from __future__ import annotations

import json
import tempfile
from contextlib import closing
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import example, given, note, settings
from hypothesis import strategies as st

from ccsync_watch.accounting.activity import by_session_id
from ccsync_watch.accounting.session_accounts import load_account
from ccsync_watch.config import load
from ccsync_watch.dashboard.browser_access import BrowserAccess
from ccsync_watch.dashboard.session_document import iterate_document
from ccsync_watch.dashboard.site import build_site
from ccsync_watch.model import Redacted
from ccsync_watch.opensync.wire import message_payload
from ccsync_watch.store import conversations, session_list
from ccsync_watch.store.database import DATABASE_NAME
from ccsync_watch.store.status_figures import repaired_rows, uncounted_rows, unknown_line_types
from ccsync_watch.stream import Stream
from ccsync_watch.transcripts.parse import parse
from ccsync_watch.transcripts.tail import split
from support.changed_rows import CHANGES, SAMPLES, change, places, with_value
from support.dashboard_visitor import DaemonDouble, Visitor
from support.fakes import FakeClock
from support.lines import AGENT, SESSION, START_MS, Writer
from support.pumping import PROJECT, Bench, empty_store
from support.row_samples import samples
from support.storing import price_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccsync_watch.model import Batch, JsonValue

_ODD_VALUES: tuple[JsonValue, ...] = (
    None, 7.5, "x", ["x"], {"a": "x"}, [["x"]], [{"type": ["x"]}],
)  # fmt: skip
_UNREADABLE_VALUES: tuple[JsonValue, ...] = (
    7.5, {"a": "x"}, [["words"]], [{"type": "brand_new"}],
)  # fmt: skip
_DAMAGES = ["flip", "cut", "insert", "remove", "repeat", "unending", "nul"]
# What a hook answered may be any JSON, and most of it says nothing.
_OFTEN_QUIET = {"attachment `async_hook_response`", "attachment `hook_permission_decision`"}
_BODIES = {"message", "attachment", "content", "error", "hookErrors", "operation"}
"""Where rows say what they say."""


_EMPTY = empty_store()


class _Installation:
    """A folder of transcripts, read by a pump, and all that is shown of it."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.folder = Path(self._folder.name)
        state = self.folder / "state"
        state.mkdir(mode=0o700)
        (state / DATABASE_NAME).write_bytes(_EMPTY)
        self.bench = Bench(self.folder)

    def close(self) -> None:
        """Remove everything."""
        self.bench.close()
        self._folder.cleanup()

    def read(self, data: bytes, *, is_subagent: bool = False) -> None:
        """Read a transcript's bytes."""
        folder = f"{PROJECT}/{SESSION}/subagents"
        path = (
            self.bench.path(f"agent-{AGENT}", folder) if is_subagent else self.bench.path(SESSION)
        )
        self.bench.append(path, data)
        self.bench.catch_up()

    def show(self) -> str:
        """Return what the pages, the exports and the backend get to see."""
        database = self.bench.database
        by_session_id(database)
        prices = price_list(self.folder)
        seen = []
        for (session_id,) in self.bench.select("SELECT id FROM sessions"):
            account = load_account(database, session_id, prices)
            session = session_list.load_session(database, session_id)
            if session is not None:
                for form in ("md", "json"):
                    seen += list(iterate_document(database, session, account, form))
            agents = conversations.list_subagents(database, session_id)
            for agent_id in [None, *(agent.agent_id for agent in agents)]:
                page = conversations.conversation_page(database, session_id, agent_id=agent_id)
                seen += [json.dumps(message_payload(Redacted(row), None).value) for row in page]
        return "".join(seen)

    def visit(self) -> None:
        """Open the page of every session."""
        visitor = self._visitor()
        for (session_id,) in self.bench.select("SELECT id FROM sessions WHERE NOT is_excluded"):
            response = visitor.get(f"/sessions/{session_id}")
            assert response.status_code in {200, 404}, (session_id, response.text)
        assert visitor.get("/sessions?empty=1").status_code == 200

    def _visitor(self) -> Visitor:
        clock, daemon = FakeClock(), DaemonDouble()
        configured = load({"HOME": str(self.folder), "CCSYNC_WATCH_HOME": str(self.folder)}, {})
        site = build_site(
            self.bench.database, daemon, access=BrowserAccess(self.folder, clock=clock),
            prices=price_list(self.folder), settings=lambda: configured, clock=clock,
        )  # fmt: skip
        return Visitor(site, daemon)

    def reported(self) -> int:
        """Return how many ranges, rows and parts of rows `status` says were not understood."""
        database = self.bench.database
        counts = (unknown_line_types(database), repaired_rows(database), uncounted_rows(database))
        return len(self.bench.unreadable()) + sum(sum(count.values()) for count in counts)

    def lines(self) -> int:
        """Return how many lines were counted, whatever they were."""
        ((lines,),) = self.bench.select(
            "SELECT coalesce(sum(lines), 0) FROM line_types WHERE name NOT LIKE '~%'"
        )
        return int(lines) + len(self.bench.unreadable())


class TestShapes:
    """Rows between others, with any value in them."""

    @given(st.lists(st.tuples(st.integers(0, len(SAMPLES) - 1), CHANGES), min_size=1, max_size=12))
    @settings(max_examples=40)
    def test_any_value_at_any_place_is_survived(
        self, changed: list[tuple[int, list[tuple[int, str, JsonValue]]]]
    ) -> None:
        """The rows around are stored and shown, and every row is counted."""
        files = {
            is_subagent: [
                change(SAMPLES[number][0], changes)
                for number, changes in changed
                if SAMPLES[number][1] == is_subagent
            ]
            for is_subagent in (False, True)
        }
        note(repr(files))
        with closing(_Installation()) as installation:
            wanted: set[str] = set()
            count = 0
            for is_subagent, rows in files.items():
                mixed = list(_between(rows, is_subagent=is_subagent))
                wanted |= {row["uuid"] for row in mixed[::2]}
                count += len(mixed)
                installation.read(b"".join(map(_encode, mixed)), is_subagent=is_subagent)
            assert wanted <= {uuid for (uuid,) in installation.bench.select(
                "SELECT uuid FROM messages")}  # fmt: skip
            assert installation.lines() >= count
            # What a reader stumbles over is kept as unreadable: no shape should come to that.
            reasons = [reason for _start, _end, reason in installation.bench.unreadable()]
            assert not any(reason.startswith("not understood") for reason in reasons)
            seen = installation.show()
            assert seen.count("a row around") >= len(wanted)
            installation.visit()

    def test_no_value_makes_a_reader_fail(self) -> None:
        """Of a row that a reader fails over, not even the tokens are kept."""
        failed = []
        for row, is_subagent in SAMPLES:
            for path in places(row):
                for value in _ODD_VALUES:
                    batch = _parse(with_value(row, path, value), is_subagent=is_subagent)
                    if any(lost.reason.startswith("not understood") for lost in batch.unreadable):
                        failed.append((row, path, value))
        assert failed == []

    def test_what_is_not_understood_is_counted(self) -> None:
        """A row that spoke, and says nothing with another value in its body, is an unknown one."""
        silent = []
        for sample in samples():
            if sample.name in _OFTEN_QUIET:
                continue
            for path in places(sample.row):
                if path[0] not in _BODIES:
                    continue
                for value in _UNREADABLE_VALUES:
                    row = with_value(sample.row, path, value)
                    batch = _parse(row, is_subagent=sample.is_subagent)
                    is_said = batch.queue or any(message.parts for message in batch.messages)
                    if not is_said and not _is_reported(batch):
                        silent.append((sample.name, path, value))
        assert silent == []


def _parse(row: dict[str, Any], *, is_subagent: bool) -> Batch:
    stream = Stream(SESSION, SESSION, AGENT if is_subagent else None)
    return parse(split(_encode(row), 0), stream, 0)


def _written_id(line: bytes, offset: int) -> str | None:
    """Return the id of a row as a line has it now, None if it is not a row any more.

    A row that has lost its uuid has the id of its place, the byte `offset` of its file.
    """
    try:
        row = json.loads(line)
    except ValueError:
        return None
    if not isinstance(row, dict):
        return None
    name = row.get("uuid")
    return name if isinstance(name, str) else f"offset-{offset}"


def _is_reported(batch: Batch) -> bool:
    """Return whether something of a batch is counted as not understood."""
    return bool(batch.unreadable or batch.uncounted) or any(
        name[0] in "?~" for name in batch.counted
    )


class TestBytes:
    """A file of which any bytes were lost, changed or written again elsewhere."""

    @given(
        st.lists(st.integers(0, len(SAMPLES) - 1), min_size=1, max_size=12),
        st.lists(
            st.tuples(st.integers(0, 1 << 20), st.sampled_from(_DAMAGES), st.binary(max_size=9)),
            min_size=1,
            max_size=6,
        ),
    )
    @example([0], [(9749, "flip", b"")])
    @example([0], [(10160, "flip", b"")])
    @settings(max_examples=60)
    def test_rows_that_were_not_damaged_are_kept(
        self, numbers: list[int], damages: list[tuple[int, str, bytes]]
    ) -> None:
        """Also behind a line whose end is gone; one with another id has that, or its place's."""
        rows = list(_between([SAMPLES[number][0] for number in numbers], is_subagent=False))
        lines = [_encode(row) for row in rows]
        whole = set(range(0, len(rows), 2))
        for place, how, extra in damages:
            number = place % len(lines)
            whole.discard(number)
            lines[number] = _damage(lines[number], how, place, extra)
        # The last line must end: it would be one that is still being written.
        lines.append(_encode({"type": "custom-title", "customTitle": "t", "sessionId": SESSION}))
        data = b"".join(lines)
        note(repr(data))
        with closing(_Installation()) as installation:
            installation.read(data)
            stored = {uuid for (uuid,) in installation.bench.select("SELECT uuid FROM messages")}
            assert {rows[number]["uuid"] for number in whole} <= stored
            starts = list(accumulate((len(line) for line in lines), initial=0))
            kept = all(
                stored & {rows[number]["uuid"], _written_id(lines[number], starts[number])}
                for number in range(0, len(rows), 2)
            )
            assert kept or installation.reported()
            installation.show()


def _damage(line: bytes, how: str, place: int, extra: bytes) -> bytes:
    """Return a line with some of its bytes lost or changed."""
    at = 1 + place // 64 % max(1, len(line) - 2)
    head, tail = line[:at], line[at:]
    return {
        "flip": head + bytes([tail[0] ^ 1 << place % 8]) + tail[1:] if tail[:1] else line,
        "cut": head + b"\n",
        "insert": head + extra + tail,
        "remove": head + tail[len(extra) :],
        "repeat": head + line[: at // 2] + tail,
        "unending": head,
        "nul": head + b"\0" * 40 + tail,
    }[how]


def _between(rows: list[dict[str, Any]], *, is_subagent: bool) -> Iterator[dict[str, Any]]:
    """Yield rows with a prompt before each and behind the last."""
    writer = Writer(agent_id=AGENT if is_subagent else None, at_ms=START_MS - 3_600_000)
    for number in range(len(rows) + 1):
        around = writer.prompt("a row around")
        yield {**around, "uuid": f"around-{is_subagent}-{number}"}
        if number < len(rows):
            yield rows[number]


def _encode(row: dict[str, Any]) -> bytes:
    """Return a row as a program may write it that does not care what its strings hold."""
    return json.dumps(row).encode() + b"\n"

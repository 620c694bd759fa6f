"""What must be stored and sent in the end, from the transcripts alone, and what is wrong with it.

The transcripts are read here by a parser of its own, which knows the rows that the writers of
`conversations` write. Of the program only the spelling of packed texts and ids in SQLite is used.
"""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ccsync_watch.store.packed_texts import add_unpacked
from ccsync_watch.store.views import create_views

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from support.chaos.conversations import Saying
    from support.opensync_double.backend import Backend

_MARK = re.compile(r"row\d{6}v\d\d")
_KINDS = {"text": "text", "tool_use": "tool-call", "tool_result": "tool-result"}
# A row that was just written is dated on arrival: a while later, when a request was held up.
_TOLERANCE_MS = 30_000
# A row that is dated shortly before the one above it in its file is dated as that one.
_REORDERED_MS = 60_000
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Row:
    """A message of a transcript as it is on the disk now.

    `is_bare`: a result whose call is not there, so that nothing says what it is the output of. It
    may be shown by its size only.
    """

    id: str
    session_id: str
    file: str
    kinds: tuple[str, ...]
    mark: str
    is_bare: bool = False


@dataclass
class Held:
    """A message as it is held somewhere, with all of its texts."""

    id: str
    session_id: str
    kinds: tuple[str, ...]
    marks: set[str]
    at_ms: float


@dataclass
class Verdict:
    """What is wrong, by kind: how often, and a few examples."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, kind: str, what: str) -> None:
        """Note that something is wrong."""
        self.counts[kind] += 1
        if len(self.examples[kind]) < _SHOWN:
            self.examples[kind].append(what)

    def lines(self) -> list[str]:
        """Return a report."""
        return [
            line
            for kind, count in sorted(self.counts.items())
            for line in (f"{kind}: {count}", *(f"    {what}" for what in self.examples[kind]))
        ]


def rows_on_disk(claude_dir: Path) -> list[Row]:
    """Return the messages of all transcripts, in the order of each file."""
    rows: list[Row] = []
    for path in sorted(claude_dir.glob("projects/**/*.jsonl")):
        calls: set[str] = set()
        for line in path.read_bytes().split(b"\n")[:-1]:
            with contextlib.suppress(ValueError):
                row = _row(json.loads(line), path, calls)
                rows += [row] if row else []
    return rows


def _row(data: Any, path: Path, calls: set[str]) -> Row | None:  # noqa: ANN401 - any JSON
    if not isinstance(data, dict) or data.get("type") not in {"user", "assistant"}:
        return None
    content = data["message"]["content"]
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    agent = [data["agentId"]] if "agentId" in data else []
    marks = _MARK.findall(json.dumps(content))
    calls |= {block["id"] for block in blocks if block["type"] == "tool_use"}
    results = {block["tool_use_id"] for block in blocks if block["type"] == "tool_result"}
    return Row(
        ":".join([data["sessionId"], *agent, data["uuid"]]),
        data["sessionId"],
        path.name,
        tuple(_KINDS[block["type"]] for block in blocks),
        marks[0],
        is_bare=not results <= calls,
    )


def stored(state: Path) -> list[Held]:
    """Return the messages of a store in their order. Raises sqlite3.Error."""
    query = (
        "SELECT m.id, m.session_id, m.timestamp_ms, group_concat(p.kind, ' '),"
        " group_concat(unpacked(p.content), ' ') FROM messages m LEFT JOIN parts p"
        " ON p.message_seq = m.seq WHERE m.kind <> 'session' GROUP BY m.seq ORDER BY m.seq"
    )
    return [
        Held(name, session_id, tuple((kinds or "").split()), marks_in(texts or ""), at_ms or 0)
        for name, session_id, at_ms, kinds, texts in read_store(state, query)
    ]


def read_store(state: Path, query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query. Raises sqlite3.Error."""
    uri = f"{(state / 'ccsync.db').as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=20)) as database:
        add_unpacked(database)
        create_views(database)
        return database.execute(query).fetchall()


def sound_version(state: Path) -> int:
    """Return the schema version of a store, 0 of one that is gone or damaged."""
    try:
        ((check,), *_) = read_store(state, "PRAGMA quick_check(1)")
        ((version,),) = read_store(state, "PRAGMA user_version")
    except sqlite3.Error:
        return 0
    return int(version) if check == "ok" else 0


def marks_in(text: str) -> set[str]:
    """Return the marks of rows in a text."""
    return set(_MARK.findall(text))


def sent(backend: Backend) -> dict[str, list[Held]]:
    """Return the messages at the backend as its viewer shows them, by session."""
    names = {row.id: row.external_id for row in backend.sessions()}
    held: dict[str, list[Held]] = defaultdict(list)
    for row in sorted(backend.all_messages(), key=lambda row: row.created_at_ms):
        if row.external_id.endswith(":session"):
            continue
        parts = json.dumps([part.content for part in row.parts])
        held[names[row.session_id]].append(
            Held(
                row.external_id,
                names[row.session_id],
                tuple(part.type for part in row.parts),
                marks_in(f"{row.text_content} {parts}"),
                row.created_at_ms,
            )
        )
    return held


class Oracle:
    """Compares what is held somewhere with what was written. `sayings` are all there ever were.

    Copies of a row on two machines may differ: any of them is right.
    """

    def __init__(self, sayings: dict[str, Saying], rows: Sequence[Row]) -> None:
        self._sayings = sayings
        self._rows: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            self._rows[row.id].append(row)
        self._files: dict[str, list[str]] = defaultdict(list)
        for row in rows:
            self._files[row.file].append(row.id)

    def check(
        self,
        verdict: Verdict,
        where: str,
        held: Iterable[Held],
        *,
        optional: frozenset[str] = frozenset(),
        without_texts: frozenset[str] = frozenset(),
        required: frozenset[str] = frozenset(),
    ) -> None:
        """Compare; `optional` ids may be missing, `required` ones no longer on the disk may not.

        Sessions `without_texts` may have lost their texts.
        """
        messages = list(held)
        by_id = {message.id: message for message in messages}
        for name, count in Counter(message.id for message in messages).items():
            if count > 1:
                verdict.add(f"{where}: doubled", name)
        for name in sorted((self._rows.keys() - optional | required) - by_id.keys()):
            verdict.add(f"{where}: lost", f"{name} {self._rows.get(name)}")
        for name, message in by_id.items():
            if name not in self._sayings:
                verdict.add(f"{where}: invented", name)
            elif message.session_id not in without_texts:
                self._check_content(verdict, where, message)

    def _check_content(self, verdict: Verdict, where: str, message: Held) -> None:
        saying, rows = self._sayings[message.id], self._rows.get(message.id)
        if rows is None:
            # The first line of a result names its call.
            if message.kinds != ("tool-result",) and not message.marks <= set(saying.versions):
                verdict.add(f"{where}: wrong text", f"{message}, written were {saying.versions}")
            return
        if all(row.kinds != message.kinds for row in rows):
            verdict.add(f"{where}: wrong parts", f"{message}, not {rows}")
        elif not any(_fits(row, message) for row in rows):
            verdict.add(f"{where}: wrong text", f"{message}, not {rows}")

    def check_order(self, verdict: Verdict, where: str, held: Iterable[Held]) -> None:
        """Compare the order with that of each file, strictly."""
        places = {message.id: place for place, message in enumerate(held)}
        for file, names in self._files.items():
            order = [places[name] for name in names if name in places]
            for one, next_one in pairwise(order):
                if next_one < one:
                    verdict.add(f"{where}: misordered", f"{file}: {one} before {next_one}")

    def check_dates(self, verdict: Verdict, where: str, held: Iterable[Held]) -> None:
        """Compare dates, and the order by date, but for what arrives a moment late."""
        latest: dict[str, tuple[int, str]] = {}
        for message in held:
            saying, row = self._sayings.get(message.id), self._rows.get(message.id)
            if saying is None:
                continue
            least = min(saying.at_ms, saying.written_ms) - _TOLERANCE_MS
            most = saying.at_ms + _REORDERED_MS + _TOLERANCE_MS
            if not least <= message.at_ms <= most:
                shift = round(message.at_ms - saying.at_ms)
                verdict.add(f"{where}: misdated", f"{message.id} by {shift} ms, {saying}")
            # What is dated in the future gets the date of its arrival, whenever that is.
            if row is None or saying.at_ms > saying.written_ms + 1000:
                continue
            before_ms, before = latest.get(row[0].file, (0, ""))
            if before_ms - saying.at_ms > _REORDERED_MS + _TOLERANCE_MS:
                verdict.add(f"{where}: misordered", f"{before} before {message.id}")
            if saying.at_ms > before_ms:
                latest[row[0].file] = saying.at_ms, message.id


def _fits(row: Row, message: Held) -> bool:
    if row.is_bare and not message.marks:
        return True
    # The first line of a result names its call.
    most = 2 if row.kinds == ("tool-result",) else 1
    return row.mark in message.marks and len(message.marks) <= most

"""Histories in the formats of every client since 1.0, with what they must add up to.

A history is a set of transcripts, each a list of lines, written by `Historian`; its `truth` has
the session and the final tokens of each response of the API.
"""

from __future__ import annotations

import itertools
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.model import Line, Redacted
from ccsync_watch.store.ingest import IngestContext, ingest
from ccsync_watch.stream import Stream
from ccsync_watch.transcripts.parse import parse
from support.lines import Writer, iso
from support.storing import checkpoint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ccsync_watch.store.database import Database

Row = dict[str, Any]
START_MS = 1_750_000_000_000
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a response used in the end."""

    session_id: str
    agent_id: str | None
    input: int
    output: int
    cache_write: int
    cache_read: int


@dataclass
class Transcript:
    """One file: its name's session, its subagent, and its rows in order."""

    session_id: str
    agent_id: str | None
    writer: Writer
    rows: list[Row] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The file's name."""
        return f"agent-{self.agent_id}" if self.agent_id else self.session_id

    @property
    def stream(self) -> Stream:
        """What the name says."""
        return Stream(self.name, self.session_id, self.agent_id)

    def lines(self) -> list[Line]:
        """Return the file's lines with their offsets."""
        lines: list[Line] = []
        start = 0
        for row in self.rows:
            data = orjson.dumps(row)
            lines.append(Line(start, start + len(data) + 1, data))
            start += len(data) + 1
        return lines


def numbered_session(session_id: str, at_ms: int, number: int = 1) -> Transcript:
    """Return a session by a gateway that numbers the responses of each session from one on."""
    writer = Writer(session_id, at_ms=at_ms)
    rows = [writer.prompt(f"Begin {session_id}")]
    for block in "abc":
        answer = {"type": "text", "text": f"Answer {block} of {session_id}"}
        rows.append(writer.answer(answer, usage_id=f"msg_{number}_{block}"))
    rows.append(writer.prompt(f"Thanks for {session_id}"))
    return Transcript(session_id, None, writer, rows)


@dataclass
class Historian:
    """Writes transcripts, and records what is true of them."""

    truth: dict[str, Tokens] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    transcripts: list[Transcript] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def session(self, agent_of: Transcript | None = None) -> Transcript:
        """Begin a session an hour after the last, or a subagent of one."""
        number = next(self._numbers)
        session_id = agent_of.session_id if agent_of else f"session-{number:03}"
        agent_id = f"a{number:016x}" if agent_of else None
        at_ms = agent_of.writer.at_ms if agent_of else START_MS + number * HOUR_MS
        transcript = Transcript(session_id, agent_id, Writer(session_id, agent_id, at_ms=at_ms))
        self.transcripts.append(transcript)
        return transcript

    def prompt(self, to: Transcript) -> None:
        """Write a prompt of the user."""
        to.rows.append(to.writer.prompt(f"Continue {to.name} after {len(to.rows)}"))

    def response(
        self,
        to: Transcript,
        *,
        tokens: tuple[int, int, int, int] = (10, 50, 0, 0),
        blocks: int = 1,
        is_growing: bool = False,
        has_request_id: bool = True,
        is_sidechain: bool = False,
        cost_usd: float | None = None,
        starts_empty: bool = False,
        has_constant_id: bool = False,
        has_message_id: bool = True,
        advisor: tuple[int, int] | None = None,
    ) -> str:
        """Write a response of the API, a row for each block; return its id.

        `is_growing`: each row knows only what was used until then, as older clients wrote it;
        `starts_empty`: at first that is nothing. `has_constant_id`: a gateway gave it the id that
        it gives to all, and the request was another one than any before. `advisor`: the prompt and
        output of another model's response inside this one.
        """
        number = next(self._numbers)
        usage_id = f"msg_{number:024}"
        if has_constant_id:
            tokens = (100_000 + number, *tokens[1:])
        self.log.append(f"{usage_id} in {to.name}: {tokens}, {blocks} blocks {is_growing=}")
        input_tokens, output, written, read = tokens
        for block in range(blocks):
            is_last = block == blocks - 1
            counts: dict[str, Any] = {
                "input_tokens": input_tokens,
                "output_tokens": output if is_last or not is_growing else 1,
                "cache_creation_input_tokens": written,
                "cache_read_input_tokens": read,
            }
            if starts_empty and not is_last:
                counts = {"input_tokens": 0, "output_tokens": 0}
            if advisor and is_last:
                counts["iterations"] = [_advisor_message(*advisor)]
            row = to.writer.answer({"type": "text", "text": f"{block}"}, usage_id=usage_id)
            row["message"]["usage"] = counts
            _remove_ids(
                row,
                has_request_id=has_request_id,
                has_message_id=has_message_id,
                has_constant_id=has_constant_id,
            )
            if (is_growing or starts_empty) and not is_last:
                row["message"]["stop_reason"] = None
            if is_sidechain:
                row["isSidechain"] = True
            if cost_usd is not None:
                row["costUSD"] = cost_usd
            to.rows.append(row)
        self.truth[usage_id] = Tokens(
            to.session_id, to.agent_id, input_tokens, output, written, read
        )
        if advisor:
            self.truth[f"{usage_id}/advisor"] = Tokens(to.session_id, to.agent_id, *advisor, 0, 0)
        return usage_id

    def noise(self, to: Transcript) -> None:
        """Write rows that look like responses but are not."""
        row = to.writer.answer({"type": "text", "text": "API Error"}, usage_id="made-up")
        row["message"] |= {"model": "<synthetic>", "usage": {"input_tokens": 0}}
        to.rows += [row, {"type": "summary", "summary": "About it", "leafUuid": row["uuid"]}]

    def copy(self, source: Transcript, how: str, at_ms: int = 0) -> Transcript:
        """Start a session with a copy of another's rows, marked as a client would mark them.

        kept: under the first session's id; rewritten: under the new one's, without a mark (2.0.42
        to 2.1.197); fork: with the requester's id on answers; branch: with the source on every row;
        recopied: without a mark, with the time of copying (1.0.88 to 2.0.14); redated: with new
        uuids too (1.0.41). `at_ms`: when, by default an hour after the source's last row.
        """
        if how == "redated" and any(_has_no_id_of_its_own(row) for row in source.rows):
            how = "recopied"  # nothing would say that two such rows report one response
        copy = self.session()
        self.log.append(f"{copy.name} copied from {source.name}: {how}")
        after_ms = max(copy.writer.at_ms, source.writer.at_ms + HOUR_MS)
        copy.writer.at_ms = at_ms or after_ms
        copied_at = iso(copy.writer.at_ms)
        copy.writer.at_ms += 5000
        for row in source.rows:
            copied = orjson.loads(orjson.dumps(row))
            if "uuid" not in copied:
                continue
            if how in {"redated", "recopied"}:
                copied["timestamp"] = copied_at
            if how == "redated":
                new_name = f"{copy.session_id}-{row['uuid']}"
                copied["uuid"] = str(uuid.uuid5(uuid.NAMESPACE_URL, new_name))
            if how != "kept":
                copied["sessionId"] = copy.session_id
            if how in {"fork", "branch"} and copied["type"] == "assistant":
                copied.setdefault("requestSessionId", row["sessionId"])
            if how == "branch":
                copied["forkedFrom"] = {"sessionId": source.session_id, "messageUuid": row["uuid"]}
            copy.rows.append(copied)
        return copy

    def totals(self) -> Counter[tuple[str, str]]:
        """Return what each session used, by kind of token."""
        totals: Counter[tuple[str, str]] = Counter()
        for tokens in self.truth.values():
            for name in ("input", "output", "cache_write", "cache_read"):
                totals[tokens.session_id, name] += getattr(tokens, name)
        return +totals


def _advisor_message(prompt: int, output: int) -> dict[str, Any]:
    return {
        "type": "advisor_message",
        "model": "claude-opus",
        "input_tokens": prompt,
        "output_tokens": output,
    }


def _remove_ids(
    row: Row, *, has_request_id: bool, has_message_id: bool, has_constant_id: bool
) -> None:
    """Take from a row what a gateway does not give it."""
    if not has_request_id:
        del row["requestId"]
    if not has_message_id:
        del row["message"]["id"]
    elif has_constant_id:
        row["message"]["id"] = "gateway"


def _has_no_id_of_its_own(row: Row) -> bool:
    message_id = row.get("message", {}).get("id", "gateway")
    return row.get("type") == "assistant" and "requestId" not in row and message_id == "gateway"


def feed(
    database: Database, transcript: Transcript, lines: list[Line], now_ms: int = START_MS
) -> None:
    """Commit some lines of a transcript, as the pump would."""
    if not lines:
        return
    batch = parse(lines, transcript.stream, lines[0].start)
    assert not batch.unreadable
    mark = checkpoint(transcript.name, batch.end)
    ingest(database, Redacted(batch), mark, IngestContext(now_ms=now_ms, host=Redacted("laptop")))


def stored_totals(database: Database) -> Counter[tuple[str, str]]:
    """Return what the store says each session used, by kind of token."""
    totals: Counter[tuple[str, str]] = Counter()
    for row in database.read().execute("SELECT * FROM usage_tokens"):
        totals[row["session_id"], "input"] += row["input_tokens"]
        totals[row["session_id"], "output"] += row["output_tokens"]
        totals[row["session_id"], "cache_write"] += row["cache_write_tokens"]
        totals[row["session_id"], "cache_read"] += row["cache_read_tokens"]
    return +totals


def stored(database: Database) -> list[tuple[Any, ...]]:
    """Return everything that the store keeps of tokens, except which message carries them."""
    tables = [f"{_columns(database, name)} FROM {name}" for name in ("usage", "usage_rows")]
    tables.append("* FROM contested")
    return [
        tuple(row)
        for table in tables
        for row in database.read().execute(f"SELECT {table} ORDER BY 1, 2, 3")
    ]


def _columns(database: Database, table: str) -> str:
    """Return the columns of a table of tokens that do not depend on what was read first."""
    names = [row["name"] for row in database.read().execute(f"PRAGMA table_info({table})")]
    left_out = {"carrier", "carrier_seq", "is_marked"} if table == "usage" else set()
    return ", ".join(
        name
        for name in names
        if name not in left_out and name != "key" and not name.endswith("_key")
    )


def in_order(history: Historian) -> Iterable[tuple[Transcript, list[Line]]]:
    """Return every transcript whole, the oldest first."""
    return [(transcript, transcript.lines()) for transcript in history.transcripts]

"""A case: transcripts, and what they used by session, day and model; and how one is written.

The right costs come from the list prices below and the rules of the API, not from the program.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson

from support.lines import Writer, text

if TYPE_CHECKING:
    from pathlib import Path

Row = dict[str, Any]

OPUS, SONNET, HAIKU = "claude-opus-4-5", "claude-sonnet-4-5", "claude-haiku-4-5"
FOLDER = "-home-user-project"
START = "2026-11-20T10:00:00"

# USD for a million tokens: input, output, cache writes for 5 minutes and an hour, cache reads.
LIST_PRICES = {
    OPUS: ("5", "25", "6.25", "10", "0.5"),
    SONNET: ("3", "15", "3.75", "6", "0.3"),
    HAIKU: ("1", "5", "1.25", "2", "0.1"),
    "claude-opus-4-1": ("15", "75", "18.75", "30", "1.5"),
    "claude-opus-4-6": ("5", "25", "6.25", "10", "0.5"),
    "claude-opus-4-7": ("5", "25", "6.25", "10", "0.5"),
    "claude-opus-4-8": ("5", "25", "6.25", "10", "0.5"),
    "claude-haiku-5-5": ("0.1", "0.5", "0.125", "0.2", "0.01"),
    "claude-sonnet-4": ("3", "15", "3.75", "6", "0.3"),
    "gpt-5.1": ("1.25", "10", "1.25", "1.25", "0.125"),
    "gemini-2.5-pro": ("1.25", "10", "1.25", "1.25", "0.125"),
}
# What a prompt above the threshold costs of that: everything that is sent, and the answer.
_LONG_FACTORS = {
    SONNET: ("2", "1.5"),
    "claude-haiku-5-5": ("5", "5"),
}
_SEARCH_USD = Decimal("0.01")
_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Counts:
    """The tokens of a response; `write` is the cache writes for 5 minutes."""

    input: int = 1203
    output: int = 311
    write: int = 0
    write_1h: int = 0
    read: int = 0
    searches: int = 0

    @property
    def totals(self) -> tuple[int, int, int, int]:
        """Input, output, cache writes of both lifetimes, cache reads: what every program has."""
        return self.input, self.output, self.write + self.write_1h, self.read

    def as_usage(self) -> Row:
        """Return the usage that the API reports."""
        usage: Row = {
            "input_tokens": self.input,
            "output_tokens": self.output,
            "cache_creation_input_tokens": self.write + self.write_1h,
            "cache_read_input_tokens": self.read,
        }
        if self.write_1h:
            usage["cache_creation"] = {
                "ephemeral_5m_input_tokens": self.write,
                "ephemeral_1h_input_tokens": self.write_1h,
            }
        if self.searches:
            usage["server_tool_use"] = {"web_search_requests": self.searches}
        return usage


@dataclass(frozen=True, slots=True)
class Used:
    """What a response used: of which list price, times which factor; None = no price is known."""

    session_id: str
    day: str
    model: str | None
    counts: Counts
    factor: str = "1"
    is_long: bool = False

    @property
    def usd(self) -> Decimal | None:
        """The cost of the response."""
        if self.model is None:
            return None
        prices = list(map(Decimal, LIST_PRICES[self.model]))
        if self.is_long:
            sent, answered = map(Decimal, _LONG_FACTORS[self.model])
            prices = [price * (answered if at == 1 else sent) for at, price in enumerate(prices)]
        counts = self.counts
        amounts = (counts.input, counts.output, counts.write, counts.write_1h, counts.read)
        usd = sum((a * p for a, p in zip(amounts, prices, strict=True)), Decimal(0)) / _MILLION
        return usd * Decimal(self.factor) + counts.searches * _SEARCH_USD


@dataclass(frozen=True)
class Case:
    """Transcripts by their path below the projects' folder, and what is true of them."""

    name: str
    files: dict[str, bytes]
    used: tuple[Used, ...]
    zone: str = "UTC"

    @property
    def days(self) -> dict[str, tuple[int, ...]]:
        """The tokens by day in the case's time zone."""
        return _sums((used.day, used) for used in self.used)

    @property
    def sessions(self) -> dict[str, tuple[int, ...]]:
        """The tokens by the session that they count for."""
        return _sums((used.session_id, used) for used in self.used)

    @property
    def models(self) -> set[str]:
        """The models that are charged, by the names in the price list."""
        return {used.model for used in self.used if used.model}

    def usd(self, known: dict[str, float] | None = None) -> float | None:
        """Return the right cost, None where no price is known.

        `known` are factors by model, for a program whose list has other prices.
        """
        costs = [
            float(used.usd) * (known[used.model] if known else 1.0)
            for used in self.used
            if used.model and used.usd is not None
        ]
        return sum(costs) if costs else None

    def write(self, projects: Path) -> None:
        """Write the transcripts."""
        for name, data in self.files.items():
            path = projects / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


def _sums(parts: Any) -> dict[str, tuple[int, ...]]:  # noqa: ANN401 - pairs of key and response
    sums: defaultdict[str, tuple[int, ...]] = defaultdict(lambda: (0, 0, 0, 0))
    for key, used in parts:
        sums[key] = tuple(a + b for a, b in zip(sums[key], used.counts.totals, strict=True))
    return dict(sums)


@dataclass
class Conversation:
    """One transcript that is being written; `path` is the file's below the projects' folder."""

    draft: Draft
    path: str
    writer: Writer
    rows: list[Row | bytes] = field(default_factory=list)

    @property
    def day(self) -> str:
        """The day of the next row, in UTC."""
        moment = datetime.fromtimestamp(self.writer.at_ms / 1000, tz=timezone.utc)
        return moment.date().isoformat()

    def go_to(self, moment: str) -> None:
        """Date the next row."""
        self.writer.at_ms = to_ms(moment)

    def ask(self, words: str = "Continue") -> None:
        """Write a prompt."""
        self.rows.append(self.writer.prompt(words))

    def answer(self, counts: Counts, model: str = OPUS, **usage: Any) -> Row:  # noqa: ANN401 - any JSON
        """Write a response's row and return it, to be changed; nothing is counted for it."""
        number = self.draft.next_number()
        row = self.writer.answer(text(f"Answer {number}."), usage_id=f"msg_{number:06}")
        row["message"] |= {"model": model, "usage": {**counts.as_usage(), **usage}}
        self.rows.append(row)
        return row

    def respond(
        self,
        counts: Counts | None = None,
        model: str = OPUS,
        *,
        price: str | None = OPUS,
        day: str | None = None,
        factor: str = "1",
        is_long: bool = False,
        **usage: Any,  # noqa: ANN401 - any JSON
    ) -> Row:
        """Write a response and count it, at this list price."""
        counts = counts or self.draft.next_counts()
        day = day or self.day
        row = self.answer(counts, model, **usage)
        self.draft.count(self, counts, price, day=day, factor=factor, is_long=is_long)
        return row


@dataclass
class Draft:
    """A case that is being written."""

    name: str
    zone: str = "UTC"
    conversations: list[Conversation] = field(default_factory=list)
    used: list[Used] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def next_number(self) -> int:
        """Return another number each time."""
        return next(self._numbers)

    def next_counts(self) -> Counts:
        """Return tokens that no other response of the case has."""
        number = self.next_number()
        return Counts(1000 + 7 * number, 200 + 3 * number, 50 * number, 0, 9000 + 11 * number)

    def session(self, start: str = START, folder: str = FOLDER) -> Conversation:
        """Begin a session with a prompt."""
        session_id = f"{len(self.conversations) + 1:08}-1111-4222-8333-444455556666"
        writer = Writer(session_id, at_ms=to_ms(start))
        conversation = Conversation(self, f"{folder}/{session_id}.jsonl", writer)
        self.conversations.append(conversation)
        conversation.ask("Begin")
        return conversation

    def subagent(self, of: Conversation, *, is_flat: bool = False) -> Conversation:
        """Begin a subagent's transcript, in its session's folder or beside the session's."""
        number = len(self.conversations) + 1
        agent_id = f"{number:08x}" if is_flat else f"a{number:016x}"
        writer = Writer(of.writer.session_id, agent_id, at_ms=of.writer.at_ms)
        folder = of.path.rpartition("/")[0] if is_flat else f"{of.path[:-6]}/subagents"
        conversation = Conversation(self, f"{folder}/agent-{agent_id}.jsonl", writer)
        self.conversations.append(conversation)
        conversation.ask("Look")
        return conversation

    def count(
        self,
        of: Conversation,
        counts: Counts,
        price: str | None = OPUS,
        *,
        day: str | None = None,
        factor: str = "1",
        is_long: bool = False,
    ) -> None:
        """Record that a response was used."""
        session_id = of.writer.session_id
        self.used.append(Used(session_id, day or of.day, price, counts, factor, is_long))

    def case(self) -> Case:
        """Return the case as it is now."""
        files = {
            conversation.path: b"".join(
                row if isinstance(row, bytes) else orjson.dumps(row) + b"\n"
                for row in conversation.rows
            )
            for conversation in self.conversations
        }
        return Case(self.name, files, tuple(self.used), self.zone)


def to_ms(moment: str) -> int:
    """Return a time in UTC as milliseconds."""
    return round(datetime.fromisoformat(moment).replace(tzinfo=timezone.utc).timestamp() * 1000)


def reference(model: str) -> Case:
    """Return a case with one plain response, which shows what a program knows of a model."""
    draft = Draft(f"what {model} costs")
    # Other vendors do not charge for cache writes, or not by the token.
    is_claude = model.startswith("claude-")
    counts = Counts(4021, 1009, 503, 0, 20011) if is_claude else Counts(4021, 1009)
    draft.session().respond(counts, model, price=model)
    return draft.case()

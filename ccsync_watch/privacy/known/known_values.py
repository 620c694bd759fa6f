"""Finds known secret values, plain and in the encodings in which they occur in a transcript."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, quote_plus

from ccsync_watch.privacy.engine import scanner
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.heuristics.thresholds import LEAST_KNOWN_IN_BASE64, LEAST_KNOWN_VALUE
from ccsync_watch.privacy.heuristics.value_strength import is_random, is_strict_random
from ccsync_watch.privacy.known.folded_values import ends_of, folded_range

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_KNOWN_BYTES = 1 << 20
"""What the values of files may take together, some thousand of them."""
_BYTES_OF_ENCODINGS = 256
"""What a value takes besides its own bytes: its encodings are compiled."""
_KEPT = 7 / 8
"""How much stays when values are dropped, so that this is seldom done."""
_MAX_TRIGGER_BYTES = 64
"""An engine finds the beginning of a longer encoding, which is then compared as a whole."""
_GROWTH = 3
"""How much larger than the next one a table is, at least, to be left as it is."""


class _Table(NamedTuple):
    """A compiled engine; for each of its triggers an encoding, the value that it is of, and a kind.

    The triggers after these are the ends of plain values, with which a broken one is read.
    It stays as it is: values may be added while another one is being searched for.
    """

    engine: scanner.Engine
    encodings: list[bytes]
    values: list[tuple[str, str]]
    ends: list[tuple[bytes, int]]
    """The beginning or end of a value, and its index in the other two."""


class KnownValues:
    """Finds exact values, which may be added at any time; for one thread at a time.

    Those of files are bounded: the weakest of those that were found nowhere are dropped first, and
    of equal ones the oldest.
    """

    def __init__(self, engine: str) -> None:
        self._engine_name = engine
        self._kinds: dict[str, str] = {}
        self._values: dict[bytes, tuple[str, str]] = {}
        self._tables: list[_Table] = []
        self._uncompiled: list[bytes] = []
        self._found: set[str] = set()
        self._added: list[str] = []
        self._file_bytes = 0
        self.dropped = 0

    def __bool__(self) -> bool:
        """Tell whether there is any value to find."""
        return bool(self._values)

    def add(self, value: str, kind: str) -> None:
        """Find `value` from now on, in every encoding."""
        if value in self._kinds or not self._add_encodings(value, kind):
            return
        self._kinds[value] = kind
        self._added.append(value)
        if kind == "file":
            self._file_bytes += _cost(value)
            if self._file_bytes > MAX_KNOWN_BYTES:
                self._drop_weakest()

    def take_added(self) -> list[str]:
        """Return the values that were added since the last call."""
        added, self._added = self._added, []
        return added

    def kinds(self) -> dict[str, str]:
        """Return all values with their kinds, in the order in which they were added."""
        return dict(self._kinds)

    def plain(self, secret: bytes) -> bytes:
        """Return the value that `secret` is an encoding of; itself if it is not known."""
        known = self._values.get(secret)
        return secret if known is None else known[0].encode("utf-8", "surrogatepass")

    def find(self, data: bytes) -> Iterator[Span]:
        """Yield where known values are in `data`."""
        if self._uncompiled:
            self._compile()
        for table in tuple(self._tables):
            for end, index in table.engine.scan(data):
                if index >= len(table.encodings):
                    yield from self._folded(data, table, end, index - len(table.encodings))
                    continue
                encoding = table.encodings[index]
                start = end - min(len(encoding), _MAX_TRIGGER_BYTES)
                if data.startswith(encoding, start):
                    value, kind = table.values[index]
                    self._found.add(value)
                    yield Span(start, start + len(encoding), kind, Rank.KNOWN_VALUE)

    def _folded(self, data: bytes, table: _Table, end: int, index: int) -> Iterator[Span]:
        """Yield the range of a value that is broken at line ends; a hit is at one of its ends."""
        part, of = table.ends[index]
        plain, (value, kind) = table.encodings[of], table.values[of]
        span = folded_range(data, plain, (end - len(part), end))
        # A line's end may stand for a blank: then both are equally long.
        if span is not None and data[slice(*span)] != plain:
            self._found.add(value)
            yield Span(*span, kind, Rank.KNOWN_VALUE, plain)

    def _add_encodings(self, value: str, kind: str) -> bool:
        """Add the encodings of a value; return whether it has any."""
        encodings = encodings_of(value)
        for encoding in encodings:
            if encoding not in self._values:
                self._values[encoding] = (value, kind)
                self._uncompiled.append(encoding)
        return bool(encodings)

    def _compile(self) -> None:
        """Compile what was added, with the tables before that are not much larger.

        So there are few tables, and each encoding is compiled a few times only.
        """
        encodings = self._uncompiled
        while self._tables and len(self._tables[-1].encodings) <= _GROWTH * len(encodings):
            encodings = self._tables.pop().encodings + encodings
        values = [self._values[encoding] for encoding in encodings]
        ends = [
            (part, index)
            for index, (encoding, (value, _)) in enumerate(zip(encodings, values, strict=True))
            if encoding == value.encode("utf-8", "surrogatepass")
            for part in ends_of(encoding) or ()
        ]
        engine = compile_literals([*encodings, *(part for part, _ in ends)], self._engine_name)
        self._tables.append(_Table(engine, encodings, values, ends))
        self._uncompiled = []

    def _drop_weakest(self) -> None:
        """Drop values of files until there is room for some more."""
        values = [value for value, kind in self._kinds.items() if kind == "file"]
        values.sort(key=lambda value: (value in self._found, _strength(value)))  # stable: by age
        for value in values:
            if self._file_bytes <= MAX_KNOWN_BYTES * _KEPT:
                break
            self._file_bytes -= _cost(value)
            self.dropped += 1
            del self._kinds[value]
            self._found.discard(value)
        self._values, self._tables, self._uncompiled = {}, [], []
        for value, kind in self._kinds.items():
            self._add_encodings(value, kind)


def _cost(value: str) -> int:
    return len(value) + _BYTES_OF_ENCODINGS


def _strength(value: str) -> int:
    return is_random(value) + is_strict_random(value)


def compile_literals(literals: Iterable[bytes], engine: str) -> scanner.Engine:
    """Return an engine with a trigger for each literal: its first bytes, if it is long."""
    triggers = [
        scanner.Trigger(_literal_pattern(literal[:_MAX_TRIGGER_BYTES]), is_caseless=False)
        for literal in literals
    ]
    return scanner.build(triggers, prefer=engine)


def _literal_pattern(encoding: bytes) -> str:
    """Return a pattern that matches `encoding` and is plain ASCII."""
    return "".join(
        chr(byte) if chr(byte).isalnum() and byte < 0x80 else f"\\x{byte:02x}"  # noqa: PLR2004 - ASCII
        for byte in encoding
    )


def encodings_of(value: str) -> list[bytes]:
    """Return the byte strings that `value` can be written as in a text, the plain one first."""
    if len(value.strip()) < LEAST_KNOWN_VALUE:
        return []
    plain = value.encode("utf-8", "surrogatepass")
    once = json.dumps(value)[1:-1]
    texts = [
        once,
        json.dumps(value, ensure_ascii=False)[1:-1],
        json.dumps(once)[1:-1],
        quote(value, safe="", errors="replace"),
        quote(value, errors="replace"),
        quote_plus(value, errors="replace"),
    ]
    result = [plain, *(text.encode("utf-8", "surrogatepass") for text in texts)]
    if len(plain) >= LEAST_KNOWN_IN_BASE64:
        result.append(base64.b64encode(plain))
        for offset in range(3):  # base64 takes three bytes at a time: the value may start at any
            first, last = (0, 2, 3)[offset], (len(plain) + offset) * 8 // 6
            padded = b"\0" * offset + plain
            result.append(base64.b64encode(padded)[first:last])
            result.append(base64.urlsafe_b64encode(padded)[first:last])
    return list(dict.fromkeys(result))

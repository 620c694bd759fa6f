"""Finds known secret values, plain and in the encodings in which they occur in a transcript."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from ccsync_watch.privacy.engine import scanner
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.heuristics.thresholds import LEAST_KNOWN_IN_BASE64, LEAST_KNOWN_VALUE

if TYPE_CHECKING:
    from collections.abc import Iterator


# Engines reject patterns of some thousand characters; a byte is up to four of them.
_MAX_TRIGGER_BYTES = 1000


class KnownValues:
    """Finds exact values, which may be added at any time; for one thread at a time."""

    def __init__(self, engine: str) -> None:
        self._engine_name = engine
        self._values: dict[bytes, tuple[bytes, str]] = {}
        self._engine: scanner.Engine | None = None
        self._order: list[bytes] = []

    def __bool__(self) -> bool:
        """Tell whether there is any value to find."""
        return bool(self._values)

    def add(self, value: str, kind: str) -> None:
        """Find `value` from now on, in every encoding."""
        plain = value.encode("utf-8", "surrogatepass")
        for encoding in encodings_of(value):
            self._values.setdefault(encoding, (plain, kind))
        self._engine = None

    def plain(self, secret: bytes) -> bytes:
        """Return the value that `secret` is an encoding of; itself if it is not known."""
        return self._values.get(secret, (secret, ""))[0]

    def find(self, data: bytes) -> Iterator[Span]:
        """Yield where known values are in `data`."""
        if not self._values:
            return
        if self._engine is None:
            self._order = list(self._values)
            triggers = [
                scanner.Trigger(_literal_pattern(encoding[:_MAX_TRIGGER_BYTES]), is_caseless=False)
                for encoding in self._order
            ]
            self._engine = scanner.build(triggers, prefer=self._engine_name)
        for end, index in self._engine.scan(data):
            encoding = self._order[index]
            start = end - min(len(encoding), _MAX_TRIGGER_BYTES)
            if data.startswith(encoding, start):
                kind = self._values[encoding][1]
                yield Span(start, start + len(encoding), kind, Rank.KNOWN_VALUE)


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

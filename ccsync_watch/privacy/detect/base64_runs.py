"""Finds secrets inside base64: decodes it, applies the same rules, and removes the whole run.

Images and other data are long runs of base64, so that nothing is decoded only because it may be
base64. A trigger is the encoding of a mark of secrets (`password`, `-----BEGIN`, `ghp_`) at each of
the three offsets that a word can have in base64.
"""

from __future__ import annotations

import base64
import binascii
import re
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import BACKSLASH, Span
from ccsync_watch.privacy.engine.text_views import MASK
from ccsync_watch.privacy.heuristics.thresholds import (
    FULL_BASE64_LINE,
    LEAST_BASE64_MARK,
    LEAST_BASE64_RUN,
    PRINTABLE_SHARE,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_LIMIT = 65_536
"""How far a run is followed to either side of the trigger's match, in bytes."""

_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
_RUN = re.compile(
    rb"[A-Za-z0-9+/_-]{0,65536}(?:(?:\\n|\r?\n|\\r\\n)[A-Za-z0-9+/_-]{20,128}){0,2000}={0,2}"
)
_PRINTABLE = bytes([*b"\t\r\n", *range(32, 127), *range(0xC2, 0x100)])
"""ASCII, and what begins a character of UTF-8."""
_ESCAPED_BREAK = re.compile(rb"\\[nr]")
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_BREAKS = (b"\\r\\n", b"\\n", b"\r\n", b"\n")
MARKS = (
    "-----BEGIN",
    "PRIVATE KEY",
    "password",
    "PASSWORD",
    "Password",
    "passwd",
    "passphrase",
    "secret",
    "SECRET",
    "token",
    "TOKEN",
    "api_key",
    "API_KEY",
    "apiKey",
    "apikey",
    "ApiKey",
    "_KEY=",
    "_PASS=",
    "postgres",
    "mysql://",
    "mongodb",
    "redis://",
    "amqp",
    "https://",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "sk-ant-",
    "sk-proj-",
    "sk-svcacct",
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "whsec_",
    "xoxb-",
    "xoxp-",
    "xapp-",
    "AKIA",
    "ASIA",
    "AIza",
    "GOCSPX",
    "ya29.",
    "npm_",
    "pypi-",
    "hvs.",
    "eyJhbGci",
    "Bearer ",
    "bearer ",
    "Basic ",
    "dop_v1_",
    "shpat_",
    "AccountKey",
    "SharedAcc",
    "credential",
    "machine ",
    "hooks.slack",
    "dckr_pat_",
    "hf_",
    "gsk_",
    "SG.",
    "glsa_",
    "osk_",
    "prod:",
    "_auth",
    '"auth"',
    "PuTTY-User",
    "AGE-SECRET",
)


def base64_encodings(word: str) -> list[str]:
    """Return the three encodings of `word`, without the characters that also depend on others."""
    plain = word.encode()
    encodings = []
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + plain)
        first = (0, 2, 3)[offset]
        last = (offset + len(plain)) * 8 // 6
        encodings.append(encoded[first:last].decode())
    return [encoding for encoding in encodings if len(encoding) >= LEAST_BASE64_MARK]


TRIGGERS: tuple[str, ...] = tuple(
    dict.fromkeys(re.escape(encoding) for mark in MARKS for encoding in base64_encodings(mark)),
)


_BATCH = 1 << 16
"""So many bytes of decoded text are searched together, or one run."""
_SEPARATOR = b"\n" + MASK + b"\n"


class _Decoded(NamedTuple):
    """A range of base64, and the text that it encodes."""

    start: int
    stop: int
    text: bytes


class Base64Finder:
    """The finder for one text; reads each run once, however many marks are in it.

    `find_secrets` finds secrets in what runs encode. Many short runs are decoded to one text.
    """

    def __init__(self, data: bytes, find_secrets: Callable[[bytes], Iterator[Span]]) -> None:
        self._data = data
        self._find_secrets = find_secrets
        self._read_until = 0

    def find(self, ends: Iterable[int]) -> Iterator[Span]:
        """Yield the runs of base64 around `ends`, in order, whose text holds a secret."""
        batch: list[_Decoded] = []
        size = 0
        for end in ends:
            for decoded in self._decode(end):
                batch.append(decoded)
                size += len(decoded.text)
            if size > _BATCH:
                yield from self._with_secrets(batch)
                batch, size = [], 0
        yield from self._with_secrets(batch)

    def _decode(self, end: int) -> Iterator[_Decoded]:
        """Yield what the run around `end` may encode; a path or an escape may begin it."""
        if end <= self._read_until:
            return
        start = self._start(end)
        run = _RUN.match(self._data, end, end + _LIMIT)
        stop = run.end() if run else end
        self._read_until = stop
        if stop - start < LEAST_BASE64_RUN:
            return
        for shift in range(4):
            text = decode_run(self._data[start + shift : stop])
            if text is not None:
                yield _Decoded(start + shift, stop, text)

    def _with_secrets(self, batch: list[_Decoded]) -> Iterator[Span]:
        """Yield the runs with a secret; one that can be read in several ways is yielded once."""
        starts = list(accumulate((len(d.text) + len(_SEPARATOR) for d in batch), initial=0))
        joined = _SEPARATOR.join(decoded.text for decoded in batch)
        holding = {bisect_right(starts, span.start) - 1 for span in self._find_secrets(joined)}
        last_stop = -1
        for index in sorted(holding):
            start, stop, text = batch[index]
            if stop != last_stop and any(True for _ in self._find_secrets(text)):
                last_stop = stop
                yield Span(start, stop, "base64", Rank.CONTEXT)

    def _start(self, end: int) -> int:
        """Return where the run that reaches `end` begins, over line breaks between full lines."""
        data = self._data
        low = max(0, end - _LIMIT)
        position, size, length = end, 128, 0
        while position > low:
            chunk = data[max(low, position - size) : position]
            run = len(chunk) - len(chunk.rstrip(_LETTERS))
            position -= run
            length += run
            if run == len(chunk):
                size = 4096
                continue
            if length < FULL_BASE64_LINE:
                break
            ending = next((b for b in _BREAKS if data.endswith(b, 0, position)), None)
            if ending is None:
                break
            length = 0
            before = data[max(low, position - len(ending) - 128) : position - len(ending)]
            if len(before) - len(before.rstrip(_LETTERS)) < FULL_BASE64_LINE:
                break
            position -= len(ending)
        if position and data[position - 1] == BACKSLASH and data[position] in b"nrt":
            position += 1
        return position


def decode_run(run: bytes) -> bytes | None:
    """Return the text that `run` encodes; None if it is not base64, or not text."""
    if b"\\" in run:
        run = _ESCAPED_BREAK.sub(b"", run)
    compact = run.translate(_URL_SAFE, b"\r\n=")
    compact = compact[: len(compact) - (len(compact) % 4 == 1)]
    try:
        decoded = binascii.a2b_base64(compact + b"=" * (-len(compact) % 4))
    except (binascii.Error, ValueError):
        return None
    head = decoded[:512]
    printable = len(head) - len(head.translate(None, _PRINTABLE))
    return decoded if head and printable >= PRINTABLE_SHARE * len(head) else None

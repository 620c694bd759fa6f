"""Finds secrets inside base64: decodes it, applies the same rules, and removes the whole run.

Images and other data are long runs of base64, so that nothing is decoded only because it may be
base64. A trigger is the encoding of a mark of secrets (`password`, `-----BEGIN`, `ghp_`) at each of
the three offsets that a word can have in base64.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import BACKSLASH, Span
from ccsync_watch.privacy.heuristics.thresholds import (
    FULL_BASE64_LINE,
    LEAST_BASE64_MARK,
    LEAST_BASE64_RUN,
    PRINTABLE_SHARE,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LIMIT = 65_536
"""How far a run is followed to either side of the trigger's match, in bytes."""

_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
_RUN = re.compile(
    rb"[A-Za-z0-9+/_-]{0,65536}(?:(?:\\n|\r?\n|\\r\\n)[A-Za-z0-9+/_-]{20,128}){0,2000}={0,2}"
)
_PRINTABLE = bytes([*b"\t\r\n", *range(32, 127), *range(0xC2, 0x100)])
"""ASCII, and what begins a character of UTF-8."""
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


class Base64Finder:
    """The finder for one text; reads each run once, however many marks are in it."""

    def __init__(self, data: bytes, holds_secret: Callable[[bytes], bool]) -> None:
        self._data = data
        self._holds_secret = holds_secret
        self._read_until = 0

    def at(self, end: int) -> Iterator[Span]:
        """Yield the run of base64 around `end` if the text that it encodes holds a secret."""
        if end <= self._read_until:
            return
        start = self._start(end)
        run = _RUN.match(self._data, end, end + _LIMIT)
        stop = run.end() if run else end
        self._read_until = stop
        if stop - start < LEAST_BASE64_RUN:
            return
        for shift in range(4):  # a path or an escape before the run may have put it out of step
            decoded = decode_run(self._data[start + shift : stop])
            if decoded is not None and self._holds_secret(decoded):
                yield Span(start + shift, stop, "base64", Rank.CONTEXT)
                return

    def _start(self, end: int) -> int:
        """Return where the run that reaches `end` begins, over line breaks between full lines."""
        data = self._data
        low = max(0, end - _LIMIT)
        position = end
        while position > low:
            chunk = data[max(low, position - 4096) : position]
            run = len(chunk) - len(chunk.rstrip(_LETTERS))
            position -= run
            if run == len(chunk):
                continue
            ending = next((b for b in _BREAKS if data.endswith(b, 0, position)), None)
            if ending is None or run < FULL_BASE64_LINE:
                break
            before = data[max(low, position - len(ending) - 128) : position - len(ending)]
            if len(before) - len(before.rstrip(_LETTERS)) < FULL_BASE64_LINE:
                break
            position -= len(ending)
        if position and data[position - 1] == BACKSLASH and data[position] in b"nrt":
            position += 1
        return position


def decode_run(run: bytes) -> bytes | None:
    """Return the text that `run` encodes; None if it is not base64, or not text."""
    compact = re.sub(rb"\\[nr]|[\r\n=]", b"", run).translate(bytes.maketrans(b"-_", b"+/"))
    compact = compact[: len(compact) - (len(compact) % 4 == 1)]
    try:
        decoded = base64.b64decode(compact + b"=" * (-len(compact) % 4))
    except (binascii.Error, ValueError):
        return None
    head = decoded[:512]
    printable = len(head) - len(head.translate(None, _PRINTABLE))
    return decoded if head and printable >= PRINTABLE_SHARE * len(head) else None

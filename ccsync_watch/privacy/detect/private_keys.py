"""Finds private keys: PEM blocks whole, cut off, escaped, numbered, quoted; bare DER in base64."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span, opens_word
from ccsync_watch.privacy.engine.structural_rule import (
    StructuralRule,
    at_each_hit,
    pattern_rule,
)
from ccsync_watch.privacy.heuristics.thresholds import (
    FULL_KEY_LINE,
    LEAST_BARE_KEY,
    LEAST_KEY_BODY,
    LEAST_KEY_LINES,
    SHORT_KEY_LINE,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LIMIT = 32_768
"""No private key in text is longer, in bytes."""

_NOISE = (
    rb"(?:[\s>|+*#\",'`.:;$-]|\xe2\x86\x92|\xe2\x94\x82|\\+[nrt\"u]|[0-9]{1,6}(?=[\t:|\xe2 ]|\\+t)|"
    rb"%0[AaDd]|&#10;|<br>|u000[ad])"
)
_HEADER_LINE = rb"(?:Version|Comment|Proc-Type|DEK-Info|Hash|Charset|MessageID)\s?:[^\r\n\\]{0,120}"
_LINE = re.compile(
    _NOISE + rb"{0,60}(" + _HEADER_LINE + rb"|[A-Za-z0-9+/]{16,}={0,2}|=[A-Za-z0-9+/]{4}\b"
    rb"|[A-Za-z0-9+/]{1,15}={0,2}(?=[\s\\\"',-]|\Z))",
)
_RUN = re.compile(rb"[A-Za-z0-9+/=]{24,}")
_FIRST_LINE = re.compile(rb"-[ ]?BEGIN[ ]")
_EDGE = re.compile(rb"-[ ]?(?:BEGIN[ ]|(?P<closes>END[ ][ A-Za-z0-9]{0,40}-{0,5}))")
_LONGEST_EDGE = 64
_LONGEST_LINE = 400
_END_OF_LINE = 40
"""So much of a line shows whether it ends with a run, in bytes."""
_RUN_AT_END = re.compile(
    rb"(?:^|[^A-Za-z0-9+/=])(?P<run>[A-Za-z0-9+/=]{4,})[\s\"',+>|]{0,8}(?:-{2,5}[ ]?)?\Z"
)
_ONLY_NOISE = re.compile(rb"[\s0-9\t:|>\"',+\xe2\x86\x92-]{0,40}")
_DASHES = 5


def find_block(data: bytes, ends: Iterable[int]) -> Iterator[Span]:
    """Yield the blocks whose first lines end near `ends`, each to its last line or last run."""
    edges = _Edges(data)
    for end in ends:
        begin = data.rfind(b"BEGIN", max(0, end - 80), end)
        if begin < 0:
            continue
        start = begin
        while start and begin - start <= _DASHES and data[start - 1] in b"- ":
            start -= 1
        body = _past_dashes(data, end)
        # The letters END alone occur in base64: the next edge decides.
        edge = edges.after(body)
        if edge is None or edge["closes"] is None:
            stop = _body_end(data, body)
        else:
            stop = edge.end() if _RUN.search(data, body, edge.start()) else None
        if stop is not None:
            yield Span(start, stop, "private-key", Rank.KEY_BLOCK)


class _Edges:
    """The edges of blocks in one text, none of which is read twice."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._from = self._until = 0
        """Between these `_edge` is the only edge."""
        self._edge: re.Match[bytes] | None = None

    def after(self, body: int) -> re.Match[bytes] | None:
        """Return the first edge after the start of a body, unless it is too far for a block."""
        edge, limit = self._edge, body + _LIMIT
        if edge is not None and self._from <= body <= edge.start() and edge.end() < self._until:
            return edge
        start = self._until - _LONGEST_EDGE if edge is None and self._from <= body else body
        self._from, self._until = body, limit
        self._edge = _EDGE.search(self._data, max(body, start), limit)
        return self._edge


def _past_dashes(data: bytes, end: int) -> int:
    """Return where the body begins: after the dashes that close the first line."""
    dashes = data.find(b"--", end, end + 24)
    position = end if dashes < 0 else dashes
    while data[position : position + 1] == b"-":
        position += 1
    return position


def _body_end(data: bytes, body: int) -> int | None:
    """Return where a body without an end stops: at the first line that is not base64."""
    position, length = body, 0
    while position - body < _LIMIT and (line := _LINE.match(data, position)) is not None:
        run = line.end(1) - line.start(1)
        if run < SHORT_KEY_LINE and not length:
            break
        length += run
        position = line.end(1)
        if run < SHORT_KEY_LINE:
            break
    return position if length >= LEAST_KEY_BODY else None


@partial(at_each_hit, seen=None)
def find_end_of_block(data: bytes, end: int, _since: int) -> Iterator[Span]:
    """Yield the lines of base64 before a last line whose first line is missing."""
    last = data.rfind(b"END", max(0, end - 80), end)
    if last < 0:
        return
    start = stop = None
    low, position = max(0, last - _LIMIT // 4), last
    while position > low:
        newline = data.rfind(b"\n", low, position)
        escaped = data.rfind(b"\\n", max(low, newline), position)
        begin = max(newline, escaped + 1, low - 1)
        line = data[max(begin + 1, position - _LONGEST_LINE) : position]
        run = _RUN_AT_END.search(line) if _RUN_AT_END.search(line[-_END_OF_LINE:]) else None
        if run is not None and (stop is None or len(run["run"]) >= FULL_KEY_LINE):
            start = position - len(line) + run.start("run")
            stop = position - len(line) + run.end("run") if stop is None else stop
        elif stop is not None or not _ONLY_NOISE.fullmatch(line):
            break  # otherwise these are the characters before the last line's dashes
        position = begin - (data[begin - 1 : begin + 1] == b"\\n")
    if start is None or stop is None or _FIRST_LINE.search(data, low, start) is not None:
        return
    if stop - start >= LEAST_KEY_LINES:
        yield Span(start, stop, "private-key", Rank.KEY_BLOCK)


_DER_START = (
    r"MII[A-Za-z0-9+/]{3}IBADANBgkqhkiG9w0BAQEF|MII[BCEJ][A-Za-z0-9+/]{2}IBAAK[BC]|"
    r"MI[GH][A-Za-z0-9+/]{2}AgE[AB]M[BH]|MHcCAQEE|MC4CAQAwBQYDK2V|MIGkAgEBBD|MIHcAgEBBE|"
    r"b3BlbnNzaC1rZXktdjE"
)
_DER = re.compile(
    rb"(?:" + _DER_START.encode() + rb")[A-Za-z0-9+/=]{0,4096}"
    rb"(?:(?:\s|\\+[nrt]|[\"'+,]){1,12}(?:[A-Za-z0-9+/]{16,4096}={0,2}|[A-Za-z0-9+/]{1,15}={1,2})"
    rb"){0,600}",
)


@partial(at_each_hit, seen=None)
def find_bare_key(data: bytes, end: int, _since: int) -> Iterator[Span]:
    """Yield a key's DER in base64 without PEM lines around it."""
    match = _DER.search(data, max(0, end - 48), min(len(data), end + _LIMIT))
    if match is None or match.start() >= end or not opens_word(data, match.start()):
        return
    stop = match.end()
    while data[stop - 1] in b" \t\r\n\\nr\"',+" and stop > end:
        stop -= 1
    if stop - match.start() >= LEAST_BARE_KEY:
        yield Span(match.start(), stop, "private-key", Rank.BARE_KEY)


_PUTTY_LINES = r"Private-Lines: [0-9]{1,3}"

RULES: tuple[StructuralRule, ...] = (
    StructuralRule(
        "private-key",
        "a private key block, whole or cut off, however escaped or numbered",
        r"BEGIN[ A-Z0-9]{0,24}(?:PRIVATE KEY|SECRET KEY|Static key V1)",
        find_block,
    ),
    StructuralRule(
        "private-key",
        "the end of a private key block whose beginning is missing",
        r"END[ A-Z0-9]{1,24}(?:PRIVATE KEY|SECRET KEY|Static key V1)",
        find_end_of_block,
    ),
    pattern_rule(
        "private-key",
        "PuTTY's private lines",
        _PUTTY_LINES + r"(?:\s|\\+[nr]){1,4}"
        r"(?P<secret>(?:[A-Za-z0-9+/=]{16,}(?:\s|\\+[nr]){0,4}){1,200})",
        trigger=_PUTTY_LINES + r"[\s\\]",
        rank=Rank.KEY_BLOCK,
        reach=40,
        after=_LIMIT,
    ),
    StructuralRule(
        "private-key",
        "a bare PKCS or OpenSSH private key in base64",
        f"(?:{_DER_START})",
        find_bare_key,
        is_caseless=False,
    ),
)

"""Reads the value after a name and the sign between: in quotes, in a tag, or up to a blank.

The work is bounded over a text, not only for each value: where names follow each other closely,
less of each value is read, at least `_LEAST`. What is found to be a secret is read whole again;
names inside it are read no more.
"""

from __future__ import annotations

import re

from ccsync_watch.privacy.engine.spans import balanced_end, trim_end

LONGEST_VALUE = 4096
"""In bytes; what is longer is a file."""
_LEAST = 64
_SHARE = 32
"""So many bytes of values are read for each byte of text, and as many as `_START` besides."""
_START = 16 * LONGEST_VALUE

_BARE = re.compile(rb"[^\s\"'`<>\x00-\x1f]{1,4096}")
_QUOTED = {
    (quote, escaped): re.compile(pattern)
    for quote in (b'"', b"'", b"`")
    for escaped, pattern in (
        (False, rb"(?:[^%b\\\r\n\x00-\x08]|\\.){0,4096}" % quote),
        (
            True,
            rb"[^%b\\\r\n\x00-\x08]{0,4096}(?:\\(?![\\%b])[^%b\\\r\n\x00-\x08]{1,1024}){0,16}"
            % (quote, quote, quote),
        ),
    )
}
_UNTIL_TAG = re.compile(rb"[^<\r\n\x00-\x08]{1,4096}")
_APP_WORD = 4
_APP_PASSWORD = re.compile(rb"[a-z]{4}(?: [a-z]{4}){3}(?! ?[a-z])")
_BARE_STOP = re.compile(
    rb"\\+(?:[nrt]|[\"'`]|u00|x1b|033)|&(?=[\w.%-]+=|amp;|\Z)|;(?=[\s\w]|\Z)|"
    rb",(?=[\w\" ]+(?:\.[\w$]+)*[=:]|\Z|[\"'\s])|\|(?=\Z|\|)|&&|%22|%26|"
    rb"&(?:amp;){0,2}(?:quot|apos|#0{0,4}3[49]|#[xX]0{0,4}2[27]);",
)
_BRACKET = re.compile(rb"[)\]}]")
_QUERY_STOP = re.compile(rb"[&#;]|%26")


class ValueReader:
    """Reads the values of one text, in the order of their names."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = _START
        self._position = 0
        self._read_until = 0

    def state_at(self, position: int) -> tuple[int, int]:
        """Return what decides how much is read from `position` on; to be resumed elsewhere."""
        left = _START if self._left > _START // 2 else self._left
        return left, self._position - position

    def resume(self, state: tuple[int, int], position: int) -> None:
        """Read on from `position` as where `state` was taken."""
        self._left, self._position = state[0], position + state[1]

    def limit(self, name_start: int) -> int:
        """Return how much of the value under the name at `name_start` may be read, in bytes."""
        self._left = min(_START, self._left + _SHARE * max(0, name_start - self._position))
        self._position = max(self._position, name_start)
        return max(_LEAST, min(LONGEST_VALUE, self._left))

    def read(self, name_start: int, after: re.Match[bytes], limit: int) -> tuple[int, int, bool]:
        """Return the range of the value, without its quotes, and whether it had any."""
        first, last, is_quoted = self._range(name_start, after, limit)
        self.charge(self._read_until - first)
        return first, last, is_quoted

    def charge(self, size: int) -> None:
        """Count bytes that were read."""
        self._left -= size

    def _range(self, name_start: int, after: re.Match[bytes], limit: int) -> tuple[int, int, bool]:
        data, start = self._data, after.end()
        stop_at = start + limit
        self._read_until = start
        quote = after["quote"]
        if quote is not None:
            pattern = _QUOTED[quote, bool(after["slashes"])]
        else:
            pattern = _UNTIL_TAG if after["sep"] == b">" else _BARE
        match = pattern.match(data, start, stop_at)
        if match is None:
            return start, start, pattern is not _BARE
        self._read_until = match.end()
        if pattern is not _BARE:
            return start, match.end(), True
        end = match.end()
        spaced = _APP_PASSWORD.match(data, start) if end - start == _APP_WORD else None
        if spaced is not None:
            return start, spaced.end(), True
        stops = _QUERY_STOP if name_start and data[name_start - 1] in b"?&" else _BARE_STOP
        stop = stops.search(data, start, end)
        end = stop.start() if stop else end
        if _BRACKET.search(data, start, end) and not self._is_environment(name_start, after):
            end = balanced_end(data, start, end)
        return start, trim_end(data, start, end), False

    def _is_environment(self, name_start: int, after: re.Match[bytes]) -> bool:
        """Tell whether it is `NAME=value` of a shell or env file, where values have brackets."""
        name = self._data[name_start : after.start()]
        return after["sep"] == b"=" and not after["pad"] and not after["close"] and name.isupper()

"""Finds vendors' tokens: reads the whole token at a hit, and checks its edge and its form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.engine.pattern_syntax import width
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span, opens_word
from ccsync_watch.privacy.heuristics.dummy_values import is_token_placeholder
from ccsync_watch.privacy.heuristics.gibberish import is_gibberish, wordiness
from ccsync_watch.privacy.heuristics.harmless_forms import is_algorithm
from ccsync_watch.privacy.heuristics.thresholds import (
    LEAST_DISTINCT,
    VENDOR_PREFIX,
    VENDOR_WORDINESS,
)
from ccsync_watch.privacy.heuristics.value_characters import has_letter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ccsync_watch.privacy.detect.vendors import Check, Vendor

_LONGEST = 16_384
_LONGEST_IF_CLOSE = 128
_CLOSE = 64
_MOST_CHECKED = 256
"""How much of a token is read, and how much of it decides, in bytes; all of it is removed."""
_MOST_REJECTED = 32
"""So many candidates are read that nothing separates; then one in each `_CLOSE` bytes."""
_JOINED = re.compile(rb"[A-Za-z0-9_-]*")
_ID = re.compile(rb"^[0-9]+[/:]|^T[A-Z0-9]+/[AB][A-Z0-9]+/(?:[0-9]+/)?")
"""A bot's id, or the ids in a hook's address: one that looks like a dummy proves nothing."""

_LONGEST_DIGEST = 100
_IN_DIGEST = re.compile(rb"sha(?:224|256|384|512)[=:-][A-Za-z0-9_+/-]{1,88}\Z")
"""Before what is a part of a checksum in base64, as a list of a package's files has them."""
_DIGIT = re.compile(r"[0-9]")
_SLUG = re.compile(
    r"[A-Za-z]+(?:[-_.][A-Za-z]+)*[-_]?[0-9]{0,3}|[a-z0-9]+(?:[-_][a-z]{2,}){2,}[a-z0-9_-]*"
)


class VendorRule:
    """A row of the table, compiled."""

    def __init__(self, row: Vendor) -> None:
        self._row = row
        self._pattern = re.compile(row.pattern.encode("latin-1"), re.DOTALL)
        self._trigger = re.compile(f"(?={row.trigger})".encode("latin-1"), re.DOTALL)
        _, self._most = width(row.trigger)
        self._reach = width(row.least_form)[1] + 1
        self._longest_if_close = max(_LONGEST_IF_CLOSE, self._reach)
        self._group = "secret" if "secret" in self._pattern.groupindex else 0
        self._check = _CHECKS[row.check]
        self._prefix = max(len(row.prefix), VENDOR_PREFIX)
        self._rank = Rank.SHARED_FORM if row.is_shared else Rank.VENDOR_TOKEN

    def at(self, data: bytes, end: int, since: int = 0, last: int = -1) -> Span | None:
        """Return the token whose least form ends at `end`, if it is one.

        `since` is the end of the rule's last hit: where hits are close, less of each is read.
        `last` is the end of its last token: the next may follow with nothing between.
        """
        longest = _LONGEST if end - since > _CLOSE else self._longest_if_close
        if self._row.anchor:
            low, high = max(0, end - self._reach), min(len(data), end + self._reach)
            starts = (
                match.start()
                for match in self._pattern.finditer(data, low, high)
                if match.start() < end <= match.end()
            )
            spans = (self._read_token(data, start, longest, last) for start in starts)
            return next((span for span in spans if span), None)
        for match in self._trigger.finditer(data, max(0, end - self._most), end):
            span = self._read_token(data, match.start(), longest, last)
            if span is not None:
                return span
        return None

    def _read_token(self, data: bytes, start: int, longest: int, last: int) -> Span | None:
        """Return the token that starts at `start` and extends as far as its alphabet."""
        if self._row.left == "edge" and start != last and not opens_word(data, start):
            return None
        match = self._pattern.match(data, start, start + longest)
        if match is None:
            return None
        first, stop = match.span(self._group)
        while stop > first and data[stop - 1] == 0x2E:  # noqa: PLR2004 - a full stop
            stop -= 1
        token = data[first : min(stop, first + _MOST_CHECKED)]
        secret = _ID.sub(b"", token)
        body = secret[0 if self._group or secret != token else self._prefix :]
        if len(set(body)) < LEAST_DISTINCT or is_token_placeholder(secret):
            return None
        if not self._check(body.decode("latin-1")):
            return None
        if _IN_DIGEST.search(data, max(0, start - _LONGEST_DIGEST), start):
            return None
        if stop == start + longest:
            whole = self._pattern.match(data, start)
            stop = whole.end(self._group) if whole else stop
        return Span(first, stop, self._row.id, self._rank)


class VendorFinder:
    """The finder for one text; of a prefix that is repeated without end it reads a part.

    `rule_at` returns the rule at an index: most rows are never compiled.
    """

    def __init__(self, data: bytes, rule_at: Callable[[int], VendorRule]) -> None:
        self._data = data
        self._rule_at = rule_at
        self._done: dict[int, int] = {}
        self._last: dict[int, int] = {}
        self._rejected: dict[int, tuple[int, int]] = {}

    def find(self, index: int, ends: Iterable[int]) -> Iterator[Span]:
        """Yield the tokens of a rule whose trigger's matches end at `ends`."""
        for end in ends:
            span = self.at(index, end)
            if span is not None:
                yield span

    def at(self, index: int, end: int) -> Span | None:
        """Return the token of a rule whose trigger's match ends at `end`, if it is one."""
        since = self._done.get(index, -end)
        if end <= since:
            return None  # inside the token that this rule has just found
        span = self._rule_at(index).at(self._data, end, since, self._last.get(index, -1))
        self._done[index] = span.end if span else end
        if span is not None:
            self._last[index] = span.end
        else:
            last, count = self._rejected.get(index, (-end, 0))
            is_joined = end - last < 3 * _CLOSE and _JOINED.fullmatch(self._data, last, end)
            count = count + 1 if is_joined else 1
            self._rejected[index] = end, count
            if count > _MOST_REJECTED:
                self._done[index] = end + _CLOSE
        return span


def _is_any_body(_body: str) -> bool:
    return True


def _has_token_digit(body: str) -> bool:
    return _DIGIT.search(body) is not None or is_gibberish(body)


def _is_mixed_body(body: str) -> bool:
    """Tell whether letters and digits are random, and not a name in some program."""
    if not has_letter(body):
        return False
    if _DIGIT.search(body) is not None and wordiness(body) < VENDOR_WORDINESS:
        return True
    return is_gibberish(body) and not body.islower()


def _is_not_slug(body: str) -> bool:
    return _has_token_digit(body) and _SLUG.fullmatch(body) is None and not is_algorithm(body)


_CHECKS: dict[Check, Callable[[str], bool]] = {
    "": _is_any_body,
    "digit": _has_token_digit,
    "mixed": _is_mixed_body,
    "not_slug": _is_not_slug,
}

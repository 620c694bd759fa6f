"""Knows the keys that code assigns to a variable before a call encrypts or signs with it.

`KEY = bytes.fromhex("…")` says little of itself: digests and vectors of tests are written so. That
it is a cipher's key says the call that is made with the variable, some lines further down.
"""

from __future__ import annotations

import re
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import (
    Hits,
    Seen,
    StructuralRule,
    at_groups_of_hits,
    text_of,
    window,
)
from ccsync_watch.privacy.heuristics.gibberish import entropy
from ccsync_watch.privacy.heuristics.thresholds import HEX_ENTROPY
from ccsync_watch.privacy.heuristics.value_strength import is_random, is_secret

if TYPE_CHECKING:
    from collections.abc import Iterator

KEYS_REACH = 4096
"""How far before a call its key is looked for, in bytes."""
_LITERAL = re.compile(rb"\\{0,7}[\"'`](?P<secret>[A-Za-z0-9+/_-]{32,512}={0,2})\\{0,7}[\"'`]")
_ASSIGNED = re.compile(
    rb"(?<![\w$.])(?:(?:self|this|cls)\.)?[$@]{0,2}(?P<name>[A-Za-z_]\w{0,40})"
    rb"(?:,[ ]?(?:_|err|ok))?(?:\[\d{0,3}\])?"
    rb"(?:[ ]?:[ ]?&?[\w<>\[\];&'. ]{1,32}|[ ]\[\]byte|[ ]string)?"
    rb"[ \t]{0,12}(?::=|=(?!=)|<-)\s{0,12}(?:await |new |\(byte\[\]\)[ ]?)?"
    rb"(?:\[\]byte\(|[\w.:&@]{0,48}[(\[!]){0,4}[bBrRuU&$@]{0,2}\Z"
)
"""Before the literal: a variable, its type, and what makes bytes of a text."""
_LONGEST_ASSIGNMENT = 200
_KEYWORD = rb"(?:[A-Za-z_]\w{0,30}[ ]?[=:][ ]?)?"
_NAME = re.compile(
    rb"\s{0,24}" + _KEYWORD + rb"[&*]{0,2}(?:(?:new )?[\w.:]{1,48}\(" + _KEYWORD + rb"){0,3}"
    rb"[&*$@]{0,2}(?:(?:self|this|cls)\.)?(?P<name>[A-Za-z_]\w{0,40})(?=[\s,)\[.:;?!]|\Z)"
)
"""An argument that is a variable, perhaps named or wrapped."""
_HEX = re.compile(r"(?=[0-9a-fA-F]*[a-fA-F])(?=[a-fA-F]*[0-9])(?:[0-9a-fA-F]{2}){16,64}")
_OPEN_PARTS = frozenset(
    b"nonce iv aad ad tag data msg message plaintext ciphertext payload body digest hash".split()
)
"""Names of what is encrypted or signed, and of what is sent with it."""
_OF_TESTS = re.compile(
    rb"vector|expected|\bnist\b|\brfc|fips|\bkat\b|known[ _-]answer|example|digest|checksum",
    re.IGNORECASE,
)
"""On the lines around an assignment: what anybody may see, or what is compared with."""
_AROUND = 160


_PUBLISHED = (
    "2b7e151628aed2a6abf7158809cf4f3c",
    "8e73b0f7da0e6452c810f32b809079e5",
    "603deb1015ca71be2b73aef0857d7781",
    "feffe9928665731c6d6a8f9467308308",
    "1c9240a5eb55d38af333888604f6b5f0",
    "85d6be7857556d337f4452fe42d506a8",
)
"""How the keys begin with which the standards of AES, GCM and ChaCha20 show what comes out."""
_MOST_EQUAL_STEPS = 0.5


class NamedKeys:
    """The variables to which a generated literal is assigned, in a window before a call."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self._data = data
        self._range = max(0, start - KEYS_REACH), end
        self._keys: dict[bytes, tuple[int, int]] | None = None

    def at(self, start: int, end: int) -> Iterator[Span]:
        """Yield the key that is assigned to the variable in the range of an argument."""
        name = _NAME.match(self._data, start, end)
        if name is None:
            return
        if self._keys is None:
            self._keys = dict(self._read())
        span = self._keys.get(name["name"])
        if span is not None:
            yield Span(*span, "secret", Rank.ARGUMENT)

    def _read(self) -> Iterator[tuple[bytes, tuple[int, int]]]:
        data = self._data
        for literal in _LITERAL.finditer(data, *self._range):
            start, span = literal.start(), literal.span("secret")
            before = data[max(0, start - _LONGEST_ASSIGNMENT) : start]
            assigned = _ASSIGNED.search(before)
            if assigned is None or assigned["name"].lower() in _OPEN_PARTS:
                continue
            if not _is_key(text_of(data, span)):
                continue
            if not _OF_TESTS.search(data, max(0, start - _AROUND), span[1] + _AROUND // 2):
                yield assigned["name"], span


def _is_key(value: str) -> bool:
    """Tell whether a literal is generated: not a counter, nor a word that is repeated."""
    if _HEX.fullmatch(value):
        is_shown = value.lower().startswith(_PUBLISHED)
        return entropy(value.lower()) > HEX_ENTROPY and not (is_shown or _counts(value))
    return is_secret(value, quoted=True) and is_random(value)


def _counts(value: str) -> bool:
    """Tell whether bytes follow each other in equal steps, as in `000102…`."""
    numbers = bytes.fromhex(value)
    steps = [(after - before) % 256 for before, after in pairwise(numbers)]
    return max(map(steps.count, steps)) > len(steps) * _MOST_EQUAL_STEPS


_SETS_KEY = re.compile(
    rb"(?:cipher|aes|rijndael|hmac|crypt)\w{0,12}\.key[ ]?=[ ]?(?=[A-Za-z_$@])", re.IGNORECASE
)


@partial(at_groups_of_hits, seen=Seen(before=KEYS_REACH))
def find_set_keys(data: bytes, hits: Hits) -> Iterator[Span]:
    """Yield the key that a cipher's property is set to."""
    low, high = window(data, hits, 48, 128)
    keys = NamedKeys(data, low, hits.end)
    for setting in _SETS_KEY.finditer(data, low, hits.end):
        yield from keys.at(setting.end(), high)


RULES: tuple[StructuralRule, ...] = (
    StructuralRule(
        "secret",
        "the variable that a cipher's key is set to",
        r"(?:cipher|aes|rijndael|hmac|crypt)\w{0,12}\.key[ ]?=[ ]?[A-Za-z_$@]",
        find_set_keys,
    ),
)

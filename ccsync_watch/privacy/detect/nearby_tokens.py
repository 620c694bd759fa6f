"""Finds generated values near the name of a secret, whatever stands between.

A list of syntaxes is never complete: a value whose characters a machine drew is removed where a
word for a secret is near. What looks drawn and is not a secret has a word of its own before it (a
commit, a checksum, an id), or a sign that joins it to something longer (a path, an algorithm).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.detect.nearby_names import is_name_near
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import StructuralRule, at_each_hit, text_of
from ccsync_watch.privacy.heuristics.dummy_values import is_public
from ccsync_watch.privacy.heuristics.gibberish import entropy
from ccsync_watch.privacy.heuristics.publishable import is_publishable
from ccsync_watch.privacy.heuristics.thresholds import LEAST_RANDOM, RANDOM_ENTROPY
from ccsync_watch.privacy.heuristics.value_strength import is_strict_random

if TYPE_CHECKING:
    from collections.abc import Iterator

_LETTERS = "A-Za-z0-9_+/.~-"
_RUN = re.compile(rf"[={_LETTERS}]{{16,512}}".encode())
_CHARACTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+/.~-="
_OPENING = b" \t\r\n\"'`(,|>{[=:"
_CLOSING = re.compile(rb"[\s\"'`,;)\]}<|\\&?]|\Z")
_SIGNS = b"=.~/+"
_REACH = 64
_JOINED = re.compile(
    rb"(?:(?:\x1b|\\(?:u001b|x1b|033|e))\[|(?i:sha[0-9]{1,3}|md5)[-:= ]|h1:|"
    rb"[a-z]{2,12}:v[0-9]{1,2}:|ENC\(|base64,|://[^\s]*|[#@/$%&?])\Z"
)
"""Before what is a part of something longer."""
_JOINED_BEFORE = 80
_HEX = re.compile(
    r"(?=[0-9a-fA-F]*[a-fA-F])(?=[a-fA-F]*[0-9])(?:[0-9a-f]{32,128}|(?![0-9A-F]{40}\Z)[0-9A-F]{32,128})"
)
_SORTABLE_ID = re.compile("[0-7][0-9A-HJKMNP-TV-Z]{25}")
"""A ULID: a time and random bits in base 32."""
_ONLY_HEX = re.compile("[0-9A-F]+")
_CHANGE = re.compile(r"(?<=[A-Z])(?=[0-9])|(?<=[0-9])(?=[A-Z])")
_LEAST_CHANGES = 4
"""From capitals to digits and back: numbered names have fewer."""


def _is_drawn_capitals(value: str) -> bool:
    """Tell whether a value is capitals and digits in disorder, as in base 32."""
    return (
        value.isalnum()
        and value.isupper()
        and len(_CHANGE.findall(value)) >= _LEAST_CHANGES
        and entropy(value) > RANDOM_ENTROPY
        and _ONLY_HEX.fullmatch(value) is None
    )


def _value_at(data: bytes, end: int, since: int) -> tuple[int, int] | None:
    """Return the range of the value around a hit's end, without the name that it is joined to."""
    low = max(since, end - _REACH)
    before = data[low:end]
    value = before[len(before.rstrip(_CHARACTERS)) :]
    if len(value) == len(before) and low > 0 and data[low - 1] in _CHARACTERS:
        return None  # the hit before was in the same value, or no value begins near
    start = end - len(value.lstrip(_SIGNS))
    run = _RUN.match(data, start)
    if run is None or run.end() <= since:
        return None
    stop = run.end()
    while data[stop - 1] in b".":
        stop -= 1
    sign = data.find(b"=", start, stop)
    if sign >= 0 and data[sign:stop].strip(b"="):
        start = data.rfind(b"=", start, stop - 2) + 1
    is_whole = start == 0 or data[start - 1] in _OPENING
    is_whole = is_whole and _CLOSING.match(data, stop) is not None
    is_bracketed = data[start - 1 : start] == b"<" and data[stop : stop + 1] == b">"
    if stop - start < LEAST_RANDOM or not (is_whole or is_bracketed):
        return None
    return start, stop


@at_each_hit
def find_nearby_tokens(data: bytes, end: int, since: int) -> Iterator[Span]:
    """Yield the generated value around a hit, if the name of a secret is near."""
    span = _value_at(data, end, since) if end > since else None
    if span is None:
        return
    value = text_of(data, span)
    is_hex = _HEX.fullmatch(value) is not None
    if not (is_hex or is_strict_random(value) or _is_drawn_capitals(value)):
        return
    if _SORTABLE_ID.fullmatch(value) or is_publishable(value) or is_public(value):
        return
    if _JOINED.search(data, max(0, span[0] - _JOINED_BEFORE), span[0]):
        return
    if is_name_near(data, *span, is_hex=is_hex):
        yield Span(*span, "secret", Rank.CONTEXT)


RULES: tuple[StructuralRule, ...] = (
    StructuralRule(
        "secret",
        "a generated value on the line of a secret's name",
        rf"[^{_LETTERS}][A-Za-z0-9_+/~-]{{0,16}}[0-9][A-Za-z]{{1,8}}[0-9]",
        find_nearby_tokens,
        is_caseless=False,
        is_near_words=True,
    ),
)

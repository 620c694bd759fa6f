"""Finds secrets among the arguments of calls, as a table says which argument is one.

The arguments are separated at their commas, with what they are wrapped in: `[]byte("…")`,
`"…".toCharArray()`, `Buffer.from("…")`, `password="…"`.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.privacy.detect.named_keys import KEYS_REACH, NamedKeys
from ccsync_watch.privacy.engine.pattern_syntax import prefix_tree
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import (
    Hits,
    Seen,
    StructuralRule,
    at_groups_of_hits,
    late_pattern,
    text_of,
    window,
)
from ccsync_watch.privacy.heuristics.dummy_values import is_password_of_tests
from ccsync_watch.privacy.heuristics.password_forms import is_positional_secret
from ccsync_watch.privacy.heuristics.programs import load_lines
from ccsync_watch.privacy.heuristics.value_strength import is_random, is_secret

if TYPE_CHECKING:
    from collections.abc import Iterator

_REACH = 64
"""No call's name is longer, in bytes."""
_AFTER = 1400
_MOST_ARGUMENTS = 8
_LINE = re.compile(r"(?P<name>.*)\((?P<arguments>[^()]*)\)")
_PIECE = re.compile(
    rb"\\{0,7}\"(?:[^\"\\\n]|\\[^\"\n]){0,1100}\\{0,7}\"|\\{0,7}'(?:[^'\\\n]|\\"
    rb"[^'\n]){0,1100}\\{0,7}'|"
    rb"`[^`\n]{0,1100}`|[(\[{]|[)\]}]|,|[^\"'`()\[\]{},\\]{1,200}|\\"
)
_OPENING, _CLOSING = frozenset(b"([{"), frozenset(b")]}")
_WRAPPER = (
    rb"bytes?|bytearray|fromhex(?:string)?|frombase64string|unhexlify|b64decode|urlsafe_b64decode|"
    rb"from|getbytes|textencoder\(\)\.encode|string|str|text|some|ok|hex|parse|new|of|wrap|"
    rb"hextobytes|"
    rb"toutf8bytes|to_vec|secret|password|securestring|decodestring|asn|key|pwd|char"
)
"""The ends of names of what makes bytes or a secret of a text."""
_LITERAL = re.compile(
    rb"(?:\s|\\n){0,24}(?:[A-Za-z_]\w{0,30}[ ]?[=:][ ]?)?(?:(?:new |&|\*|\.{3})?"
    rb"(?:[\w.:\[\]]{0,48}(?:"
    + _WRAPPER
    + rb")[({]){0,2})?(?:[bBrRuUfFN@$]{0,2})\\{0,7}(?P<quote>[\"'`])"
    rb"(?P<secret>[^\"'`\\\s]{5,1024})\\{0,7}(?P=quote)",
    re.IGNORECASE,
)
"""An argument that is a literal, perhaps named or wrapped."""


_ALGORITHM = re.compile(
    r"utf-?(?:8|16|32)\w{0,4}|ascii|latin-?1|iso-8859-\d{1,2}|sha-?\d{1,3}\w{0,8}|md[45]|"
    r"(?:hs|rs|es|ps)\d{3}|hmac\w{0,12}|aes-?\d{0,3}[\w-]{0,12}|bcrypt|base64|hex",
    re.IGNORECASE,
)


class _SecretCall(NamedTuple):
    """Which argument of a call is a secret, and whether it must look generated."""

    position: int
    is_generated: bool


def _is_generated(value: str) -> bool:
    return is_secret(value, quoted=True) and is_random(value)


_CALLS: dict[bytes, list[_SecretCall]] = {}
for _line in load_lines("secret_calls"):
    _match = _LINE.fullmatch(_line)
    if _match is None:
        raise ValueError(f"not a call: {_line!r}")
    _words = [word.strip() for word in _match["arguments"].split(",")]
    _index = _words.index("SECRET" if "SECRET" in _words else "TOKEN")
    _call = _SecretCall(_index, _words[_index] == "TOKEN")
    _CALLS.setdefault(_match["name"].lower().encode(), []).append(_call)

_NAMES = sorted(name.decode() for name in _CALLS)
_TREE = prefix_tree(_NAMES)
_compile_name = late_pattern(rf"(?<!\w)({_TREE})[ ]?\(".encode(), 0)


@partial(at_groups_of_hits, seen=Seen(before=KEYS_REACH))
def find_secret_arguments(data: bytes, hits: Hits) -> Iterator[Span]:
    """Yield the literals that are a call's secret, by its position, or what is named there."""
    low, high = window(data, hits, _REACH, _AFTER)
    text = data[low : hits.end].lower()
    keys = NamedKeys(data, low, hits.end)
    for name in _compile_name().finditer(text):
        arguments = _arguments(data, low + name.end(), high)
        for call in _CALLS[name[1]]:
            if call.position >= len(arguments):
                continue
            literal = _LITERAL.match(data, *arguments[call.position])
            if literal is None:
                yield from keys.at(*arguments[call.position])
            elif _is_argument(text_of(data, literal.span("secret")), call):
                yield Span(*literal.span("secret"), "password", Rank.ARGUMENT)


def _is_argument(value: str, call: _SecretCall) -> bool:
    if is_password_of_tests(value) or _ALGORITHM.fullmatch(value):
        return False
    return _is_generated(value) if call.is_generated else is_positional_secret(value)


def _arguments(data: bytes, start: int, high: int) -> list[tuple[int, int]]:
    """Return the ranges of a call's arguments, which begin at `start`; the last may be cut."""
    ranges: list[tuple[int, int]] = []
    depth = 0
    at = begin = start
    for piece in _PIECE.finditer(data, start, high):
        first, end = piece.span()
        if first > at:  # a quote that is not closed
            break
        sign = data[first]
        if sign in _OPENING:
            depth += 1
        elif sign in _CLOSING:
            depth -= 1
            if depth < 0:
                break
        elif sign == b","[0] and depth == 0:
            ranges.append((begin, at))
            begin = at = end
            if len(ranges) == _MOST_ARGUMENTS:
                break
        at = end
    ranges.append((begin, at))
    return ranges


RULES: tuple[StructuralRule, ...] = (
    StructuralRule(
        "password",
        "a secret among the arguments of a call, by its position",
        rf"{_TREE}[ ]?\(",
        find_secret_arguments,
        pattern="\n".join(load_lines("secret_calls")),
    ),
)

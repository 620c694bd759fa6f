"""Finds secrets in a map of several, under whose they are: `passwords['root'] = …`.

`passwords:` with a line for each account, `{"tokens": {"ci": …}}`, `secrets.stripe = …`. The name
of the map says what the values are, the key before a value says nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import StructuralRule, at_each_hit, last, text_of
from ccsync_watch.privacy.heuristics.dummy_values import is_code, is_placeholder
from ccsync_watch.privacy.heuristics.password_forms import (
    is_hyphened_passphrase,
    is_numbered_words,
    is_surely_chosen,
    looks_chosen,
)
from ccsync_watch.privacy.heuristics.thresholds import LEAST_RANDOM
from ccsync_watch.privacy.heuristics.value_strength import is_password, is_random, is_secret

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_BYTES = 2048
_MOST_PAIRS = 32
_PASSWORDS = r"(?:passw(?:or)?ds|passphrases|passcodes|pwds)"
_PASSWORD = r"(?:passw(?:or)?d|passphrase|pwd)"  # noqa: S105 - names of passwords
_TOKENS = r"(?:tokens|secrets|api_?keys|credentials|creds)"
_Q = r"\\{0,7}[\"']"
_OWNER = rf"(?::[a-z][\w-]{{0,40}}|{_Q}[\w.@/ -]{{1,40}}{_Q}|[a-z][\w-]{{0,40}})"
_SIGN = r"[ \t]{0,8}(?:=>|:=|=|:)[ \t]{0,8}"
_MAP = (
    rf"{_Q}?[\])]?[ ]{{0,4}}(?:=>|:=|=|:|=[ ]?@)[ ]{{0,4}}"
    r"(?:new |(?:map\[string\]string|dict|hash|object|map\.of)[ ]?)?[{(]"
)
_BLOCK = rf"{_Q}?:[ ]{{0,4}}(?:\r?\n|\\n)[ ]{{1,16}}(?:-[ ])?[\w\"'.@-]{{1,40}}:[ ]"
_NAME = re.compile(rf"(?:(?P<password>{_PASSWORDS})|{_TOKENS})".encode(), re.IGNORECASE)
_PAIR = re.compile(
    rf"(?:\s|\\n|[,;{{(]){{0,40}}\[?{_OWNER}\]?{_SIGN}(?P<quote>{_Q})"
    r"(?P<secret>[^\"'\\\s]{4,256})(?P=quote)".encode(),
    re.IGNORECASE,
)
_LINE = re.compile(
    rb"(?:\r?\n|\\n)[ ]{1,16}(?:-[ ])?[\"']?[\w.@/-]{1,40}[\"']?:[ ]{1,8}[\"']?"
    rb"(?P<secret>[^\s\"'\\{}\[\],]{4,256})[\"']?[ ]{0,4}(?=\r?\n|\\n|\Z)"
)
_SUBSCRIPT = re.compile(
    rf"(?:(?P<password>{_PASSWORDS}|{_PASSWORD})|{_TOKENS}){_Q}?\]?"
    rf"(?:(?:\[[ ]?{_OWNER}[ ]?\]){{1,2}}|\([a-z][\w-]{{0,40}}\))(?:{_SIGN}|[ ])"
    rf"(?P<quote>{_Q})(?P<secret>[^\"'\\\s]{{4,256}})(?P=quote)".encode(),
    re.IGNORECASE,
)
_PROPERTY = re.compile(
    rf"(?:(?P<password>{_PASSWORDS})|{_TOKENS})\.[a-z][\w-]{{0,40}}[ ]?[=:][ ]?"
    rf"(?P<quote>{_Q})?(?P<secret>[^\"'\\\s]{{4,256}})".encode(),
    re.IGNORECASE,
)
_LONGEST_PLACE = 400


def _is_owned(value: str, *, is_password_map: bool) -> bool:
    """Tell whether a value in a map of secrets is one, and not a rule, a message or a name."""
    if is_placeholder(value) or is_code(value):
        return False
    if not is_password_map:
        return len(value) >= LEAST_RANDOM and is_secret(value, quoted=True) and is_random(value)
    is_chosen = (
        is_surely_chosen(value)
        or is_numbered_words(value)
        or is_hyphened_passphrase(value)
        or (looks_chosen(value) and not value.isalnum())
    )
    return is_chosen and is_password(value, quoted=True)


def _spans(data: bytes, match: re.Match[bytes], *, is_password_map: bool) -> Iterator[Span]:
    span = match.span("secret")
    if _is_owned(text_of(data, span), is_password_map=is_password_map):
        kind = "password" if is_password_map else "secret"
        yield Span(*span, kind, Rank.NAMED_FIELD)


@at_each_hit
def find_in_map(data: bytes, end: int, _since: int) -> Iterator[Span]:
    """Yield the secrets in the map that a hit opens, up to the first pair of another form."""
    name = last(_NAME.finditer(data, max(0, end - 120), end))
    if name is None:
        return
    is_block = data[end - 1 : end] == b" "
    pattern = _LINE if is_block else _PAIR
    position = data.find(b":", name.end()) + 1 if is_block else end
    limit = min(len(data), end + _MOST_BYTES)
    for _ in range(_MOST_PAIRS):
        pair = pattern.match(data, position, limit)
        if pair is None:
            return
        yield from _spans(data, pair, is_password_map=name["password"] is not None)
        position = pair.end()


@at_each_hit
def find_under_owner(data: bytes, end: int, since: int) -> Iterator[Span]:
    """Yield the secret that is assigned to an element or a property of a map of secrets."""
    low, high = max(since, end - 120), min(len(data), end + _LONGEST_PLACE)
    for pattern in (_SUBSCRIPT, _PROPERTY):
        for match in pattern.finditer(data, low, high):
            if match.start() < end:
                is_password_map = match["password"] is not None
                yield from _spans(data, match, is_password_map=is_password_map)


RULES: tuple[StructuralRule, ...] = (
    StructuralRule(
        "secret",
        "the secrets in a map of them",
        rf"(?:{_PASSWORDS}|{_TOKENS})(?:{_MAP}|{_BLOCK})",
        find_in_map,
    ),
    StructuralRule(
        "secret",
        "a secret assigned to an element or a property of a map of them",
        rf"(?:(?:{_PASSWORDS}|{_PASSWORD}|{_TOKENS}){_Q}?\]?"
        rf"(?:(?:\[[ ]?{_OWNER}[ ]?\]){{1,2}}|\([a-z][\w-]{{0,40}}\))(?:{_SIGN}|[ ]){_Q}|"
        rf"(?:{_PASSWORDS}|{_TOKENS})\.[a-z][\w-]{{0,40}}[ ]?[=:][ ]?)",
        find_under_owner,
    ),
)

"""Finds the values of a list that is named like secrets: `unseal_keys_b64: [...]`, `passwords:`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import StructuralRule, at_each_hit, last, text_of
from ccsync_watch.privacy.heuristics.name_strength import Strength, strength_of
from ccsync_watch.privacy.heuristics.password_forms import is_surely_chosen
from ccsync_watch.privacy.heuristics.thresholds import LEAST_RANDOM
from ccsync_watch.privacy.heuristics.value_strength import (
    is_password,
    is_random,
    is_secret,
    is_strict_random,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST_NAME = 64
_MOST_BYTES = 4096
_MOST_ITEMS = 64
_OPEN = (
    r"\\{0,7}[\"']?[ ]{0,2}(?:=>|[:=])[ ]{0,4}"
    r"(?:(?:\[\]string|new[ ]string\[\][ ]?|array|vec!)?[\[({](?:\s|\\n){0,40}\\{0,7}[\"']|"
    r"(?:\r?\n|\\n)[ ]{0,16}-[ ])"
)
_ENDING = r"(?:_?(?:b64|base64|hex|list|array))?"
_NAME = re.compile(rb"[\w.-]{2,64}\Z")
_ITEM = re.compile(
    rb"(?:\s|\\n|,|-[ ]){0,60}(?P<quote>\\{0,7}[\"'])(?P<quoted>[^\"'\s\\]{4,512})(?P=quote)"
)
_LINE = re.compile(
    rb"(?:\r?\n|\\n)[ ]{0,16}-[ ]{1,4}\\{0,7}[\"']?(?P<bare>[^\s\"'\\:{}\[\],]{4,512})\\{0,7}[\"']?"
    rb"[ ]{0,4}(?=\r?\n|\\n|\Z)"
)
_ROOT_TOKEN = b"root_token"
"""In the same answer of a store for secrets, whose keys are called only that."""


@at_each_hit
def find_listed_secrets(data: bytes, end: int, _since: int) -> Iterator[Span]:
    """Yield the values of the list that a hit opens."""
    sign = max(data.rfind(b":", 0, end), data.rfind(b"=", 0, end), end - 96)
    name = _NAME.search(data[max(0, sign - _LONGEST_NAME) : sign].rstrip(b"\\\"' "))
    if name is None:
        return
    strength = strength_of(_singular(name[0].decode("latin-1")))
    if strength is Strength.NONE:
        return
    limit = min(len(data), end + _MOST_BYTES)
    is_block = data[end - 2 : end] == b"- "
    pattern = _LINE if is_block else _ITEM
    position = sign + 1 if is_block else max(sign + 1, _quote_at(data, end))
    is_store = strength is Strength.WEAK and _ROOT_TOKEN in data[end:limit]
    for _ in range(_MOST_ITEMS):
        item = pattern.match(data, position, limit)
        if item is None:
            return
        span = item.span(item.lastgroup or "quoted")
        value = text_of(data, span)
        if _is_listed(value, strength) or (is_store and is_random(value)):
            kind = "password" if strength is Strength.PASSWORD else "secret"
            yield Span(*span, kind, Rank.NAMED_FIELD)
        position = item.end()


def _quote_at(data: bytes, end: int) -> int:
    """Return where the quote that ends at `end` begins, with the backslashes before it."""
    return end - 1 - len(data[: end - 1][-7:]) + len(data[: end - 1][-7:].rstrip(b"\\"))


def _singular(name: str) -> str:
    """Return the name of one of them: `unseal_keys_b64` holds values like `unseal_key`."""
    core = re.sub(r"[_-]?(?:b64|base64|hex|list|array)\Z", "", name, flags=re.IGNORECASE)
    return core[:-1] if core[-1:] in {"s", "S"} and core[-2:].lower() != "ss" else core


def _is_listed(value: str, strength: Strength) -> bool:
    if strength is Strength.PASSWORD:
        return is_surely_chosen(value) and is_password(value, quoted=True)
    if strength is Strength.TOKEN:
        return len(value) >= LEAST_RANDOM and is_secret(value, quoted=True) and is_random(value)
    return is_strict_random(value)


_PASSWORDS = "passwords|passphrases|passwds|pwds"
_TOKENS = "tokens|secrets|api[ _-]?keys|access[ _-]?keys"
_ARE = "(?:[ ](?:are|were|was|to|with))?[ ]?[:=]?[ ]"
_SERIES_NAME = re.compile(
    rf"(?<![\w/.-])(?:(?P<passwords>{_PASSWORDS})|{_TOKENS}){_ARE}".encode(), re.IGNORECASE
)
_MOST_IN_SERIES = 16
_SERIES_ITEM = re.compile(
    rb"[\"'`]?(?P<secret>[!#-&(-+\--:<-_a-~]{6,256}?)[\"'`]?"
    rb"(?P<next>,[ ](?:(?:and|o(?:de)?r|und|et|y|e)[ ])?|[ ](?:and|o(?:de)?r|und|et|y|e|/)[ ])?"
    rb"(?(next)|(?=[.;)]?(?:\s|\\n|\Z)))"
)


@at_each_hit
def find_series(data: bytes, end: int, since: int) -> Iterator[Span]:
    """Yield the secrets of a series in a sentence; a hit ends in the first of them."""
    name = last(_SERIES_NAME.finditer(data, max(0, end - 2 * _LONGEST_NAME, since - 24), end))
    if name is None or name.end() <= since:
        return
    is_passwords = name["passwords"] is not None
    strength = Strength.PASSWORD if is_passwords else Strength.TOKEN
    position, limit = name.end(), min(len(data), end + _MOST_BYTES)
    spans: list[tuple[int, int]] = []
    for _ in range(_MOST_IN_SERIES):
        item = _SERIES_ITEM.match(data, position, limit)
        if item is None:
            break
        spans.append(item.span("secret"))
        if item["next"] is None:
            break
        position = item.end()
    for span in spans if len(spans) > 1 else ():
        if _is_listed(text_of(data, span), strength):
            yield Span(*span, "password" if is_passwords else "secret", Rank.SENTENCE)


RULES: tuple[StructuralRule, ...] = (
    StructuralRule(
        "listed",
        "the values of a list that is named like secrets",
        rf"(?:keys|tokens|secrets|passwords|passwds|passphrases|credentials|pats|pws){_ENDING}"
        rf"{_OPEN}",
        find_listed_secrets,
    ),
    StructuralRule(
        "listed",
        "the values of a series in a sentence",
        rf"(?:{_PASSWORDS}|{_TOKENS}){_ARE}[!-~]{{0,48}}[0-9@#$%^&*!]",
        find_series,
    ),
)

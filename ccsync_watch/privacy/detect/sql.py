"""Finds passwords in SQL: of users, and those that a statement inserts into a column."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import (
    StructuralRule,
    at_each_hit,
    pattern_rule,
    text_of,
)
from ccsync_watch.privacy.heuristics.gibberish import is_gibberish
from ccsync_watch.privacy.heuristics.name_strength import Strength, strength_of
from ccsync_watch.privacy.heuristics.password_forms import is_drawn_or_phrase, is_typed_password
from ccsync_watch.privacy.heuristics.value_characters import has_digit
from ccsync_watch.privacy.heuristics.value_strength import is_password, is_secret

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_BYTES = 16_384
"""How far the rows of one statement are read."""
_COLUMNS = re.compile(
    rb"\(([^()]{1,600})\)\s{0,8}(?:OVERRIDING[ \w]{1,30})?VALUES?\s{0,8}\Z", re.IGNORECASE
)
_SECRET_TABLE = re.compile(
    rb"into[ ][\w.`\"\[]{0,60}(?:api_?keys?|tokens?|secrets?|credentials?)[`\"\]]?[ ]?\Z",
    re.IGNORECASE,
)
"""Before the columns: of a table of secrets, where a column may only be called `key`."""
_VALUE = re.compile(
    rb"\s{0,16}(?:N|E|B|X|_\w{1,12} )?(?:\\{0,3}(?P<quote>['\"])"
    rb"(?P<text>(?:(?!\\{0,3}(?P=quote))[^\n]|(?P=quote){2}){0,1024})\\{0,3}(?P=quote)|"
    rb"[\w.*:$?@%+-]{0,80}(?:\((?:[^()'\n]|'[^'\n]{0,200}'){0,300}\))?)\s{0,8}(?P<end>[,)])",
)
_NEXT_ROW = re.compile(rb"\s{0,8},?(?:\s|\\n){0,16}\(")


@partial(at_each_hit, seen=None)
def find_inserted(data: bytes, end: int, _since: int) -> Iterator[Span]:
    """Yield the values of a secret's column; a hit ends at the bracket before the first row."""
    head = _COLUMNS.search(data, max(0, end - 700), end - 1)
    if head is None:
        return
    names = [name.strip(" \t\r\n`\"'[]\\") for name in head[1].decode("latin-1").split(",")]
    strengths = [strength_of(name) for name in names]
    if _SECRET_TABLE.search(data, max(0, head.start() - 120), head.start()):
        strengths = [Strength.TOKEN if s is Strength.WEAK else s for s in strengths]
    position, limit = end, min(len(data), end + _MOST_BYTES)
    while position < limit:
        for strength in strengths:
            value = _VALUE.match(data, position, limit)
            if value is None:
                return
            position = value.end()
            if value["quote"] and _is_inserted(text_of(data, value.span("text")), strength):
                kind = "password" if strength is Strength.PASSWORD else "secret"
                yield Span(*value.span("text"), kind, Rank.NAMED_FIELD)
        following = _NEXT_ROW.match(data, position)
        if following is None:
            return
        position = following.end()


def _is_inserted(value: str, strength: Strength) -> bool:
    if strength is Strength.PASSWORD:
        return is_drawn_or_phrase(value) and is_password(value, quoted=True)
    return strength is Strength.TOKEN and is_secret(value, quoted=True)


def _is_bare_password(value: str) -> bool:
    return is_password(value, quoted=False) and has_digit(value)


def _is_old_password(value: str) -> bool:
    return is_drawn_or_phrase(value) and is_typed_password(value)


def _is_quoted_password(value: str) -> bool:
    return is_password(value, quoted=True)


def _is_hashed_password(value: str) -> bool:
    is_chosen = has_digit(value) or is_gibberish(value)
    return is_chosen and is_typed_password(value)


_TEXT = r"\\{0,7}(?P<q>['\"])(?P<secret>[^'\"\s\\]{3}[^'\"\n\r\\]{0,253})(?=\\{0,7}(?P=q))"

RULES: tuple[StructuralRule, ...] = (
    pattern_rule(
        "password",
        "a password in SQL",
        r"(?:identified(?:[ ]with[ ][\w'\"]{1,40})?[ ](?:by|as)(?:[ ]password)?|"
        r"(?-i:PASSWORD)(?:[ ]E)?|(?:user|role)[ ][^\n;]{1,80}?[ ]password|"
        r"set[ ]password[^=\n]{0,60}=|set[ ]password)[ ]{1,4}" + _TEXT,
        accept=_is_quoted_password,
        reach=200,
    ),
    pattern_rule(
        "password",
        "a password in SQL without quotes",
        r"identified by (?P<secret>[^\s;'\"\\{}]{4,128})(?![{}])",
        accept=_is_bare_password,
        reach=24,
    ),
    pattern_rule(
        "password",
        "the old password that a statement replaces",
        r"identified by[ ](?:\\{0,7}[\"'][^\"'\n\\]{1,128}\\{0,7}[\"']|[^\s;'\"\\]{1,128})"
        r"[ ]{1,2}replace[ ]{1,2}\\{0,7}(?P<q>['\"])?(?P<secret>[^\s;'\"\\]{4,128})",
        trigger=r"[ ]replace[ ]{1,2}\\{0,7}['\"]?[^\s;'\"\\(]{4}",
        accept=_is_old_password,
        reach=320,
    ),
    pattern_rule(
        "password",
        "a password that a statement hashes or encrypts with",
        r"(?:password|secret|pwd)\w{0,12}[`\"']?[ ]?=[ ]?(?:md5|sha1|sha2|crypt|password|encrypt|"
        r"hash\w{0,12})\([ ]?" + _TEXT,
        accept=_is_hashed_password,
        reach=120,
    ),
    pattern_rule(
        "password",
        "a password given to crypt of pgcrypto",
        r"crypt\([ ]?" + _TEXT + r"['\"],[ ]?gen_salt",
        trigger=r"crypt\([ ]?\\{0,7}['\"][^'\"\n]{3,120}['\"],[ ]?gen_salt",
        accept=_is_hashed_password,
        reach=160,
    ),
    pattern_rule(
        "password",
        "a key given to pgp_sym_encrypt",
        r"pgp_sym_(?:en|de)crypt(?:_bytea)?\([^,\n]{1,80},[ ]?" + _TEXT,
        accept=_is_hashed_password,
        reach=140,
    ),
    StructuralRule(
        "inserted",
        "a value inserted into a column named like a secret",
        r"\)\s{0,8}values?\s{0,8}\(",
        find_inserted,
    ),
)

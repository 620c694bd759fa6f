"""Finds passwords that were tried or recovered, as tools that test accounts print them.

`[+]` and an account with its password, `login attempt [root/…]` of a server that records them, and
what a hash was recovered to: `5f4dcc3b…:…`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import (
    LINE_END,
    StructuralRule,
    at_each_hit,
    pattern_rule,
    text_of,
)
from ccsync_watch.privacy.heuristics.dummy_values import is_code, is_placeholder
from ccsync_watch.privacy.heuristics.password_forms import has_password_form, is_positional_secret
from ccsync_watch.privacy.heuristics.value_characters import has_letter

if TYPE_CHECKING:
    from collections.abc import Iterator

_ACCOUNT = r"[\w.-]{1,40}\\{1,4}[\w.$@-]{1,60}"
_CRYPT = r"\$(?:1|5|6|y|7|gy|apr1|2[abxy]|krb5[a-z]{2,8}|argon2(?:id?|d))\$"
_MOST_READ = 4096
_MOST_LINES = 64
_BREAK = re.compile(rb"\r?\n|\\+n")
_RECOVERED = re.compile(
    rb"[ \t]{0,8}(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64}|[0-9a-fA-F]{128})"
    rb"(?::[0-9a-zA-Z]{1,32})??:(?P<secret>[^\s:\"'`\\]{4,64})[ \t]{0,4}(?=\r?\n|\\+n|\Z)"
)
_OTHER_LINE = re.compile(rb"[^\n\\]{0,200}(?=\r?\n|\\+n|\Z)")


def _is_recovered(value: str) -> bool:
    """Tell whether what a hash stands for is a password, and not a name, a file or a number."""
    return has_letter(value) and not (is_placeholder(value) or is_code(value) or "/" in value)


def _is_tried(value: str) -> bool:
    return is_positional_secret(value) and has_password_form(value)


def _is_after_hash(value: str) -> bool:
    return _is_recovered(value) and not value.isalpha()


@at_each_hit
def find_recovered_passwords(data: bytes, end: int, _since: int) -> Iterator[Span]:
    """Yield the passwords behind hashes, on the lines below the name of a program for that."""
    limit = min(len(data), end + _MOST_READ)
    line = _BREAK.search(data, end, min(limit, end + 200))
    for _ in range(_MOST_LINES):
        if line is None:
            return
        row = _RECOVERED.match(data, line.end(), limit)
        if row is not None and _is_recovered(text_of(data, row.span("secret"))):
            yield Span(*row.span("secret"), "password", Rank.PATTERN)
        other = row or _OTHER_LINE.match(data, line.end(), limit)
        line = _BREAK.match(data, other.end(), limit) if other else None


RULES: tuple[StructuralRule, ...] = (
    pattern_rule(
        "password",
        "an account and its password that a tool found to be right",
        rf"\[\+\][ ](?:[\w.:/ -]{{1,60}}?[ :-][ ]?)??[\"']?{_ACCOUNT}:"
        rf"(?P<secret>[^\s:\"'`\\/][^\s:\"'`\\]{{3,127}})[\"']?"
        r"(?=[ ]{1,4}(?:\([\w .!-]{1,24}\)|\[)|[ \t]{0,4}(?:\r?\n|\\n|\Z))",
        trigger=r"\[\+\][ ][^\n\\]{1,120}\\{1,4}[^\n:\\]{1,60}:[^\s:\"'`\\/]{4}",
        rank=Rank.PATTERN,
        reach=200,
        accept=is_positional_secret,
    ),
    pattern_rule(
        "password",
        "a password that a server recorded when somebody tried it",
        r"login attempt:? \[(?:b?')?[^\s/\]']{1,60}'?/(?:b?')?(?P<secret>[^\s\]']{4,128})'?\]",
        rank=Rank.PATTERN,
        reach=90,
        accept=_is_tried,
    ),
    pattern_rule(
        "password",
        "the password behind its hash",
        rf"{_CRYPT}[^\s:\"'`]{{20,300}}:(?P<secret>[^\s:\"'`\\]{{4,64}}){LINE_END}",
        trigger=rf"{_CRYPT}[^\s:\"'`]{{20,300}}:[^\s:\"'`\\]{{4}}",
        rank=Rank.PATTERN,
        reach=420,
        accept=_is_after_hash,
        is_caseless=False,
    ),
    StructuralRule(
        "password",
        "passwords behind their hashes, as a program that recovers them lists them",
        r"(?:hashcat|potfile|crackstation|john[ ]--|hashes[.]com|rainbow[ _-]?tables?)",
        find_recovered_passwords,
    ),
)

"""Finds passwords in people's own notes: `mysql root: …`, `vpn pin + token: …`.

A service and an account, or two names of secrets, are all that is before the colon. Much else is
noted so, so that the characters of the value must show that it is one.
"""

from __future__ import annotations

import re
from functools import partial

from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.structural_rule import (
    LINE_END,
    LINE_START,
    StructuralRule,
    pattern_rule,
)
from ccsync_watch.privacy.heuristics.gibberish import is_gibberish
from ccsync_watch.privacy.heuristics.password_forms import is_surely_chosen, looks_chosen
from ccsync_watch.privacy.heuristics.value_characters import has_digit

_MARK = r"(?:[-*+]|\xe2\x80\xa2|[0-9]{1,2}[.)])"
_BEGINS = rf"{LINE_START}[ \t>]{{0,8}}(?:{_MARK}[ ]{{1,3}})?[*_`]{{0,2}}"
_SERVICE = (
    r"(?!(?:merkle|state|trie|tree|receipts?|transactions?|storage|witness|block|header|document|"
    r"web|git|repo|project|source|src|app|path|url|base|data|square|cube)[ -])[a-z][\w.-]{1,24}"
)
"""What an account is of; a hash has a root as well, and so has a folder."""
_ACCOUNT = r"(?:root|admin|administrator|sysadmin|superuser|sa|dba|postgres|operator|login|wi-?fi)"
_NAME = r"(?:pin|password|passwd|passphrase|passcode|pw|pass)"
_CODE = r"(?:(?:2fa|mfa|otp|auth)[ ]code|token|otp|totp|code|2fa|mfa|pin|key)"
_AND = r"[ ]?(?:\+|&|/|and|plus)[ ]?"
_SIGN = r"\*{0,2}[ ]?(?::|=|->|=>|\xe2\x86\x92|\xe2\x80\x94)\*{0,2}[ ]{1,4}[`\"']?"
_OTHER = re.compile(
    r"(?:0x)?[0-9a-fA-F]+|[A-Za-z0-9+/]{40,}={0,2}|.*[/\\].*|[A-Za-z]+[-_]?v?\d+(?:\.\d+)+.*"
)
"""A hash, a path, a name with its version."""


def _is_noted(value: str) -> bool:
    """Tell whether letters of both cases and digits are in disorder, and it is not a hash."""
    is_mixed = not value.islower() and not value.isupper() and has_digit(value)
    return is_mixed and is_surely_chosen(value) and _OTHER.fullmatch(value) is None


def _is_combined(value: str) -> bool:
    """Tell whether a value is digits, or a chosen password, and not the next words of the note."""
    return value.isdigit() or (looks_chosen(value) and (is_gibberish(value) or not value.islower()))


_rule = partial(pattern_rule, "password", rank=Rank.SENTENCE)

RULES: tuple[StructuralRule, ...] = (
    _rule(
        "a service and an account, and its password behind a colon",
        rf"{_BEGINS}{_SERVICE}(?:[ ]{_SERVICE})?[ ]{_ACCOUNT}{_SIGN}"
        rf"(?P<secret>[^\s\"'`<>]{{8,64}})[`\"']?{LINE_END}",
        trigger=rf"[a-z0-9][ ]{_ACCOUNT}{_SIGN}[^\s\"'`<>]{{8}}",
        reach=120,
        accept=_is_noted,
    ),
    _rule(
        "a number or password that is made of two secrets, after the names of both",
        rf"(?<![\w-])(?:{_NAME}{_AND}{_CODE}|{_CODE}{_AND}{_NAME}){_SIGN}"
        r"(?P<secret>[0-9]{6,16}|[^\s\"'`<>]{8,64})(?=[`\"']?[.,;)]{0,2}(?:\s|\Z|\\n))",
        trigger=rf"(?:{_NAME}{_AND}{_CODE}|{_CODE}{_AND}{_NAME}){_SIGN}[^\s\"'`<>]{{6}}",
        reach=80,
        accept=_is_combined,
    ),
)

"""Finds codes and links that a service issues once: recovery keys, PINs in sentences, reset links.

And assertions and codes that a browser hands on, which open a session to whoever has them.
"""

from __future__ import annotations

import re

from ccsync_watch.privacy.detect.assigned_secrets import is_code_digits
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.structural_rule import StructuralRule, pattern_rule
from ccsync_watch.privacy.heuristics.dummy_values import is_placeholder
from ccsync_watch.privacy.heuristics.thresholds import LEAST_DIGEST
from ccsync_watch.privacy.heuristics.value_characters import has_digit
from ccsync_watch.privacy.heuristics.value_strength import is_random, is_strict_random

_HEX = re.compile(r"[0-9a-f]+")
_CARD = r"(?:cvv2?|cvc2?)"
_END = r"(?=[\s\"'`<>)\]\\?#&,]|/?\.?(?:\s|\Z))"


def _is_recovery_password(value: str) -> bool:
    """Tell whether groups are BitLocker's, which are multiples of eleven."""
    groups = [int(group) for group in value.split("-")]
    return all(group % 11 == 0 for group in groups) and len(set(groups)) > len(groups) // 2


def _is_link_token(value: str) -> bool:
    """Tell whether a part of a path is a token: long hexadecimal or random, not a name."""
    if _HEX.fullmatch(value):
        return len(value) >= LEAST_DIGEST and is_random(value)
    return is_strict_random(value)


def _is_group_code(value: str) -> bool:
    return has_digit(value) and not is_placeholder(value)


def _is_long_token(value: str) -> bool:
    return not is_placeholder(value)


RULES: tuple[StructuralRule, ...] = (
    pattern_rule(
        "recovery-code",
        "the recovery password of BitLocker, eight groups of six digits",
        r"(?<![\d-])(?P<secret>(?:[0-9]{6}-){7}[0-9]{6})(?![\d-])",
        trigger=r"[0-9]-(?:[0-9]{6}-){6}[0-9]{6}",
        rank=Rank.NAMED_FIELD,
        reach=64,
        accept=_is_recovery_password,
    ),
    pattern_rule(
        "recovery-code",
        "eight groups of digits after words for a recovery password",
        r"(?:bitlocker|recovery|numerical)[ ](?:recovery[ ])?(?:password|key)[^\w]{1,24}"
        r"(?P<secret>(?:[0-9]{6}-){7}[0-9]{6})(?![\d-])",
        rank=Rank.NAMED_FIELD,
        reach=120,
    ),
    pattern_rule(
        "recovery-code",
        "a code in groups that resets or recovers an account",
        r"(?:reset|recovery|rescue|backup|emergency|unlock)[ _-](?:code|key|password)"
        r"(?:[ ](?:is|was)|[ ]?[:=]|[ ]for[ ][^\n:]{1,40}:)[ \n]{1,3}[\"'`]?"
        r"(?P<secret>(?-i:[A-Z0-9]{3,8}(?:-[A-Z0-9]{3,8}){1,7}))(?![\w-])",
        rank=Rank.NAMED_FIELD,
        reach=120,
        accept=_is_group_code,
    ),
    pattern_rule(
        "one-time-code",
        "a PIN or a card's code in a sentence",
        rf"(?<![a-z_./-])(?:(?:pin|passcode|{_CARD})(?=[ ]\d)|"
        rf"(?:pin|passcode|{_CARD}|(?:door|gate|alarm|entry|safe|garage|locker|disarm|keypad|panel)"
        r"(?: (?:panel|system|keypad|disarm|arming|master|user|entry))? code)"
        r"(?:[ ](?:for|of|to)[ ][^\n.;:]{1,48}?)?[ ](?:(?:is|was|has been)[ ])?"
        r"(?:is|was|now|(?:re)?set to|changed to)(?=[ ]\d))"
        r"[ ](?P<secret>[0-9]{3,8})(?![\w:/%-]|[.,]\d)"
        r"(?=[#*\"')]{0,2}(?:[.,;!]|[ ](?:and|or|then|to|for|on|at)\b|[ ]{0,2}(?:\n|\Z)))",
        trigger=r"(?:pin|code|cv[vc]2?)[ ](?:[a-z]{2,8}[ ][^\n.;:0-9]{0,48}?)?[0-9]{3}",
        rank=Rank.SENTENCE,
        reach=120,
        accept=is_code_digits,
    ),
    pattern_rule(
        "secret",
        "the token in a link that resets, confirms or invites",
        r"/(?:[\w-]{0,24}(?:reset|invit|magic|activat|verif|confirm|recover|unsubscribe|set-?pass|"
        r"sign-?in|log-?in|accept)[\w-]{0,24}|api/push)/"
        rf"(?P<secret>[A-Za-z0-9_-]{{20,256}}){_END}",
        trigger=r"(?:reset|invit|magic|activat|verif|confirm|recover|unsubscribe|set-?pass|"
        r"sign-?in|log-?in|accept|api/push)[\w-]{0,24}/[A-Za-z0-9_-]{20}",
        rank=Rank.URL_PASSWORD,
        reach=120,
        after=300,
        accept=_is_link_token,
    ),
    pattern_rule(
        "secret",
        "an assertion of SAML that a browser hands on",
        r"(?:SAMLResponse|SAMLart|wresult|id_token_hint)\\{0,7}[\"']?(?:[ ]?[=:][ ]?|[ ]value=)"
        r"\\{0,7}[\"']?(?P<secret>[A-Za-z0-9+/%=_.-]{40,})",
        rank=Rank.NAMED_FIELD,
        reach=140,
        after=65_536,
        accept=_is_long_token,
    ),
)

"""Finds keys without a format of their own by what is next to them: an id, a type."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import (
    Hits,
    StructuralRule,
    at_groups_of_hits,
    pattern_rule,
    window,
)
from ccsync_watch.privacy.heuristics.value_characters import has_digit
from ccsync_watch.privacy.heuristics.value_strength import is_strict_random

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEAR = 4096
_LONGEST_OPENING = 96
"""What of a web key's member proves that it is one, in bytes."""
_KEY = re.compile(
    rb"(?<![A-Za-z0-9/+=_-])(?:[A-Za-z0-9/+]{40}|[A-Za-z0-9/+]{43}[A-Za-z0-9/+=])(?![A-Za-z0-9/+_=-])"
)
"""A secret access key, or the password for mail that is derived from it."""
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


@at_groups_of_hits
def find_secret_keys(data: bytes, hits: Hits) -> Iterator[Span]:
    """Yield the secret access keys near their ids."""
    for match in _KEY.finditer(data, *window(data, hits, 240, 240)):
        value = match[0].decode("latin-1")
        if _is_mixed(value) and "EXAMPLE" not in value:
            yield Span(*match.span(), "aws-secret-key", Rank.PAIRED_KEY)


def _is_mixed(value: str) -> bool:
    """Tell whether a value has digits and letters of both cases."""
    return has_digit(value) and any(c.isupper() for c in value) and any(c.islower() for c in value)


def _is_drawn_key(value: str) -> bool:
    return _is_mixed(value) or _UUID.fullmatch(value) is not None


_WEB_KEY_MEMBER = (
    r"(?:[\"'](?:d|p|q|dp|dq|qi|k)\\{0,7}[\"'][ ]{0,2}:[ ]{0,2}\\{0,7}[\"']"
    r"(?P<quoted>[A-Za-z0-9_-]{16,2048})|"
    r"(?<![\w-])(?:d|p|q|dp|dq|qi|k):[ ]{0,2}\\{0,7}[\"']?(?P<plain>[A-Za-z0-9_-]{40,2048}))"
)
_WEB_KEY_MEMBER_BYTES = re.compile(_WEB_KEY_MEMBER.encode())


@at_groups_of_hits
def find_web_key_members(data: bytes, hits: Hits) -> Iterator[Span]:
    """Yield the private members of JSON web keys near their member `kty`, where hits end."""
    read = hits.since + _NEAR - _LONGEST_OPENING if hits.since else 0
    low = max(read, hits.first - _NEAR, 0)
    for member in _WEB_KEY_MEMBER_BYTES.finditer(data, low, hits.end + _NEAR):
        whole = _WEB_KEY_MEMBER_BYTES.match(data, member.start())
        if whole is not None:
            yield Span(*whole.span(whole.lastgroup or 0), "jwk", Rank.KEY_MATERIAL)


RULES: tuple[StructuralRule, ...] = (
    StructuralRule(
        "aws-secret-key",
        "a secret access key near its id, of AWS or of Google's compatible storage",
        r"(?:(?:AKIA|ASIA)[A-Z0-9]{16}|GOOG1E[A-Z0-9]{55}|GOOG[A-Z0-9]{16,20})",
        find_secret_keys,
        is_caseless=False,
    ),
    pattern_rule(
        "azure-account-key",
        "the key of an Azure storage account or database, next to a word for it",
        r"(?:account[_-]?key|storage[_-]?(?:account)?[_-]?key|cosmos\w{0,16}key|sharedkey\w{0,20}|"
        r"(?:primary|secondary)(?:master|readonly)?\w{0,8}key|\"permissions\":[ ]?\"full\"|"
        r"azure\w{0,24}key)[^\n=]{0,60}?(?:\n|[=:,(\s]|\\n)[^\n]{0,24}?"
        r"(?<![A-Za-z0-9+/])(?P<secret>(?-i:[A-Za-z0-9+/]{86}==))",
        rank=Rank.PAIRED_KEY,
        reach=240,
    ),
    pattern_rule(
        "storage-key",
        "a key for object storage after its id, by position",
        r"(?:(?:b2[ ](?:authorize-account|account[ ]authorize)|"
        r"(?:mc|mcli)[ ](?:alias[ ]set|config[ ]host[ ]add)[ ][^\s]{1,40}[ ]https?://[^\s]{1,80})"
        r"[ ]"
        r"['\"]?[^\s'\"]{3,128}['\"]?[ ]|"
        r"application_?key\\{0,7}[\"']?[ ]{0,4}[:=][ ]{0,4}\\{0,7}[\"']?)"
        r"['\"]?(?P<secret>[^\s'\"$<>]{8,128})",
        rank=Rank.PAIRED_KEY,
        reach=300,
        accept=_is_mixed,
    ),
    pattern_rule(
        "secret",
        "the key of a cloud right after its id, whose format shows what it is",
        r"(?<![A-Za-z0-9])(?-i:LTAI[A-Za-z0-9]{12,20}|AKID[A-Za-z0-9]{32}|SCW[A-Z0-9]{17}|"
        r"DO00[A-Z0-9]{16}|SK[0-9a-f]{32})"
        r"\\{0,7}[\"']?[ ]{0,4}[:,;|\t ][ ]{0,4}\\{0,7}[\"']?"
        r"(?P<secret>(?-i:[A-Za-z0-9+/_-]{30,43}))(?![A-Za-z0-9+/_=-])",
        rank=Rank.PAIRED_KEY,
        reach=80,
        accept=_is_drawn_key,
        is_caseless=False,
    ),
    pattern_rule(
        "secret",
        "a long value under the initials of a secret or access key",
        r"(?<![\w-])(?:sk|ak)(?:[\"']?: ?| = |=)[\"'](?P<secret>[A-Za-z0-9+/_.-]{32,256})(?=[\"'])",
        rank=Rank.ASSIGNMENT,
        reach=60,
        accept=is_strict_random,
    ),
    pattern_rule(
        "twilio-token",
        "the token of an account of Twilio, after its id",
        r"(?-i:AC[0-9a-f]{32})[\"']?(?:[:,]|%3A)[ ]?[\"']?"
        r"(?P<secret>(?-i:[0-9a-f]{32}))(?![0-9a-f])",
        rank=Rank.PAIRED_KEY,
        reach=80,
        is_caseless=False,
    ),
    pattern_rule(
        "secret",
        "a key in hexadecimal after its initialisation vector",
        r"(?<![a-z0-9_])iv[\"']?[ ]{0,2}[:=][ ]{0,2}[\"']?(?:0x)?[0-9a-f]{24,32}[\"']?[,;]?\s{1,4}"
        r"[\"']?(?:aes_?)?key[\"']?[ ]{0,2}[:=][ ]{0,2}[\"']?(?:0x)?"
        r"(?P<secret>[0-9a-f]{32}(?:[0-9a-f]{16}){0,2})(?![0-9a-f])",
        rank=Rank.PAIRED_KEY,
        reach=160,
    ),
    pattern_rule(
        "secret",
        "a key in hexadecimal before its initialisation vector",
        r"(?<![a-z0-9_])(?:aes_?)?key[\"']?[ ]{0,2}[:=][ ]{0,2}[\"']?(?:0x)?"
        r"(?P<secret>[0-9a-f]{32}(?:[0-9a-f]{16}){0,2})[\"']?[,;]?\s{1,4}[\"']?"
        r"iv[\"']?[ ]{0,2}[:=][ ]{0,2}[\"']?(?:0x)?[0-9a-f]{24,32}",
        rank=Rank.PAIRED_KEY,
        reach=160,
    ),
    pattern_rule(
        "vault-key",
        "the secret that logs in to Vault, Consul or Nomad, after its role's or accessor's id",
        r"(?:role|accessor)[_ -]?id[^\n]{0,80}?(?:\n|\\n)?[^\n]{0,48}?secret[_ -]?id\\{0,7}[\"']?"
        r"(?:[ ]{0,24}[:=|]|[ ]{2})[ ]{0,24}\\{0,7}[\"']?"
        r"(?P<secret>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})",
        trigger=r"secret[_ -]?id\\{0,7}[\"']?(?:[ ]{0,24}[:=|]|[ ]{2})[ ]{0,24}\\{0,7}[\"']?"
        r"[0-9a-f]{8}-[0-9a-f]{4}-",
        rank=Rank.PAIRED_KEY,
        reach=240,
    ),
    StructuralRule(
        "jwk",
        "the private members of a JSON web key",
        r"kty[^a-z0-9]",
        find_web_key_members,
        is_caseless=False,
    ),
)

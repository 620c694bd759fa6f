"""Finds recovery codes, and the secrets from which one-time codes are computed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.engine.pattern_syntax import prefix_tree
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import (
    StructuralRule,
    at_each_hit,
    pattern_rule,
    text_of,
)
from ccsync_watch.privacy.heuristics.dummy_values import is_placeholder, is_word
from ccsync_watch.privacy.heuristics.gibberish import is_gibberish
from ccsync_watch.privacy.heuristics.value_characters import has_digit
from ccsync_watch.privacy.heuristics.words import load_words

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_BYTES = 1024
_CODE = re.compile(
    rb"(?:[\s,;:*\[\]\"'`]|[0-9]{1,2}[.)]|- |\\n|\\r|\\\"){0,24}"
    rb"(?P<code>[0-9]{4} [0-9]{4}|[A-Za-z0-9]{4,8}(?:-[A-Za-z0-9]{4,8}){1,4}|[A-Za-z0-9]{8,12}|"
    rb"[0-9]{6})(?![\w-])",
)
_SEPARATOR = re.compile(rb"[^\n:]{0,60}?[\])}]?[\"'`*]{0,3}[ ]?(?::|\xef\xbc\x9a|\n|\\n|\[|=|-)")


@at_each_hit
def find_recovery_codes(data: bytes, end: int, _since: int) -> Iterator[Span]:
    """Yield the codes of a list that a heading announces; a hit ends with the heading's words."""
    announced = _SEPARATOR.match(data, end)
    if announced is None:
        return
    position, limit = announced.end(), min(len(data), end + _MOST_BYTES)
    while (match := _CODE.match(data, position, limit)) is not None:
        if not _is_code(text_of(data, match.span("code"))):
            return
        yield Span(*match.span("code"), "recovery-code", Rank.NAMED_FIELD)
        position = match.end()


def _is_code(value: str) -> bool:
    is_numbered = has_digit(value)
    is_same_case = value.islower() or value.isupper()
    is_random = (
        is_numbered or (is_same_case and "-" in value) or not (value[1:].islower() or is_same_case)
    )
    return is_random and not is_placeholder(value) and not is_word(value)


def _is_seed(value: str) -> bool:
    """Tell whether a value is base32, with digits or no words, and not an example."""
    is_drawn = has_digit(value) or is_gibberish(value)
    return is_drawn and not is_placeholder(value) and len(set(value)) > 6  # noqa: PLR2004 - drawn, not typed


_BASE32 = r"(?P<secret>(?-i:[A-Z2-7]{16,64}))"
_GROUPS = (
    r"(?P<secret>(?:(?-i:[a-z2-7]{4})[ -]){3,15}(?-i:[a-z2-7]{4})|(?:(?-i:[A-Z2-7]{4})"
    r"[ -]){3,15}(?-i:[A-Z2-7]{4}))"
)

_OTHER_NAMES = sorted(
    word.replace("_", " ").encode().decode("latin-1") for word in load_words("recovery_codes")
)

RULES: tuple[StructuralRule, ...] = (
    StructuralRule(
        "recovery-code",
        "codes to recover an account, in a list",
        r"(?:recovery|backup|scratch|emergency|rescue|one[- ]?time)[ _-]?(?:scratch[ _-])?codes?",
        find_recovery_codes,
    ),
    StructuralRule(
        "recovery-code",
        "codes to recover an account, in a list under words of another language",
        prefix_tree(_OTHER_NAMES),
        find_recovery_codes,
    ),
    pattern_rule(
        "totp-secret",
        "a secret for one-time codes given to a program or function",
        r"(?:oathtool[^\n]{0,60}[ ]|(?:totp|hotp|authenticator(?:\.\w{1,16})?)\([ ]?\\{0,7}[\"'])"
        + _BASE32,
        rank=Rank.NAMED_FIELD,
        reach=120,
        accept=_is_seed,
    ),
    pattern_rule(
        "totp-secret",
        "a secret for one-time codes that a program calls a secret key",
        r"secret[ ]key(?:[ ]is)?:?[ ]{1,2}" + _BASE32 + r"(?![A-Za-z0-9])",
        rank=Rank.NAMED_FIELD,
        reach=60,
        accept=_is_seed,
    ),
    pattern_rule(
        "totp-secret",
        "a secret for one-time codes, next to words for it",
        r"(?<![a-z])(?:authenticator|totp|2fa|two[- ]factor|mfa|otp)(?![a-rt-z])"
        r"[^\n]{0,40}(?:secret|key|seed|code|app)?"
        r"[^\n]{0,12}[ :\"'=]" + _BASE32,
        rank=Rank.NAMED_FIELD,
        reach=140,
        accept=_is_seed,
    ),
    pattern_rule(
        "totp-secret",
        "a secret for one-time codes in groups of four",
        r"(?:secret|setup|manual(?: entry)?|this|authenticator|totp|2fa)[ ](?:key|code|secret|"
        r"app)[^\n]{0,60}?"
        r"[:`\"' \n]{1,3}" + _GROUPS,
        rank=Rank.NAMED_FIELD,
        reach=180,
        accept=_is_seed,
    ),
    pattern_rule(
        "totp-secret",
        "accounts that an authenticator exports",
        r"otpauth-migration://offline\?data=(?P<secret>[A-Za-z0-9%+/=_-]{16,4096})",
        rank=Rank.NAMED_FIELD,
        reach=60,
        after=4096,
    ),
)

"""Finds secrets that are written in groups: passwords of programs, product keys, bytes of keys.

`password: gJ3h dfUe Fl7o x2k8 CarU Q4ei`, `Steam key: XGYQK-HTDT5-YMM26`, `AES key: c0 1f fe …`.
A blank or a hyphen between groups ends the value for other rules. The groups must be as drawn: of
equal length, unlike words.
"""

from __future__ import annotations

import re

from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.structural_rule import StructuralRule, pattern_rule
from ccsync_watch.privacy.heuristics.dummy_values import is_placeholder
from ccsync_watch.privacy.heuristics.thresholds import LEAST_DISTINCT_IN_KEY
from ccsync_watch.privacy.heuristics.value_characters import has_digit

_INNER_CAPITAL = re.compile(r"[a-z0-9][A-Z]|[A-Z][a-z]?[A-Z]|\d[a-z]|[A-Za-z]\d")
_LEAST_DRAWN_GROUPS = 2
_LEAST_DISTINCT_IN_PRODUCT_KEY = 7
_KEY_SIZES = frozenset({16, 24, 32, 48, 64})
"""Of symmetric keys and seeds, in bytes: a SHA-1 has another."""


def _is_application_password(value: str) -> bool:
    """Tell whether groups are drawn, and not four words of four letters."""
    groups = re.split(r"[ -]", value)
    drawn = sum(_INNER_CAPITAL.search(group) is not None for group in groups)
    is_number = all(group.isdigit() for group in groups)
    return drawn >= _LEAST_DRAWN_GROUPS and not is_number and not is_placeholder(value)


def _is_product_key(value: str) -> bool:
    """Tell whether groups of capitals and digits are a key: of one length, with digits in two."""
    groups = value.split("-")
    numbered = sum(has_digit(group) for group in groups)
    return (
        len(set(map(len, groups))) == 1
        and numbered >= _LEAST_DRAWN_GROUPS
        and not all(group.isdigit() for group in groups)
        and len(set(value)) > _LEAST_DISTINCT_IN_PRODUCT_KEY
        and not is_placeholder(value)
    )


def _is_key_of_bytes(value: str) -> bool:
    """Tell whether bytes are as many as a key has, and neither equal nor in order."""
    numbers = [int(byte, 16) for byte in re.findall(r"(?:0x)?([0-9a-f]{2})", value.lower())]
    return (
        len(numbers) in _KEY_SIZES
        and len(set(numbers)) >= LEAST_DISTINCT_IN_KEY
        and numbers != sorted(numbers)
    )


_NAMES = (
    r"(?:(?:app|application)[ _-]?(?:specific[ _-]?)?pass(?:w(?:or)?d)?|passw(?:or)?d|passphrase)"
)
_MARKS = r"\\{0,7}[\"'`*]{0,3}"
_FOR = r"(?:[ ](?:for|of)[ ][\w.@ -]{1,32}?)?"
_JOINT = r"[ ]{0,4}(?:[:=|]|=>|->|is:?)[ |]{1,8}|[:=]"
_GAME = (
    r"(?:steam|cd|game|xbox|psn|playstation|nintendo|origin|gog|ubisoft|uplay|epic|redeem|"
    r"gift[ ]?card|voucher|redemption)"
)
_PRODUCT = (
    rf"(?:{_GAME}[ _-]?(?:[ ][\w.-]{{1,16}}[ ])?(?:keys?|codes?)|"
    r"(?:product|licen[cs]e|activation|windows(?:[ ]\d{1,2})?(?:[ ](?:pro|home|server))?|office|"
    r"serial|retail|upgrade)[ _-]?keys?|lizenzschl\xc3\xbcssel)"
)
_PRODUCT_KEY = rf"{_PRODUCT}(?:[ ](?:for|of|to)(?:[ ][\w.:'-]{{1,20}}){{1,4}}?)?"
_OWNER = (
    r"(?:aes|des|session|encryption|decryption|master|network|app|link|private|pre-?shared|shared|"
    r"secret|hmac|cmac|root|signing|device|nwk|derived|symmetric|storage|wrapping|zigbee|ltk|wep|"
    r"chacha20|gcm|block|cipher|kek|dek)(?:-?\d{3})?"
)
_KEY_NAME = (
    rf"(?<![a-z0-9])(?:{_OWNER}[ _-]?key(?:[ ](?:is|was))?|(?<!public[ ])(?<!pub[ ])key[ ]bytes|"
    r"ltk|irk|k_?enc|k_?mac|secret|priv)"
)
_BYTE = r"(?:0x)?[0-9a-f]{2}"

RULES: tuple[StructuralRule, ...] = (
    pattern_rule(
        "password",
        "a password in groups of four or five characters, after its name",
        rf"{_NAMES}{_MARKS}{_FOR}{_MARKS}(?:{_JOINT}){_MARKS}"
        r"(?P<secret>(?:[a-z0-9]{4}(?:[ ][a-z0-9]{4}){3,7}|[a-z0-9]{5}(?:[ -][a-z0-9]{5}){3,5}|"
        r"[a-z0-9]{4}(?:-[a-z0-9]{4}){3,7}))(?![\w-])",
        trigger=rf"pass(?:w(?:or)?d|phrase)?{_MARKS}(?:[ ](?:for|of)[ ][\w.@ -]{{1,32}})?{_MARKS}"
        rf"(?:{_JOINT}){_MARKS}(?:[a-z0-9]{{4,5}}[ -]){{3}}[a-z0-9]{{4}}",
        rank=Rank.NAMED_FIELD,
        reach=140,
        accept=_is_application_password,
    ),
    pattern_rule(
        "product-key",
        "the key of a product, a game or a gift card, after words for it",
        rf"(?<![a-z]){_PRODUCT_KEY}{_MARKS}"
        rf"[ ]{{0,4}}(?:[:=|#-]|is)?[ ]{{0,4}}{_MARKS}"
        r"(?P<secret>(?-i:[A-Z0-9]{4,6}(?:-[A-Z0-9]{4,6}){2,5}))(?![\w-])",
        trigger=r"(?:key|code|ssel)s?(?:[ ](?:for|of|to)[ ][\w.:' -]{1,64})?"
        r"\\{0,7}[\"'`*]{0,3}[ ]{0,4}(?:[:=|#-]|is)?[ ]{0,4}\\{0,7}[\"'`*]{0,3}"
        r"(?-i:[A-Z0-9]{4,6}-[A-Z0-9]{4,6}-[A-Z0-9]{4})",
        rank=Rank.NAMED_FIELD,
        reach=200,
        accept=_is_product_key,
    ),
    pattern_rule(
        "product-key",
        "the key of a product in an element of its own",
        r"<(?:product|serial|licen[cs]e|activation)key>(?P<secret>(?-i:[A-Z0-9]{4,6}"
        r"(?:-[A-Z0-9]{4,6}){2,5}))</",
        rank=Rank.NAMED_FIELD,
        reach=80,
        accept=_is_product_key,
    ),
    pattern_rule(
        "secret",
        "the bytes of a key in hexadecimal, in pairs of digits, after its name",
        rf"{_KEY_NAME}(?:[ ]bytes|[ ]?\([\w ,-]{{1,20}}\))?[ ]{{0,4}}[:=]?[ ]{{0,4}}"
        r"(?:\r?\n[ \t]{0,16}(?:[0-9a-f]{4,8}:?[ ]{1,2})?)?"
        rf"(?P<secret>{_BYTE}(?:(?:[ ]{{1,2}}|:|,[ ]?){_BYTE}){{15,63}})(?!:?[ ]?[0-9a-f]{{2}}\b)",
        trigger=r"(?:key|ltk|irk|k_?enc|k_?mac|secret|priv)(?:[ ](?:bytes|is|was))?"
        r"(?:[ ]?\([\w ,-]{1,20}\))?[ ]{0,4}[:=]?[ ]{0,4}"
        r"(?:\r?\n[ \t]{0,16}(?:[0-9a-f]{4,8}:?[ ]{1,2})?)?"
        rf"{_BYTE}(?:[ ]{{1,2}}|:|,[ ]?){_BYTE}(?:[ ]{{1,2}}|:|,[ ]?){_BYTE}(?:[ :,])",
        rank=Rank.NAMED_FIELD,
        reach=140,
        after=560,
        accept=_is_key_of_bytes,
    ),
)

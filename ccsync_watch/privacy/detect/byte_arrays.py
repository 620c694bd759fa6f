"""Finds keys that source code and wallets write as arrays of bytes: `AES_KEY[] = {0x1f, …}`."""

from __future__ import annotations

import re

from ccsync_watch.privacy.detect.named_values import WORD, WORDS, find_named
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.structural_rule import StructuralRule, pattern_rule
from ccsync_watch.privacy.heuristics.name_strength import Strength
from ccsync_watch.privacy.heuristics.thresholds import LEAST_DISTINCT_IN_KEY

_BYTE = r"(?:0x[0-9a-f]{1,2}|\\x[0-9a-f]{2}|[0-9]{1,3})"
_ARRAY = rf"(?P<secret>{_BYTE}(?:,[\s]{{0,12}}{_BYTE}){{11,255}})"
_AFTER_NAME = (
    r"(?:\[[\w ]{0,24}\])?[ ]?(?::[ ]?[\w\[\]; <>&']{1,24})?[ ]{0,4}(?:=|:=|:)[ ]{0,4}"
    r"(?:[\w.:\[\]<>&! ]{0,40})?[\[({]{1,2}\s{0,16}" + _ARRAY
)
_NUMBER = re.compile(r"0x[0-9a-f]{1,2}|[0-9]{1,3}", re.IGNORECASE)
_LARGEST_BYTE = 255
_LEAST_LARGE = 160
"""Among the bytes of a key is one that is larger; those of a table of positions are smaller."""
_WALLET_BYTES = 64


def _bytes_of(value: str) -> list[int]:
    return [
        int(number, 0) if number[:2] in {"0x", "0X"} else int(number)
        for number in _NUMBER.findall(value)
    ]


def _is_key(value: str, strength: Strength) -> bool:
    """Tell whether the bytes under a key's name are a key, and not zeros or in order."""
    if strength not in {Strength.TOKEN, Strength.PASSWORD}:
        return False
    numbers = _bytes_of(value)
    return len(set(numbers)) >= LEAST_DISTINCT_IN_KEY and numbers != sorted(numbers)


def is_wallet_array(value: str) -> bool:
    """Tell whether sixty-four numbers are a wallet's key: bytes, large ones too, in no order."""
    numbers = _bytes_of(value)
    return (
        len(numbers) == _WALLET_BYTES
        and _LEAST_LARGE <= max(numbers) <= _LARGEST_BYTE
        and len(set(numbers)) >= _WALLET_BYTES // 2
        and numbers != sorted(numbers)
    )


RULES: tuple[StructuralRule, ...] = (
    StructuralRule(
        "named-value",
        "an array of bytes under a key's name",
        rf"(?:{WORDS}|key)[\w-]{{0,24}}(?:\[[\w ]{{0,24}}\])?[ ]?(?::[ ]?[\w\[\]; <>&']{{1,24}})?"
        rf"[ ]{{0,4}}[:=]{{1,2}}[ ]{{0,4}}[\w.:\[\]<>&! ]{{0,40}}"
        rf"[\[({{]{{1,2}}\s{{0,16}}{_BYTE},\s{{0,12}}{_BYTE},",
        find_named(WORD, _AFTER_NAME, 220, _is_key),
    ),
    pattern_rule(
        "wallet-key",
        "sixty-four bytes as numbers, as Solana's programs keep a key",
        r"\[\s{0,4}(?P<secret>[0-9]{1,3}(?:,\s?[0-9]{1,3}){63})\s{0,4}\]",
        trigger=r"\[\s{0,4}[0-9]{1,3}(?:,\s?[0-9]{1,3}){63}\s{0,4}\]",
        rank=Rank.KEY_MATERIAL,
        reach=400,
        accept=is_wallet_array,
    ),
)

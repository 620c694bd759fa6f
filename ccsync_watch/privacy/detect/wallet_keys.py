"""Finds the keys and seed phrases of wallets, and the keys that unseal a vault."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import StructuralRule, pattern_rule, text_of
from ccsync_watch.privacy.heuristics.dummy_values import FUNCTION_WORDS
from ccsync_watch.privacy.heuristics.gibberish import entropy
from ccsync_watch.privacy.heuristics.thresholds import LEAST_SEED_WORDS, SEED_ENTROPY

if TYPE_CHECKING:
    from collections.abc import Iterator

_WALLET_REACH = 4096
_WALLET_KEY = re.compile(rb"(?:0x)?[0-9a-fA-F]{64}")


def find_wallet_keys(data: bytes, end: int, _since: int) -> Iterator[Span]:
    """Yield the private keys that a development chain lists at its start."""
    near = data[max(0, end - _WALLET_REACH) : end + _WALLET_REACH // 2].lower()
    if b"private key" not in near and b"hd wallet" not in near and b"mnemonic" not in near:
        return
    low = max(0, end - 66)
    match = _WALLET_KEY.search(data[low : end + 1])
    if match is not None:
        yield Span(low + match.start(), low + match.end(), "wallet-key", Rank.KEY_MATERIAL)


_PHRASE = re.compile(
    rb"(?:seed|mnemonic|recovery|backup|wallet|secret)(?:[ _-]?(?:phrase|words?|seed|mnemonic|"
    rb"recovery))"
    rb"{0,2}[^\n]{0,30}?[\"'`:= \n]{1,4}(?P<value>(?:(?:[0-9]{1,2}[.)][ ]?)?[a-z]{3,8}(?:[ ]|,[ "
    rb"]?|\n|\\n))"
    rb"{11,23}(?:[0-9]{1,2}[.)][ ]?)?[a-z]{3,8})",
    re.IGNORECASE,
)

_FUNCTION_WORDS = FUNCTION_WORDS | {"its"}


def find_seed_phrases(data: bytes, end: int, _since: int) -> Iterator[Span]:
    """Yield a wallet's seed phrase: twelve words or more, none of them a function word."""
    match = _PHRASE.search(data, max(0, end - 320), min(len(data), end + 320))
    if match is None:
        return
    words = re.findall(r"[a-z]+", text_of(data, match.span("value")).lower())
    is_varied = entropy(" ".join(words)) > SEED_ENTROPY
    if len(words) >= LEAST_SEED_WORDS and is_varied and not _FUNCTION_WORDS.intersection(words):
        yield Span(*match.span("value"), "seed-phrase", Rank.KEY_MATERIAL)


RULES: tuple[StructuralRule, ...] = (
    pattern_rule(
        "vault-key",
        "a key that unseals a vault",
        r"(?:unseal|recovery) key [0-9]{1,2}: {1,3}(?P<secret>[A-Za-z0-9+/=]{24,128})",
        reach=60,
    ),
    pattern_rule(
        "wallet-key",
        "a wallet's private key after its name",
        r"private[ _-]?key[^\n]{0,24}?(?P<secret>0x[0-9a-f]{64})(?![0-9a-f])",
        reach=108,
    ),
    StructuralRule(
        "wallet-key",
        "a private key in a development chain's list",
        r"\([0-9]{1,2}\) {1,3}(?:0x)?[0-9a-f]{64}",
        find_wallet_keys,
    ),
    StructuralRule(
        "seed-phrase",
        "a wallet's seed phrase",
        r"(?:seed|mnemonic|recovery|wallet|backup|secret)[ _-]?(?:phrase|words?|seed|mnemonic|"
        r"recovery|)[^\n]{0,30}[\"'`:= \n](?:(?:[0-9]{1,2}[.)][ ]?)?[a-z]{3,8}(?:[ ]|,[ ]?|\n|\\n))"
        r"{11}",
        find_seed_phrases,
    ),
)

"""Finds the keys and seed phrases of wallets, and the keys that unseal a vault."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from functools import partial
from typing import TYPE_CHECKING

from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import (
    Hits,
    Seen,
    StructuralRule,
    at_each_hit,
    at_groups_of_hits,
    pattern_rule,
    text_of,
    window,
)
from ccsync_watch.privacy.heuristics.dummy_values import FUNCTION_WORDS
from ccsync_watch.privacy.heuristics.gibberish import entropy
from ccsync_watch.privacy.heuristics.thresholds import (
    LEAST_DISTINCT_IN_KEY,
    LEAST_DISTINCT_SEED_WORDS,
    LEAST_OF_EACH_KIND,
    LEAST_SEED_WORDS,
    SEED_ENTROPY,
)
from ccsync_watch.privacy.heuristics.words import load_words

if TYPE_CHECKING:
    from collections.abc import Iterator

_WALLET_REACH = 4096
_WALLET_KEY = re.compile(rb"(?:0x)?[0-9a-fA-F]{64}")


@partial(at_each_hit, seen=Seen(before=4608))
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
    rb"(?-i:(?<![a-z])|(?=[A-Z]))"
    rb"(?:seed|mnemonic|recovery|backup|wallet|secret)(?:[ _-]?(?:phrase|words?|seed|mnemonic|"
    rb"recovery))"
    rb"{0,2}[^\n]{0,30}?[\"'`:= \n]{1,4}(?P<value>(?:(?:[0-9]{1,2}[.)][ ]?)?[a-z]{3,8}(?:[ ]|,[ "
    rb"]?|\n|\\n))"
    rb"{11,23}(?:[0-9]{1,2}[.)][ ]?)?[a-z]{3,8})",
    re.IGNORECASE,
)

_FUNCTION_WORDS = FUNCTION_WORDS | {"its"}


@at_groups_of_hits
def find_seed_phrases(data: bytes, hits: Hits) -> Iterator[Span]:
    """Yield wallets' seed phrases: twelve words or more, none of them a function word."""
    position, limit = window(data, hits, 320, 320)
    while (match := _PHRASE.search(data, position, limit)) is not None:
        position = match.start() + 1
        words = re.findall(r"[a-z]+", text_of(data, match.span("value")).lower())
        is_list = words == sorted(words)
        is_varied = not is_list and entropy(" ".join(words)) > SEED_ENTROPY
        if len(words) >= LEAST_SEED_WORDS and is_varied and not _FUNCTION_WORDS.intersection(words):
            yield Span(*match.span("value"), "seed-phrase", Rank.KEY_MATERIAL)


_BREAK = r"[ \t]{0,4}(?:[-*>|][ ]{1,2})?(?:[0-9]{1,2}[.):]{0,2}[ ]{1,2})?"
_LABEL = r"[^A-Za-z\n]{0,8}(?:[A-Za-z_]{1,16}[^A-Za-z\n]{1,4})?"
_SEED_LINE = (
    rf"\n{_LABEL}(?:[a-z]{{3,8}}[ ,]{{1,2}}(?:[0-9]{{1,2}}[.):]{{0,2}}[ ])?){{11}}[a-z]{{3}}"
)
_SEED_LINES = rf"(?:\n{_BREAK}[a-z]{{3,8}},?){{12}}"
_SEED_LIST = r"\[\s?\\{0,3}[\"'](?:[a-z]{3,8}\\{0,3}[\"'],\s{0,9}\\{0,3}[\"']){11}[a-z]{3}"
_SEED_RUN = re.compile(
    rb"[a-z]{3,8}(?:[ ,\t|\"'\\\n-]{1,12}(?:[0-9]{1,2}[.):]{0,2}[ ]{1,2})?[a-z]{3,8}){11,}(?![a-z])"
)
_SEED_WORD = re.compile(rb"[a-z]{3,8}")
_SEED_WORDS = frozenset(word.encode() for word in load_words("seed_words"))
_SEED_REACH = 420
_LETTERS_ALONE = bytes(code if chr(code).islower() and code < 128 else 32 for code in range(256))  # noqa: PLR2004 - ASCII
_MANY_SEED_WORDS = b"\1" * (LEAST_SEED_WORDS - 1)
"""So many of the list's words one after the other: the first may be a word's end."""


@at_groups_of_hits
def find_bare_seed_phrases(data: bytes, hits: Hits) -> Iterator[Span]:
    """Yield twelve words or more of the standard's list, in no order: no sentence has so many."""
    low = max(0, hits.first - _SEED_REACH)
    text = data[low : hits.end + _SEED_REACH].replace(b"\\n", b"\n\n")
    words = text.translate(_LETTERS_ALONE).split()
    if _MANY_SEED_WORDS not in bytes(map(_SEED_WORDS.__contains__, words)):
        return
    for run in _SEED_RUN.finditer(text):
        matches = list(_SEED_WORD.finditer(run[0]))
        for first, count in _seeds_of([match[0] for match in matches]):
            start = low + run.start() + matches[first].start()
            stop = low + run.start() + matches[first + count - 1].end()
            yield Span(start, stop, "seed-phrase", Rank.KEY_MATERIAL)


def _seeds_of(words: list[bytes]) -> Iterator[tuple[int, int]]:
    """Yield where twelve words or more of the list follow each other, and how many."""
    first = 0
    for index in range(len(words) + 1):
        if index < len(words) and words[index] in _SEED_WORDS:
            continue
        phrase = words[first:index]
        is_varied = len(set(phrase)) >= LEAST_DISTINCT_SEED_WORDS
        if len(phrase) >= LEAST_SEED_WORDS and is_varied and phrase != sorted(phrase):
            yield first, len(phrase)
        first = index + 1


def is_wallet_import_key(value: str) -> bool:
    """Tell whether a value in base 58 is a key: by its characters, or the short form's checksum."""
    if value[0] == "5" and not has_base58_checksum(value):
        return False
    kinds = (str.isdigit, str.islower, str.isupper)
    return all(sum(map(kind, value)) >= LEAST_OF_EACH_KIND for kind in kinds)


_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_NO_BASE58 = r"(?![A-Za-z0-9+/=_-])"


def has_base58_checksum(value: str) -> bool:
    """Tell whether the last four bytes are the start of the others' double SHA-256."""
    number = 0
    for character in value:
        number = number * 58 + _BASE58.index(character)
    content = number.to_bytes((number.bit_length() + 7) // 8, "big")
    digest = hashlib.sha256(hashlib.sha256(content[:-4]).digest()).digest()
    return content[-4:] == digest[:4]


def has_stellar_checksum(value: str) -> bool:
    """Tell whether the last two bytes are the CRC-16 (XMODEM) of the others."""
    content = base64.b32decode(value)
    return binascii.crc_hqx(content[:-2], 0) == int.from_bytes(content[-2:], "little")


_BASE58_CLASS = "[1-9A-HJ-NP-Za-km-z]"
_BECH32_CLASS = "[ac-hj-np-z02-9]"

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
        r"(?:private[ _-]?key|secret[ _-]seed)[^\n]{0,24}?(?P<secret>0x[0-9a-f]{64})(?![0-9a-f])",
        reach=108,
    ),
    pattern_rule(
        "wallet-key",
        "the key of an account of a chain, after what the account does",
        r"(?<![a-z])(?:deployer|signer|wallet|burner|relayer|keeper|minter|faucet|treasury|"
        r"funder|operator|executor|sender)(?:'?s)?(?:[ _-](?:account|wallet))?"
        r"[ _-](?:private[ _-])?(?:key|pk|privkey|sk)(?:[ ]{0,2}[:=]|[ ](?:is|was))?"
        r"[ ]{0,2}[\"'`(]{0,2}(?P<secret>0x[0-9a-f]{64})(?![0-9a-f])",
        reach=140,
    ),
    pattern_rule(
        "wallet-key",
        "the accounts that a development tool signs with",
        r"accounts\\{0,7}[\"']?[ ]{0,2}[:=][ ]{0,2}\[\s{0,12}\\{0,7}[\"'`]"
        r"(?P<secret>(?:0x)?[0-9a-f]{64})(?![0-9a-f])",
        reach=120,
    ),
    StructuralRule(
        "wallet-key",
        "a private key in a development chain's list",
        r"\([0-9]{1,2}\) {1,3}(?:0x)?[0-9a-f]{64}",
        find_wallet_keys,
    ),
    pattern_rule(
        "wallet-key",
        "a private key in the format in which wallets import it",
        rf"(?<![A-Za-z0-9+/=_-])(?P<secret>[KL]{_BASE58_CLASS}{{51}}|5[HJK]{_BASE58_CLASS}{{49}})"
        rf"{_NO_BASE58}",
        rank=Rank.KEY_MATERIAL,
        reach=64,
        accept=is_wallet_import_key,
        is_caseless=False,
    ),
    pattern_rule(
        "wallet-key",
        "a private key with the prefix of its chain",
        rf"(?P<secret>(?:nsec1|suiprivkey1|[a-z]{{2,8}}_x?sk1|xprv1|age-secret-key-1)"
        rf"{_BECH32_CLASS}{{50,110}}|"
        rf"ed25519e?_sk1{_BECH32_CLASS}{{50,110}}|edsk{_BASE58_CLASS}{{50,94}}){_NO_BASE58}",
        rank=Rank.KEY_MATERIAL,
        reach=128,
        accept=lambda value: len(set(value)) >= LEAST_DISTINCT_IN_KEY,
        is_caseless=False,
    ),
    pattern_rule(
        "wallet-key",
        "a secret seed of a Stellar account",
        r"(?<![A-Z0-9])(?P<secret>S[A-Z2-7]{55})(?![A-Z0-9])",
        rank=Rank.KEY_MATERIAL,
        reach=64,
        accept=has_stellar_checksum,
        is_caseless=False,
    ),
    pattern_rule(
        "nats-seed",
        "a seed of an account, a user or an operator of NATS",
        r"(?<![A-Z0-9])(?P<secret>S[AUONCX][A-Z2-7]{56})(?![A-Z0-9])",
        rank=Rank.KEY_MATERIAL,
        reach=64,
        accept=lambda value: len(set(value)) >= LEAST_DISTINCT_IN_KEY,
        is_caseless=False,
    ),
    pattern_rule(
        "wallet-key",
        "a key of 64 bytes after its name, in base 58 or as numbers",
        r"(?:private[ _-]?key|secret[ _-]?key|key[ _-]?pair)[^\n]{0,24}?"
        rf"(?P<secret>{_BASE58_CLASS}{{87,88}}|\[(?:[0-9]{{1,3}},[ ]?){{63}}[0-9]{{1,3}}\])"
        rf"{_NO_BASE58}",
        rank=Rank.KEY_MATERIAL,
        reach=400,
        accept=lambda value: len(set(value)) >= LEAST_DISTINCT_IN_KEY,
    ),
    *(
        StructuralRule(
            "seed-phrase",
            "twelve words or more of the list of seed phrases",
            trigger,
            find_bare_seed_phrases,
            is_caseless=False,
        )
        for trigger in (_SEED_LINE, _SEED_LINES, _SEED_LIST)
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

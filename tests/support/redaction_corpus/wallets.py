"""Keys and seed phrases of wallets, with no name beside them or with one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ccsync_watch.privacy.heuristics.words import load_words
from support.redaction_corpus.structures import one
from support.redaction_corpus.vendors import HEX, drawn

if TYPE_CHECKING:
    import random

    from support.redaction_corpus.innocent import Kind
    from support.redaction_corpus.structures import Family

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "acdefghjklmnpqrstuvwxyz023456789"


def _seed(rng: random.Random) -> list[str]:
    return rng.sample(load_words("seed_words"), rng.choice((12, 15, 18, 21, 24)))


def _phrase(rng: random.Random) -> str:
    return " ".join(_seed(rng))


def _numbered(words: str) -> str:
    return "\n".join(f"{index}. {word}" for index, word in enumerate(words.split(), 1))


FAMILIES: dict[str, Family] = {
    "seed alone": one(lambda r, s: s, _phrase),
    "seed line": one(lambda r, s: f"wallet created\n{s}\ndone", _phrase),
    "seed with commas": one(lambda r, s: s, lambda r: ", ".join(_seed(r))),
    "seed in lines": one(lambda r, s: s, lambda r: "\n".join(_seed(r))),
    "seed numbered": one(lambda r, s: f"write down:\n{s}\n", lambda r: _numbered(_phrase(r))),
    "seed quoted": one(lambda r, s: f'phrase = "{s}"', _phrase),
    "seed in a table": one(lambda r, s: f"| prod | {s} | 2026-01-01 |", _phrase),
    "seed list": one(lambda r, s: f"[{s}]", lambda r: json.dumps(_seed(r))[1:-1]),
    "wallet import": one(lambda r, s: f"| prod | {s} |", lambda r: "K" + drawn(_BASE58, 51, r)),
    "nostr key": one(lambda r, s: f"nsec: {s}", lambda r: "nsec1" + drawn(_BECH32, 58, r)),
    "solana key": one(lambda r, s: f"private key {s}", lambda r: drawn(_BASE58, 88, r)),
    "solana bytes": one(
        lambda r, s: f"keypair: [{s}]",
        lambda r: ",".join(str(r.randrange(100, 256)) for _ in range(64)),
    ),
}

KINDS: dict[str, Kind] = {
    "list of words": lambda r: "\n".join(sorted(r.sample(load_words("seed_words"), 30))),
    "peer and content ids": lambda r: r.choice(
        (
            f"12D3KooW{drawn(_BASE58, 44, r)}",
            f"Qm{drawn(_BASE58, 44, r)}",
            f"tx {drawn(_BASE58, 88, r)} confirmed",
            f"npub1{drawn(_BECH32, 58, r)}",
            f"bc1q{drawn(_BECH32, 38, r)}",
            f"0x{drawn(HEX, 40, r)}",
        )
    ),
}

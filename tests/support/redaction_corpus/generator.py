"""The corpus: positives with what must be gone, negatives that must stay as they are."""

# ruff: noqa: S311 - drawn to be repeatable, not to be secret

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple

from support.redaction_corpus import innocent, sentences, structures, wallets
from support.redaction_corpus.contexts import ANYWHERE, NAMED
from support.redaction_corpus.vendors import KEYED, PREFIXED, planted, token

if TYPE_CHECKING:
    from collections.abc import Iterator


class Positive(NamedTuple):
    """A text with a secret; `context` says what surrounds it."""

    family: str
    context: str
    text: str
    secret: str


class Negative(NamedTuple):
    """A text without a secret."""

    kind: str
    text: str


FAMILIES = structures.FAMILIES | sentences.FAMILIES | wallets.FAMILIES
KINDS = innocent.KINDS | sentences.KINDS | wallets.KINDS

_NAMES = ("SERVICE_TOKEN", "API_KEY", "AUTH_TOKEN", "DEPLOY_KEY", "APP_SECRET", "WEBHOOK_SECRET")


def positives(seed: int, samples: int) -> Iterator[Positive]:
    """Yield `samples` texts for each family; contexts are taken in turn, from a random start."""
    for family, shape in PREFIXED.items():
        rng = random.Random(f"{seed}/{family}")
        contexts = list(ANYWHERE.items())
        rng.shuffle(contexts)
        for index in range(samples):
            name, place = contexts[index % len(contexts)]
            sample, secret = planted(shape, rng)
            yield Positive(family, name, place(rng.choice(_NAMES), sample, rng), secret)
    for family, (variable, shape) in KEYED.items():
        rng = random.Random(f"{seed}/{family}")
        contexts = list(NAMED.items())
        rng.shuffle(contexts)
        for index in range(samples):
            name, place = contexts[index % len(contexts)]
            secret = token(shape, rng)
            yield Positive(family, name, place(variable, secret, rng), secret)
    for family, make in FAMILIES.items():
        rng = random.Random(f"{seed}/{family}")
        for _ in range(samples):
            for text, secret in make(rng):
                yield Positive(family, "own", text, secret)


def negatives(seed: int, samples: int) -> Iterator[Negative]:
    """Yield `samples` texts of each kind."""
    for kind, make in KINDS.items():
        rng = random.Random(f"{seed}/{kind}")
        for _ in range(samples):
            yield Negative(kind, make(rng))


def leaks(redacted: str, secret: str) -> bool:
    """Tell whether a telling part of `secret` is still in `redacted`: the whole, or any half."""
    if secret in redacted:
        return True
    half = max(8, len(secret) // 2)
    if len(secret) < 16:
        return False
    return any(secret[i : i + half] in redacted for i in range(0, len(secret) - half + 1, 4))

"""Secrets by the class of place where they are, and look-alikes, drawn from two lists of texts."""

# ruff: noqa: S311 - drawn to be repeatable, not to be secret

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import TYPE_CHECKING

from support.redaction_corpus.generator import Negative, Positive
from support.redaction_corpus.vendors import token

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDER = Path(__file__).parent
_SECRET = re.compile("«([^»]+)»")


def _lines(name: str) -> Iterator[tuple[str, str]]:
    """Yield each text of a list with the heading above it."""
    heading = ""
    for line in (_FOLDER / name).read_text("utf-8").splitlines():
        if line.startswith("== "):
            heading = line[3:]
        elif line and not line.startswith("# "):
            yield heading, line.replace("¶", "\n").replace("⇥", "\t")


def planted_in_classes(seed: int, samples: int) -> Iterator[Positive]:
    """Yield each text `samples` times for each of its secrets, with other secrets each time."""
    for heading, template in _lines("classes.txt"):
        rng = random.Random(f"{seed}/{template}")
        for _ in range(samples):
            text = token(_SECRET.sub("\x00", template), rng)
            secrets = [token(shape, rng) for shape in _SECRET.findall(template)]
            for secret in secrets:
                text = text.replace("\x00", secret, 1)
            for secret in secrets:
                yield Positive(heading, template, text, secret)


def lookalikes(seed: int, samples: int) -> Iterator[Negative]:
    """Yield texts that hold no secret, `samples` times where anything in them is drawn."""
    for heading, template in _lines("lookalikes.txt"):
        rng = random.Random(f"{seed}/{template}")
        for text in {token(template, rng) for _ in range(samples)}:
            yield Negative(heading, text)

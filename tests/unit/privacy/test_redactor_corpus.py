"""Recall and false positives over corpora drawn at run time."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from support.redaction_corpus.contexts import ANYWHERE, NAMED
from support.redaction_corpus.generator import leaks, negatives, positives
from support.redaction_corpus.innocent import KINDS
from support.redaction_corpus.reviewer import innocent, planted
from support.redaction_corpus.shared import build_redactor
from support.redaction_corpus.structures import FAMILIES
from support.redaction_corpus.vendors import KEYED, PREFIXED

if TYPE_CHECKING:
    from ccsync_watch.privacy import Redactor

SAMPLES = 20
LEAST_RECALL = 0.995
MOST_FALSE = 0.001


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    """One redactor for the corpora."""
    return build_redactor()


def test_the_corpus_is_large_enough() -> None:
    """Families, contexts and kinds are as many as the yardstick asks."""
    assert len(PREFIXED) + len(KEYED) + len(FAMILIES) >= 200
    assert min(len(ANYWHERE), len(NAMED)) >= 8
    assert len(KINDS) >= 25
    assert len(KINDS) * SAMPLES * 6 >= 3000


@pytest.mark.parametrize("seed", [1, 2])
def test_nearly_every_secret_is_removed(redactor: Redactor, seed: int) -> None:
    """Recall over all families, and of each family."""
    missed: Counter[str] = Counter()
    total = 0
    for item in positives(seed, SAMPLES):
        total += 1
        missed[item.family] += leaks(redactor.redact(item.text), item.secret)
    assert 1 - missed.total() / total >= LEAST_RECALL, missed.most_common(10)
    assert max(missed.values()) <= SAMPLES // 5, missed.most_common(3)


@pytest.mark.parametrize("seed", [1, 2])
def test_nearly_nothing_else_is_touched(redactor: Redactor, seed: int) -> None:
    """False positives over all kinds of innocent text."""
    texts = list(negatives(seed, SAMPLES * 6))
    touched = [(t.kind, t.text) for t in texts if redactor.redact(t.text) != t.text]
    assert len(touched) <= MOST_FALSE * len(texts), touched[:5]


def test_what_a_reviewer_plants_is_removed(redactor: Redactor) -> None:
    """The second corpus, from other assumptions."""
    items = list(planted(7, 10))
    missed = [item.text for item in items if leaks(redactor.redact(item.text), item.secret)]
    assert len(missed) <= (1 - LEAST_RECALL) * len(items), missed[:5]


def test_what_a_reviewer_knows_as_innocent_stays(redactor: Redactor) -> None:
    """Prose about passwords, code, dummy values, ids and hashes, by hand."""
    touched = [item.text for item in innocent() if redactor.redact(item.text) != item.text]
    assert touched == []

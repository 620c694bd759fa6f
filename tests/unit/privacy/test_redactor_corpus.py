"""Recall and false positives over corpora drawn at run time."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, cast

import pytest

from support.redaction_corpus.classes import lookalikes, planted_in_classes
from support.redaction_corpus.contexts import ANYWHERE, NAMED
from support.redaction_corpus.generator import FAMILIES, KINDS, leaks, negatives, positives
from support.redaction_corpus.reviewer import innocent, planted
from support.redaction_corpus.shared import build_redactor
from support.redaction_corpus.vendors import KEYED, PREFIXED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccsync_watch.model import JsonValue
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


@pytest.mark.parametrize("seed", [1, 2])
def test_secrets_of_every_class_are_removed(redactor: Redactor, seed: int) -> None:
    """Recall over the classes of places, of texts and of parsed values; no text misses all."""
    missed: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for item in planted_in_classes(seed, 5):
        for redacted in _in_all_forms(redactor, item.text):
            total[item.context] += 1
            missed[item.context] += leaks(redacted, item.secret)
    assert 1 - missed.total() / total.total() >= LEAST_RECALL, missed.most_common(10)
    assert [text for text, count in missed.items() if count == total[text]] == []


def test_lookalikes_of_every_class_stay(redactor: Redactor) -> None:
    """False positives over more than 1,000 texts, of texts and of parsed values."""
    texts = [item.text for item in lookalikes(1, 8)]
    assert len(texts) > 1000
    assert [text for text in texts if redactor.redact(text) != text] == []
    values = [value for text in texts if (value := _parsed(text)) is not None]
    assert [value for value in values if redactor.redact_value(value) != value] == []


def _in_all_forms(redactor: Redactor, text: str) -> Iterator[str]:
    """Yield a text redacted, and also as a value if it is an object of JSON."""
    yield redactor.redact(text)
    value = _parsed(text)
    if isinstance(value, dict):
        yield json.dumps(redactor.redact_value(value), ensure_ascii=False)


def _parsed(text: str) -> JsonValue:
    """Return the container that a text is in JSON, else None."""
    try:
        return cast("JsonValue", json.loads(text)) if text[0] in "{[" else None
    except ValueError:
        return None


def test_what_a_reviewer_knows_as_innocent_stays(redactor: Redactor) -> None:
    """Prose about passwords, code, dummy values, ids and hashes, by hand."""
    touched = [item.text for item in innocent() if redactor.redact(item.text) != item.text]
    assert touched == []

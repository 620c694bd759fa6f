"""What holds of the redactor for any text and any value."""

from __future__ import annotations

import json
import random
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.redaction_corpus.contexts import ANYWHERE
from support.redaction_corpus.generator import negatives, positives
from support.redaction_corpus.shared import build_redactor
from support.redaction_corpus.vendors import PREFIXED, planted

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue
    from ccsync_watch.privacy import Redactor

PLACEHOLDER = re.compile(r"\[REDACTED:[a-z0-9-]+:[0-9a-f]{8}\]|REDACTED-[a-z0-9-]+-[0-9a-f]{8}")
NESTED = re.compile(r"\[REDACTED:[^\]]*REDACTED")
LONGEST_PLACEHOLDER = 60

CHUNKS = [p.text for p in positives(90, 1)] + [n.text for n in negatives(90, 2)]
KEYS = ("password", "api_key", "note", "Authorization", "cookie", "token", "name", "value", "data")


@lru_cache(maxsize=1)
def _redactor() -> Redactor:
    return build_redactor()


fragments = st.one_of(
    st.integers(0, len(CHUNKS) - 1).map(lambda index: CHUNKS[index]),  # a short repr
    st.text(max_size=40),
    st.sampled_from(
        ["\n", " ", "=", ": ", '"', "\\n", "password", "token=", "@", "://", "\x1b[0m"]
    ),
)
texts = st.lists(fragments, max_size=6).map("".join)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), texts),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(KEYS), st.text(max_size=8)), inner, max_size=4),
    ),
    max_leaves=8,
)
thorough = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@thorough
@given(texts)
def test_redacting_twice_changes_nothing(text: str) -> None:
    """Placeholders are invisible to every rule."""
    once = _redactor().redact(text)
    assert _redactor().redact(once) == once


@thorough
@given(texts)
def test_no_placeholder_stands_in_a_placeholder(text: str) -> None:
    """Overlapping finds become one."""
    assert NESTED.search(_redactor().redact(text)) is None


@thorough
@given(texts)
def test_length_is_bounded_and_the_rest_is_kept(text: str) -> None:
    """Each replacement adds at most a placeholder; what lies between replacements is the text's."""
    result = _redactor().redact(text)
    pieces = PLACEHOLDER.split(result)
    assert len(result) <= len(text) + LONGEST_PLACEHOLDER * (len(pieces) - 1)
    position = 0
    for piece in pieces:
        start = text.find(piece, position)
        assert start >= 0
        position = start + len(piece)


@thorough
@given(values)
def test_values_keep_their_shape(value: JsonValue) -> None:
    """Lists keep their lengths, mappings their keys unless one is secret, JSON stays JSON."""
    result = _redactor().redact_value(value)
    json.loads(json.dumps(result))
    _same_shape(value, result)


def _same_shape(before: JsonValue, after: JsonValue) -> None:
    if isinstance(before, dict):
        assert isinstance(after, dict)
        assert len(after) <= len(before)
        for key, value in before.items():
            if key in after:
                _same_shape(value, after[key])
            else:
                assert PLACEHOLDER.search(_redactor().redact(key))
    elif isinstance(before, list):
        assert isinstance(after, list)
        assert len(after) == len(before)
        for old, new in zip(before, after, strict=True):
            _same_shape(old, new)
    elif isinstance(before, str):
        assert isinstance(after, str)
    elif after != before:
        assert isinstance(after, str)
        assert PLACEHOLDER.fullmatch(after)


@thorough
@given(values)
def test_values_are_stable(value: JsonValue) -> None:
    """A value that was redacted is stored again unchanged."""
    once = _redactor().redact_value(value)
    assert _redactor().redact_value(once) == once


@thorough
@given(values)
def test_a_value_leaks_no_more_than_its_strings(value: JsonValue) -> None:
    """Structure only adds secrets: each string is as clean as the text alone would be."""
    _no_worse(value, _redactor().redact_value(value))


def _no_worse(before: JsonValue, after: JsonValue) -> None:
    if isinstance(before, str) and isinstance(after, str):
        if after == before:
            assert _redactor().redact(before) == before
    elif isinstance(before, list) and isinstance(after, list):
        for old, new in zip(before, after, strict=True):
            _no_worse(old, new)
    elif isinstance(before, dict) and isinstance(after, dict):
        for key in before.keys() & after.keys():
            _no_worse(before[key], after[key])


@thorough
@given(
    st.sampled_from(sorted(PREFIXED)),
    st.sampled_from(sorted(ANYWHERE)),
    st.integers(),
    texts,
    texts,
)
def test_a_vendors_token_is_found_in_any_company(
    family: str, place: str, seed: int, before: str, after: str
) -> None:
    """Text on the lines before and after a token does not hide it."""
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    sample, secret = planted(PREFIXED[family], rng)
    text = f"{before}\n{ANYWHERE[place]('SERVICE_TOKEN', sample, rng)}\n{after}"
    assert secret not in _redactor().redact(text)

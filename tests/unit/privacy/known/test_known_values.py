"""Known values, in every encoding in which they can occur."""

from __future__ import annotations

import base64
import json
import random
import string

import pytest

from ccsync_watch.privacy.known.known_values import KnownValues, encodings_of


def test_encodings_of_a_value() -> None:
    """Plain first, then as JSON, URLs and base64 write it; nothing of a short value."""
    value = 'a"b c/d1é'
    encodings = encodings_of(value)
    assert encodings[0] == value.encode()
    assert b'a\\"b c/d1\\u00e9' in encodings
    assert b"a%22b%20c%2Fd1%C3%A9" in encodings
    assert base64.b64encode(value.encode()) in encodings
    inside = base64.b64encode(b"xy" + value.encode() + b"z")
    assert any(encoding in inside for encoding in encodings)
    assert encodings_of("abc") == []


@pytest.mark.parametrize("engine", ["hyperscan", "re2", "re"])
@pytest.mark.parametrize("letters", [string.ascii_letters, '{}\n"\\\t é', "ab"])
def test_a_value_may_be_long(engine: str, letters: str) -> None:
    """A certificate or the credentials of a service: found whole, and not by its beginning only."""
    pytest.importorskip(engine)
    chance = random.Random(5)  # noqa: S311 - repeatable, not secret
    value = "".join(chance.choice(letters) for _ in range(30_000))
    known = KnownValues(engine)
    known.add(f"{value[:-1]}?", "longer")
    known.add(value, "env")
    data = f"first {value[:5000]} then {value} {json.dumps(value)}".encode()
    plain = value.encode()
    spans = {(span.start, span.end): span.kind for span in known.find(data)}
    start = data.index(plain)
    assert spans[start, start + len(plain)] == "env"
    written = json.dumps(value)[1:-1].encode()
    assert (data.rindex(written), data.rindex(written) + len(written)) in spans
    assert set(spans.values()) == {"env"}

"""Known values, in every encoding in which they can occur."""

from __future__ import annotations

import base64

from ccsync_watch.privacy.known.known_values import encodings_of


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

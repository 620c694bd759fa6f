"""The two forms of the placeholder that replaces a secret, and how to count them; pure."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

FORM = r"\[REDACTED:([a-z0-9-]{1,40}):([0-9a-f]{8})\]|REDACTED-([a-z0-9-]{1,40})-([0-9a-f]{8})"
"""`[REDACTED:kind:hash8]`; in the userinfo of a URL, where brackets break it, with hyphens.

The groups are kind and hash, of the first form and of the second.
"""

PLACEHOLDER = re.compile(FORM.encode())


def count_kinds(texts: Iterable[bytes]) -> Counter[str]:
    """Return how many placeholders of each kind these texts contain."""
    return Counter(
        (bracketed or hyphened).decode()
        for text in texts
        if b"REDACTED" in text
        for bracketed, _hash, hyphened, _hash_too in PLACEHOLDER.findall(text)
    )

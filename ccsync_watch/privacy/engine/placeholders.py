"""What stands where a secret stood: its two forms, found and counted; pure."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

FORM = r"\[REDACTED:([a-z0-9-]{1,40}):([0-9a-f]{8})\]|REDACTED-([a-z0-9-]{1,40})-([0-9a-f]{8})"
"""`[REDACTED:kind:hash8]`; in the userinfo of a URL, where brackets break it, with hyphens.

The groups are kind and hash, of the one form and of the other.
"""

PLACEHOLDER = re.compile(FORM.encode())


def count_kinds(texts: Iterable[bytes]) -> Counter[str]:
    """Return how many placeholders of each kind stand in these texts."""
    return Counter(
        (bracketed or hyphened).decode()
        for text in texts
        if b"REDACTED" in text
        for bracketed, _hash, hyphened, _hash_too in PLACEHOLDER.findall(text)
    )

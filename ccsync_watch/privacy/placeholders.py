"""What stands where a secret stood: its two forms, found and counted; pure."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

PLACEHOLDER = re.compile(
    rb"\[REDACTED:([a-z0-9-]{1,40}):[0-9a-f]{8}\]|REDACTED-([a-z0-9-]{1,40})-[0-9a-f]{8}"
)
"""`[REDACTED:kind:hash8]`; in the userinfo of a URL, where brackets break it, with hyphens."""


def count_kinds(texts: Iterable[bytes]) -> Counter[str]:
    """Return how many placeholders of each kind stand in these texts."""
    return Counter(
        (bracketed or hyphened).decode()
        for text in texts
        if b"REDACTED" in text
        for bracketed, hyphened in PLACEHOLDER.findall(text)
    )

"""Finds the texts in which a value may occur, faster than a redactor finds where; pure.

White space, quotes, backslashes and vertical bars count neither in a value nor in a text, so that
escapes, of whatever depth, and lines that a terminal folded hide none.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING

from ccsync_watch.privacy.known.known_values import compile_literals, encodings_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_IGNORED = b" \t\r\n\\\"'|" + "│┃".encode()
_BETWEEN = b"\0"


class Occurrences:
    """The texts in which some of `values` may occur."""

    def __init__(self, values: Iterable[str], engine: str = "") -> None:
        encodings = {_squeeze(encoding) for value in values for encoding in encodings_of(value)}
        literals = sorted(encodings - {b""})
        self._engine = compile_literals(literals, engine) if literals else None

    def among(self, texts: Sequence[bytes]) -> set[int]:
        """Return the indices of the texts that may hold one, by one scan over all."""
        if self._engine is None:
            return set()
        squeezed = [_squeeze(text) for text in texts]
        ends = list(accumulate(len(text) + len(_BETWEEN) for text in squeezed))
        hits = self._engine.scan(_BETWEEN.join(squeezed))
        return {bisect_left(ends, end) for end, _ in hits}


def _squeeze(text: bytes) -> bytes:
    return text.translate(None, _IGNORED)

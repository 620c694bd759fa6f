"""A vendor's format: one row of the tables in this package."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Left = Literal["any", "edge"]
Check = Literal["", "digit", "mixed", "not_slug"]

_TAIL = re.compile(r"\{(\d+),\d*\}(\)?)$")
_NAMED = re.compile(r"\(\?P<secret>")


@dataclass(frozen=True, slots=True)
class Vendor:
    r"""A format that a vendor documents: a prefix (or a mark inside), an alphabet, a length.

    `pattern` is written in what Hyperscan, RE2 and `re` have in common, over bytes; its repeats are
    bounded except the last one, so that no engine can backtrack. A group `secret` narrows what is
    replaced. `left="edge"` requires that the match starts a word, for prefixes that prose or base64
    could contain; an escape (`\\n`, `%3D`, an ANSI colour) counts as an edge. `check` names the
    validator that a short or word-like prefix also needs. `anchor` is the literal part of a format
    whose mark is in the middle: a scan for the whole would have nothing fixed to search for.
    """

    id: str
    about: str
    pattern: str
    left: Left = "any"
    check: Check = ""
    anchor: str = ""

    @property
    def trigger(self) -> str:
        """What the scan searches for: the anchor, or the pattern cut to its least length."""
        if self.anchor:
            return self.anchor
        return _NAMED.sub("(?:", _TAIL.sub(r"{\1}\2", self.pattern))


def vendor(id: str, about: str, pattern: str, *, anchor: str = "") -> Vendor:  # noqa: A002 - as the field
    """Return a format whose prefix is distinctive wherever it occurs."""
    return Vendor(id, about, pattern, "any", "", anchor=anchor)


def worded(id: str, about: str, pattern: str, check: Check = "") -> Vendor:  # noqa: A002 - as above
    """Return a format whose prefix must start a word, and whose match may need a validator."""
    return Vendor(id, about, pattern, "edge", check)

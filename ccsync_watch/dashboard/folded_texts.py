"""Fold what is long in a prompt, such as a pasted file: its beginning is shown, the rest on demand.

Pure. The text is Markdown: a block of code in which it is cut is closed and opened again.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ccsync_watch.units import plural

FOLDED_KINDS = frozenset({"prompt", "blocked", "command", "teammate", "cross_session"})
"""The kinds of messages whose texts are folded: what somebody gave to Claude."""
MAX_LINES = 40
MAX_CHARS = 5000
_SHOWN_LINES = 12
_SHOWN_CHARS = 1200
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")


class FoldedText(NamedTuple):
    """The beginning of a text, the rest of it, and how long all of it is, in words."""

    head: str
    rest: str
    size: str


def fold_long(text: object) -> FoldedText | None:
    """Return a long text in two parts; None for a short one, and for what is not a text."""
    if not isinstance(text, str):
        return None
    lines = text.split("\n")
    if len(lines) <= MAX_LINES and len(text) <= MAX_CHARS:
        return None
    size = plural(len(lines), "line") if len(lines) > MAX_LINES else plural(len(text), "character")
    shown = 0
    head: list[str] = []
    for line in lines[:_SHOWN_LINES]:
        if shown + len(line) > _SHOWN_CHARS:
            break
        head.append(line)
        shown += len(line)
    if not head:
        # Within the first line: at a space, if there is one near.
        at = text.rfind(" ", _SHOWN_CHARS // 2, _SHOWN_CHARS)
        at = at if at > 0 else _SHOWN_CHARS
        return FoldedText(f"{text[:at]}…", f"…{text[at:]}", size)
    rest = lines[len(head) :]
    opening, closing = _open_fence(head)
    if opening:
        head, rest = [*head, closing], [opening, *rest]
    return FoldedText("\n".join(head), "\n".join(rest), size)


def _open_fence(lines: list[str]) -> tuple[str, str]:
    """Return the line that opened a block of code that is not closed, and one that closes it."""
    opening, fence = "", ""
    for line in lines:
        match = _FENCE.match(line)
        if match is None:
            continue
        if not fence:
            opening, fence = line, match[1]
        elif match[1].startswith(fence) and not match[2].strip():
            opening, fence = "", ""
    return opening, fence

"""The styles of a text that was redacted and cut after it was read; pure.

Secrets are looked for in texts without colours, so the styles are read from the text as it was and
moved to where its pieces are now. A placeholder has none: it would tell where in the secret a
colour changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.plain_text import has_sequences, plain_text
from ccsync_watch.privacy.policy.limits import CUT_MARK, PLACEHOLDER
from ccsync_watch.terminal_styles import read_styles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ccsync_watch.model import JsonValue, Part, StyleRun

_TEXT_KEYS = ("output", "text")


def kept_styles(before: Part, after: Part) -> tuple[StyleRun, ...]:
    """Return the styles of a part's text, from the part before it was redacted and cut."""
    text, kept = _text_of(before.content), _text_of(after.content)
    if text is None or kept is None or not has_sequences(text):
        return ()
    runs = read_styles(text)
    return tuple(_move(runs, _find_pieces(plain_text(text), kept))) if runs else ()


def _text_of(content: JsonValue) -> str | None:
    """Return a part's text: the content itself, a result's output or a note's text."""
    if isinstance(content, dict):
        if isinstance(content.get("_text"), str):
            return str(content["_text"])
        for key in _TEXT_KEYS:
            if key in content:
                return _text_of(content[key])
    return content if isinstance(content, str) else None


def _find_pieces(text: str, kept: str) -> Iterator[tuple[int, int, int]]:
    """Yield the pieces of a text that were kept: start and end in it, and start in `kept`."""
    ends = kept.rfind(CUT_MARK)
    is_cut = ends >= 0
    end = ends if is_cut else len(kept)
    at = start = 0
    for placeholder in PLACEHOLDER.finditer(kept, 0, end):
        piece = kept[at : placeholder.start()]
        start = text.find(piece, start)
        if start < 0:
            return
        yield start, start + len(piece), at
        start += len(piece)
        at = placeholder.end()
    last = kept[at:end]
    start = text.find(last, start) if is_cut or not at else text.rfind(last, start)
    if start >= 0:
        yield start, start + len(last), at


def _move(runs: Iterable[StyleRun], pieces: Iterable[tuple[int, int, int]]) -> Iterator[StyleRun]:
    """Yield the runs where their characters are now; both are in order, without overlaps."""
    ordered = list(runs)
    first = 0
    for start, end, kept_at in pieces:
        while first < len(ordered) and ordered[first][1] <= start:
            first += 1
        for run_start, run_end, style in ordered[first:]:
            if run_start >= end:
                break
            moved = max(run_start, start) - start + kept_at, min(run_end, end) - start + kept_at
            yield (*moved, style)

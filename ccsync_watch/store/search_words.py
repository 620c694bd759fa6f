"""Words inside of words, for the search; pure.

They are the parts of identifiers, and pairs of characters of scripts that have no spaces.

SQLite's tokenizer takes `getUserByEmail` for one word, and a Chinese sentence too. The index has
their parts in a column of its own. What `split_words` returns for a text must not change without a
migration that drops the index: FTS5 needs the same words again to remove them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Kana, Han, Hangul, and the scripts of Thai, Lao, Burmese and Khmer.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
"""The characters of these scripts, as a class of a regular expression has them."""
_RUN = re.compile(f"[{UNSPACED}]+")
_MAX_CAMEL_CHARS = 80
# Tried at the start of a word alone, and never further than an identifier is long: any text takes
# time in proportion to its length.
_CAMEL = re.compile(
    f"(?<![A-Za-z0-9])(?=[A-Za-z0-9]{{0,{_MAX_CAMEL_CHARS}}}?(?:[a-z0-9][A-Z]|[A-Z]{{2}}[a-z]))"
    f"[A-Za-z][A-Za-z0-9]{{2,{_MAX_CAMEL_CHARS - 1}}}(?![A-Za-z0-9])"
)
_CAMEL_PART = re.compile("[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SPLIT = re.compile(f"{_CAMEL.pattern}|{_RUN.pattern}")
_MAX_NEIGHBOUR_CHARS = 40
_NEIGHBOUR = re.compile(rf"(?:(?![{UNSPACED}])[^\W_]){{1,{_MAX_NEIGHBOUR_CHARS}}}")
_NEIGHBOUR_BEFORE = re.compile(rf"{_NEIGHBOUR.pattern}\Z")
# Encoded data has more changes of case than an identifier.
_MIN_PART_CHARS = 2.5


def split_words(text: str) -> str:
    """Return what is inside of a text's words, with spaces between.

    Of an identifier its parts; of a run of characters without spaces each pair of neighbours and
    its last one, so that a phrase of pairs matches whatever the run contains, and the words that it
    touches.
    """
    return " ".join(part for match in _SPLIT.finditer(text) for part in _parts(text, match))


def _parts(text: str, match: re.Match[str]) -> Iterator[str]:
    word, (start, end) = match[0], match.span()
    if not _RUN.match(word):
        yield from camel_parts(word)
        return
    yield from (word[at : at + 2] for at in range(len(word)))
    before = _NEIGHBOUR_BEFORE.search(text, max(0, start - _MAX_NEIGHBOUR_CHARS), start)
    after = _NEIGHBOUR.match(text, end)
    yield from (neighbour[0] for neighbour in (before, after) if neighbour)


def camel_parts(word: str) -> list[str]:
    """Return the parts of an identifier: `get User By Email`; none of what only looks like one."""
    parts = _CAMEL_PART.findall(word)
    return parts if len(parts) > 1 and len(word) >= _MIN_PART_CHARS * len(parts) else []


def phrase_query(word: str, *, is_prefix: bool) -> str:
    """Return the FTS5 expression of one typed word: itself, or what is inside of others.

    `word` has no quotes; `is_prefix`: others that begin with it match too.
    """
    star = "*" if is_prefix else ""
    plain = f'"{word}"{star}'
    runs = _RUN.findall(word)
    if runs:
        # What is between the runs is a word for itself.
        rest = [part for part in re.split(f"{_RUN.pattern}|_", word) if part]
        inside = [_run_query(run) for run in runs] + [f'"{part}"' for part in rest]
        return f"({plain} OR ({' AND '.join(inside)}))"
    parts = camel_parts(word) if _CAMEL.fullmatch(word) else []
    return f'({plain} OR split : "{" ".join(parts)}"{star})' if parts else plain


def _run_query(run: str) -> str:
    if len(run) == 1:
        return f'split : "{run}"*'
    return f'split : "{" ".join(run[at : at + 2] for at in range(len(run) - 1))}"'

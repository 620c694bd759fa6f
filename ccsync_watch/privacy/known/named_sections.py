"""The parts of a text that stand under the name of a file of secrets; pure.

A search through a folder, several files at once and a diff show files that the call does not name:
`.env:3:…`, `==> .env <==`, `diff --git a/.env b/.env`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.known.secret_values import is_secret_file

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_CHARS = 1 << 20
_MAX_LINES = 400
"""Of one file, and of all found lines."""
_FOUND = re.compile(r"\n(?P<path>[^\s:]{1,200})[:-](?:\d{1,6}[:-])?(?P<line>[^\n]{4,4000})")
_HEADER = re.compile(
    r"\n(?:diff --git a/[^\n]{1,200}? b/(?P<changed>[^\n]{1,200})"
    r"|[=#*>─-]{2,20}[> ]{0,2}(?P<path>[^\s=#*<>─]{1,200})[ ]{0,2}[=#*<─-]{0,20})(?=\n|\Z)"
)
"""A line break comes first, which `re` finds much faster than a line's start."""


def sections_of_secret_files(text: str) -> Iterator[str]:
    """Yield what a text shows of files of secrets, as they name it."""
    text = "\n" + text[:MAX_CHARS]
    lines_of_files = [
        match["line"] for match in _FOUND.finditer(text) if is_secret_file(match["path"])
    ]
    if lines_of_files:
        yield "\n".join(lines_of_files[:_MAX_LINES])
    headers = list(_HEADER.finditer(text))
    ends = [*(match.start() for match in headers[1:]), len(text)]
    for header, end in zip(headers, ends, strict=False):
        path = header["changed"] or header["path"]
        if is_secret_file(path):
            lines = text[header.end() : end].split("\n", _MAX_LINES)[:_MAX_LINES]
            if header["changed"]:
                lines = [line[1:] for line in lines if line[:1] in {"+", "-", " "}]
            yield "\n".join(lines)

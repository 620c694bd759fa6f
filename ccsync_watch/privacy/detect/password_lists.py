"""Finds the passwords in a list for `chpasswd`: lines of `user:password`, also in cloud-init."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import StructuralRule, at_each_hit, text_of
from ccsync_watch.privacy.heuristics.password_forms import is_typed_password

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_READ = 2048
_NEXT = re.compile(rb"chpasswd", re.IGNORECASE)
_BREAK = re.compile(rb"\r?\n|\\+n")
_PAIR = re.compile(
    rb"(?:[^\n|]{0,60}\|[ ]|[#+>])?[ \t]{0,16}(?:-[ ]{1,4})?[\"']?"
    rb"[a-z_][a-z0-9_.-]{0,31}:(?P<secret>[^\s\"'\\:]{4,128})[\"']?"
    rb"[ \t]{0,4}(?=\r?\n|\\|\Z)"
)
_SETTING = re.compile(rb"[ \t]{0,16}[a-z_]{2,20}:(?:[ ][^\n\\]{0,20})?(?=\r?\n|\\|\Z)")


@at_each_hit
def find_password_list(data: bytes, end: int, _since: int) -> Iterator[Span]:
    """Yield the passwords in the lines below the word, before the first line of another form."""
    following = _NEXT.search(data, end, end + _MOST_READ)
    limit = following.start() if following else min(len(data), end + _MOST_READ)
    line = _BREAK.search(data, end, min(limit, end + 80))
    while line is not None:
        pair = _PAIR.match(data, line.end(), limit)
        if pair is not None and is_typed_password(text_of(data, pair.span("secret"))):
            yield Span(*pair.span("secret"), "password", Rank.PATTERN)
        row = pair or _SETTING.match(data, line.end(), limit)
        line = _BREAK.match(data, row.end(), limit) if row else None


RULES: tuple[StructuralRule, ...] = (
    StructuralRule(
        "password",
        "a list of users and their passwords for chpasswd",
        r"chpasswd",
        find_password_list,
    ),
)

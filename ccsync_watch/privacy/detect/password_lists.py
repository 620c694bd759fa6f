"""Finds the passwords in lists: for `chpasswd`, also in cloud-init, or under a heading for them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import (
    LINE_BREAK,
    StructuralRule,
    at_each_hit,
    last,
    text_of,
)
from ccsync_watch.privacy.heuristics.password_forms import (
    is_numbered_words,
    is_positional_secret,
    is_surely_chosen,
    is_typed_password,
)

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

_ITEM = re.compile(
    rb"[ \t]{0,8}(?:(?:[-*+]|\xe2\x80\xa2|[0-9]{1,3}[.)])[ ]{1,4})?[*_`]{0,2}[\w(]"
    rb"[^\n:=\\\xe2]{0,60}[*_`]{0,2}[ ]?(?:[:=]|\xe2\x80[\x93\x94]|\xe2\x86\x92)"
    rb"[*_]{0,2}[ ]{1,8}[`\"']?"
    rb"(?P<secret>[^\s\"'`\\]{6,128})[`\"']?[ \t]{0,4}(?=\r?\n|\\n|\Z)"
)
_OTHER_ITEM = re.compile(rb"(?!#|==|[ \t]{0,4}(?:```|<h))[^\n]{0,200}(?=\r?\n|\\n|\Z)")
_MOST_ITEMS = 48
_NUMBERED = re.compile(r"[A-Z][a-z]{2,15}[!#$%&*+?@^][0-9]{2,6}[!?.]?")
"""A word and a number with a sign between, as people choose them: `Lamp@1977`."""
_HEADING = re.compile(
    rb"(?:\A|\n|\\n)[ \t>]{0,8}(?:={2,6}|#{1,6}|<h[1-6]>|\*\*|h[1-6]\.)[ ]?"
    rb"(?:[\w'-]{1,16}[ ]){0,3}[^\n\\ ]{4,20}(?:[ ][^\n\\]{0,60})?(?:\s|\\n){1,8}\Z"
)
"""A line that is a heading, and ends with a hit."""


@at_each_hit
def find_headed_passwords(data: bytes, end: int, _since: int) -> Iterator[Span]:
    """Yield the passwords in the list under a heading that a hit ends."""
    if _HEADING.search(data, max(0, end - 160), end) is None:
        return
    limit = min(len(data), end + _MOST_READ)
    position = end
    for _ in range(_MOST_ITEMS):
        item = _ITEM.match(data, position, limit)
        if item is not None:
            value = text_of(data, item.span("secret"))
            is_chosen = is_surely_chosen(value) or is_numbered_words(value)
            is_chosen = is_chosen or _NUMBERED.fullmatch(value) is not None
            if is_chosen and is_positional_secret(value):
                yield Span(*item.span("secret"), "password", Rank.NAMED_FIELD)
        row = item or _OTHER_ITEM.match(data, position, limit)
        following = _BREAK.match(data, row.end(), limit) if row else None
        if following is None:
            return
        position = following.end()


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


_USERS = re.compile(
    rb"(?P<kind>(?:(?:basic|digest|http|rpc|web|proxy|sftp|ftp|auth|security)[\w.-]{0,24}?[._-]?|"
    rb"(?:basic|digest)_?auth:?[\s\\n]{1,40}|basic_?auth\][\s\\n]{1,40}))?"
    rb"users?(?:\[[0-9]{1,3}\])?[\"']?(?:[ ]?[=:]|[ ](?=[\"'\w]))[ ]{0,2}"
    rb"(?:\[|(?:\r?\n|\\n)[ \t]{0,24}-[ ])?|(?P<image>atmoz/sftp[\w:.-]{0,24}[ ])",
    re.IGNORECASE,
)
_ACCOUNT = re.compile(
    rb"[\s,;]{0,24}(?:-[ ])?\\{0,3}[\"']?[A-Za-z_][\w.@-]{0,60}:"
    rb"(?:[\w.]{1,24}:(?![0-9]{1,6}\b)(?=[^\s:]{4}))?"
    rb"(?P<secret>[^\s\"'\\,;:/$<{][^\s\"'\\,;:]{3,127})(?::[\w/:.-]{0,80})?\\{0,3}[\"']?"
    rb"(?=[\s,;\])}]|\\n|\Z)"
)
_MOST_ACCOUNTS = 32


@at_each_hit
def find_users(data: bytes, end: int, since: int) -> Iterator[Span]:
    """Yield the passwords in a list of names and passwords that is called users."""
    head = last(_USERS.finditer(data, max(0, end - 160), end))
    if head is None or head.end() <= since:
        return
    is_listed = head["kind"] is not None or head["image"] is not None
    position, limit = head.end(), min(len(data), head.end() + _MOST_READ)
    for _ in range(_MOST_ACCOUNTS):
        account = _ACCOUNT.match(data, position, limit)
        if account is None:
            return
        value = text_of(data, account.span("secret"))
        accept = is_positional_secret if is_listed else _is_mixed
        if accept(value) and _ID.fullmatch(value) is None:
            yield Span(*account.span("secret"), "password", Rank.NAMED_FIELD)
        position = account.end()


def _is_mixed(value: str) -> bool:
    return is_surely_chosen(value) and not value.islower() and not value.isupper()


_ID = re.compile(r"[0-9a-f]{16,64}|[0-9.]+|x")


RULES: tuple[StructuralRule, ...] = (
    StructuralRule(
        "password",
        "a list of users and their passwords for chpasswd",
        r"chpasswd",
        find_password_list,
    ),
    StructuralRule(
        "password",
        "a list of users and their passwords, each with a colon between",
        r"users?(?:\[[0-9]{1,3}\])?[\"']?(?:[ ]?[=:][ ]{0,2}|[ ])"
        rf"(?:(?:\[|{LINE_BREAK}[ \t]{{0,24}}-[ ])[ ]?)?"
        r"\\{0,3}[\"']?[a-z_][\w.@-]{0,60}:[^\s/:]|"
        r"atmoz/sftp[\w:.-]{0,24}[ ]",
        find_users,
    ),
    StructuralRule(
        "password",
        "a list under a heading for passwords",
        r"(?:passwords|passphrases|credentials|logins|pins|passw\xc3\xb6rter|contrase\xc3\xb1as|"
        r"mots de passe|zugangsdaten)[ ]?(?:\([^\n()]{1,40}\))?"
        r"[ ]?:?(?:={2,6}|\*\*|</h[1-6]>)?:?[ ]{0,4}(?:(?:\r?\n|\\n)[ \t]{0,4}){1,2}",
        find_headed_passwords,
    ),
)

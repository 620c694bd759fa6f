"""Finds the password of a proxy that is written without a scheme: `curl -x user:…@host:1080`.

The option, variable or setting before it says that it is the address of a proxy; what else has a
colon and an `@` are images and packages with their versions, groups of files, and addresses of Git.
"""

from __future__ import annotations

import re

from ccsync_watch.privacy.detect.urls import is_url_password
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.structural_rule import StructuralRule, pattern_rule

_VERSION = re.compile(r"[~^v]?\d{1,5}(?:\.\d{1,5}){0,3}(?:[.-][a-z]+)?")
"""Of an image, or a port."""
_QUOTE = r"\\{0,7}[\"'`]?"
_ACCOUNT = (
    rf"{_QUOTE}(?!(?:npm|jsr|file|git|github|workspace|patch|link|docker|image|sha\d{{3}}):)"
    r"[\w.+$%\\-]{1,80}:"
)
"""A user's name and a colon, which begin no package's address."""
_HOST = (
    r"@(?!sha(?:256|384|512):)(?=[\w.:\[\]${}-])(?:\[[0-9a-f:.]{2,60}\]|[\w.${}-]{1,200})"
    r"(?::(?:[0-9]{1,5}|\$)|(?<=[a-z])(?<=\.[a-z]{2}|\w[a-z]{2}))(?![\w@-])"
)
"""A host with its port, or with the ending of a name."""
_SECRET = r"(?P<secret>[^\s\"'`<>@/\\]{3,128})"  # noqa: S105 - a pattern
_SOCKS = r"socks[45]a?(?:-hostname)?"
_OPTION = rf"--?(?:(?:pre|http-|https-|all-|ftp-)?proxy(?:-server|1\.0)?|{_SOCKS})[ =]{{1,2}}"
_NAMED = (
    r"(?:(?:https?|ftp|all|socks|rsync)_?proxy|(?:https?|core|socks)\.proxy|https?-proxy|"
    r"(?:https?|ftp)::proxy(?:::[\w.-]{1,80})?|set[ ]proxy)"
)
"""Names that only the setting of a proxy has: blanks may be all that follows."""
_SETTING = (
    rf"(?:(?:{_NAMED}|proxy|proxy[_-]?(?:url|uri|server|address|addr)|proxies|socks5?h?)"
    r"\\{0,7}[\"'\]]{0,2}[ ]?(?:=>|[:=])[ ]{0,4}"
    r"(?:\{\s{0,8}\\{0,7}[\"']https?\\{0,7}[\"']:[ ]?)?|"
    rf"{_NAMED}[ ]{{1,8}})"
)


def _is_proxy_password(value: str) -> bool:
    return is_url_password("", value) and _VERSION.fullmatch(value) is None


def _rule(about: str, before: str, *, trigger: str = "", reach: int = 300) -> StructuralRule:
    return pattern_rule(
        "url-password",
        about,
        before + _ACCOUNT + _SECRET + _HOST,
        trigger=trigger,
        rank=Rank.URL_PASSWORD,
        reach=reach,
        accept=_is_proxy_password,
    )


RULES: tuple[StructuralRule, ...] = (
    _rule("a password of a proxy without a scheme, after an option", rf"(?<![\w-]){_OPTION}"),
    _rule(
        "a password of a proxy without a scheme, after -x of curl",
        r"curl[ ][^\n|;&]{0,300}?(?<=[ ])-[a-zA-Z]{0,6}x[ ]?",
        trigger=r"[ ]-[a-zA-Z]{0,6}x[ ]?\\{0,7}[\"']?[\w.+$%\\-]{1,80}:[^\s\"'`<>@/\\]{3,128}@",
        reach=460,
    ),
    _rule(
        "a password of a proxy without a scheme, in a variable or a setting",
        rf"(?<![\w-]){_SETTING}",
    ),
)

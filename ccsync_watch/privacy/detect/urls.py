"""Finds secrets in URLs: userinfo of any scheme, percent-encoded, or with `@` and `/` in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import (
    StructuralRule,
    last,
    pattern_rule,
    text_of,
)
from ccsync_watch.privacy.heuristics.dummy_values import is_placeholder, is_reference
from ccsync_watch.privacy.heuristics.password_forms import is_typed_password
from ccsync_watch.privacy.heuristics.thresholds import (
    LEAST_DIGITS_IN_URL,
    LEAST_URL_PASSWORD,
    LEAST_URL_TOKEN,
)
from ccsync_watch.privacy.heuristics.value_characters import has_digit
from ccsync_watch.privacy.heuristics.value_strength import is_random, is_strict_random

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_REACH = 420
_LONGEST = 1200
_LONGEST_SIGN = 12
_CLOSE = 32
_LONGEST_IF_CLOSE = 128
"""Where URLs follow each other closely."""
_AUTHORITY = re.compile(rb"(?::|%3A)(?:(?:\\{0,2}/){2}|(?:%2F){2})", re.IGNORECASE)
_AT = re.compile(rb"@|%40")
_COLON = re.compile(rb":|%3A", re.IGNORECASE)
_MOST_AT_SIGNS = 16
_END = re.compile(rb"[\s\"'<>`\x00-\x1f]|\\+[nrt\"]")
_PLAIN_HOST = re.compile(rb"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.%a-z]{2,60}\])(?::[0-9]{1,5})?[/?#]")
_HOST = re.compile(
    rb"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_*${][A-Za-z0-9._${}-]{0,250})?"
    rb"(?::[0-9]{1,5}|:\$|%3A[0-9]{1,5})?"
    rb"(?=[/?#,;:)\]}|*!.]|%2F|%3F|\Z|[\s\"'<>`]|\\)|tcp\(|unix\(",
)
_PATTERN = re.compile(rb"\[[\w.^-]{0,8}(?:a-z|A-Z|0-9)|\\[wdS][+*{]|\[\^")
"""A regular expression for URLs."""
_GROUPS = re.compile(r"[a-z0-9]{4}(?:-[a-z0-9]{4}){3,5}")


def find_userinfo(data: bytes, ends: Iterable[int]) -> Iterator[Span]:
    """Yield the passwords, or lone tokens, between the nearest `://` and the host's `@`.

    URLs inside one are removed with it.
    """
    since = covered = 0
    for end in ends:
        if end > covered:
            for span in _userinfo_at(data, end, since):
                covered = max(covered, span.end)
                yield span
        since = end


_LONGEST_HOST = 80
_PUBLISHED = re.compile(
    rb"[0-9a-f]{32}(?:@|%40)[a-z0-9][a-z0-9.-]{0,63}(?:(?::|%3A)[0-9]{2,5})?(?:\\{0,2}/|%2F)"
    rb"(?:sentry(?:\\{0,2}/|%2F))?[0-9]{1,18}/?(?=[?\s\"'`<>()\[\]{},;|&\\]|\.?(?:\Z|\s)|%3F)"
)
"""The key with which a page reports its errors to Sentry: every visitor sees it.

It is followed by a project's number alone, on servers of one's own too.
"""


def _userinfo_at(data: bytes, end: int, since: int) -> Iterator[Span]:
    low = max(0, end - _REACH)
    near = last(_AUTHORITY.finditer(data, max(low, since - _LONGEST_SIGN), end))
    scheme = near or last(_AUTHORITY.finditer(data, low, end))
    if scheme is None:
        return
    start = scheme.end()
    longest = _LONGEST if end - since > _CLOSE else _LONGEST_IF_CLOSE
    stop = _END.search(data, start, start + longest)
    at = _host_at(data, start, stop.start() if stop else min(len(data), start + longest))
    if at is None or _PATTERN.search(data, start, at):
        return
    colon, width = data.find(b":", start, at), 1
    if colon < 0:
        colon, width = data[start:at].upper().find(b"%3A") + start, 3
    if colon < start:
        is_published = _PUBLISHED.match(data, start, at + _LONGEST_HOST) is not None
        if not is_published and is_url_token(text_of(data, (start, at))):
            yield Span(start, at, "url-password", Rank.URL_PASSWORD)
        return
    user, password = text_of(data, (start, colon)), text_of(data, (colon + width, at))
    if is_url_password(user, password):
        yield Span(colon + width, at, "url-password", Rank.URL_PASSWORD)
    if password.lower() in {"x-oauth-basic", ""} and is_url_token(user):
        yield Span(start, colon, "url-password", Rank.URL_PASSWORD)


def is_url_token(value: str) -> bool:
    """Tell whether what stands where a user's name does is a token."""
    return (
        len(value) >= LEAST_URL_TOKEN
        and not is_reference(value)
        and not is_placeholder(value)
        and is_random(value)
    )


def _is_stream_key(value: str) -> bool:
    return (
        has_digit(value)
        and not is_reference(value)
        and not is_placeholder(value)
        and (is_random(value) or _GROUPS.fullmatch(value) is not None)
    )


def _host_at(data: bytes, start: int, stop: int) -> int | None:
    """Return the position of the `@` before the host: the last one that a host follows."""
    plain = _PLAIN_HOST.match(data, start, stop)
    stop_at = plain.end() if plain else stop
    slash = data.find(b"/", start, stop_at)
    if slash >= 0:
        colon = _COLON.search(data, start, stop_at)
        in_path = _AT.search(data, slash, colon.start() if colon else stop_at)
        stop_at = in_path.start() if in_path else stop_at
    for _ in range(_MOST_AT_SIGNS):
        at, after = data.rfind(b"@", start, stop_at), 1
        encoded = data.rfind(b"%40", max(start, at), stop_at)
        if encoded >= 0:
            at, after = encoded, 3
        if at < 0:
            break
        if _HOST.match(data, at + after, stop):
            return at
        stop_at = at
    return None


def is_url_password(user: str, password: str) -> bool:
    """Tell whether a password in a URL is one, and not a dummy value of documentation."""
    lowered = password.lower()
    if len(password) < LEAST_URL_PASSWORD or is_placeholder(password) or is_reference(password):
        return False
    if password[0] in "{<[$(" and password[-1] in "}>])":
        return False
    is_number = password.isdigit() and len(password) < LEAST_DIGITS_IN_URL
    if is_number or "&lt;" in lowered or "\\f" in lowered:
        return False
    return lowered != user.lower() and not lowered.endswith("password") and "..." not in password


RULES: tuple[StructuralRule, ...] = (
    StructuralRule(
        "url-password",
        "a password in a URL's userinfo",
        r"(?::/|:\\{1,2}/)\\{0,2}/[^\s\"'<>@/:]{0,100}:[^\s\"'<>@]{1,200}@",
        find_userinfo,
    ),
    StructuralRule(
        "url-password",
        "a token alone in a URL's userinfo",
        r"(?::/|:\\{1,2}/)\\{0,2}/[^\s\"'<>@/:]{16,200}@",
        find_userinfo,
    ),
    StructuralRule(
        "url-password",
        "a password in a percent-encoded URL",
        r"%3A%2F%2F[^\s\"'<>@/:]{1,100}%3A[^\s\"'<>@/:]{1,100}%40",
        find_userinfo,
    ),
    StructuralRule(
        "url-password",
        "a long password in a URL's userinfo",
        r"(?::/|:\\{1,2}/)\\{0,2}/[^\s\"'<>@/:]{0,100}:[^\s\"'<>@/]{200}",
        find_userinfo,
    ),
    pattern_rule(
        "password",
        "a password in a data source's name of Go's driver for MySQL",
        r"[\w.-]{1,60}:(?P<secret>[^\s\"'`<>/$%{}]{3,128})@(?:tcp|udp|unix)\(",
        trigger=r"@(?:tcp|udp|unix)\(",
        reach=220,
        accept=is_typed_password,
    ),
    pattern_rule(
        "secret",
        "a token in the address of a channel of conda",
        r"/t/(?P<secret>(?:[a-z]{2}-)?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})(?=/)",
        rank=Rank.URL_PASSWORD,
        reach=60,
    ),
    pattern_rule(
        "secret",
        "the key of a stream in the address that it is sent to",
        r"rtmps?://[^\s\"'<>/]{3,100}/[^\s\"'<>/]{1,60}/(?P<secret>[^\s\"'<>/?\\]{12,200})",
        trigger=r"rtmps?://[^\s\"'<>/]{3}",
        rank=Rank.URL_PASSWORD,
        reach=24,
        accept=_is_stream_key,
    ),
    pattern_rule(
        "secret",
        "a generated part of an address that opens what it leads to",
        r"://[^\s\"'<>`]{3,200}/(?:hooks?|webhooks?|api|push|invite|join|reset|share|heartbeat|"
        r"ping|feeds?|private|k|t|s|token|key|auth|verify|confirm|magic|unsubscribe|ical)/"
        r"(?P<secret>[A-Za-z0-9_-]{20,200})(?=[/?\s\"'`<>)&\\]|\Z)",
        trigger=r"/(?:hooks?|webhooks?|api|push|invite|join|reset|share|heartbeat|ping|feeds?|"
        r"private|token|auth|verify|confirm|magic|unsubscribe|ical)/[A-Za-z0-9_-]{20}",
        rank=Rank.URL_PASSWORD,
        reach=260,
        accept=is_strict_random,
    ),
    pattern_rule(
        "secret",
        "what lets a user of Drupal in once, in an address",
        r"/user/reset/[0-9]{1,10}/[0-9]{9,11}/(?P<secret>[A-Za-z0-9_-]{20,64})(?![\w-])",
        rank=Rank.URL_PASSWORD,
        reach=60,
    ),
    pattern_rule(
        "secret",
        "what lets a user of Django reset a password, in an address",
        r"(?:reset|activate|confirm|verify)(?:/key)?/[A-Za-z0-9_]{1,12}[/-]"
        r"(?P<secret>[a-z0-9]{6,7}-[0-9a-f]{32})(?![\w-])",
        trigger=r"(?:reset|activate|confirm|verify)/(?:[A-Za-z0-9_]{1,12}|key/[A-Za-z0-9_]{1,12})"
        r"[/-][a-z0-9]{6,7}-[0-9a-f]",
        rank=Rank.URL_PASSWORD,
        reach=60,
    ),
    pattern_rule(
        "url-password",
        "what stands alone before the host in the address of a proxy, and is its password",
        r"(?<![a-z])(?:(?:trojan(?:-go)?|hy2|hysteria2?|anytls|juicity)://(?=[^/]{6,256}@)|"
        r"ss://(?=[A-Za-z0-9+/_-]{8,256}={0,2}@))(?P<secret>[^\s\"'`<>@${}]{6,260})@[a-z0-9\[]",
        trigger=r"(?:trojan(?:-go)?|ss|hy2|hysteria2?|anytls|juicity)://[^\s\"'`<>@${}]{6,260}@",
        rank=Rank.URL_PASSWORD,
        reach=300,
        accept=is_typed_password,
    ),
    pattern_rule(
        "url-password",
        "the settings of a proxy with its user's id, in base64",
        r"vmess://(?P<secret>ey[A-Za-z0-9+/_-]{60,4096}={0,2})",
        rank=Rank.URL_PASSWORD,
        reach=80,
        after=4096,
    ),
    pattern_rule(
        "url-password",
        "a password in the address of a telephone",
        r"(?<![a-z])sips?:[\w.+-]{1,60}:(?P<secret>[^\s\"'`<>/@$%{}]{3,128})@[a-z0-9\[]",
        trigger=r"sips?:[\w.+-]{1,60}:[^\s\"'`<>/@$%{}]{3,128}@",
        rank=Rank.URL_PASSWORD,
        reach=220,
        accept=is_typed_password,
    ),
)


_BEFORE = re.compile(rb"://[^\s/?#\"'<>]*\Z")
_AFTER = re.compile(rb"[^\s/\"'<>]{0,256}@")


def is_in_userinfo(data: bytes, start: int, end: int) -> bool:
    """Tell whether a range is between `://` and `@`, where brackets would break the URL."""
    return (
        data.find(b"@", end, end + 257) >= 0
        and _AFTER.match(data, end) is not None
        and _BEFORE.search(data[max(0, start - 256) : start]) is not None
    )

"""Finds the credential in the value of a header; its scheme and attributes stay readable."""

from __future__ import annotations

import re

from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span, trim_end
from ccsync_watch.privacy.engine.structural_rule import StructuralRule, pattern_rule, text_of
from ccsync_watch.privacy.heuristics.dummy_values import is_code, is_placeholder, is_reference
from ccsync_watch.privacy.heuristics.harmless_forms import is_counters
from ccsync_watch.privacy.heuristics.publishable import is_publishable
from ccsync_watch.privacy.heuristics.thresholds import (
    LEAST_COOKIE,
    LEAST_CREDENTIAL,
    LEAST_RANDOM,
)
from ccsync_watch.privacy.heuristics.value_characters import has_digit
from ccsync_watch.privacy.heuristics.value_strength import is_random, is_secret

_LINE = re.compile(rb"[^\r\n\"'`<>\x00-\x1f]{1,4096}")
_LINE_STOP = re.compile(rb"\\+(?:[nrt]|[\"'`]|u00|x1b|033)|&quot;|[ ]{2,}")
_SCHEME = re.compile(
    rb"(?:Bearer|Basic|Token|Digest|Negotiate|NTLM|ApiKey|Api-Key|Key|OAuth|SSWS|Bot|JWT|Splunk|"
    rb"PVEAPIToken|GenieKey|SharedAccessSignature|DPoP|AWS4-HMAC-SHA256|GoogleLogin auth|token|key|"
    rb"apikey|Zoho-oauthtoken|Klaviyo-API-Key|DeepL-Auth-Key|Snipcart|Hawk|Signature|AccessKey|"
    rb"Discogs token|SharedKey(?:Lite)?|Ed25519|Nonce|Macaroon|ServiceKey|Client-ID|ESAPIKey)"
    rb"(?:[ \t]+|%20|=)",
    re.IGNORECASE,
)
_LISTS = (b"digest", b"aws4", b"signature", b"oauth ", b"hawk", b"google", b"sharedaccess")
"""Schemes whose credential is a list with blanks in it."""

_MOST_READ = 1024
"""How much of a cookie is read to decide, in bytes; all of it is removed."""
_MOST_COOKIES = 64
_ATTRIBUTE = re.compile(
    rb"[ ]{0,4}(?:max-age|expires|path|domain|samesite|priority|version)=", re.IGNORECASE
)
_NOT_COOKIE = re.compile(rb"[:,]|[^ ;] +[^ =]")
"""What the name of a cookie has not: another header begins, or a sentence."""


def line_end(data: bytes, start: int, limit: int) -> int:
    """Return where an unquoted header's value ends: with its line, however that is escaped.

    No more than `limit` bytes are read.
    """
    line = _LINE.match(data, start, start + limit)
    end = line.end() if line else start
    stop = _LINE_STOP.search(data, start, end)
    return stop.start() if stop else end


def find_authorization(data: bytes, start: int, end: int) -> Span | None:
    """Return the credential in the value of an Authorization header or its like."""
    scheme = _SCHEME.match(data, start, end)
    is_list = False
    if scheme is not None:
        is_list = scheme[0].lower().startswith(_LISTS)
        start = scheme.end()
    if not is_list:
        space = data.find(b" ", start, end)
        end = trim_end(data, start, space if space > 0 else end)
    value = data[start:end].decode("utf-8", "replace")
    if (
        len(value) < LEAST_CREDENTIAL
        or is_placeholder(value)
        or is_reference(value)
        or is_code(value)
        or data.startswith((b"...", b"\xe2\x80\xa6"), end)
    ):
        return None
    if scheme is None and not is_secret(value, quoted=False):
        return None
    if not has_digit(value) and not is_random(value):
        return None
    return Span(start, end, "authorization", Rank.HEADER)


def find_cookies(data: bytes, start: int, end: int, *, is_set: bool) -> list[Span]:
    """Return the secret values of a Cookie header; of a Set-Cookie (`is_set`) the first."""
    spans: list[Span] = []
    while start < end and len(spans) < _MOST_COOKIES:
        semicolon = data.find(b";", start, end)
        stop = semicolon if semicolon >= 0 else end
        equals = data.find(b"=", start, stop)
        first = equals + 1 if equals >= 0 else start
        if _NOT_COOKIE.search(data, start, first):
            break
        while first < stop and data[first] in b' "':
            first += 1
        last = trim_end(data, first, stop)
        is_attribute = _ATTRIBUTE.match(data, start, first) is not None
        if not is_attribute and _is_cookie_value(
            text_of(data, (first, min(last, first + _MOST_READ)))
        ):
            spans.append(Span(first, last, "cookie", Rank.HEADER))
        if is_set or semicolon < 0:
            break
        start = semicolon + 1
    return spans


def _is_cookie_value(value: str) -> bool:
    return (
        len(value) >= LEAST_COOKIE
        and not is_reference(value)
        and not is_placeholder(value)
        and not is_code(value)
        and not is_publishable(value)
        and not is_counters(value)
        and (has_digit(value) or is_random(value))
    )


def _is_session_value(value: str) -> bool:
    """Tell whether a cookie among others is a session's, and not a preference or an id of it."""
    return len(value) >= LEAST_RANDOM and _is_cookie_value(value) and is_random(value)


def _is_proof(value: str) -> bool:
    return has_digit(value) and not is_placeholder(value)


def _is_protocol_token(value: str) -> bool:
    return not is_placeholder(value) and has_digit(value) and is_random(value)


def _is_joined_token(value: str) -> bool:
    return has_digit(value) and is_secret(value, quoted=True)


_COOKIE_VALUE = r"\\{0,7}[\"'](?P<secret>[^\s\"'\\;]{16,4096})\\{0,7}[\"']"
_OF_COOKIE = r"(?:domain|httponly|path|expires|expirationdate|samesite|secure|hostonly)"

RULES: tuple[StructuralRule, ...] = (
    pattern_rule(
        "bearer",
        "a bearer token that code joins to the scheme",
        r"(?:bearer|token|basic)[ ]\\{0,7}[\"'`][ ]{0,4}(?:\+|\.|&|\|\||,|<>|~|\.\.)[ ]{0,4}"
        r"\\{0,7}[\"'`](?P<secret>[A-Za-z0-9._~+/=-]{12,4096})\\{0,7}[\"'`]",
        rank=Rank.AUTH_SCHEME,
        reach=60,
        after=4096,
        accept=_is_joined_token,
    ),
    pattern_rule(
        "authorization",
        "the proof in a header whose credential is a list: Digest, Hawk, OAuth",
        r"(?:digest|hawk|oauth|mac|signature)[ ][^\n]{0,400}?[ ,](?:response|mac|oauth_signature|"
        r"signature)=\\{0,7}\"(?P<secret>[^\s\"\\]{16,512})",
        rank=Rank.HEADER,
        reach=700,
        accept=_is_proof,
    ),
    pattern_rule(
        "authorization",
        "a token among the protocols of a WebSocket",
        r"sec-websocket-protocol\\{0,7}[\"']?[ ]?[:=,][ ]?\\{0,7}[\"']?(?:[\w.-]{1,60},[ ]?){0,4}"
        r"(?:[a-z0-9]{1,16}\.){0,6}(?P<secret>[A-Za-z0-9_.=-]{20,4096})",
        rank=Rank.HEADER,
        reach=400,
        after=4096,
        accept=_is_protocol_token,
    ),
    pattern_rule(
        "authorization",
        "a token among the protocols that a program asks for",
        r"websocket\([^\n]{1,160}?[\"'](?:[a-z-]{1,20}\.)?(?P<secret>[A-Za-z0-9_-]{24,2048})[\"']",
        rank=Rank.HEADER,
        reach=240,
        after=2048,
        accept=_is_protocol_token,
    ),
    pattern_rule(
        "cookie",
        "a cookie in a browser's jar, in the format of Netscape",
        r"(?-i:TRUE|FALSE)(?:\t|\\t)[^\s\\]{1,80}(?:\t|\\t)(?-i:TRUE|FALSE)(?:\t|\\t)[0-9]{1,12}"
        r"(?:\.[0-9]{1,8})?(?:\t|\\t)[^\s\\]{1,80}(?:\t|\\t)(?P<secret>[^\s\\]{8,4096})",
        rank=Rank.HEADER,
        reach=320,
        after=4096,
        accept=_is_cookie_value,
    ),
    pattern_rule(
        "cookie",
        "a cookie as an object, before what else is known of it",
        rf"value\\{{0,7}}[\"']?:[ ]?{_COOKIE_VALUE},\s{{0,16}}\\{{0,7}}[\"']?{_OF_COOKIE}",
        trigger=r"value\\{0,7}[\"']?:[ ]?\\{0,7}[\"'][^\s\"'\\;]{16}",
        rank=Rank.HEADER,
        reach=40,
        after=4096,
        accept=_is_session_value,
    ),
    pattern_rule(
        "cookie",
        "a cookie as an object, after what else is known of it",
        rf"[\"']?{_OF_COOKIE}\\{{0,7}}[\"']?:[^{{}}\n]{{1,160}}?"
        rf"value\\{{0,7}}[\"']?:[ ]?{_COOKIE_VALUE}",
        rank=Rank.HEADER,
        reach=280,
        after=4096,
        accept=_is_session_value,
    ),
    pattern_rule(
        "cookie",
        "a cookie that a program sets",
        r"cookies?(?:\.(?:set|put|add|setitem|write))?\([^()\n]{0,80}?(?:,|value\\{0,7}[\"']?:)[ ]?"
        + _COOKIE_VALUE,
        rank=Rank.HEADER,
        reach=160,
        after=4096,
        accept=_is_session_value,
    ),
)

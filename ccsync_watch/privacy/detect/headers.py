"""Finds the credential in the value of a header; its scheme and attributes stay readable."""

from __future__ import annotations

import re

from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span, trim_end
from ccsync_watch.privacy.heuristics.dummy_values import is_code, is_placeholder, is_reference
from ccsync_watch.privacy.heuristics.thresholds import LEAST_COOKIE, LEAST_CREDENTIAL
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
"""How much of a list of cookies is read to decide, in bytes; all of it is removed."""


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
    ):
        return None
    if scheme is None and not is_secret(value, quoted=False):
        return None
    if not any(c.isdigit() for c in value) and not is_random(value):
        return None
    return Span(start, end, "authorization", Rank.HEADER)


def find_cookie(data: bytes, start: int, end: int, *, is_set: bool) -> Span | None:
    """Return the value of a Cookie header; of a Set-Cookie (`is_set`), without its attributes."""
    if is_set:
        equals, semicolon = data.find(b"=", start, end), data.find(b";", start, end)
        start = equals + 1 if equals >= 0 else start
        end = semicolon if semicolon >= 0 else end
    text = data[start : min(end, start + _MOST_READ)].decode("utf-8", "replace")
    values = [part.rpartition("=")[2].strip() for part in text.split(";")]
    if not any(_is_cookie_value(value) for value in values):
        return None
    return Span(start, trim_end(data, start, end), "cookie", Rank.HEADER)


def _is_cookie_value(value: str) -> bool:
    return (
        len(value) >= LEAST_COOKIE
        and not is_reference(value)
        and not is_placeholder(value)
        and not is_code(value)
        and (any(c.isdigit() for c in value) or is_random(value))
    )

"""Secrets that stand beside their name with nothing but space, a tag or a line break between.

`storePassword "…"`, `#define API_TOKEN "…"`, `requirepass …`, "use the API key …", a YAML block, a
cell of an HTML table, the reply to a login. Prose puts any word after "password", so what is not
quoted must look chosen or drawn.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.detect.commands import is_given
from ccsync_watch.privacy.detect.name_patterns import (
    KEYWORD,
    NAME_TAIL,
    PASSWORD_WORDS,
    TOKEN_WORDS,
    name_start,
)
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structure import Structure, by_pattern, text_of, window
from ccsync_watch.privacy.heuristics.dummy_values import is_placeholder, is_reference
from ccsync_watch.privacy.heuristics.gibberish import is_gibberish
from ccsync_watch.privacy.heuristics.name_strength import Strength, strength_of
from ccsync_watch.privacy.heuristics.password_forms import (
    CLAUSE_END,
    is_quoted_password,
    looks_chosen,
    value_span,
)
from ccsync_watch.privacy.heuristics.value_strength import is_password, is_secret, is_strict_random

if TYPE_CHECKING:
    from collections.abc import Iterator

_REACH = 140
_LEAST_TOKEN = 12
_LONG_TOKEN = 20
_AFTER = re.compile(
    rb"[\"'`*]{0,2}(?:[ ](?:of|like|called|string))?[ \t]{1,8}"
    rb"(?:\\{0,7}(?P<quote>[\"'`])|\xe2\x80\x9c)?(?P<value>[^\s\"'`\x00-\x1f]{3,512})",
)
_WITH = re.compile(rb"(?:and|with|&|/)[ ]{0,2}\Z")
_AFTER_WORD = re.compile(rb"\S[ ,]{1,2}\Z")
_ARTICLE = re.compile(rb"(?:form|field|input|label|the|a|no)[ ]{1,2}\Z", re.IGNORECASE)
_BLOCK = re.compile(
    rb"(?P<name>[\w.-]{2,64})[\"'`*]{0,3}:[ ]{0,2}(?:[>|][+-]?[ ]{0,2})?\*{0,2}(?:\r?\n|\\n)[ "
    rb"\t]{0,24}[\"'`]?(?P<secret>[^\s\"'`\\]{4,512})"
    rb"(?=[\"'`]?[ ]{0,4}(?:\r?\n|\\n|\Z))",
)
_CELL = re.compile(
    rb"(?P<name>[\w -]{2,40})(?:</(?:code|b|strong)>)?</(?:td|th|dt|key|name)>(?:\s|\\n)"
    rb"{0,12}<(?:td|dd|string|value)[^<>]{0,60}>"
    rb"(?:<(?:code|b|strong)>)?(?P<secret>[^<\s]{6,512})",
)

_FALLBACK = re.compile(
    rb"(?P<name>[\w-]{2,64})[\"'\])]{0,3}[ ]{0,2}(?:\|\||\?\?|or)[ ]{1,2}\\{0,7}[\"']"
    rb"(?P<secret>[^\"'\\\s]{4,512})(?=\\{0,7}[\"'])",
)


def beside(data: bytes, end: int, _since: int) -> Iterator[Span]:
    """Yield the value that follows a name after nothing but blanks."""
    low = max(0, end - _REACH)
    for keyword in KEYWORD.finditer(data[low:end].lower()):
        start = name_start(data, low + keyword.start())
        tail = NAME_TAIL.match(data, low + keyword.end())
        name_end = tail.end() if tail else low + keyword.end()
        after = _AFTER.match(data, name_end)
        if after is None or after.end() < end - 2:
            continue
        name = data[start:name_end].decode("latin-1")
        strength = strength_of(name)
        span = value_span(data, after)
        quoted = after["quote"] is not None
        if strength is Strength.PASSWORD:
            if _is_password_beside(data, start, name, span, quoted=quoted):
                yield Span(*span, "password", 64)
        elif strength and _is_token_beside(data, start, name, span, quoted=quoted):
            yield Span(*span, "secret", 64)


def _is_password_beside(
    data: bytes, start: int, name: str, span: tuple[int, int], *, quoted: bool
) -> bool:
    before = data[max(0, start - 16) : start]
    core = text_of(data, span).rstrip("!?")
    if name.lower() in {"pass", "pw", "pin"} and _WITH.search(before) is None:
        return False  # a verb, a part
    if quoted:
        is_talk = _ARTICLE.search(before) is not None
        return is_quoted_password(core, is_talk=is_talk)
    return looks_chosen(core) and (
        CLAUSE_END.match(data, span[1]) is not None or _AFTER_WORD.search(before) is not None
    )


def _is_token_beside(
    data: bytes, start: int, name: str, span: tuple[int, int], *, quoted: bool
) -> bool:
    value = text_of(data, span)
    before = re.search(rb"[A-Za-z]{2,20}[ ]\Z", data[max(0, start - 24) : start])
    wider = name if before is None else f"{before[0].decode('latin-1').strip()}_{name}"
    if strength_of(wider) is Strength.NONE or len(value) < _LEAST_TOKEN:
        return False
    is_name_strong = strength_of(wider) is Strength.TOKEN
    if quoted and is_name_strong and is_secret(value, quoted=True):
        return True
    is_long = is_name_strong and len(value) >= _LONG_TOKEN and value.isalnum()
    return is_strict_random(value) or (is_long and not value.islower() and is_gibberish(value))


def block(data: bytes, end: int, since: int) -> Iterator[Span]:
    """Yield the value on the line after its name, in YAML's block style or under a label."""
    position, limit = window(data, end, since, 120, 600)
    while (match := _BLOCK.search(data, position, limit)) is not None and match.start() < end:
        position = match.end("name")
        yield from _named(data, match)


def cell(data: bytes, end: int, since: int) -> Iterator[Span]:
    """Yield the cell of a table in HTML, or the string of a property list, after its name."""
    position, limit = window(data, end, since, 160, 600)
    while (match := _CELL.search(data, position, limit)) is not None and match.start() < end:
        position = match.end("name")
        yield from _named(data, match)


def fallback(data: bytes, end: int, since: int) -> Iterator[Span]:
    """Yield what stands in for a variable that is not set: `env.DB_PASSWORD || "…"`."""
    position, limit = window(data, end, since, 120, 600)
    while (match := _FALLBACK.search(data, position, limit)) is not None and match.start() < end:
        position = match.end("name")
        yield from _named(data, match)


def _named(data: bytes, match: re.Match[bytes]) -> Iterator[Span]:
    strength = strength_of(match["name"].decode("latin-1"))
    span = match.span("secret")
    value = text_of(data, span)
    if strength is Strength.PASSWORD and looks_chosen(value):
        yield Span(*span, "password", 62)
    if strength is Strength.TOKEN and is_secret(value, quoted=False):
        yield Span(*span, "secret", 62)


def _is_row(value: str) -> bool:
    return not is_placeholder(value) and not is_reference(value)


def _is_community(value: str) -> bool:
    return is_given(value) and (is_gibberish(value) or not value.isalpha())


def _is_nested(value: str) -> bool:
    return is_password(value, quoted=True) and (
        is_gibberish(value) or any(c.isdigit() for c in value)
    )


def wallet(data: bytes, end: int, _since: int) -> Iterator[Span]:
    """Yield the private keys that a development chain lists at its start."""
    near = data[max(0, end - 4096) : end + 2048].lower()
    if b"private key" not in near and b"hd wallet" not in near and b"mnemonic" not in near:
        return
    match = re.search(rb"(?:0x)?[0-9a-fA-F]{64}", data[max(0, end - 66) : end + 1])
    if match is not None:
        low = max(0, end - 66)
        yield Span(low + match.start(), low + match.end(), "wallet-key", 30)


_WORDS = rf"(?:{PASSWORD_WORDS}|{TOKEN_WORDS})"

BESIDE: tuple[Structure, ...] = (
    Structure(
        "beside",
        "a value after a name and nothing but blanks",
        rf"(?:{_WORDS}|key)[\w-]{{0,24}}[\"'`*]{{0,2}}(?:[ ](?:of|like|called|string))?[ \t]{{1,8}}"
        r"(?:(?:\\{0,7}[\"'`]|\xe2\x80\x9c)[^\s\"'`]{5}|[^\s\"'`]{0,28}[0-9@#$%^&*!][^\s\"'`]|"
        r"[a-z]{7})",
        beside,
    ),
    Structure(
        "block",
        "a value on the line after its name",
        rf"{_WORDS}[\w-]{{0,24}}[\"'`*]{{0,3}}:[ ]{{0,2}}(?:[>|][+-]?[ ]{{0,2}})"
        rf"?\*{{0,2}}(?:\r?\n|\\n)[ \t]{{0,24}}[\"'`]?[^\s\"'`\\]{{4}}",
        block,
    ),
    Structure(
        "cell",
        "a value in the cell after its name's",
        rf"(?:{_WORDS}|key)[\w -]{{0,16}}(?:</(?:code|b|strong)>)?</(?:td|th|dt|key|name)>(?:\s|"
        rf"\\n){{0,12}}"
        r"<(?:td|dd|string|value)[^<>]{0,60}>(?:<(?:code|b|strong)>)?[^<\s]{6}",
        cell,
    ),
    Structure(
        "fallback",
        "what stands in for a variable that is not set",
        rf"(?:{_WORDS}|key)[\w-]{{0,24}}[\"'\])]{{0,3}}[ ]{{0,2}}(?:\|\||\?\?|or)[ ]{{1,2}}"
        r"\\{0,7}[\"'][^\"'\s]{4}",
        fallback,
    ),
    Structure(
        "vault-key",
        "a key that unseals a vault",
        r"(?:unseal|recovery) key [0-9]{1,2}: {1,3}[A-Za-z0-9+/=]{24}",
        by_pattern(
            r"(?:unseal|recovery) key [0-9]{1,2}: {1,3}(?P<secret>[A-Za-z0-9+/=]{24,128})",
            "vault-key",
            reach=60,
        ),
    ),
    Structure(
        "wallet-key",
        "a wallet's private key after its name",
        r"private[ _-]?key[^\n]{0,24}0x[0-9a-f]{64}",
        by_pattern(
            r"private[ _-]?key[^\n]{0,24}?(?P<secret>0x[0-9a-f]{64})(?![0-9a-f])",
            "wallet-key",
            reach=108,
        ),
    ),
    Structure(
        "wallet-key",
        "a private key in a development chain's list",
        r"\([0-9]{1,2}\) {1,3}(?:0x)?[0-9a-f]{64}",
        wallet,
    ),
    Structure(
        "password",
        "a password in a router's configuration",
        r"(?:(?:password|secret|key-string|key) (?:0|5|7|8|9) |snmp-server community |enable "
        r"(?:password|secret) )[^\s]{4}",
        by_pattern(
            r"(?:(?:password|secret|key-string|key) (?:0|5|7|8|9) |snmp-server community |"
            r"enable (?:password|secret) (?:[0-9] )?)(?P<secret>[^\s\"'\\]{4,128})",
            "password",
            reach=48,
            accept=_is_community,
        ),
    ),
    Structure(
        "password",
        "a password in a protocol's dialogue",
        r"(?:USER [^\s]{1,64}(?:\r|\\r)?(?:\n|\\n)[^\n]{0,80}?\n?[>< -]{0,4}PASS [^\s]{4}|AUTH "
        r"(?:PLAIN|LOGIN) [A-Za-z0-9+/=]{8})",
        by_pattern(
            r"(?-i:PASS |AUTH (?:PLAIN|LOGIN) )(?P<secret>[^\s\"'\\]{4,256})",
            "password",
            reach=24,
            accept=_is_row,
        ),
        caseless=False,
    ),
    Structure(
        "password",
        "a parameter stored by a cloud's command line",
        r"(?:--secret-string|--type SecureString[^\n]{0,80} --value|(?:password|secret|token|key)"
        r"[\w/.-]{0,40}[\"']?[^\n]{1,80} --value)[ =]\\{0,7}[\"']?[^\s\"']{4}",
        by_pattern(
            r"(?:--secret-string|--value)[ =]\\{0,7}[\"']?(?P<secret>[^\s\"'\\]{4,512})",
            "secret",
            reach=40,
            accept=is_given,
        ),
    ),
    Structure(
        "password",
        "a value nested under a secret's name",
        rf"{_WORDS}[\w-]{{0,24}}\\{{0,7}}[\"']\s{{0,4}}:\s{{0,4"
        rf"}}\{{[^{{}}]{{0,160}}\\{{0,7}}[\"']value\\{{0,7}}[\"']\s{{0,4}}:\s{{0,4}}\\{{0,7}}[\"'][^\"'\s]{{4}}",
        by_pattern(
            r"[\"']value\\{0,7}[\"']\s{0,4}:\s{0,4}\\{0,7}[\"'](?P<secret>[^\"'\\\n]{4,512})",
            "secret",
            reach=48,
            accept=_is_nested,
        ),
    ),
)

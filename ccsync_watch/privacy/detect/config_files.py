"""Finds secrets in formats of their own: netrc, .pgpass, htpasswd, Kubernetes, JWK, JWT, SQL."""

from __future__ import annotations

import re
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from ccsync_watch.privacy.detect.name_patterns import PASSWORD_WORDS, TOKEN_WORDS
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import (
    HeadedPattern,
    Hits,
    StructuralRule,
    at_each_hit,
    at_groups_of_hits,
    last,
    pattern_rule,
    read_part,
    shifted,
    text_of,
)
from ccsync_watch.privacy.heuristics.dummy_values import (
    is_code,
    is_placeholder,
    is_reference,
    is_token_placeholder,
)
from ccsync_watch.privacy.heuristics.gibberish import is_drawn, is_gibberish
from ccsync_watch.privacy.heuristics.name_strength import Strength, is_session_bound, strength_of
from ccsync_watch.privacy.heuristics.password_forms import is_typed_password
from ccsync_watch.privacy.heuristics.thresholds import LEAST_HEADER_FIELD
from ccsync_watch.privacy.heuristics.value_characters import has_digit
from ccsync_watch.privacy.heuristics.value_strength import (
    decodes_to_credentials,
    is_password,
    is_random,
    is_secret,
    is_strict_random,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEAR = 4096
_Q = r"\\{0,7}[\"']?"


def _is_bearer_token(value: str) -> bool:
    return (
        not is_reference(value)
        and not is_placeholder(value)
        and not is_code(value)
        and (is_random(value) or has_digit(value))
        and not is_token_placeholder(value.encode())
    )


def _is_file_value(value: str) -> bool:
    return value[0] != "*" and not is_placeholder(value) and not is_reference(value)


_KUBERNETES_DATA = re.compile(
    rb"(?<!meta)(?:stringData|data)\\{0,7}[\"']?\s{0,4}:\s{0,4}(?:\{|\r?\n|\\n)"
)
_KUBERNETES_VALUE = re.compile(
    rb"(?P<stop>^[A-Za-z]|^---|\}|\\n[A-Za-z]|\\n---)|"
    rb"(?:^[ \t]{1,16}|\\n[ ]{1,16}|[{,]\s{0,8}|(?<=\n)[ ]{1,16})\\{0,7}[\"']?[\w.-]{1,64}\\{0,7}"
    rb"[\"']?[ ]?:[ ]{0,4}\\{0,7}[\"']?(?P<secret>[^\s\"'\\|>{},]{4,4096})",
    re.MULTILINE,
)
_NEXT_DOCUMENT = re.compile(rb"\n---|\\n---|kind[\"']?:")


@partial(at_each_hit, seen=None)
def find_kubernetes_data(data: bytes, end: int, since: int) -> Iterator[Span]:
    """Yield the values in the `data` of a Kubernetes Secret, after its `kind` or before it.

    No other document may lie between.
    """
    following = _NEXT_DOCUMENT.search(data, end, end + _NEAR)
    stop = following.start() if following else end + _NEAR
    for block in islice(_KUBERNETES_DATA.finditer(data, end, stop), 2):  # `data` and `stringData`
        yield from _kubernetes_values(data, block.end() - 1)
    start = data.rfind(b"kind", max(0, end - 32), end)
    # Before the last hit is another document's `kind`.
    before = last(_KUBERNETES_DATA.finditer(data, max(0, start - _NEAR, since), start))
    if before is not None and _NEXT_DOCUMENT.search(data, before.end(), start) is None:
        yield from _kubernetes_values(data, before.end() - 1)


def _kubernetes_values(data: bytes, start: int) -> Iterator[Span]:
    for row in _KUBERNETES_VALUE.finditer(data, start, start + 2 * _NEAR):
        if row["stop"] is not None:
            return
        if _is_file_value(text_of(data, row.span("secret"))):
            yield Span(*row.span("secret"), "kubernetes-secret", Rank.KUBERNETES_DATA)


_FIELDS = HeadedPattern(
    r"(?<![a-z0-9])(?:parameterkey|optionname|name|key|id|prop|field|head|var|env|param|setting|k|"
    r"prompt|question)",
    r"(?:parameterkey|optionname|name|key|id|property|field|header|variable|var|env|param|"
    r"setting|k|prompt|question)"
    r"\\{0,7}[\"']?\s{0,4}[:=>]\s{0,4}"
    rf"{_Q}(?P<name>[\w.:\[\]-]{{2,60}}(?:[ ][\w.:-]{{1,20}}){{0,6}})\??(?![\w.:-]){_Q}"
    r"(?:(?:[\s,;]|\\n|\\t){1,40}(?:-[ ]|android:)?\\{0,7}[\"']?"
    r"(?:(?:parameter|option)?value|val|v|contents?|current|secret|default|plaintext|text|data|"
    r"answer|response|reply)"
    r"\\{0,7}[\"']?\s{0,4}[:=]\s{0,4}\\{0,7}[\"']?"
    r"|</key>(?:\s|\\n|\\t){0,24}<string>|</(?:param-)?name>(?:\s|\\n|"
    r"\\t){0,24}<(?:param-)?value>|[^<>]{0,60}>(?:(?:\s|\\n){0,24}<value>)?)"
    r"(?P<secret>[^\"'\\\r\n<>{}\[\]]{4,2048})",
    reach=160,
    after=1024,
)


@at_groups_of_hits
def find_paired_fields(data: bytes, hits: Hits) -> Iterator[Span]:
    """Yield the value in `name: DB_PASSWORD, value: …`, in the syntax of lists and of XML."""
    for low, match in _FIELDS.matches(data, hits):
        name = shifted(match.span("name"), low)
        strength = strength_of(text_of(data, name))
        span = shifted(match.span("secret"), low)
        value = text_of(data, read_part(span)).strip()
        is_form_token = is_session_bound(text_of(data, name)) and is_strict_random(value)
        if is_form_token or _is_field_value(value, strength):
            kind = "password" if strength is Strength.PASSWORD else "secret"
            yield Span(*span, kind, Rank.NAMED_FIELD)


def _is_field_value(value: str, strength: Strength) -> bool:
    if strength is Strength.PASSWORD:
        return is_password(value, quoted=True)
    if strength is Strength.HEADER:
        is_numbered = has_digit(value)
        return len(value) >= LEAST_HEADER_FIELD and _is_file_value(value) and is_numbered
    return strength is Strength.TOKEN and is_secret(value, quoted=True)


_HASHES = (
    r"(?:\$(?:apr1|1|5|6|y|7|gy|2[abxy]|argon2(?:id?|d)|scrypt|pbkdf2[a-z0-9-]{0,12}|sha1|md5|"
    r"bcrypt[a-z0-9-]{0,10})\$|(?:pbkdf2_sha(?:1|256|512)|bcrypt(?:_sha256)?|argon2|scrypt|sha1|"
    r"md5)\$|"
    r"pbkdf2:sha(?:1|256|512)(?::[0-9]{1,8})?\$|scrypt:[0-9]{1,8}:[0-9]{1,4}:[0-9]{1,4}\$|"
    r"\{S?S?(?:SHA|MD5|CRYPT|SHA256|SHA512|SSHA512|SMD5|SSHA)\})"
)


_LEAST_HASH = 8
"""After the last sign; a formula of Perl has less there: `s/…/$1$2,$3/`."""


def _is_password_hash(value: str) -> bool:
    is_whole = "$" not in value or len(value.rpartition("$")[2]) >= _LEAST_HASH
    return is_whole and has_digit(value[4:]) and not is_token_placeholder(value.encode())


def _is_password_argument(value: str) -> bool:
    return (
        is_password(value, quoted=True)
        and (
            is_gibberish(value)
            or is_drawn(value)
            or any(c.isdigit() or c in "!@#$%^&*" for c in value)
        )
        and not is_code(value)
    )


def _is_router_password(value: str) -> bool:
    core = value.rstrip(".,;:!?")
    return is_typed_password(value) and (is_gibberish(core) or not core.isalpha())


def _is_nested_value(value: str) -> bool:
    return is_password(value, quoted=True) and (is_gibberish(value) or has_digit(value))


_ARGUMENT = r"[\"'][ ]{0,2},[ ]{0,2}(?:Some\()?\\{0,7}[\"']"

RULES: tuple[StructuralRule, ...] = (
    pattern_rule(
        "jwt",
        "a JSON web token, signed, unsigned or encrypted",
        r"(?-i:(?<!pk\.)(?P<secret>eyJ[A-Za-z0-9_=-]{8,4096}(?:(?:\.|%2E)"
        r"[A-Za-z0-9_=-]{2,8192}){1,4}\.?))",
        trigger=r"eyJ[A-Za-z0-9_-]{8,512}(?:\.|%2E)(?:eyJ|[A-Za-z0-9_-]{20})",
        rank=Rank.WEB_TOKEN,
        reach=560,
        after=16_384,
        is_caseless=False,
    ),
    pattern_rule(
        "bearer",
        "a bearer token",
        r"bearer(?:[ \t]{1,3}|%20|[:=\"' ]{1,4})(?P<secret>[A-Za-z0-9._~+/=-]{12,})",
        rank=Rank.AUTH_SCHEME,
        reach=32,
        after=8192,
        accept=_is_bearer_token,
    ),
    pattern_rule(
        "basic-auth",
        "Basic credentials in base64",
        r"basic(?:\\{0,2}[ \t]{1,3}|%20)(?P<secret>[A-Za-z0-9+/_-]{8,}={0,2})",
        rank=Rank.AUTH_SCHEME,
        reach=32,
        accept=decodes_to_credentials,
    ),
    pattern_rule(
        "netrc",
        "a password in a netrc file",
        r"login(?:\s|\\n|\\t){1,8}(?!(?:and|or|with|the|your|form|page)\b)[^\s]{1,80}?(?:\s|\\n|"
        r"\\t){1,8}password(?:\s|\\t){1,8}['\"]?"
        r"(?P<secret>[^\s\"'\\]{2,256})",
        accept=is_typed_password,
        reach=220,
    ),
    pattern_rule(
        "pgpass",
        "a line of .pgpass",
        r"(?<![\w.*:/-])(?!arn:)[A-Za-z0-9.*_-]{1,80}:(?:[56][0-9]{3}|\*)"
        r":[A-Za-z_*][\w.*-]{0,40}:[A-Za-z_*][\w.*@-]{0,40}:"
        r"(?P<secret>[^\s\"'\\:]{3}[^\s\"'\\]{0,253})",
        accept=_is_file_value,
    ),
    pattern_rule(
        "password-hash",
        "a password's hash: crypt, bcrypt, argon2, scrypt, PBKDF2, LDAP",
        rf"(?P<secret>{_HASHES}[A-Za-z0-9./$=,+-]{{12,400}})",
        rank=Rank.PASSWORD_HASH,
        reach=80,
        accept=_is_password_hash,
    ),
    pattern_rule(
        "password-hash",
        "a password's hash of MySQL",
        r"(?<![\w*])(?P<secret>\*(?-i:[0-9A-F]{40}))(?!\w)",
        trigger=r"\*[0-9A-F]{16}",
        rank=Rank.PASSWORD_HASH,
        reach=60,
        is_caseless=False,
    ),
    StructuralRule(
        "kubernetes-secret",
        "the data of a Kubernetes Secret",
        r"kind\\{0,7}[\"']?:[ ]{0,4}\\{0,7}[\"']?Secret(?:\\|[\s\"',}])",
        find_kubernetes_data,
    ),
    pattern_rule(
        "kubernetes-secret",
        "a value in a patch of a Kubernetes Secret",
        r"(?:data|stringdata)"
        r"\\{0,7}[\"']:[ ]?\{[ ]?\\{0,7}[\"'][\w.-]{1,60}\\{0,7}[\"']:[ ]?\\{0,7}[\"']"
        r"(?P<secret>[^\s\"'\\]{4,4096})",
        context=r"patch[ ]secrets?[ /][^\n]{1,120}",
        reach=120,
        after=4096,
        accept=_is_file_value,
    ),
    StructuralRule(
        "pair",
        "a name and its value as two fields",
        rf"(?:{PASSWORD_WORDS}|{TOKEN_WORDS}|key)[\w-]{{0,20}}[?:\]]?\\{{0,7}}[\"']?(?:</(?:key|"
        rf"(?:param-)?name)"
        rf">(?:\s|\\n|\\t){{0,16}}<(?:string|(?:param-)?value)>|"
        r"[\"'][^<>]{0,60}>(?:(?:\s|\\n){0,24}<value>)?|(?:[\s,;]|\\n|\\t){1,24}(?:-[ ]|android:)?"
        r"\\{0,7}[\"']?(?:val|"
        r"content|"
        r"parameterval|optionval|current|secret|default|plain|text|data|answer|response|reply|"
        r"v)[a-z]{0,6}"
        r"\\{0,7}[\"']?\s{0,4}[:=]\s{0,4}\\{0,7}[\"']?)[^\s\"'<>]{3}",
        find_paired_fields,
    ),
    pattern_rule(
        "password",
        "a name and password passed to a function",
        _ARGUMENT + r"(?P<secret>[^\"'\s\\]{4,100})\\{0,7}[\"']",
        trigger=r"(?:basic_?auth|auth(?:=|:[ ]?|[ ]=[ ])|credentials?|login|authenticate|sign_?in|"
        r"getconnection|createuser|create_user|adduser|credentials\.basic|(?:mysqli?|pg|db|"
        r"smtp|ftp|imap|oracle|pdo|"
        r"dbi)[\w.]{0,16}(?:connect|login))\w{0,12}[ ]?"
        r"[(\[][^()\n\r]{0,120}" + _ARGUMENT + r"[^\"'\s]{4}[^\"'\s]{0,60}[\"']",
        rank=Rank.ARGUMENT,
        reach=170,
        after=8,
        accept=_is_password_argument,
    ),
    pattern_rule(
        "password",
        "a password in a router's configuration",
        r"(?:(?:password|secret|key-string|key) (?:0|5|7|8|9) |snmp-server community |"
        r"enable (?:password|secret) (?:[05789] )?)(?P<secret>[^\s\"'\\]{4,128})",
        reach=48,
        accept=_is_router_password,
    ),
    pattern_rule(
        "secret",
        "a value nested under a secret's name",
        r"[\"']value\\{0,7}[\"']\s{0,4}:\s{0,4}\\{0,7}[\"']"
        r"(?P<secret>[^\"'\\\s]{4}[^\"'\\\n]{0,508})",
        context=rf"(?:{PASSWORD_WORDS}|{TOKEN_WORDS})"
        rf"[\w-]{{0,24}}\\{{0,7}}[\"']\s{{0,4}}:\s{{0,4}}\{{[^{{}}]{{0,160}}\\{{0,7}}",
        reach=48,
        accept=_is_nested_value,
    ),
)

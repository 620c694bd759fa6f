"""Secrets in files with a form of their own: netrc, .pgpass, htpasswd, Kubernetes, JWK, SQL."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from ccsync_watch.privacy.detect.commands import is_given
from ccsync_watch.privacy.detect.name_patterns import PASSWORD_WORDS, TOKEN_WORDS
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structure import (
    Near,
    Structure,
    by_pattern,
    last,
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
from ccsync_watch.privacy.heuristics.name_strength import Strength, strength_of
from ccsync_watch.privacy.heuristics.value_strength import (
    decodes_to_credentials,
    is_password,
    is_random,
    is_secret,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEAR = 4096
_Q = r"\\{0,7}[\"']?"


def _is_bearer(value: str) -> bool:
    return (
        not is_reference(value)
        and not is_placeholder(value)
        and not is_code(value)
        and (is_random(value) or any(c.isdigit() for c in value))
        and not is_token_placeholder(value.encode())
    )


def _is_row(value: str) -> bool:
    return value[0] != "*" and not is_placeholder(value) and not is_reference(value)


_SECRET_DATA = re.compile(
    rb"(?<!meta)(?:stringData|data)\\{0,7}[\"']?\s{0,4}:\s{0,4}(?:\{|\r?\n|\\n)"
)
_SECRET_ROW = re.compile(
    rb"(?P<stop>^[A-Za-z]|^---|\}|\\n[A-Za-z]|\\n---)|"
    rb"(?:^[ \t]{1,16}|\\n[ ]{1,16}|[{,]\s{0,8}|(?<=\n)[ ]{1,16})\\{0,7}[\"']?[\w.-]{1,64}\\{0,7}"
    rb"[\"']?[ ]?:[ ]{0,4}\\{0,7}[\"']?(?P<secret>[^\s\"'\\|>{},]{4,4096})",
    re.MULTILINE,
)
_ANOTHER = re.compile(rb"\n---|\\n---|kind[\"']?:")


def kubernetes_secret(data: bytes, end: int, _since: int) -> Iterator[Span]:
    """Yield the values in the `data` of a Kubernetes Secret, after its `kind` or before.

    With no other document between.
    """
    another = _ANOTHER.search(data, end, end + _NEAR)
    stop = another.start() if another else end + _NEAR
    for block in islice(_SECRET_DATA.finditer(data, end, stop), 2):  # `data` and `stringData`
        yield from _secret_rows(data, block.end() - 1)
    start = data.rfind(b"kind", max(0, end - 32), end)
    before = last(_SECRET_DATA.finditer(data, max(0, start - _NEAR), start))
    if before is not None and _ANOTHER.search(data, before.end(), start) is None:
        yield from _secret_rows(data, before.end() - 1)


def _secret_rows(data: bytes, start: int) -> Iterator[Span]:
    for row in _SECRET_ROW.finditer(data, start, start + 2 * _NEAR):
        if row["stop"] is not None:
            return
        if _is_row(text_of(data, row.span("secret"))):
            yield Span(*row.span("secret"), "kubernetes-secret", 58)


_PAIR = Near(
    r"(?<![a-z0-9])(?:name|key|id|prop|field|head|var|env|param|setting|k)",
    r"(?:name|key|id|property|field|header|variable|var|env|param|setting|k)"
    r"\\{0,7}[\"']?\s{0,4}[:=>]\s{0,4}"
    rf"{_Q}(?P<name>[\w.:-]{{2,60}}(?:[ ][\w.:-]{{1,20}}){{0,3}})(?![\w.:-]){_Q}"
    r"(?:(?:[\s,]|\\n|\\t){1,40}(?:-[ ])?\\{0,7}[\"']?"
    r"(?:value|val|v|content|secret|default|plaintext|text|data)"
    r"\\{0,7}[\"']?\s{0,4}[:=]\s{0,4}\\{0,7}[\"']?"
    r"|</key>(?:\s|\\n|\\t){0,24}<string>|</name>(?:\s|\\n|\\t){0,24}<value>|[^<>]{0,60}>)"
    r"(?P<secret>[^\"'\\\r\n<>{}\[\]]{4,2048})",
    reach=160,
    after=1024,
)


def pair(data: bytes, end: int, since: int) -> Iterator[Span]:
    """Yield the value in `name: DB_PASSWORD, value: …`, as lists and XML write it."""
    for low, match in _PAIR.matches(data, end, since):
        name = shifted(match.span("name"), low)
        strength = strength_of(text_of(data, name))
        span = shifted(match.span("secret"), low)
        if _is_pair_value(text_of(data, span).strip(), strength):
            yield Span(*span, "password" if strength is Strength.PASSWORD else "secret", 62)


def _is_pair_value(value: str, strength: Strength) -> bool:
    if strength is Strength.PASSWORD:
        return is_password(value, quoted=True)
    if strength is Strength.HEADER:
        return len(value) > 7 and _is_row(value) and any(c.isdigit() for c in value)  # noqa: PLR2004
    return strength is Strength.TOKEN and is_secret(value, quoted=True)


_JWK = re.compile(
    rb"[\"'](?:d|p|q|dp|dq|qi|k)\\{0,7}[\"']\s{0,4}:\s{0,4}\\{0,7}[\"'](?P<secret>[A-Za-z0-9_-]{1"
    rb"6,2048})",
)


def jwk(data: bytes, end: int, _since: int) -> Iterator[Span]:
    """Yield a private member of a JSON web key, told by its neighbour `kty`."""
    if data.find(b"kty", max(0, end - _NEAR), end + _NEAR) < 0:
        return
    for match in _JWK.finditer(data, max(0, end - 48), min(len(data), end + 2048)):
        if match.start() < end:
            yield Span(*match.span("secret"), "jwk", 30)


_AWS_SECRET = re.compile(rb"(?<![A-Za-z0-9/+=_-])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+_-])")


def aws_pair(data: bytes, end: int, _since: int) -> Iterator[Span]:
    """Yield the secret access key that stands near its id."""
    for match in _AWS_SECRET.finditer(data, max(0, end - 240), min(len(data), end + 240)):
        value = match[0].decode("latin-1")
        if (
            any(c.isdigit() for c in value)
            and any(c.isupper() for c in value)
            and any(c.islower() for c in value)
            and "EXAMPLE" not in value
        ):
            yield Span(*match.span(), "aws-secret-key", 12)


_HASHES = (
    r"(?:\$(?:apr1|1|5|6|y|7|gy|2[abxy]|argon2(?:id?|d)|scrypt|pbkdf2[a-z0-9-]{0,12}|sha1|md5|"
    r"bcrypt[a-z0-9-]{0,10})\$|(?:pbkdf2_sha(?:1|256|512)|bcrypt(?:_sha256)?|argon2|scrypt|sha1|"
    r"md5)\$|"
    r"pbkdf2:sha(?:1|256|512)(?::[0-9]{1,8})?\$|scrypt:[0-9]{1,8}:[0-9]{1,4}:[0-9]{1,4}\$|"
    r"\{S?S?(?:SHA|MD5|CRYPT|SHA256|SHA512|SSHA512|SMD5|SSHA)\})"
)


def _is_hash(value: str) -> bool:
    return any(c.isdigit() for c in value[4:])


def _is_argument(value: str) -> bool:
    return (
        is_password(value, quoted=True)
        and (
            is_gibberish(value)
            or is_drawn(value)
            or any(c.isdigit() or c in "!@#$%^&*" for c in value)
        )
        and not is_code(value)
    )


def _is_bare_password(value: str) -> bool:
    return is_password(value, quoted=False) and any(c.isdigit() for c in value)


def _is_quoted_password(value: str) -> bool:
    return is_password(value, quoted=True)


FILES: tuple[Structure, ...] = (
    Structure(
        "jwt",
        "a JSON web token, signed, unsigned or encrypted",
        r"eyJ[A-Za-z0-9_-]{8,512}(?:\.|%2E)(?:eyJ|[A-Za-z0-9_-]{20})",
        by_pattern(
            r"(?-i:(?P<secret>eyJ[A-Za-z0-9_=-]{8,4096}(?:(?:\.|%2E)[A-Za-z0-9_=-]{2,8192})"
            r"{1,4}\.?))",
            "jwt",
            rank=15,
            reach=560,
            after=16_384,
        ),
        caseless=False,
    ),
    Structure(
        "bearer",
        "a bearer token",
        r"bearer(?:[ \t]{1,3}|%20|[:=\"' ]{1,4})[A-Za-z0-9._~+/=-]{12}",
        by_pattern(
            r"bearer(?:[ \t]{1,3}|%20|[:=\"' ]{1,4})(?P<secret>[A-Za-z0-9._~+/=-]{12,})",
            "bearer",
            rank=45,
            reach=32,
            after=8192,
            accept=_is_bearer,
        ),
    ),
    Structure(
        "basic-auth",
        "Basic credentials in base64",
        r"basic(?:[ \t]{1,3}|%20)[A-Za-z0-9+/_-]{8}",
        by_pattern(
            r"basic(?:[ \t]{1,3}|%20)(?P<secret>[A-Za-z0-9+/_-]{8,}={0,2})",
            "basic-auth",
            rank=45,
            reach=32,
            accept=decodes_to_credentials,
        ),
    ),
    Structure(
        "aws-secret-key",
        "an AWS secret beside its id",
        r"(?:AKIA|ASIA)[A-Z0-9]{16}",
        aws_pair,
        caseless=False,
    ),
    Structure(
        "netrc",
        "a password in netrc's form",
        r"login(?:\s|\\n|\\t){1,8}[^\s]{1,80}(?:\s|\\n|\\t){1,8}password(?:\s|\\t){1,8}[^\s]{2}",
        by_pattern(
            r"login(?:\s|\\n|\\t){1,8}[^\s]{1,80}?(?:\s|\\n|\\t){1,8}password(?:\s|\\t){1,8}['\"]?"
            r"(?P<secret>[^\s\"'\\]{2,256})",
            "netrc",
            accept=is_given,
            reach=220,
        ),
    ),
    Structure(
        "pgpass",
        "a line of .pgpass",
        r"[A-Za-z0-9.*_-]{1,80}:(?:[56][0-9]{3}|\*):[\w.*-]{1,40}:[\w.*@-]{1,40}:[^\s:]{3}",
        by_pattern(
            r"(?<![\w.*:/-])(?!arn:)[A-Za-z0-9.*_-]{1,80}:(?:[56][0-9]{3}|\*)"
            r":[A-Za-z_*][\w.*-]{0,40}"
            r":[A-Za-z_*][\w.*@-]{0,40}:(?P<secret>[^\s\"'\\]{3,256})",
            "pgpass",
            accept=_is_row,
        ),
    ),
    Structure(
        "password-hash",
        "a password's hash: crypt, bcrypt, argon2, scrypt, PBKDF2, LDAP",
        _HASHES + r"[A-Za-z0-9./$=,+-]{12}",
        by_pattern(
            rf"(?P<secret>{_HASHES}[A-Za-z0-9./$=,+-]{{12,400}})",
            "password-hash",
            rank=20,
            reach=80,
            accept=_is_hash,
        ),
    ),
    Structure(
        "kubernetes-secret",
        "the data of a Kubernetes Secret",
        r"kind\\{0,7}[\"']?:[ ]{0,4}\\{0,7}[\"']?Secret(?:\\|[\s\"',}])",
        kubernetes_secret,
    ),
    Structure(
        "jwk",
        "the private members of a JSON web key",
        r"[\"'](?:d|p|q|dp|dq|qi|k)\\{0,7}[\"'][ ]{0,2}:[ ]{0,2}\\{0,7}[\"'][A-Za-z0-9_-]{16}",
        jwk,
        caseless=False,
    ),
    Structure(
        "pair",
        "a name and its value as two fields",
        rf"(?:{PASSWORD_WORDS}|{TOKEN_WORDS}|key)[\w-]{{0,20}}\\{{0,7}}[\"']?(?:</(?:key|name)"
        rf">(?:\s|\\n|\\t){{0,16}}<(?:string|value)>|"
        r"[\"'][^<>\"']{0,40}>|(?:[\s,]|\\n|\\t){1,24}(?:-[ ])?\\{0,7}[\"']?(?:val|content|"
        r"secret|default|plain|text|data|v)[a-z]{0,6}"
        r"\\{0,7}[\"']?\s{0,4}[:=]\s{0,4}\\{0,7}[\"']?)[^\s\"'<>]{3}",
        pair,
    ),
    Structure(
        "password",
        "a password in SQL",
        r"(?:identified(?:[ ]with[ ][\w'\"]{1,40})?[ ](?:by|as)(?:[ ]password)?|password(?:[ ]E)?|"
        r"set[ ]password[^=\n]{0,60}=)[ ]{1,4}\\{0,7}['\"][^'\"\s]{3}",
        by_pattern(
            r"(?:identified(?:[ ]with[ ][\w'\"]{1,40})?[ ](?:by|as)(?:[ ]password)?|"
            r"(?-i:PASSWORD)(?:[ ]E)?|"
            r"set[ ]password[^=\n]{0,60}=)[ ]{1,4}"
            r"\\{0,7}(?P<q>['\"])(?P<secret>[^'\"\n\r\\]{3,256})(?=\\{0,7}(?P=q))",
            "password",
            accept=_is_quoted_password,
            reach=160,
        ),
    ),
    Structure(
        "password",
        "a password in SQL without quotes",
        r"identified by [^\s;'\"]{4}",
        by_pattern(
            r"identified by (?P<secret>[^\s;'\"\\]{4,128})",
            "password",
            accept=_is_bare_password,
            reach=24,
        ),
    ),
    Structure(
        "password",
        "a name and password passed to a function",
        r"(?:basic_?auth|auth(?:=|:[ ]?)|credentials?|login|authenticate|sign_?in|getconnection|"
        r"(?:mysqli?|pg|db|smtp|ftp|imap)[\w.]{0,16}(?:connect|login))\w{0,12}[ ]?[(\[][^()"
        r"\n\r]{0,120}[\"'][ ]{0,2},"
        r"[ ]{0,2}(?:Some\()?\\{0,7}[\"'][^\"'\s]{4}[^\"'\s]{0,60}[\"']",
        by_pattern(
            r"[\"'][ ]{0,2},[ ]{0,2}(?:Some\()?\\{0,7}[\"'](?P<secret>[^\"'\s\\]{4,100})"
            r"\\{0,7}[\"']",
            "password",
            rank=65,
            reach=110,
            after=8,
            accept=_is_argument,
        ),
    ),
)

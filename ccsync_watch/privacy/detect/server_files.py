"""Finds accounts and keys in the configuration of servers and clients, by the syntax of each."""

from __future__ import annotations

from ccsync_watch.privacy.engine.structural_rule import StructuralRule, pattern_rule
from ccsync_watch.privacy.heuristics.password_forms import (
    is_drawn_or_phrase,
    is_typed_password,
    looks_chosen,
)
from ccsync_watch.privacy.heuristics.value_characters import has_digit
from ccsync_watch.privacy.heuristics.value_strength import is_strict_random

_LINE_START = r"(?:\r?\n|\\n)[^\w\n]{0,12}(?:[ ]{0,8}\d{1,6}(?:\xe2\x86\x92|\t|:))?[ \t]{0,24}"
_ACCOUNT = rf"{_LINE_START}[\w.@-]{{1,60}}[ ]?=[ ]?(?=[^\s])"


def _is_account_password(value: str) -> bool:
    return looks_chosen(value) and value[0] not in "-/[{$"


def _is_config_password(value: str) -> bool:
    return is_drawn_or_phrase(value) and is_typed_password(value) and not value.isdigit()


def _is_joined_secret(value: str) -> bool:
    """Tell whether what follows a user and a colon is its secret, though it begins like a path."""
    return is_typed_password(value) or is_strict_random(value)


RULES: tuple[StructuralRule, ...] = (
    pattern_rule(
        "password",
        "a user and password in curl's configuration",
        r"user[ ]?=[ ]?\\{0,7}\"[\w.@-]{1,60}:(?P<secret>[^\s\"\\]{4,128})\\{0,7}\"",
        reach=120,
        accept=_is_account_password,
    ),
    pattern_rule(
        "password",
        "the first account in a section for accounts, of CouchDB or Subversion",
        rf"\[(?:admins|users)\](?:{_LINE_START}[#;][^\n]{{0,120}}){{0,4}}{_ACCOUNT}"
        r"(?P<secret>[^\s,;]{5,128})(?=[ ]{0,4}(?:\r?\n|\\|\"|\Z))",
        trigger=r"\[(?:admins|users)\](?:\r?\n|\\n)",
        reach=24,
        accept=_is_account_password,
    ),
    pattern_rule(
        "password",
        "the first user and password of Neo4j",
        r"neo4j_auth\\{0,7}[\"']?[ ]?[:=][ ]?\\{0,7}[\"']?neo4j/(?P<secret>[^\s\"'\\]{4,128})",
        reach=60,
        accept=is_typed_password,
    ),
    pattern_rule(
        "secret",
        "the key that signs a message to a server of names",
        r"[ ]-y[ ](?:hmac-[a-z0-9]{3,6}:)?[\w.-]{1,60}:(?P<secret>[A-Za-z0-9+/]{16,128}={0,2})",
        reach=160,
        accept=has_digit,
    ),
    pattern_rule(
        "password",
        "a text that a template's filter hashes as a password",
        r"\\{0,7}[\"'](?P<secret>[^\"'\\\n]{4,128})\\{0,7}[\"'][ ]?\|[ ]?password_hash",
        trigger=r"\|[ ]?password_hash",
        reach=180,
        accept=_is_config_password,
    ),
    pattern_rule(
        "password",
        "a password that a procedure of SQL Server gives a login",
        r"sp_(?:addlogin|adduser|password)[ ][^\n;]{1,80}?,[ ]?N?'(?P<secret>[^'\n]{4,128})'",
        reach=160,
        accept=_is_config_password,
    ),
    pattern_rule(
        "secret",
        "a user and key of Kaggle",
        r"\"username\\{0,7}\"[ ]?:[ ]?\\{0,7}\"[\w.-]{1,60}\\{0,7}\",[ ]?"
        r"\\{0,7}\"key\\{0,7}\"[ ]?:[ ]?"
        r"\\{0,7}\"(?P<secret>[0-9a-f]{32})(?![0-9a-f])",
        reach=160,
    ),
    pattern_rule(
        "password",
        "the secret that a server of RADIUS shares with a client",
        r"client[ ][\w.:/-]{1,60}[ ]\{[^{}]{0,240}?secret[ ]{0,12}=[ ]{0,12}"
        r"(?P<secret>[^\s\"'\\#]{4,128})",
        reach=360,
        accept=_is_config_password,
    ),
    pattern_rule(
        "password",
        "the secret of a telephone's account",
        rf"type=(?:friend|peer|user)(?:{_LINE_START}(?!type=)[\w-]{{1,24}}="
        rf"[^\n\\]{{0,60}}){{0,8}}?{_LINE_START}secret=(?P<secret>[^\s\"'\\;]{{4,128}})",
        trigger=r"type=(?:friend|peer|user)(?:\r?\n|\\n)",
        reach=24,
        accept=_is_config_password,
    ),
    pattern_rule(
        "secret",
        "the key and secret of a client of Kafka's registry of schemas",
        r"basic[._]?auth[._]?user[._]?info\\{0,7}[\"']?[ ]?[:=][ ]?\\{0,7}[\"']?"
        r"[\w.@-]{1,80}:(?P<secret>[^\s\"'`\\,;}]{4,200})",
        reach=160,
        accept=_is_joined_secret,
    ),
    pattern_rule(
        "secret",
        "the secret after a key of LiveKit",
        r"(?<![A-Za-z0-9])API[A-Za-z0-9]{10,14}\\{0,7}[\"']?:[ ]?\\{0,7}[\"']?"
        r"(?P<secret>[A-Za-z0-9]{40,48})(?![A-Za-z0-9])",
        reach=120,
        accept=is_strict_random,
        is_caseless=False,
    ),
    pattern_rule(
        "password",
        "a password in clear text in a reference of WildFly",
        r"clear-text\\{0,7}[\"']?[ ]?(?:=>|[:=])[ ]?\\{0,7}[\"']?"
        r"(?P<secret>[^\s\"'`\\<>{},)]{4,128})",
        reach=40,
        accept=_is_config_password,
    ),
)

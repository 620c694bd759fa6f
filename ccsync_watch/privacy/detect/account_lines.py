"""Finds secrets in the lines that programs keep accounts in, each in the program's own format."""

from __future__ import annotations

from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.structural_rule import StructuralRule, pattern_rule
from ccsync_watch.privacy.heuristics.password_forms import is_positional_secret
from ccsync_watch.privacy.heuristics.value_strength import is_random

_BREAK = r"(?:\r?\n|\\n)"
_CHECK = 11
_LINE = r"(?:(?<![^\n])|(?<=\\n))"


def _is_session_token(value: str) -> bool:
    return is_random(value) and any(map(str.isupper, value))


def _is_recovery_password(value: str) -> bool:
    """Tell whether each group is a multiple of eleven, of sixteen bits."""
    numbers = [int(group) for group in value.split("-")]
    return len(set(numbers)) > 1 and all(
        number % _CHECK == 0 and number < _CHECK << 16 for number in numbers
    )


RULES: tuple[StructuralRule, ...] = (
    pattern_rule(
        "password",
        "a user and a password on the lines after their heading, for OpenVPN",
        rf"auth-user-pass>?[ ]{{0,4}}{_BREAK}[^\s<>]{{1,60}}{_BREAK}"
        rf"(?P<secret>[^\s<>\\]{{4,128}})(?=[ ]{{0,4}}(?:{_BREAK}|\Z))",
        trigger=rf"auth-user-pass>?[ ]{{0,4}}{_BREAK}",
        rank=Rank.NAMED_FIELD,
        reach=32,
        accept=is_positional_secret,
    ),
    pattern_rule(
        "password",
        "a password in an account's line, as `newusers` reads it",
        r"(?<![\w:/.-])[a-z_][\w.-]{1,32}:(?P<secret>[^\s:\"'`\\]{4,128}):[0-9]{1,6}:[0-9]{0,6}:"
        r"[^:\n]{0,40}:/[^\s:]{0,80}:",
        trigger=r":[0-9]{1,6}:[0-9]{0,6}:[^:\n]{0,40}:/[^\s:]{0,80}:",
        rank=Rank.NAMED_FIELD,
        reach=220,
        accept=is_positional_secret,
    ),
    pattern_rule(
        "password",
        "a user, a password and a level in Deluge's file of accounts",
        r"(?:deluge[^\n]{0,60}?(?:[: ]|\n|\\n)[\w.-]{1,40}|localclient):"
        r"(?P<secret>[^\s:\"'`\\]{4,128}):"
        r"(?:0|1|5|10)(?![\w:.])",
        trigger=r"deluge[^\n]{0,60}[ :\n][\w.-]{1,40}:|localclient:",
        rank=Rank.NAMED_FIELD,
        reach=120,
        accept=is_positional_secret,
    ),
    pattern_rule(
        "password-hash",
        "both hashes of an account of Windows, as tools that read its database print them",
        r"(?<![^\s:\\])[\w$.@-]{1,60}:[0-9]{3,10}:(?P<secret>[0-9a-f]{32}:[0-9a-f]{32}):::",
        trigger=r":[0-9]{3,10}:[0-9a-f]{32}:[0-9a-f]{32}:::",
        rank=Rank.PASSWORD_HASH,
        reach=160,
    ),
    pattern_rule(
        "password",
        "the password that recovers a drive of BitLocker, by its checksums",
        r"(?<![\d-])(?P<secret>[0-9]{6}(?:-[0-9]{6}){7})(?![\d-])",
        trigger=r"[0-9]{6}(?:-[0-9]{6}){7}",
        reach=60,
        accept=_is_recovery_password,
    ),
    pattern_rule(
        "password-hash",
        "a user, a salt and a hash for a node's calls",
        r"rpcauth[=: ]{1,3}[\"']?[\w.-]{1,40}:(?P<secret>[0-9a-f]{16,64}\$[0-9a-f]{64})",
        rank=Rank.PASSWORD_HASH,
        reach=240,
    ),
    pattern_rule(
        "password-hash",
        "a salt and a hash in the settings of qBittorrent",
        r"PBKDF2=\\{0,7}\"@ByteArray\((?P<secret>[A-Za-z0-9+/=]{16,128}:[A-Za-z0-9+/=]{40,256})\)",
        rank=Rank.PASSWORD_HASH,
        reach=440,
    ),
    pattern_rule(
        "secret",
        "both halves of a credential for a source of gems",
        r"BUNDLE_[A-Z0-9_]{2,80}[\"']?[ ]?[:=][ ]?\\{0,7}[\"']?"
        r"(?P<secret>[0-9a-f]{6,64}:[0-9a-f]{6,64})(?![0-9a-f:])",
        rank=Rank.NAMED_FIELD,
        reach=120,
        is_caseless=False,
    ),
    pattern_rule(
        "aws-session-token",
        "a session's token in the same row as its temporary key",
        r"ASIA[A-Z2-7]{16}[^\n]{1,160}?[\s,|\"'](?P<secret>[A-Za-z0-9+/]{100,4096}={0,2})"
        r"(?![A-Za-z0-9+/=])",
        trigger=r"ASIA[A-Z2-7]{16}[^\n]{1,160}[\s,|\"'][A-Za-z0-9+/]{100}",
        rank=Rank.NAMED_FIELD,
        reach=400,
        after=4096,
        accept=_is_session_token,
        is_caseless=False,
    ),
    pattern_rule(
        "secret",
        "the token that claims a server of Plex",
        r"(?:plex_?claim|claim_?token|plex|\bclaim)\\{0,7}[\"']?[ ]?[:=]?[ ]?\\{0,7}[\"']?"
        r"(?P<secret>claim-[A-Za-z0-9_-]{20})(?![\w-])",
        rank=Rank.NAMED_FIELD,
        reach=60,
    ),
    pattern_rule(
        "one-time-code",
        "a code of Steam's guard",
        r"steam[ ]?guard(?:[ ](?:code|mobile|authenticator)){0,3}(?:[ ]is|[:=])?[ ]"
        r"(?-i:(?P<secret>[2-9A-Z]{5}))(?!\w)",
        rank=Rank.SENTENCE,
        reach=60,
        accept=lambda code: not code.isalpha(),
    ),
    pattern_rule(
        "password",
        "the number that a telephone exchange asks for",
        r"(?:[=, ]authenticate\(|vmauthenticate\()(?P<secret>[0-9]{4,12})(?=[,)])",
        rank=Rank.NAMED_FIELD,
        reach=40,
    ),
    pattern_rule(
        "password",
        "the number of a mailbox, before its owner's name and address",
        r"(?<![\w.-])[0-9]{2,8}[ ]?=>[ ]?(?P<secret>[0-9]{4,10}),[^,\n]{1,60},"
        r"[^,\n@\s]{1,60}@[\w-]{1,60}\.",
        trigger=r"=>[ ]?[0-9]{4,10},[^,\n]{1,60},[^,\n@\s]{1,60}@[\w-]{1,60}\.",
        rank=Rank.NAMED_FIELD,
        reach=180,
    ),
    pattern_rule(
        "secret",
        "a token for a host, nested under how it is used, of Composer",
        r"(?:(?:github|gitlab|bitbucket|forgejo)-(?:oauth|token)|bearer)\\{0,7}\"[ ]?:[ ]?\{\s{0,8}"
        r"\\{0,7}\"[\w.-]{3,80}\\{0,7}\"[ ]?:[ ]?\\{0,7}\"(?P<secret>[^\"\s\\]{16,256})",
        rank=Rank.NAMED_FIELD,
        reach=160,
        accept=is_random,
    ),
    pattern_rule(
        "password",
        "a name and a password after a call without brackets, of Ruby",
        r"basic_auth(?:orize)?[ ]\\{0,7}[\"'][^\"'\n]{1,60}[\"'],[ ]?\\{0,7}[\"']"
        r"(?P<secret>[^\s\"'\\]{4,128})\\{0,7}[\"']",
        rank=Rank.ARGUMENT,
        reach=220,
        accept=is_positional_secret,
    ),
)

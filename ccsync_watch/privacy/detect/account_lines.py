"""Finds secrets in the lines that programs keep accounts in, each in the program's own format."""

from __future__ import annotations

import base64
import re

from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.structural_rule import (
    LINE_BREAK,
    LINE_END,
    LINE_START,
    StructuralRule,
    pattern_rule,
)
from ccsync_watch.privacy.heuristics.password_forms import (
    is_drawn_or_phrase,
    is_hyphened_passphrase,
    is_numbered_words,
    is_positional_secret,
    is_surely_chosen,
)
from ccsync_watch.privacy.heuristics.value_characters import has_digit
from ccsync_watch.privacy.heuristics.value_strength import decodes_to_credentials, is_random

_CHECK = 11


def _is_session_token(value: str) -> bool:
    return is_random(value) and any(map(str.isupper, value))


def _is_recovery_password(value: str) -> bool:
    """Tell whether each group is a multiple of eleven, of sixteen bits."""
    numbers = [int(group) for group in value.split("-")]
    return len(set(numbers)) > 1 and all(
        number % _CHECK == 0 and number < _CHECK << 16 for number in numbers
    )


def _is_encoded_key(value: str) -> bool:
    """Tell whether it is base64 of an id and a key, and not of a text or of JSON."""
    if not decodes_to_credentials(value):
        return False
    text = value.rstrip("=")
    return _ID_AND_KEY.fullmatch(base64.b64decode(text + "=" * (-len(text) % 4))) is not None


_ID_AND_KEY = re.compile(rb"[\w-]{8,64}:[\w-]{16,128}")
_MD5_OF_ACCOUNT = re.compile(r"md5[0-9a-f]{32}|SCRAM-SHA-256\$.*")


def _is_listed_password(value: str) -> bool:
    if _MD5_OF_ACCOUNT.fullmatch(value):
        return True
    return is_surely_chosen(value) and is_positional_secret(value)


def _is_player_password(value: str) -> bool:
    is_route = value.startswith("-") or _ACTION.search(value) is not None
    is_chosen = is_surely_chosen(value) or is_numbered_words(value)
    return is_hyphened_passphrase(value) or (is_chosen and not is_route)


_ACTION = re.compile(r"::|\w[#@][a-z]+\Z")
"""Of a controller: a list of routes begins as such a line does."""

_OPENVPN = rf"auth-user-pass(?:-inline)?>?[ ]{{0,4}}(?:<<[ ]?[\"']?\w{{1,16}}[\"']?)?{LINE_BREAK}"

RULES: tuple[StructuralRule, ...] = (
    pattern_rule(
        "password",
        "a user and a password in quotes on a line, as PgBouncer reads them",
        rf"{LINE_START}\\{{0,3}}\"[\w.@-]{{1,60}}\\{{0,3}}\"[ ]{{1,8}}\\{{0,3}}\""
        r"(?P<secret>[^\"\s\\]{6,256})\\{0,3}\"(?=[ \t]{0,4}(?:\r?\n|\\n|\Z))",
        rank=Rank.PATTERN,
        reach=100,
        accept=_is_listed_password,
    ),
    pattern_rule(
        "password",
        "a password that a player types to log in",
        rf"{LINE_START}(?:\[[^\]\n]{{1,30}}\][^/\n]{{0,80}})?"
        r"/(?:login|register|reg|changepassword)[ ]"
        r"(?:(?P<again>[^\s]{6,64})[ ])?"
        rf"(?P<secret>[^\s\"'\\/.]{{2}}[^\s\"'\\/]{{4,62}}){LINE_END}",
        trigger=r"/(?:login|register|reg|changepassword)[ ][^\s]{6}",
        rank=Rank.SENTENCE,
        reach=160,
        accept=_is_player_password,
    ),
    pattern_rule(
        "password",
        "a password after the mark of a scheme that stores it as it is",
        r"\{(?:plain|clear|cleartext|plaintext|noop)\}(?P<secret>[^\s:\"'<>{}\\]{4,128})",
        rank=Rank.NAMED_FIELD,
        reach=24,
        accept=is_positional_secret,
    ),
    pattern_rule(
        "password",
        "what a monitor shows of a client of Redis that says who it is",
        r"\\{0,3}\"(?-i:AUTH|auth)\\{0,3}\"(?:[ ]\\{0,3}\"[\w.-]{1,32}\\{0,3}\")?[ ]\\{0,3}\""
        r"(?P<secret>[^\"\s\\]{4,256})\\{0,3}\"(?=[ \t]{0,4}(?:\r?\n|\\n|\Z))",
        trigger=r"\"(?:AUTH|auth)\\{0,3}\"[ ]\\{0,3}\"[^\"\s\\]{4}",
        rank=Rank.NAMED_FIELD,
        reach=60,
        accept=is_positional_secret,
        is_caseless=False,
    ),
    pattern_rule(
        "secret",
        "an API key of Elasticsearch, encoded for a header",
        r"\"encoded\\{0,7}\"[ ]?:[ ]?\\{0,7}\"(?P<secret>[A-Za-z0-9+/]{40,256}={0,2})",
        rank=Rank.NAMED_FIELD,
        reach=90,
        accept=_is_encoded_key,
    ),
    pattern_rule(
        "secret",
        "the key of a storage account, under the account's name",
        r"account\.key\.[\w.-]{3,90}\.net\\{0,7}[\"']?[ ]?[,=: ][ ]?\\{0,7}[\"']?"
        r"(?P<secret>[A-Za-z0-9+/]{86}==)",
        trigger=r"account\.key\.[\w.-]{3}",
        rank=Rank.KEY_MATERIAL,
        reach=24,
    ),
    pattern_rule(
        "password",
        "the master password of Maven, encrypted with a key that all have",
        r"<(?:\w{1,12}:)?master>\{(?P<secret>[A-Za-z0-9+/=]{16,512})\}",
        rank=Rank.NAMED_FIELD,
        reach=40,
    ),
    pattern_rule(
        "password",
        "the key of a wireless network in a profile",
        r"<keymaterial>(?P<secret>[^<>\s]{8,64})</",
        rank=Rank.NAMED_FIELD,
        reach=24,
    ),
    pattern_rule(
        "secret",
        "a key for the security of Z-Wave",
        r"s[02][_ ](?:legacy|unauthenticated|authenticated|access[_ ]?control)(?:[_ ]?key)?"
        r"\\{0,7}[\"']?[ ]?[:=][ ]?\\{0,7}[\"']?(?P<secret>[0-9a-f]{32})(?![0-9a-f])",
        rank=Rank.KEY_MATERIAL,
        reach=90,
    ),
    pattern_rule(
        "private-key",
        "a secret key of minisign or signify",
        r"(?:minisign|signify)[^\n\\]{0,40}secret key(?:\r?\n|\\n)"
        r"(?P<secret>[A-Za-z0-9+/]{60,400}={0,2})",
        rank=Rank.KEY_MATERIAL,
        reach=150,
    ),
    pattern_rule(
        "azure-devops-token",
        "a personal token of Azure DevOps in its older form, next to its name",
        r"(?<![A-Za-z])(?:PAT|pat|azure devops|Azure DevOps|AZURE_DEVOPS_EXT_PAT|ADO)"
        r"(?:[ ][a-z]{2,8}){0,4}[ ]?[:=]?[ ]{0,2}\\{0,3}[\"'`]?"
        r"(?P<secret>[a-z2-7]{52})(?![A-Za-z0-9])",
        trigger=r"(?:PAT|pat|evOps|evops|ADO)[ :=][^\n]{0,40}[a-z2-7]{52}",
        rank=Rank.NAMED_FIELD,
        reach=120,
        accept=has_digit,
        is_caseless=False,
    ),
    pattern_rule(
        "password",
        "a user and a password on the lines after their heading, for OpenVPN",
        rf"{_OPENVPN}[^\s<>]{{1,60}}{LINE_BREAK}"
        rf"(?P<secret>[^\s<>\\]{{4,128}})(?=[ ]{{0,4}}(?:{LINE_BREAK}|\Z))",
        trigger=_OPENVPN,
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
        r"(?:BUNDLE_[A-Z0-9_]{2,80}[\"']?[ ]?[:=]|bundle config(?: set)?(?: --[a-z]{4,8})?"
        r" [\w.-]{3,60})[ ]?\\{0,7}[\"']?"
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
    pattern_rule(
        "password",
        "the answer to a mail server that asks for a password, in base64",
        r"334 (?-i:UGFzc3dvcmQ6)[^\n]{0,12}?(?:\n|\\n)[^\n=]{0,40}?(?<![A-Za-z0-9+/])"
        r"(?P<secret>[A-Za-z0-9+/]{6,512}={0,2})(?=\W{0,6}(?:\n|\\[rn]|\Z))",
        trigger=r"334 UGFzc3dvcmQ6",
        rank=Rank.PATTERN,
        reach=24,
        is_caseless=False,
    ),
    pattern_rule(
        "password",
        "a user and a password in the configuration of a server for relayed calls",
        r"(?:\A|\n|\\n)[ \t]{0,8}user=[\w.-]{2,32}:(?P<secret>[^\s:\"'#/$<{]{6,64})"
        r"(?=[ ]{0,3}(?:\r?\n|\\n|\Z))",
        trigger=r"user=[\w.-]{2,32}:[^\s:\"'#/$<{]{6}",
        rank=Rank.NAMED_FIELD,
        reach=60,
        after=80,
        accept=is_drawn_or_phrase,
    ),
)

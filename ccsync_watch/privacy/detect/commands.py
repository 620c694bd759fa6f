"""Finds secrets on command lines: after flags, joined to `-p`, in pipes and variables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.detect.name_patterns import PASSWORD_WORDS, TOKEN_WORDS
from ccsync_watch.privacy.detect.urls import is_url_password
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import (
    StructuralRule,
    pattern_rule,
    text_of,
    window,
)
from ccsync_watch.privacy.engine.trigger_derivation import trigger_of
from ccsync_watch.privacy.heuristics.dummy_values import (
    is_code,
    is_placeholder,
    is_reference,
    is_regex,
)
from ccsync_watch.privacy.heuristics.gibberish import is_gibberish
from ccsync_watch.privacy.heuristics.name_strength import Strength, strength_of
from ccsync_watch.privacy.heuristics.thresholds import LEAST_TYPED_PASSWORD
from ccsync_watch.privacy.heuristics.value_strength import is_password, is_secret, is_strict_random
from ccsync_watch.privacy.heuristics.words import load_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_QUOTED = r"\\{0,7}\"(?P<double>[^\"\\\r\n]{1,512})|\\{0,7}'(?P<single>[^'\\\r\n]{1,512})"
_BARE = r"(?P<bare>[^\s\"'`|;&<>\\,)(-][^\s\"'`|;&<>\\,)]{0,511})"
_WORDS_AFTER_FLAGS = frozenset(load_words("words_after_flags"))
_NOT_TYPED = re.compile(
    r"--?[a-z][a-z-]*(?:=.*)?$|\$[A-Za-z_({]+\W*$|@[\w./~-]*[./~]|%\w+%$|[`>]|https?://"
)


def is_typed_password(value: str) -> bool:
    """Tell whether a value on a command line is a password: not a flag, variable or dummy value."""
    if len(value) < LEAST_TYPED_PASSWORD or _NOT_TYPED.match(value):
        return False
    return not (
        is_placeholder(value)
        or is_reference(value)
        or is_code(value)
        or value.lower().strip(".,:;!?") in _WORDS_AFTER_FLAGS
    )


_FLAG = re.compile(
    (
        r"(?<![\w-])(?:--?|/)(?P<name>[A-Za-z][\w-]{0,60})"
        rf"(?:[ \t]{{1,4}}|\\{{0,7}}[\"'],\s{{0,8}}(?=\\{{0,7}}[\"']))(?:{_QUOTED}|{_BARE})"
    ).encode(),
)


def find_flag_values(data: bytes, end: int, since: int) -> Iterator[Span]:
    """Yield what follows a flag whose name is a secret's, in a command or a list of arguments."""
    position, limit = window(data, end, since, 160, 640)
    while (match := _FLAG.search(data, position, limit)) is not None and match.start() < end:
        position = match.end("name")
        group = match.lastgroup or "bare"
        span = match.span(group)
        strength = strength_of(match["name"].decode("latin-1"))
        if _is_flag_value(text_of(data, span), strength, quoted=group != "bare"):
            kind = "password" if strength is Strength.PASSWORD else "secret"
            yield Span(*span, kind, Rank.ASSIGNMENT)


def _is_flag_value(value: str, strength: Strength, *, quoted: bool) -> bool:
    if strength in {Strength.PASSWORD, Strength.HEADER}:
        if not is_typed_password(value):
            return False
        return quoted or not value.isalpha() or is_password(value, quoted=True)
    if strength is Strength.TOKEN:
        return is_secret(value, quoted=True)
    return strength is Strength.WEAK and is_strict_random(value)


_USER_FLAG = (
    r"(?:-u[ =]?|--(?:proxy-|http-)?user(?:name)?[ =]|--auth[ =]|-a[ ]|--creds?[ =]|--login[ =]|"
    r"--basic-auth[ =]|--authentication[ =])"
)
_USER_PASSWORD = (
    rf"(?<![\w-]){_USER_FLAG}\\?['\"]?(?P<user>[^\s:'\"\\/]{{1,80}}):"
    r"(?P<secret>[^\s'\"\\]{2,200})"
)
_USER_PASSWORD_BYTES = re.compile(_USER_PASSWORD.encode())


def find_user_passwords(data: bytes, end: int, since: int) -> Iterator[Span]:
    """Yield the password in `-u name:password`; two numbers are the ids of a user and a group."""
    position, limit = window(data, end, since, 220, 256)
    while (
        match := _USER_PASSWORD_BYTES.search(data, position, limit)
    ) is not None and match.start() < end:
        position = match.start() + 1
        user, password = text_of(data, match.span("user")), text_of(data, match.span("secret"))
        if (user.isdigit() and password.isdigit()) or is_regex(f"{user}:{password}"):
            continue
        if (
            is_typed_password(password)
            and is_url_password(user, password)
            and not password.startswith("//")
        ):
            yield Span(*match.span("secret"), "password", Rank.PATTERN)


_SPACE = r"[ \t]{1,4}"
_SET = (
    r"(?:(?-i:ENV|ARG)|setenv|setx|set[ \t]-[a-zA-Z]{1,3}|set[ \t]--export|config[ "
    r"\t](?:--global[ \t])?set|"
    r"configure[ \t]set|git[ \t]config[ \t](?:--[a-z]{1,8}[ \t])?|env[ \t](?:set|add)|"
    r"secrets?[ \t](?:put|set|add|create)|variable[ \t]set|secrets:set|config:set|environment[ "
    r"\t]set|"
    r"Set-Item[ \t]env:|parameter[ \t]set|conf[ \t]set|config)"
)
_SET_VALUE = re.compile(
    (
        rf"{_SET}{_SPACE}(?:[^\s\"'=]{{0,80}}[/:._])?(?P<name>[\w-]{{2,80}})(?:{_SPACE}|[ "
        rf"]--(?:value|body)[ =])"
        rf"(?:{_QUOTED}|{_BARE})"
    ).encode(),
    re.IGNORECASE,
)


def find_set_variables(data: bytes, end: int, since: int) -> Iterator[Span]:
    """Yield the value in `ENV NAME value`, `convex env set NAME value` and the like."""
    position, limit = window(data, end, since, 240, 640)
    while (match := _SET_VALUE.search(data, position, limit)) is not None and match.start() < end:
        position = match.start() + 1
        span = match.span(match.lastgroup or "bare")
        value = text_of(data, span)
        strength = strength_of(match["name"].decode("latin-1"))
        if (strength is Strength.PASSWORD and is_password(value, quoted=True)) or (
            strength in {Strength.TOKEN, Strength.WEAK} and is_secret(value, quoted=True)
        ):
            yield Span(*span, "secret", Rank.ASSIGNMENT)


def _is_typed_word(value: str) -> bool:
    return is_typed_password(value) and not value.isdigit()


def _is_prompt_answer(value: str) -> bool:
    is_drawn = is_gibberish(value) or not value.isalpha()
    return is_typed_password(value) and is_drawn and " " not in value


def _is_cookie_pair(value: str) -> bool:
    return any(c.isdigit() for c in value) and not is_reference(value.partition("=")[2])


_BARE_VALUE = r"[^\s'\"`|;&<>\\]{1,256}"
_VALUE = (
    r"\\{0,7}(?P<q>['\"])?(?P<secret>(?(q)"
    rf"(?:[^'\"\n\r\\]{{1,256}}(?=\\{{0,7}}['\"])|{_BARE_VALUE})|{_BARE_VALUE}))"
)
"""Between quotes a value may hold blanks."""
_OPEN_QUOTE = r"\\{0,7}['\"]?"
_PLAIN_QUOTE = r"['\"]?"


def _value_rule(
    about: str,
    before: str,
    *,
    first: str = r"[^\s'\"]{3}",
    quote: str = _OPEN_QUOTE,
    context: str = "",
    reach: int,
    kind: str = "password",
    accept: Callable[[str], bool] = is_typed_password,
) -> StructuralRule:
    """Return the rule for the value that follows the pattern `before`.

    The trigger asks for the value's `first` characters after an opening quote, and for `context`
    before all of it.
    """
    return pattern_rule(
        kind,
        about,
        before + _VALUE,
        trigger=context + trigger_of(before) + quote + first,
        reach=reach,
        accept=accept,
    )


_CLIENTS = (
    r"(?:(?:docker|podman|helm|buildah|skopeo|oras|az|cf|oc|nerdctl|registry|crane|argocd|ibmcloud|"
    r"doctl|scw|tsh|bw|lpass|op|snap|npm)[ \t][^\n\r]{0,60}login|"
    r"mongo(?:sh|dump|restore|export|import|stat|top)?|cqlsh|"
    r"ldap(?:search|add|modify|delete|whoami|passwd)|redis-cli|valkey-cli|keydb-cli|sqlcmd|bcp|"
    r"mosquitto_(?:pub|sub)|unzip|zip|rar|psexec|snowsql|clickhouse-client|influx|rdesktop|"
    r"smbclient|ipmitool|snmpwalk|impacket-[a-z]{1,20}|crackmapexec|netexec|nxc|evil-winrm|"
    r"hydra|kinit|useradd|usermod|cassandra|neo4j-admin|cypher-shell|arangosh|couchbase-cli|"
    r"vncviewer|openconnect|sshuttle|plink|pscp|winscp|lftp|ncftp|lastpass|wpa_cli|"
    r"htdigest|mssql-cli|pgcli|usql|dsconf|nats|kcadm\.sh)"
)
_NAMED_COMMANDS = (
    rf"(?:rabbitmqctl{_SPACE}(?:-[^\s]{{1,40}}{_SPACE})?(?:add_user|change_password)"
    rf"{_SPACE}[^\s]{{1,60}}{_SPACE}|"
    rf"htpasswd{_SPACE}-[a-zA-Z]{{0,6}}[bB][a-zA-Z]{{0,6}}{_SPACE}(?:[^\s]{{1,100}}{_SPACE})"
    rf"?[^\s]{{1,60}}{_SPACE}|"
    rf"net{_SPACE}user{_SPACE}[^\s/]{{1,40}}{_SPACE}|"
    rf"net{_SPACE}use{_SPACE}[^\n\r]{{1,100}}/user:[^\s]{{1,60}}{_SPACE}|net{_SPACE}use{_SPACE}[^\s]{{1,100}}{_SPACE}|"
    rf"ngrok{_SPACE}[a-z -]{{0,20}}authtoken{_SPACE}|vault{_SPACE}login{_SPACE}(?:token=)?|"
    rf"wpa_passphrase{_SPACE}[^\s]{{1,40}}{_SPACE}|vault{_SPACE}operator{_SPACE}unseal{_SPACE}|"
    rf"bw{_SPACE}(?:login{_SPACE}[^\s]{{3,60}}|unlock){_SPACE}|"
    rf"tailscale{_SPACE}up{_SPACE}--auth-?key[ =])"
)
_ORACLE = r"(?:jdbc:oracle:[a-z0-9]{2,5}:|sqlplus[ ](?:-[a-z]{1,2}[ ]){0,3})['\"]?[\w$#.]{1,40}/"
_ECHO = r"(?:echo|printf)[ \t]{1,3}(?:-[neE]{1,3}[ \t])?(?:'%s(?:\\n)?'[ \t])?"
_READER = (
    r"\|[ \t]{0,4}(?:sudo[ \t]{1,4}(?:-S|chpasswd|-k|-p)|chpasswd|[^\n\r|]{0,80}-stdin|"
    r"[^\n\r|]{0,60}--with-token|passwd|su[ \t]|[^\n\r|]{0,40}(?:secret|variable|env)s?[ "
    r"\t](?:put|set|add))"
)


_AFTER_P = r"[ \t]-[pPwaW][ \t]{1,2}"
_COOKIE_FLAG = r"[ ](?:-b|--cookie)[ =]\\{0,7}['\"]?"
_SEND = r"send(?:_user|line)?[ (](?:--[ ])?\\{0,7}[\"']"
_SECURE_STRING = r"ConvertTo-SecureString[ ](?:-String[ ]|-AsPlainText[ ]|-Force[ ]){0,3}\(?\\{0,7}"

RULES: tuple[StructuralRule, ...] = (
    StructuralRule(
        "flag",
        "the value after a flag named like a secret",
        rf"-[a-z0-9_-]{{0,40}}(?:{PASSWORD_WORDS}|{TOKEN_WORDS}|pw|key|auth)[a-z0-9_-]{{0,24}}"
        r"(?:[ \t]{1,4}|\\{0,7}[\"'],\s{0,8})\\{0,7}[\"']?[^\s\"'|;&-][^\s\"']{2}",
        find_flag_values,
    ),
    StructuralRule(
        "password",
        "a user and password for curl and similar programs",
        trigger_of(_USER_PASSWORD),
        find_user_passwords,
    ),
    _value_rule(
        "a password for sshpass",
        rf"sshpass{_SPACE}(?:-v[ ])?-p[ \t]{{0,4}}",
        first=r"[^\s'\"]",
        reach=40,
    ),
    _value_rule(
        "a password joined to -p for MySQL and MariaDB",
        r"(?:mysql|mariadb)[a-z-]{0,8}[ \t][^\n\r]{0,200}?[ \t\"]-p",
        first=r"[^\s'\"-]{3}",
        reach=240,
    ),
    _value_rule(
        "a password joined to -p for MySQL and MariaDB, first among its flags",
        r"(?:mysql|mariadb)[a-z-]{0,8}[ \t]{1,3}-p",
        first=r"[^\s'\"-]{3}",
        reach=40,
    ),
    _value_rule(
        "a password after -p, -a, -w or -P of a client that takes one there",
        _AFTER_P,
        context=_CLIENTS + r"[ \t][^\n\r]{0,160}",
        first=r"[^\s'\"-]{2}",
        accept=_is_typed_word,
        reach=12,
    ),
    _value_rule(
        "a password after -p or -a that comes first",
        _AFTER_P,
        context=_CLIENTS + r"[ \t]?",
        first=r"[^\s'\"-]{2}",
        accept=_is_typed_word,
        reach=12,
    ),
    _value_rule(
        "a new key's passphrase",
        r"[ \t](?-i:-[NP])[ \t]{1,2}",
        context=r"ssh-keygen(?:[ \t][^\n\r]{0,160})?",
        first=r"[^\s'\"-]{3}",
        reach=12,
    ),
    _value_rule(
        "a password in the spelling of openssl",
        r"[ \t'\"=]pass:",
        quote=_PLAIN_QUOTE,
        reach=24,
    ),
    _value_rule(
        "a password for openssl enc",
        r"[ \t]-k[ \t]",
        context=r"openssl[ \t]enc[ \t][^\n\r]{0,120}",
        quote=_PLAIN_QUOTE,
        reach=24,
    ),
    _value_rule(
        "a password for a remote desktop",
        r"[ \t]/p(?:ass(?:word)?)?:",
        context=r"rdp[^\n\r]{0,120}",
        quote=_PLAIN_QUOTE,
        reach=24,
    ),
    _value_rule(
        "a password joined to -p of an archiver",
        r"[ \t]-h?p",
        context=r"(?:7z[ar]?|rar)[ \t][^\n\r]{0,80}",
        quote=_PLAIN_QUOTE,
        reach=24,
    ),
    pattern_rule(
        "password",
        "a user and password for Oracle",
        _ORACLE + r"(?P<secret>[^\s@'\"\\]{3,64})(?=@|[\s'\"\\]|\Z)",
        trigger=_ORACLE + r"[^\s@/'\"]{3}",
        accept=is_typed_password,
        reach=100,
    ),
    _value_rule(
        "a user and password for Samba",
        r"[ ](?-i:-U|--user=?)[ ]{0,2}['\"]?[^\s%'\"/]{1,40}%",
        quote="",
        first=r"[^\s'\"%]{3}",
        reach=60,
    ),
    pattern_rule(
        "password",
        "a password piped into sudo, chpasswd, a login or a secret store",
        _ECHO + r"\\{0,7}['\"]?(?:[\w.-]{1,40}:(?=[^'\"|\s]))?(?P<secret>[^'\"\n\r|\\]{3,160}?)"
        r"\\{0,7}['\"]?[ \t]{0,4}\|",
        trigger=_ECHO + r"\\{0,7}['\"]?[^\n\r|'\"]{3,160}['\"]?[ \t]{0,4}" + _READER,
        accept=is_typed_password,
        reach=320,
    ),
    _value_rule(
        "a password passed to sudo by a here-string",
        r"<<<[ ]?",
        context=r"(?:sudo|su|passwd|chpasswd|docker|-stdin|-S)[^\n\r]{0,40}",
        quote=_PLAIN_QUOTE,
        reach=12,
    ),
    _value_rule(
        "a password for rabbitmqctl, htpasswd, net, ngrok, vault and others, by position",
        _NAMED_COMMANDS,
        quote=_PLAIN_QUOTE,
        first=r"[^\s'\"/-]{4}",
        reach=300,
    ),
    _value_rule(
        "a literal for kubectl create secret",
        r"--from-literal[= ]\\{0,7}['\"]?[\w.-]{1,60}=",
        quote="",
        first=r"[^\s]{3}",
        kind="kubernetes-secret",
        reach=110,
    ),
    StructuralRule(
        "environment",
        "a variable set by a command or a Dockerfile, the value after a space",
        rf"{_SET}{_SPACE}[^\s\"'=]{{0,80}}(?:{PASSWORD_WORDS}|{TOKEN_WORDS}|key|secret)"
        rf"[\w-]{{0,24}}"
        rf"(?:{_SPACE}|[ ]--(?:value|body)[ =])\\{{0,7}}['\"]?[^\s'\"=]{{4}}",
        find_set_variables,
    ),
    pattern_rule(
        "cookie",
        "a cookie for curl",
        _COOKIE_FLAG + r"(?P<secret>[\w.-]{1,60}=[^'\"\n\r\\]{8,4096})",
        trigger=_COOKIE_FLAG + r"[\w.-]{1,60}=[^\s'\";]{8}",
        accept=_is_cookie_pair,
        reach=80,
        after=4096,
    ),
    pattern_rule(
        "password",
        "what a script types at a password prompt",
        r"(?:assword|assphrase|asscode)[^\n]{0,40}(?:\n|\\n|;|\))[^\n]{0,20}"
        + _SEND
        + r"(?P<secret>[^\"'\n\r\\]{3,60})",
        trigger=_SEND + r"[^\"'\n\r\\]{3,60}(?:\\{1,4}[rn])?\\{0,7}[\"']",
        accept=_is_prompt_answer,
        reach=260,
    ),
    pattern_rule(
        "password",
        "plain text made a secure string",
        _SECURE_STRING
        + r"(?P<q>[\"'])(?P<secret>(?:(?!\\{0,7}(?P=q))[^\n\r]){3,256})\\{0,7}(?P=q)",
        accept=is_typed_password,
        reach=120,
    ),
)

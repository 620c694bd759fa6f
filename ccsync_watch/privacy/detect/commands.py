"""Secrets on command lines: after flags, joined to `-p`, piped into programs, set as variables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.detect.name_patterns import PASSWORD_WORDS, TOKEN_WORDS
from ccsync_watch.privacy.detect.urls import is_url_password
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structure import Finder, Structure, by_pattern, text_of, window
from ccsync_watch.privacy.heuristics.dummy_values import (
    is_code,
    is_placeholder,
    is_reference,
    is_regex,
)
from ccsync_watch.privacy.heuristics.gibberish import is_gibberish
from ccsync_watch.privacy.heuristics.name_strength import Strength, strength_of
from ccsync_watch.privacy.heuristics.value_strength import is_password, is_secret, is_strict_random
from ccsync_watch.privacy.heuristics.words import word_list

if TYPE_CHECKING:
    from collections.abc import Iterator

_LEAST = 3
_QUOTED = r"\\{0,7}\"(?P<double>[^\"\\\r\n]{1,512})|\\{0,7}'(?P<single>[^'\\\r\n]{1,512})"
_BARE = r"(?P<bare>[^\s\"'`|;&<>\\,)(-][^\s\"'`|;&<>\\,)]{0,511})"
_FLAG = re.compile(
    (
        r"(?<![\w-])(?:--?|/)(?P<name>[A-Za-z][\w-]{0,60})"
        rf"(?:[ \t]{{1,4}}|\\{{0,7}}[\"'],\s{{0,8}}(?=\\{{0,7}}[\"']))(?:{_QUOTED}|{_BARE})"
    ).encode(),
)
_WORDS = frozenset(
    word_list(
        "stdin prompt file env none true false yes no password pass string and or is the to for"
        " flag option from with in on of instead was will must should has can if when which that"
        " option flag argument parameter options flags arguments parameters value as here"
    )
)


_NO_PASSWORD = re.compile(
    r"--?[a-z][a-z-]*(?:=.*)?$|\$[A-Za-z_({]+\W*$|@[\w./~-]*[./~]|%\w+%$|[`>]|https?://"
)


def is_given(value: str) -> bool:
    """Tell a password given on a command line from a flag, a variable and a stand-in."""
    if len(value) < _LEAST or _NO_PASSWORD.match(value):
        return False
    return not (
        is_placeholder(value)
        or is_reference(value)
        or is_code(value)
        or value.lower().strip(".,:;!?") in _WORDS
    )


def flag(data: bytes, end: int, since: int) -> Iterator[Span]:
    """Yield what follows a flag whose name is a secret's, in a command or a list of arguments."""
    position, limit = window(data, end, since, 160, 640)
    while (match := _FLAG.search(data, position, limit)) is not None and match.start() < end:
        position = match.end("name")
        group = match.lastgroup or "bare"
        span = match.span(group)
        strength = strength_of(match["name"].decode("latin-1"))
        if _is_flag_value(text_of(data, span), strength, quoted=group != "bare"):
            yield Span(*span, "password" if strength is Strength.PASSWORD else "secret", 60)


def _is_flag_value(value: str, strength: Strength, *, quoted: bool) -> bool:
    if strength in {Strength.PASSWORD, Strength.HEADER}:
        if not is_given(value):
            return False
        return quoted or not value.isalpha() or is_password(value, quoted=True)
    if strength is Strength.TOKEN:
        return is_secret(value, quoted=True)
    return strength is Strength.WEAK and is_strict_random(value)


def user_password(data: bytes, end: int, since: int) -> Iterator[Span]:
    """Yield the password in `-u name:password`, where numbers are ids of a user and a group."""
    position, limit = window(data, end, since, 220, 256)
    while (
        match := _USER_PASSWORD.search(data, position, limit)
    ) is not None and match.start() < end:
        position = match.start() + 1
        user, password = text_of(data, match.span("user")), text_of(data, match.span("secret"))
        if (user.isdigit() and password.isdigit()) or is_regex(f"{user}:{password}"):
            continue
        if is_given(password) and is_url_password(user, password) and not password.startswith("//"):
            yield Span(*match.span("secret"), "password", 55)


def _not_number(value: str) -> bool:
    return is_given(value) and not value.isdigit()


def _is_typed(value: str) -> bool:
    return is_given(value) and (is_gibberish(value) or not value.isalpha()) and " " not in value


def _is_cookie(value: str) -> bool:
    return any(c.isdigit() for c in value) and not is_reference(value.partition("=")[2])


_BARE_VALUE = r"[^\s'\"`|;&<>\\]{1,256}"
_VALUE = (
    r"\\{0,7}(?P<q>['\"])?(?P<secret>(?(q)"
    rf"(?:[^'\"\n\r\\]{{1,256}}(?=\\{{0,7}}['\"])|{_BARE_VALUE})|{_BARE_VALUE}))"
)
"""Between quotes a value may hold blanks."""
_SPACE = r"[ \t]{1,4}"
_USER = (
    r"(?:-u[ =]?|--(?:proxy-|http-)?user(?:name)?[ =]|--auth[ =]|-a[ ]|--creds?[ =]|--login[ =]|"
    r"--basic-auth[ =]|--authentication[ =])"
)
_USER_PASSWORD = re.compile(
    rf"(?<![\w-]){_USER}\\?['\"]?(?P<user>[^\s:'\"\\/]{{1,80}}):(?P<secret>[^\s'\"\\]{{2,200}})"
    rf"".encode(),
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


def set_value(data: bytes, end: int, since: int) -> Iterator[Span]:
    """Yield the value in `ENV NAME value`, `convex env set NAME value` and their like."""
    position, limit = window(data, end, since, 240, 640)
    while (match := _SET_VALUE.search(data, position, limit)) is not None and match.start() < end:
        position = match.start() + 1
        span = match.span(match.lastgroup or "bare")
        value = text_of(data, span)
        strength = strength_of(match["name"].decode("latin-1"))
        if (strength is Strength.PASSWORD and is_password(value, quoted=True)) or (
            strength in {Strength.TOKEN, Strength.WEAK} and is_secret(value, quoted=True)
        ):
            yield Span(*span, "secret", 60)


_ECHO = r"(?:echo|printf)[ \t]{1,3}(?:-[neE]{1,3}[ \t])?(?:'%s(?:\\n)?'[ \t])?"
_READER = (
    r"\|[ \t]{0,4}(?:sudo[ \t]{1,4}(?:-S|chpasswd|-k|-p)|chpasswd|[^\n\r|]{0,80}-stdin|"
    r"[^\n\r|]{0,60}--with-token|passwd|su[ \t]|[^\n\r|]{0,40}(?:secret|variable|env)s?[ "
    r"\t](?:put|set|add))"
)


def _command(pattern: str, *, reach: int = 300) -> Finder:
    return by_pattern(pattern, "password", accept=is_given, reach=reach)


COMMANDS: tuple[Structure, ...] = (
    Structure(
        "flag",
        "the value after a flag named like a secret",
        rf"-[a-z0-9_-]{{0,40}}(?:{PASSWORD_WORDS}|{TOKEN_WORDS}|pw|key|auth)[a-z0-9_-]{{0,24}}"
        r"(?:[ \t]{1,4}|\\{0,7}[\"'],\s{0,8})\\{0,7}[\"']?[^\s\"'|;&-][^\s\"']{2}",
        flag,
    ),
    Structure(
        "password",
        "a user and password for curl and its like",
        _USER + r"\\?['\"]?[^\s:'\"\\/]{1,80}:[^\s'\"]{2}",
        user_password,
    ),
    Structure(
        "password",
        "a password for sshpass",
        r"sshpass[ \t]{1,4}(?:-v[ ])?-p[ \t]{0,4}\\{0,7}['\"]?[^\s'\"]",
        _command(rf"sshpass{_SPACE}(?:-v[ ])?-p[ \t]{{0,4}}{_VALUE}", reach=40),
    ),
    Structure(
        "password",
        "a password joined to -p for MySQL and MariaDB",
        r"(?:mysql|mariadb)[a-z-]{0,8}[ \t][^\n\r]{0,200}[ \t\"]-p\\{0,7}['\"]?[^\s'\"-]{3}",
        _command(r"(?:mysql|mariadb)[a-z-]{0,8}[ \t][^\n\r]{0,200}?[ \t\"]-p" + _VALUE, reach=240),
    ),
    Structure(
        "password",
        "a password joined to -p for MySQL and MariaDB, first among its flags",
        r"(?:mysql|mariadb)[a-z-]{0,8}[ \t]{1,3}-p\\{0,7}['\"]?[^\s'\"-]{3}",
        _command(rf"(?:mysql|mariadb)[a-z-]{{0,8}}{_SPACE}-p{_VALUE}", reach=40),
    ),
    Structure(
        "password",
        "a password after -p, -a, -w or -P of a client that takes one there",
        _CLIENTS + r"[ \t][^\n\r]{0,160}[ \t]-[pPwaW][ \t]{1,2}\\{0,7}['\"]?[^\s'\"-]{2}",
        by_pattern(
            r"[ \t]-[pPwaW][ \t]{1,2}" + _VALUE,
            "password",
            accept=_not_number,
            reach=12,
        ),
    ),
    Structure(
        "password",
        "a password after -p or -a that comes first",
        _CLIENTS + r"[ \t]{1,2}-[pPwaW][ \t]{1,2}\\{0,7}['\"]?[^\s'\"-]{2}",
        by_pattern(
            r"[ \t]-[pPwaW][ \t]{1,2}" + _VALUE,
            "password",
            accept=_not_number,
            reach=12,
        ),
    ),
    Structure(
        "password",
        "a new key's passphrase",
        r"ssh-keygen[ \t][^\n\r]{0,160}-[NP][ \t]{1,2}\\{0,7}['\"]?[^\s'\"-]{3}",
        _command(r"[ \t](?-i:-[NP])[ \t]{1,2}" + _VALUE, reach=12),
    ),
    Structure(
        "password",
        "a password in the spelling of openssl, 7-Zip or a remote desktop",
        r"(?:[ \t'\"=]pass:|rdp[^\n\r]{0,120}[ \t]/p(?:ass(?:word)?)?:|"
        r"openssl[ \t]enc[ \t][^\n\r]{0,120}[ \t]-k[ \t])['\"]?[^\s'\"]{3}",
        _command(r"(?:[ \t'\"=]pass:|[ \t]-k[ \t]|[ \t]/p(?:ass(?:word)?)?:)" + _VALUE, reach=24),
    ),
    Structure(
        "password",
        "a password joined to -p of an archiver",
        r"(?:7z[ar]?|rar)[ \t][^\n\r]{0,80}[ \t]-h?p['\"]?[^\s'\"]{3}",
        _command(r"[ \t]-h?p" + _VALUE, reach=24),
    ),
    Structure(
        "password",
        "a user and password for Oracle",
        _ORACLE + r"[^\s@/'\"]{3}",
        _command(
            _ORACLE + r"(?P<secret>[^\s@'\"\\]{3,64})(?=@|[\s'\"\\]|\Z)",
            reach=100,
        ),
    ),
    Structure(
        "password",
        "a user and password for Samba",
        r"[ ](?:-U|--user=?)[ ]{0,2}['\"]?[^\s%'\"/]{1,40}%[^\s'\"%]{3}",
        _command(r"[ ](?-i:-U|--user=?)[ ]{0,2}['\"]?[^\s%'\"]{1,40}%" + _VALUE, reach=60),
    ),
    Structure(
        "password",
        "a password piped into sudo, chpasswd, a login or a secret store",
        _ECHO + r"\\{0,7}['\"]?[^\n\r|'\"]{3,160}['\"]?[ \t]{0,4}" + _READER,
        _command(
            _ECHO + r"\\{0,7}['\"]?(?:[\w.-]{1,40}:(?=[^'\"|\s]))?(?P<secret>[^'\"\n\r|\\]{3,160}?)"
            r"\\{0,7}['\"]?[ \t]{0,4}\|",
            reach=320,
        ),
    ),
    Structure(
        "password",
        "a password handed to sudo by a here-string",
        r"(?:sudo|su|passwd|chpasswd|docker|-stdin|-S)[^\n\r]{0,40}<<<[ ]?['\"]?[^\s'\"]{3}",
        _command(r"<<<[ ]?" + _VALUE, reach=12),
    ),
    Structure(
        "password",
        "a password given to rabbitmqctl, htpasswd, net, ngrok, vault and others by position",
        _NAMED_COMMANDS + r"['\"]?[^\s'\"/-]{4}",
        _command(_NAMED_COMMANDS + _VALUE),
    ),
    Structure(
        "kubernetes-secret",
        "a literal for kubectl create secret",
        r"--from-literal[= ]\\{0,7}['\"]?[\w.-]{1,60}=[^\s]{3}",
        by_pattern(
            r"--from-literal[= ]\\{0,7}['\"]?[\w.-]{1,60}=" + _VALUE,
            "kubernetes-secret",
            accept=is_given,
            reach=110,
        ),
    ),
    Structure(
        "environment",
        "a variable set by a command or a Dockerfile, the value after a space",
        rf"{_SET}{_SPACE}[^\s\"'=]{{0,80}}(?:{PASSWORD_WORDS}|{TOKEN_WORDS}|key|secret)"
        rf"[\w-]{{0,24}}"
        rf"(?:{_SPACE}|[ ]--(?:value|body)[ =])\\{{0,7}}['\"]?[^\s'\"=]{{4}}",
        set_value,
    ),
    Structure(
        "cookie",
        "a cookie for curl",
        r"[ ](?:-b|--cookie)[ =]\\{0,7}['\"]?[\w.-]{1,60}=[^\s'\";]{8}",
        by_pattern(
            r"[ ](?:-b|--cookie)[ =]\\{0,7}['\"]?(?P<secret>[\w.-]{1,60}=[^'\"\n\r\\]{8,4096})",
            "cookie",
            accept=_is_cookie,
            reach=80,
            after=4096,
        ),
    ),
    Structure(
        "password",
        "what a script types at a password prompt",
        r"send(?:_user|line)?[ (](?:--[ ])?\\{0,7}[\"'][^\"'\n\r\\]{3,60}(?:\\{1,4}[rn])"
        r"?\\{0,7}[\"']",
        by_pattern(
            r"(?:assword|assphrase|asscode)[^\n]{0,40}(?:\n|\\n|;|\))[^\n]{0,20}"
            r"send(?:_user|line)?[ (](?:--[ ])?\\{0,7}[\"'](?P<secret>[^\"'\n\r\\]{3,60})",
            "password",
            accept=_is_typed,
            reach=260,
        ),
    ),
    Structure(
        "password",
        "plain text made a secure string",
        r"ConvertTo-SecureString[ ](?:-String[ ]|-AsPlainText[ ]|-Force[ ])"
        r"{0,3}\(?\\{0,7}[\"'][^\"'\n]{3}",
        by_pattern(
            r"ConvertTo-SecureString[ ](?:-String[ ]|-AsPlainText[ ]|-Force[ ]){0,3}\(?"
            r"(?:\\{0,7}\"(?P<secret>[^\"\n\r]{3,256})\"|\\{0,7}'(?P<other>[^'\n\r]{3,256})')",
            "password",
            accept=is_given,
            reach=120,
        ),
    ),
)

"""Finds passwords that particular programs get or ask for, by the syntax of each program."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.engine.structural_rule import StructuralRule, pattern_rule
from ccsync_watch.privacy.engine.trigger_derivation import trigger_of
from ccsync_watch.privacy.heuristics.dummy_values import is_placeholder, is_reference
from ccsync_watch.privacy.heuristics.gibberish import is_gibberish
from ccsync_watch.privacy.heuristics.password_forms import is_hyphened_passphrase, is_typed_password
from ccsync_watch.privacy.heuristics.value_characters import has_digit

if TYPE_CHECKING:
    from collections.abc import Callable

_SPACE = r"[ \t]{1,4}"


def is_typed_word(value: str) -> bool:
    """Tell whether an argument is a password, and not a number."""
    return is_typed_password(value) and not value.isdigit()


def _is_prompt_answer(value: str) -> bool:
    if is_hyphened_passphrase(value):
        return True
    is_drawn = is_gibberish(value) or not value.rstrip(".,;:!?").isalpha()
    return is_typed_password(value) and is_drawn and " " not in value


def _is_login_password(value: str) -> bool:
    """Tell whether it is one: a server lists mechanisms at the same place."""
    return _is_prompt_answer(value) and _MECHANISM.fullmatch(value) is None


def _is_cookie_pair(value: str) -> bool:
    return has_digit(value) and not is_reference(value.partition("=")[2])


def _is_protocol_password(value: str) -> bool:
    is_mechanism = _MECHANISM.fullmatch(value) is not None
    is_word = value.isalpha() and value.islower() and not is_gibberish(value)
    return not (is_mechanism or is_word or is_placeholder(value) or is_reference(value))


_MECHANISM = re.compile(
    r"LOGIN|PLAIN|EXTERNAL|GSSAPI|NTLM|TLS|SSL|XOAUTH2|OAUTHBEARER|[A-Z]{2,8}-[A-Z0-9-]{3,12}"
)
"""How a client says who it is."""


def _is_sole_argument(value: str) -> bool:
    """Tell whether it is a password where nothing else can be: signs of code may be in it."""
    return is_typed_password(value) or (
        has_digit(value)
        and not is_placeholder(value)
        and not is_reference(value)
        and "$" not in value
    )


_BARE_VALUE = r"[^\s'\"`|;&<>\\]{1,256}"
_VALUE = (
    r"\\{0,7}(?P<q>['\"])?(?P<secret>(?(q)"
    rf"(?:[^'\"\n\r\\]{{1,256}}(?=\\{{0,7}}['\"])|{_BARE_VALUE})|{_BARE_VALUE}))"
)
"""Between quotes a value may hold blanks."""
_OPEN_QUOTE = r"\\{0,7}['\"]?"
_PLAIN_QUOTE = r"['\"]?"


def value_rule(
    about: str,
    before: str,
    *,
    first: str = r"[^\s'\"]{3}",
    quote: str = _OPEN_QUOTE,
    context: str = "",
    shortest: str = "",
    trigger: str = "",
    reach: int,
    kind: str = "password",
    accept: Callable[[str], bool] = is_typed_password,
) -> StructuralRule:
    """Return the rule for the value that follows the pattern `before`.

    The trigger asks for the value's `first` characters after an opening quote, and for `context`
    before all of it. `trigger` is simpler than `before`. `shortest` is a context of its own, where
    Hyperscan would overlook the shortest matches of one pattern for both.
    """
    rest = (trigger or trigger_of(before)) + quote + first
    return pattern_rule(
        kind,
        about,
        before + _VALUE,
        trigger=(f"{shortest}{rest}|" if shortest else "") + context + rest,
        reach=reach,
        accept=accept,
    )


_CLIENTS = (
    r"(?:(?:docker|podman|helm|buildah|skopeo|oras|az|cf|oc|nerdctl|registry|crane|argocd|ibmcloud|"
    r"doctl|scw|tsh|bw|lpass|op|snap|npm)[ \t][^\n\r]{0,60}login|"
    r"mongo(?:sh|dump|restore|export|import|stat|top)?|cqlsh|"
    r"ldap(?:search|add|modify|delete|whoami|passwd)|redis-cli|valkey-cli|keydb-cli|sqlcmd|bcp|"
    r"mosquitto_(?:pub|sub|ctrl|rr)|unzip|zip|rar|psexec|snowsql|clickhouse-client|influx|rdesktop|"
    r"smbclient|ipmitool|snmpwalk|impacket-[a-z]{1,20}|crackmapexec|netexec|nxc|evil-winrm|"
    r"hydra|kinit|useradd|usermod|cassandra|neo4j-admin|cypher-shell|arangosh|couchbase-cli|"
    r"vncviewer|openconnect|sshuttle|plink|pscp|winscp|lftp|ncftp|lastpass|wpa_cli|"
    r"hatch|atuin|htdigest|mssql-cli|pgcli|usql|dsconf|nats|kcadm\.sh)"
)
_SUDO = r"(?:sudo|su|passwd|chpasswd|docker|-stdin|-S)"
_NAMED_COMMANDS = (
    rf"(?:rabbitmqctl{_SPACE}(?:-[^\s]{{1,40}}{_SPACE})?(?:add_user|change_password)"
    rf"{_SPACE}[^\s]{{1,60}}{_SPACE}|"
    rf"net{_SPACE}user{_SPACE}[^\s/]{{1,40}}{_SPACE}|"
    rf"net{_SPACE}use{_SPACE}[^\n\r]{{1,100}}/user:[^\s]{{1,60}}{_SPACE}|"
    rf"net{_SPACE}use{_SPACE}(?:[a-z]:{_SPACE})?[^\s:]{{2,100}}{_SPACE}(?!/)|"
    rf"ngrok{_SPACE}[a-z -]{{0,20}}authtoken{_SPACE}|vault{_SPACE}login{_SPACE}(?:token=|(?!\w+=))|"
    rf"wpa_passphrase{_SPACE}[^\s]{{1,40}}{_SPACE}|vault{_SPACE}operator{_SPACE}unseal{_SPACE}|"
    rf"bw{_SPACE}(?:login{_SPACE}[^\s]{{3,60}}|unlock){_SPACE}|"
    rf"tailscale{_SPACE}up{_SPACE}--auth-?key[ =])"
)
_ORACLE = r"(?:jdbc:oracle:[a-z0-9]{2,5}:|sqlplus[ ](?:-[a-z]{1,2}[ ]){0,3})['\"]?[\w$#.]{1,40}/"
_ECHO = r"(?:echo|printf|yes)[ \t]{1,3}(?:-[neE]{1,3}[ \t])?(?:['\"]?%s(?:\\n)?['\"]?[ \t])?"
_READER = (
    r"\|[ \t]{0,4}(?:sudo[ \t]{1,4}(?:-S|chpasswd|passwd|smbpasswd|-k|-p)|chpasswd|smbpasswd|"
    r"p4[ ](?:-[^\n\r|]{1,60}[ ])?login|runas[ ]|smbclient[ ]|pass[ ](?:insert|add)|"
    r"[^\n\r|]{0,80}-stdin|[^\n\r|]{0,60}--?(?:set-?)?pass(?:word|wd|phrase)?(?:[ =-]|$|\n)|ipa"
    r"[ ][^\n\r|]{0,80}--password|"
    r"[^\n\r|]{0,60}--with-token|passwd|su[ \t]|[^\n\r|]{0,40}(?:secret|variable|env)s?[ "
    r"\t](?:put|set|add|create))"
)


_AFTER_P = r"[ \t](?-i:-[pPwaW])[ \t]{1,2}"
_COOKIE_FLAG = r"[ ](?:-b|--cookie)[ =]\\{0,7}['\"]?"
_SEND = r"send(?:_user|line)?[ (](?:--[ ])?\\{0,7}[\"']"
_SECURE_STRING = r"ConvertTo-SecureString[ ](?:-String[ ]|-AsPlainText[ ]|-Force[ ]){0,3}\(?\\{0,7}"

RULES: tuple[StructuralRule, ...] = (
    value_rule(
        "a password for sshpass",
        rf"sshpass{_SPACE}(?:-v[ ])?-p[ \t]{{0,4}}",
        first=r"[^\s'\"]",
        reach=40,
        accept=_is_sole_argument,
    ),
    value_rule(
        "a password joined to -p for MySQL and MariaDB",
        r"(?:mysql|mariadb)[a-z-]{0,8}[ \t][^\n\r]{0,200}?[ \t\"]-p",
        first=r"[^\s'\"-]{3}",
        reach=240,
    ),
    value_rule(
        "a password joined to -p for MySQL and MariaDB, first among its flags",
        r"(?:mysql|mariadb)[a-z-]{0,8}[ \t]{1,3}-p",
        first=r"[^\s'\"-]{3}",
        reach=40,
    ),
    value_rule(
        "a password after -p, -a, -w or -P of a client that takes one there",
        _AFTER_P,
        context=_CLIENTS + r"[ \t][^\n\r]{0,160}",
        first=r"[^\s'\"-][^\s'\"]",
        accept=is_typed_word,
        reach=12,
    ),
    value_rule(
        "a password after -p or -a that comes first",
        _AFTER_P,
        context=_CLIENTS + r"[ \t]?",
        first=r"[^\s'\"-][^\s'\"]",
        accept=is_typed_word,
        reach=12,
    ),
    value_rule(
        "a new key's passphrase",
        r"[ \t](?-i:-[NP])[ \t]{1,2}",
        context=r"ssh-keygen(?:[ \t][^\n\r]{0,160})?",
        first=r"[^\s'\"-]{3}",
        reach=12,
    ),
    value_rule(
        "a password in the spelling of openssl",
        r"[ \t'\"=]pass:",
        quote=_PLAIN_QUOTE,
        reach=24,
    ),
    value_rule(
        "a password for openssl enc",
        r"[ \t]-k[ \t]",
        context=r"openssl[ \t]enc[ \t][^\n\r]{0,120}",
        quote=_PLAIN_QUOTE,
        reach=24,
    ),
    value_rule(
        "a password for a remote desktop",
        r"[ \t]/p(?:ass(?:word)?)?:",
        context=r"rdp[^\n\r]{0,120}",
        quote=_PLAIN_QUOTE,
        reach=24,
    ),
    value_rule(
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
    value_rule(
        "a user and password for Samba",
        r"[ ](?-i:-U|--user=?)[ ]{0,2}['\"]?(?:[\w.-]{1,30}[/\\]{1,2})?[^\s%'\"/]{1,40}%",
        quote="",
        first=r"[^\s'\"%]{3}",
        reach=60,
    ),
    pattern_rule(
        "password",
        "a password piped into sudo, chpasswd, a login or a secret store",
        _ECHO + r"\\{0,7}['\"]?(?:[\w.-]{1,40}:(?=[^'\"|\s]))?"
        r"(?P<secret>[^'\"\n\r|\\]{3,160}?(?:\\{1,4}n[^'\"\n\r|\\]{3,160}?)?)"
        r"(?:\\{1,4}n)?\\{0,7}['\"]?[ \t]{0,4}\|",
        trigger=_ECHO + r"\\{0,7}['\"]?[^\n\r|'\"]{3,160}['\"]?[ \t]{0,4}" + _READER,
        accept=is_typed_password,
        reach=320,
    ),
    value_rule(
        "a password passed to sudo by a here-string",
        r"<<<[ ]?",
        context=_SUDO + r"[^\n\r]{1,40}",
        shortest=_SUDO,
        quote=_PLAIN_QUOTE,
        reach=12,
        accept=_is_prompt_answer,
    ),
    value_rule(
        "a password for rabbitmqctl, htpasswd, net, ngrok, vault and others, by position",
        _NAMED_COMMANDS,
        quote=_PLAIN_QUOTE,
        first=r"[^\s'\"/-][^\s'\"]{3}",
        reach=300,
    ),
    value_rule(
        "a literal for kubectl create secret",
        r"--from-literal[= ]\\{0,7}['\"]?[\w.-]{1,60}=",
        quote="",
        first=r"[^\s]{3}",
        kind="kubernetes-secret",
        reach=110,
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
        r"(?:assword|assphrase|asscode)[^\n]{0,40}(?:\n|\\n|;|\)|\{|,)[^\n]{0,20}"
        + _SEND
        + r"(?P<secret>[^\"'\n\r\\]{3,60})",
        trigger=_SEND + r"[^\"'\n\r\\]{3,60}(?:\\{1,4}[rn]|[\r\n])?\\{0,7}[\"']",
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
    pattern_rule(
        "password",
        "plain text made a secure string, without quotes",
        r"ConvertTo-SecureString[ ](?:-String[ ])?(?P<secret>[^\s\"'$(){}-][^\s\"'(){}]{3,127})"
        r"[ ]-(?:AsPlainText|Force)",
        accept=is_typed_word,
        reach=200,
    ),
    pattern_rule(
        "password",
        "a password in a protocol's dialogue, as a trace of a program's calls shows it",
        r"\"(?P<command>(?-i:PASS|AUTH)) (?P<secret>[^\s\"\\]{4,256})\\{1,4}r\\{1,4}n",
        accept=_is_protocol_password,
        reach=280,
        is_caseless=False,
    ),
    pattern_rule(
        "password",
        "a user and password for IMAP",
        r"(?<![A-Za-z0-9.])[A-Za-z0-9.]{1,8} (?-i:LOGIN) \\{0,3}\"?[\w.@+-]{1,60}\\{0,3}\"? "
        r"\\{0,3}\"?(?P<secret>[^\s\"\\]{4,128})",
        trigger=r" LOGIN \\{0,3}\"?[\w.@+-]{1,60}\\{0,3}\"? \\{0,3}\"?[^\s\"\\]{4}",
        accept=_is_login_password,
        reach=160,
        is_caseless=False,
    ),
    pattern_rule(
        "password",
        "a password in a protocol's dialogue",
        r"(?-i:PASS |AUTH (?:PLAIN|LOGIN) )(?P<secret>[^\s\"'\\]{4,256})",
        trigger=r"(?:USER [^\s]{1,64}(?:\r|\\r)?(?:\n|\\n)[^\n]{0,80}?\n?[^\n]{0,48}PASS [^\s]{4}|"
        r"331 [^\n]{0,80}\n[^\n]{0,48}PASS [^\s]{4}|--->[ ]PASS [^\s]{4}|C:[ ]PASS [^\s]{4}|"
        r"AUTH (?:PLAIN|LOGIN) [A-Za-z0-9+/=]{8})",
        reach=24,
        accept=_is_protocol_password,
        is_caseless=False,
    ),
)

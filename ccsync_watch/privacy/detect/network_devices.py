"""Finds keys in the configuration of routers, switches and tunnels, by each syntax.

A keyword and the key after it, without a sign between: Cisco IOS, Junos, strongSwan, pppd.
"""

from __future__ import annotations

from ccsync_watch.privacy.engine.structural_rule import StructuralRule, pattern_rule
from ccsync_watch.privacy.heuristics.password_forms import is_drawn_or_phrase, is_typed_password


def _is_key(value: str) -> bool:
    """Tell whether a value is generated or chosen, and not a keyword of the configuration."""
    return is_drawn_or_phrase(value) and is_typed_password(value) and not value.isdigit()


_VALUE = r"\\{0,3}\"?(?P<secret>[^\s\"\\;<>]{6,128})"

RULES: tuple[StructuralRule, ...] = (
    pattern_rule(
        "password",
        "a key of Cisco's configuration",
        r"(?:isakmp key(?: [0-8])?|(?:tacacs|radius)(?:-server)?(?: host [\w.:-]{1,60})? key"
        r"(?: [0-8])?|"
        r"key-string(?: [0-8])?|"
        r"ospf (?:message-digest-key \d{1,3} md5|authentication-key)(?: [0-8])?|"
        r"neighbor [\w.:-]{1,60} password(?: [0-8])?|"
        r"standby \d{1,4} authentication(?: md5 key-string)?|"
        r"ppp (?:chap|pap sent-username [\w.@-]{1,60}) password(?: [0-8])?|"
        r"pre-shared-key(?: (?:local|remote|address [\w.:-]{1,60} key))?(?: [0-8])?|"
        r"ntp authentication-key \d{1,6} md5)[ ]" + _VALUE,
        reach=240,
        accept=_is_key,
    ),
    pattern_rule(
        "password",
        "a key of Junos' configuration",
        r"(?:pre-shared-key (?:ascii-text|hexadecimal)|authentication-key|simple-password|"
        r"(?:radius|tacplus)-server [\w.:-]{1,60} secret|encrypted-password|"
        r"chap-secret|authentication-password|privacy-password)[ ]" + _VALUE,
        reach=200,
        accept=_is_key,
    ),
    pattern_rule(
        "password",
        "a secret of strongSwan's ipsec.secrets",
        r":[ \t]{1,4}(?-i:PSK|EAP|XAUTH|NTLM|PIN)[ \t]{1,4}\\{0,3}[\"']"
        r"(?P<secret>[^\s\"'\\]{4,128})",
        reach=60,
        accept=is_typed_password,
    ),
    pattern_rule(
        "password",
        "the password of a key's file in strongSwan's ipsec.secrets",
        r":[ \t]{1,4}(?-i:RSA|ECDSA|PKCS8|PKCS12|P12|BLISS)[ \t]{1,4}[\w./-]{1,80}[ \t]{1,4}"
        r"\\{0,3}[\"'](?P<secret>[^\s\"'\\]{4,128})",
        reach=140,
        accept=is_typed_password,
        is_caseless=False,
    ),
    pattern_rule(
        "password",
        "a secret of pppd's chap-secrets",
        r"(?:(?<![^\n])|(?<=\\n)|(?<=[#>|] )|(?<=\n[+-]))\"?[\w.@-]{1,60}\"?[ \t]{1,16}"
        r"(?:\*|l2tpd|pptpd|\"\*\")[ \t]{1,16}\"?"
        r"(?P<secret>[^\s\"\\*/]{6,128})\"?[ \t]{1,16}(?:\*|\d{1,3}(?:\.\d{1,3}){3})"
        r"(?=[ \t]{0,4}(?:\r?\n|\\n|\Z))",
        trigger=r"[ \t](?:\*|l2tpd|pptpd|\"\*\")[ \t]{1,16}\"?[^\s\"\\*/]{6,128}\"?[ \t]{1,16}"
        r"(?:\*|\d{1,3}\.)",
        reach=280,
        accept=_is_key,
    ),
    pattern_rule(
        "password",
        "a key of an IPsec state",
        r"(?:enc|auth|aead|auth-trunc) \\{0,3}['\"]?[a-z0-9()-]{3,40}\\{0,3}['\"]? "
        r"(?P<secret>0x[0-9a-f]{32,128})",
        reach=200,
    ),
    pattern_rule(
        "password",
        "the key of a wireless network in the text of its QR code",
        r"(?-i:WIFI:)(?:[A-Z]:[^\n]{0,60};){0,4}?(?-i:P:)(?P<secret>(?:[^;\s\\]|\\"
        r"[;,:\"\\]){8,63});",
        trigger=r"WIFI:[STPHRE]:",
        reach=24,
        is_caseless=False,
        accept=is_typed_password,
    ),
    pattern_rule(
        "password",
        "the key of a server for accounts, on a line below it in Cisco's configuration",
        r"(?:aaa-server|(?:radius|tacacs) server) [^\n]{1,100}"
        r"(?:(?:\n|\\n)[ ]{1,4}(?!key)[^\n]{1,100}?){0,4}(?:\n|\\n)[ ]{1,4}key(?: [0-8])?[ ]"
        + _VALUE,
        trigger=r"(?:aaa-server|(?:radius|tacacs) server) ",
        reach=32,
        after=600,
        accept=_is_key,
    ),
    pattern_rule(
        "password",
        "a password that a server for accounts refused or accepted, in its log",
        r"Login (?:incorrect|OK)[^\n\[]{0,120}\[[^\s/\]]{1,80}/(?P<secret>[^\s\]]{4,128})\] \(from",
        trigger=r"Login (?:incorrect|OK)",
        reach=20,
        accept=is_typed_password,
    ),
    pattern_rule(
        "private-key",
        "the private half of an identity of ZeroTier",
        r"[0-9a-f]{10}:0:[0-9a-f]{128}:(?P<secret>[0-9a-f]{128})(?![0-9a-f])",
        trigger=r":0:[0-9a-f]{64}",
        reach=90,
    ),
)

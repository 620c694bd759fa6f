"""Finds secrets in syntaxes that few programs have: of mainframes, consoles, markup, one directive.

Each has a mark that other text seldom has, so that the scan looks for that.
"""

from __future__ import annotations

import re

from ccsync_watch.privacy.detect.named_values import WORD, find_named, is_value_in_code
from ccsync_watch.privacy.detect.shown_passwords import is_drawn_token
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.structural_rule import (
    LINE_BREAK,
    LINE_END,
    StructuralRule,
    pattern_rule,
)
from ccsync_watch.privacy.heuristics.dummy_values import is_passphrase
from ccsync_watch.privacy.heuristics.name_strength import Strength
from ccsync_watch.privacy.heuristics.password_forms import (
    has_password_form,
    is_drawn_or_phrase,
    is_positional_secret,
    is_surely_chosen,
    is_typed_password,
)
from ccsync_watch.privacy.heuristics.value_characters import has_digit
from ccsync_watch.privacy.heuristics.value_strength import (
    decodes_to_credentials,
    is_secret,
    is_strict_random,
)

_COLUMN = re.compile(r"[a-z]{1,12}_?\d{0,2}|[A-Z]{1,4}\d?")
"""Of a table, or a parameter, in brackets after `PASSWORD`."""


def _is_key_of_map(value: str, strength: Strength) -> bool:
    if strength is Strength.PASSWORD:
        return is_drawn_or_phrase(value) and is_typed_password(value)
    return strength is Strength.TOKEN and is_secret(value, quoted=False)


def _is_keyword_value(value: str) -> bool:
    return has_digit(value) and is_positional_secret(value) and not _COLUMN.fullmatch(value)


def _is_pragma_key(value: str) -> bool:
    return is_passphrase(value) or (is_drawn_or_phrase(value) and is_typed_password(value))


def _is_in_list(value: str) -> bool:
    """Tell whether an item of a list of passwords is one, and not a path or a sentence's word."""
    return is_positional_secret(value) and has_password_form(value) and is_surely_chosen(value)


def _is_generated(value: str) -> bool:
    return is_drawn_or_phrase(value) and is_typed_password(value) and has_password_form(value)


RULES: tuple[StructuralRule, ...] = (
    StructuralRule(
        "named-value",
        "a value on the line under its key, in YAML's explicit style",
        r"\?[ ]{1,4}[\"']?[\w.-]{2,60}[\"']?[ ]{0,4}(?:\r?\n|\\n)[ ]{0,24}:[ ]{1,4}[^\s]",
        find_named(
            r"(?<![\w.-])[\w.-]{2,60}",
            rf"[\"']?[ ]{{0,4}}{LINE_BREAK}[ ]{{0,24}}:[ ]{{1,4}}[\"']?"
            rf"(?P<secret>[^\s\"'\\]{{4,512}})[\"']?{LINE_END}",
            120,
            _is_key_of_map,
            before=r"\?[ ]{1,4}[\"']?\Z",
        ),
    ),
    StructuralRule(
        "named-value",
        "a value in the cell after its name, in a table of LaTeX or set as code there",
        r"\\(?:texttt|verb|lstinline|textbf|mathtt|code|path|url)[{|+!][^\s{}|]{4}",
        find_named(
            r"(?<![\w])[\w -]{2,40}?",
            r"[ ]{0,8}(?:&|:|is|=)[ ]{0,4}\\{1,4}"
            r"(?:texttt|verb|lstinline|textbf|mathtt|code|path|url)[{|+!]"
            r"(?P<secret>[^\s{}|\\]{4,256})[}|+!]",
            120,
            is_value_in_code,
        ),
    ),
    StructuralRule(
        "named-value",
        "an argument of a call in a backtrace of gdb",
        r"=0x[0-9a-f]{1,16}[ ]\\{0,7}\"[^\"\s]{4}",
        find_named(
            WORD,
            r"=0x[0-9a-f]{1,16}[ ]\\{0,7}\"(?P<secret>[^\"\s\\]{4,512})\\{0,7}\"",
            120,
            is_value_in_code,
        ),
    ),
    StructuralRule(
        "named-value",
        "the value of a variable in OpenEdge",
        r"as[ ](?:character|char)(?:[ ]no-undo)?[ ]init(?:ial)?[ ]{1,4}[\"']",
        find_named(
            WORD,
            r"[ ]{1,4}as[ ](?:character|char)(?:[ ]no-undo)?[ ]init(?:ial)?[ ]{1,4}"
            r"[\"'](?P<secret>[^\"'\s]{4,256})[\"']",
            120,
            is_value_in_code,
        ),
    ),
    StructuralRule(
        "named-value",
        "a value in the cell after a name of several words, in a box of lines",
        r"key[ ]{1,8}(?:\xe2\x94[\x82\x83]|\xe2\x95\x91)",
        find_named(
            r"(?<![\w-])[\w-]{1,24}[ _-]key",
            r"[ ]{0,40}(?:\xe2\x94[\x82\x83]|\xe2\x95\x91)[ ]{0,40}(?P<secret>[!-~]{6,256})",
            140,
            _is_key_of_map,
        ),
    ),
    pattern_rule(
        "password",
        "a password in brackets after a keyword, of TSO, CL or IDCAMS",
        r"(?<![\w.$-])(?-i:NEW)?(?-i:PASSWORD|PASSWD|PWD|AUTHTOK)\((?P<secret>[^\s()'\",;]{5,64})\)"
        r"(?=[ ,]{1,4}(?-i:[A-Z]{3,12})\(|[ ]{0,4}[-+]?[ ]{0,4}(?:\n|\\n|\Z))",
        trigger=r"(?:PASSWORD|PASSWD|PWD|AUTHTOK)\([^\s()'\",;]{5,64}\)",
        rank=Rank.ARGUMENT,
        reach=90,
        accept=_is_keyword_value,
        is_caseless=False,
    ),
    pattern_rule(
        "password",
        "a password that a procedure of SQL Server or Sybase gets by its position",
        r"sp_(?:addlinkedsrvlogin[^\n;]{1,160},|(?:addlogin|setapprole|addapprole)[ ]{1,4}"
        r"(?:@\w{1,24}[ ]?=[ ]?)?N?'[^'\n]{1,60}',|password[ ]{1,4}(?:N?'[^'\n]{0,60}'|NULL),)"
        r"[ ]{0,4}(?:@\w{1,24}[ ]?=[ ]?)?N?'(?P<secret>[^'\n]{5,128})'",
        trigger=r"sp_(?:addlinkedsrvlogin|addlogin|setapprole|addapprole|password)[ (]",
        rank=Rank.ARGUMENT,
        reach=24,
        after=420,
        accept=is_positional_secret,
    ),
    pattern_rule(
        "password",
        "the passphrase of a database that SQLCipher encrypts",
        r"pragma[ ]{1,4}(?:[\w\"]{1,24}\.)?(?:re)?key[ ]?=[ ]?\\{0,7}[\"']"
        r"(?P<secret>[^\"'\n\\]{6,128})\\{0,7}[\"']",
        rank=Rank.ARGUMENT,
        reach=60,
        accept=_is_pragma_key,
    ),
    pattern_rule(
        "secret",
        "the secret in the expression of a secure link of nginx",
        r"secure_link_md5[ ]{1,8}\\{0,7}[\"']?[^\"'\n;]{0,160}?(?<![\w$.])"
        r"(?P<secret>[A-Za-z0-9_+/=!@#%^&*.-]{6,128})\\{0,7}[\"']?[ ]?;",
        trigger=r"secure_link_md5[ ]",
        rank=Rank.NAMED_FIELD,
        reach=20,
        after=320,
        accept=is_positional_secret,
    ),
    pattern_rule(
        "password-hash",
        "a hash of Windows that a client logs in with",
        r"(?:evil-winrm|netexec|nxc|crackmapexec|cme|impacket-[a-z]{2,20}|\w{2,20}\.py|pth-[a-z]{2,12}|"
        r"smbclient|xfreerdp|rpcclient|mimikatz|bloodhound-python|certipy|smbmap)[^\n]{1,200}?[ ]"
        r"(?:-H|--?hashes|/pth:|/ntlm:|--pw-nt-hash|--nthash)[ :=]{0,2}[\"']?"
        r"(?P<secret>(?:[0-9a-f]{32})?:?[0-9a-f]{32})(?![0-9a-f])",
        trigger=r"[ ](?:-H|--?hashes|/pth:|/ntlm:|--pw-nt-hash|--nthash)[ :=]{0,2}[\"']?"
        r":?[0-9a-f]{32}",
        rank=Rank.PASSWORD_HASH,
        reach=340,
    ),
    pattern_rule(
        "secret",
        "the encoding of a user and password under the words that say so",
        r"(?:\|[ ]?base64|basic[ -]auth(?:entication|orization)?|btoa\()[^\n]{0,80}"
        rf"{LINE_BREAK}[ >|]{{0,6}}[\"'`]?(?P<secret>[A-Za-z0-9+/]{{12,512}}={{0,2}})"
        rf"[\"'`]?{LINE_END}",
        trigger=r"(?:\|[ ]?base64|basic[ -]auth\w{0,14}|btoa\()[^\n]{0,80}(?:\n|\\n)[ >|]{0,6}"
        r"[\"'`]?[A-Za-z0-9+/]{12}",
        rank=Rank.PATTERN,
        reach=140,
        after=600,
        accept=decodes_to_credentials,
    ),
    pattern_rule(
        "password",
        "a password that is generated where none is set",
        r"(?:password|passphrase|secret|credentials?)[^\n:]{0,60}?[ ,;(-](?:auto-?|randomly )?"
        r"(?:generated|generating)[^\n:]{0,24}:[ ]{1,3}[\"'`]?(?P<secret>[^\s\"'`<>\\]{8,128})",
        trigger=r"(?:generated|generating)[^\n:]{0,24}:[ ]{1,3}[\"'`]?[^\s\"'`<>\\]{8}",
        rank=Rank.SENTENCE,
        reach=140,
        accept=_is_generated,
    ),
    pattern_rule(
        "password",
        "what was typed where a shell read without an echo",
        r"read[ ]-[a-z]{0,4}s[a-z]{0,4}[ ][^\n#]{0,60}#[ ]?(?:i[ ])?(?:typed?|entered?|pasted?|"
        r"answer(?:ed)?|input)[: ]{1,2}[\"'`]?(?P<secret>[^\s\"'`\\]{4,128})",
        trigger=r"read[ ]-[a-z]{1,8}[ ][^\n#]{0,60}#[ ]?(?:i[ ])?(?:typ|enter|past|answ|input)",
        rank=Rank.SENTENCE,
        reach=120,
        accept=is_positional_secret,
    ),
    pattern_rule(
        "secret",
        "what a file for a secret is said to contain",
        r"(?:secret|token|passw(?:or)?d|passphrase|credentials?|api[_-]?key)(?:\.\w{2,8})?"
        r"[\"'`]?[ ](?:contains|holds)[ :]{1,2}[\"'`]?(?P<secret>[A-Za-z0-9_.+/=-]{12,256})",
        trigger=r"[ ](?:contains|holds)[ :]{1,2}[\"'`]?[A-Za-z0-9_.+/=-]{12}",
        rank=Rank.SENTENCE,
        reach=60,
        accept=is_drawn_token,
    ),
    pattern_rule(
        "secret",
        "what a sentence says that a cookie is",
        r"cookie(?:'s value|[ ]value)?[ ](?:is|was)[ :]{1,2}[\"'`]?"
        r"(?P<secret>[A-Za-z0-9_.+/=%-]{20,1024})",
        rank=Rank.SENTENCE,
        reach=60,
        accept=is_strict_random,
    ),
    pattern_rule(
        "password",
        "what a history is rewritten without, in a file of replacements",
        r"(?<![\w=>])(?:literal:)?(?P<secret>[^\s\"'`\\<>]{6,256}?)==>",
        trigger=r"[^\s]==>",
        rank=Rank.PATTERN,
        reach=280,
        accept=is_positional_secret,
    ),
    pattern_rule(
        "password",
        "a user and a password among the arguments of a check of Nagios",
        r"(?<![\w-])check_[a-z_0-9]{2,30}![\w.@-]{1,40}!(?:[^\s!]{1,40}!)?(?P<secret>[^\s!\"'\\]{6,128})"
        r"(?=[!\s]|\Z)",
        trigger=r"check_[a-z_0-9]{2,30}![\w.@-]{1,40}!",
        rank=Rank.ARGUMENT,
        reach=90,
        accept=_is_in_list,
    ),
    pattern_rule(
        "secret",
        "a macaroon of LND in hexadecimal",
        r"(?<![0-9a-f])(?P<secret>0201036c6e64[0-9a-f]{64,4096})",
        trigger=r"0201036c6e64",
        rank=Rank.KEY_MATERIAL,
        reach=24,
        after=4200,
    ),
    pattern_rule(
        "password",
        "the code that an accessory of HomeKit is added with",
        r"(?:homekit|accessory|pairing|set-?up|hap)[ _-]?(?:pin|code|pairing|set-?up)?"
        r"[ _-]?(?:pin|code)[^\w\n]{1,4}(?:is[ ])?[\"'`]?"
        r"(?P<secret>[0-9]{3}-[0-9]{2}-[0-9]{3})(?![\w-])",
        trigger=r"(?:pin|code)[^\w\n]{1,4}(?:is[ ])?[\"'`]?[0-9]{3}-[0-9]{2}-[0-9]{3}",
        rank=Rank.NAMED_FIELD,
        reach=60,
    ),
    pattern_rule(
        "azure-key",
        "the keys of a storage account, in a table of the command line",
        r"(?<![\w-])key[12][ \t]{1,24}(?:full|read)[ \t]{1,24}(?P<secret>[A-Za-z0-9+/]{86}==)",
        rank=Rank.NAMED_FIELD,
        reach=160,
    ),
)

"""Finds passwords in commands, files and output of Windows: registry, networks, certificates."""

from __future__ import annotations

from ccsync_watch.privacy.detect.client_passwords import is_typed_word, value_rule
from ccsync_watch.privacy.detect.named_values import WORD, find_named, is_value_in_code
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.structural_rule import StructuralRule, pattern_rule
from ccsync_watch.privacy.heuristics.gibberish import is_gibberish
from ccsync_watch.privacy.heuristics.password_forms import is_typed_password
from ccsync_watch.privacy.heuristics.value_characters import has_digit

_QUOTED = r"\\{0,7}[\"']?(?P<secret>[^\s\"'\\]{4,512})"
_VARIABLE_VALUE = r"\\{0,3}[\"']?[ ]{1,4}(?:-value[ ]{1,4})?" + _QUOTED
_REGISTRY_VALUE = (
    r"\\{0,7}[\"']?(?:[ ]{1,4}/(?:t|f|s)(?:[ ]{1,4}REG_[A-Z_]{2,12})?){0,3}[ ]{1,4}/d[ ]{1,4}"
    + _QUOTED
)
_REGISTRY_ROW = r"[ \t]{1,24}REG_(?:EXPAND_)?SZ[ \t]{1,24}(?P<secret>[^\s]{4,512})"


def _is_network_key(value: str) -> bool:
    return value.lower() not in {"absent", "present", "none"} and is_typed_password(value)


def _is_chosen_word(value: str) -> bool:
    return is_typed_word(value) and (has_digit(value) or is_gibberish(value))


def _is_nt_hash(value: str) -> bool:
    """Tell whether it is a hash, and not that of no password."""
    return (
        value.lower()
        not in {
            "aad3b435b51404eeaad3b435b51404ee",
            "31d6cfe0d16ae931b73c59d7e0c089c0",
        }
        and len(set(value)) > _LEAST_DISTINCT
    )


_LEAST_DISTINCT = 6

RULES: tuple[StructuralRule, ...] = (
    StructuralRule(
        "named-value",
        "a variable of the environment, set as an item",
        r"env:\\{0,4}[\w-]{2,60}[\"']?[ ]{1,4}-value[ ]{1,4}\\{0,7}[\"']?[^\s\"'$]{4}",
        find_named(WORD, _VARIABLE_VALUE, 120, before=r"env:\\{0,4}\Z"),
    ),
    StructuralRule(
        "named-value",
        "a value that a command writes into the registry",
        r"[ ]/d[ ]{1,4}\\{0,7}[\"']?[^\s\"'%]{4}",
        find_named(WORD, _REGISTRY_VALUE, 160, before=r"/v[ ]{1,4}\\{0,3}[\"']?\Z"),
    ),
    StructuralRule(
        "named-value",
        "a value of the registry, as a query prints it",
        r"REG_(?:EXPAND_)?SZ[ \t]{1,24}[^\s]{4}",
        find_named(WORD, _REGISTRY_ROW, 140, is_value_in_code),
        is_caseless=False,
    ),
    pattern_rule(
        "password",
        "a password in the answer file of an installation",
        r"password>(?:\s|\\[nrt]){0,40}<value>(?P<secret>[^<>\s]{4,512})</value>",
        rank=Rank.NAMED_FIELD,
        reach=80,
        accept=is_typed_password,
    ),
    pattern_rule(
        "password",
        "the key of a wireless network, as Windows prints it",
        r"(?:key[ ]content|schl\xc3\xbcsselinhalt|contenu[ ]de[ ]la[ ]cl\xc3\xa9|"
        r"contenido[ ]de[ ]la[ ]clave|"
        r"contenuto[ ]chiave|conte\xc3\xbado[ ]da[ ]chave)"
        r"[ \xc2\xa0]{0,24}:[ ]{1,4}(?P<secret>[^\s]{8,63})",
        rank=Rank.NAMED_FIELD,
        reach=120,
        accept=_is_network_key,
    ),
    pattern_rule(
        "password",
        "the encrypted password in a file for Remote Desktop",
        r"password[ ]51:b:(?P<secret>[0-9A-F]{32,4096})",
        rank=Rank.NAMED_FIELD,
        reach=60,
        after=4096,
    ),
    pattern_rule(
        "password-hash",
        "the hash of a Windows account, after its kind",
        r"(?<!\w)(?:ntlm|nt[ -]?hash|ntlm[ -]hash|lm[ -]?hash|hash[ ]ntlm)[ \t]{0,8}[:=][ ]{0,2}"
        r"(?:[0-9a-f]{32}:)?(?P<secret>[0-9a-f]{32})(?![0-9a-f])",
        rank=Rank.PASSWORD_HASH,
        reach=100,
        accept=_is_nt_hash,
    ),
    value_rule(
        "a password after a flag of a Windows program",
        r"[ \t][/-](?:p|rp|pass|password|set-password|pw)[: ]",
        context=r"(?:certutil|dism|winrs|pscp|plink|winscp|wbadmin|dsmod|dsadd|"
        r"sc(?:\.exe)?[ ]config|ntdsutil|djoin|"
        r"netdom|wevtutil)(?:[ .][^\n\r]{0,160})?",
        first=r"[^\s'\"-]{4}",
        accept=_is_chosen_word,
        reach=24,
    ),
)

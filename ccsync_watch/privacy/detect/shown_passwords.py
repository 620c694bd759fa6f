"""Finds passwords that a program shows once: installers, resets, first starts."""

from __future__ import annotations

import re

from ccsync_watch.privacy.detect.named_values import find_named
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.structural_rule import StructuralRule, pattern_rule
from ccsync_watch.privacy.heuristics.name_strength import Strength
from ccsync_watch.privacy.heuristics.password_forms import (
    has_password_form,
    is_drawn_or_phrase,
    is_typed_password,
)
from ccsync_watch.privacy.heuristics.sentence_values import is_commit
from ccsync_watch.privacy.heuristics.value_characters import has_digit
from ccsync_watch.privacy.heuristics.value_strength import is_random, is_secret, is_strict_random


def _is_shown(value: str) -> bool:
    """Tell whether a value is generated or chosen, and not the next word of the message."""
    core = value.rstrip(".")
    return is_drawn_or_phrase(core) and is_typed_password(core) and has_password_form(core)


def _is_shown_token(value: str) -> bool:
    return is_secret(value, quoted=True)


def _is_kept_token(value: str) -> bool:
    """Tell whether a line is a token: not a commit, a path or the name of something."""
    return is_drawn_token(value) and not is_commit(value)


def is_drawn_token(value: str) -> bool:
    """Tell whether a line is one word without words in it, or long hexadecimal."""
    is_drawn = is_random(value) or _HEX.fullmatch(value) is not None
    return is_secret(value, quoted=False) and has_digit(value) and is_drawn


def _is_labelled_token(value: str, strength: Strength) -> bool:
    """Tell whether the label is a secret's, and not "Cache Key" or "Sort Key"."""
    return strength is Strength.TOKEN and _is_kept_token(value)


_HEX = re.compile(r"[0-9a-fA-F]{24,256}")
_VALUE = r"(?P<secret>[^\s\"'`<>\\]{6,256})"
_LABEL = (
    r"(?-i:(?<!\w)[A-Z][A-Za-z]{1,14}(?: [A-Za-z0-9()]{2,14}){0,3} "
    r"(?:Secret|secret|Token|token|Key|key))"
)
_LINE_UNDER = r"[ ]{0,2}\n[ ]{0,4}(?P<secret>[A-Za-z0-9_.~+/=-]{24,256})(?=[ ]{0,4}(?:\r?\n|\Z))"
_NO_ID = (
    r"(?![^\n]{0,100}\b(?:ids?|digest|hash|checksum|sha\d*|image|layer|container|commit|file|path|"
    r"branch|version)\b)"
)

RULES: tuple[StructuralRule, ...] = (
    pattern_rule(
        "password",
        "a password generated for an account",
        r"(?:temporary |initial |generated |random |new |root |admin )password (?:is |was |"
        r"has been )?"
        r"(?:generated |created |set |assigned )?for [^\n:]{1,80}?(?::| is| =) {0,3}[\"'`]?"
        + _VALUE,
        rank=Rank.SENTENCE,
        reach=200,
        accept=_is_shown,
    ),
    pattern_rule(
        "password",
        "a password that a program provides, after what it is for",
        r"password (?:is|was|has been) (?:provided|generated|created|set|assigned|issued|chosen)"
        r"(?![^\n:]{0,40}\b(?:by|at|on)\b)"
        r"[^\n:]{0,40}:[ ]{1,3}[\"'`]?" + _VALUE,
        rank=Rank.SENTENCE,
        reach=140,
        accept=_is_shown,
    ),
    pattern_rule(
        "password",
        "a password on a line of its own after the sentence that announces it",
        r"(?:following (?:password|token)|password (?:generated|for the)|new (?:password|value)|"
        r"user[^\n]{0,40} reset)"
        r"[^\n]{0,100}?(?:\n|\\{1,4}n)(?:[ >|#*+\r]{0,8}(?:\n|\\{1,4}[rn])){0,6}[ >|#*+\t]{0,8}"
        r"(?:new value: )?"
        r"(?P<secret>[^\s\"'`<>\\]{10,128})(?=[ ]{0,4}(?:\r?\n|\\{1,4}n|\Z))",
        rank=Rank.SENTENCE,
        reach=280,
        accept=_is_shown,
    ),
    pattern_rule(
        "secret",
        "a key or token on a line of its own after the request to keep it",
        r"(?:copy|save|store|keep|note(?: down)?) (?:this|your|the|it)"
        rf"{_NO_ID}[^\n]{{0,100}}\n\s{{0,12}}"
        r"(?P<secret>[A-Za-z0-9_.~+/=-]{20,256})(?=[ ]{0,4}(?:\r?\n|\Z))",
        rank=Rank.SENTENCE,
        reach=160,
        accept=_is_kept_token,
    ),
    StructuralRule(
        "secret",
        "a key or token on the line under its label, as pages show it that were copied",
        r"(?:secret|token|key)[ ]{0,2}\n[ ]{0,4}[A-Za-z0-9_.~+/=-]{24}",
        find_named(_LABEL, _LINE_UNDER, 80, _is_labelled_token, before=r"(?:\A|\n)[ ]{0,4}\Z"),
    ),
    pattern_rule(
        "password",
        "a password with its account between name and value",
        r"(?-i:PASSWORD|Password) [a-z][\w-]{1,30} {0,2}[=:] {0,2}" + _VALUE,
        rank=Rank.SENTENCE,
        reach=80,
        accept=_is_shown,
    ),
    pattern_rule(
        "password",
        "a password after dots that lead to it",
        r"(?:password|passphrase|passwort|(?:smtp|auth|user|admin|root|db)[ _-]pass|"
        r"(?:api|access|auth|secret)[ _-](?:key|token))"
        r"[ ]{0,2}(?:\.{3,60}|_{3,60})[ :]{0,4}" + _VALUE,
        rank=Rank.SENTENCE,
        reach=120,
        accept=_is_shown,
    ),
    pattern_rule(
        "password",
        "a password after the default that a prompt offers",
        r"(?:password|passphrase) \[[^\]\n]{1,30}\]: " + _VALUE,
        rank=Rank.SENTENCE,
        reach=120,
        accept=_is_shown,
    ),
    pattern_rule(
        "secret",
        "a key or token after the default that a prompt offers",
        r"(?:access key|api key|token|secret)(?: \(hidden\))? \[[^\]\n]{1,30}\]: " + _VALUE,
        rank=Rank.SENTENCE,
        reach=120,
        accept=_is_shown_token,
    ),
    pattern_rule(
        "password",
        "what is typed at a prompt that names a file or an address in quotes",
        r"(?:password|passphrase) for (?:key |pem file |private key )?[\"'][^\"'\n]{1,120}[\"']: "
        + _VALUE,
        rank=Rank.SENTENCE,
        reach=200,
        accept=_is_shown,
    ),
    pattern_rule(
        "secret",
        "a key or token between commas after its name",
        r"(?:api[ _-]?key|token|secret|access key), [\"'`]?(?P<secret>[A-Za-z0-9_.+/=-]{20,256})"
        r"[\"'`]?(?=[,;)]|\.?(?:\s|\Z))",
        rank=Rank.SENTENCE,
        reach=300,
        accept=is_strict_random,
    ),
    pattern_rule(
        "secret",
        "what a build's log is asked to hide",
        r"(?:::add-mask::|issecret=true\]|task\.setsecret\])(?P<secret>[^\s\"'`\\$]{4,4096})",
        rank=Rank.SENTENCE,
        reach=60,
        after=4096,
        accept=is_typed_password,
    ),
    pattern_rule(
        "password",
        "a password typed by a keyword of Robot Framework",
        r"input password[ ]{2,8}[^\s]{1,80}[ ]{2,8}" + _VALUE,
        rank=Rank.SENTENCE,
        reach=160,
        accept=_is_shown,
    ),
    pattern_rule(
        "secret",
        "the key that kubeadm shares certificates with",
        r"(?:certificate key:(?:\s|\\n){1,8}|--certificate-key[ =])(?P<secret>[0-9a-f]{64})",
        rank=Rank.SENTENCE,
        reach=120,
    ),
    pattern_rule(
        "password",
        "a password that was changed",
        r"password (?:was |has been )?(?:changed|reset|updated|set) to:? [\"'`]?" + _VALUE,
        rank=Rank.SENTENCE,
        reach=80,
        accept=_is_shown,
    ),
    pattern_rule(
        "password",
        "an account and its first password, joined by a colon",
        r"(?<![\w:/.])(?:admin|root|administrator|user|kubeadmin)"
        r":(?P<secret>[^\s:\"'`<>\\@/]{8,64})"
        r"[ ]{1,4}\((?:initial|default|generated|temporary)",
        trigger=r"(?:admin|root|administrator|user|kubeadmin)"
        r":[^\s:\"'`<>\\@/]{8,64}[ ]{1,4}\((?:initial|"
        r"default|generated|temporary)",
        rank=Rank.SENTENCE,
        reach=120,
        accept=_is_shown,
    ),
    pattern_rule(
        "secret",
        "a token after the word for a value",
        r"(?:secret|token|api[ _-]?key|access key) value:?[ ]{1,3}[\"'`]?"
        r"(?P<secret>[A-Za-z0-9_.~+/=-]{16,256})",
        rank=Rank.SENTENCE,
        reach=100,
        accept=_is_shown_token,
    ),
    pattern_rule(
        "password",
        "what is typed at a prompt that ends in a sign",
        r"(?:password|passphrase)(?:>|\$|#)[ ]" + _VALUE,
        rank=Rank.SENTENCE,
        reach=60,
        accept=_is_shown,
    ),
    pattern_rule(
        "secret",
        "a key that was created",
        r"(?:key|token|secret) (?:was |has been )?(?:created|generated|issued)"
        r"(?: successfully)?:? {0,2}"
        r"(?:\n|\\n)?[ ]{0,4}[\"'`]?(?P<secret>[A-Za-z0-9_.+/=-]{20,256})",
        rank=Rank.SENTENCE,
        reach=120,
        accept=_is_shown_token,
    ),
)

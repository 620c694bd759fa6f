"""Finds what an aside says that a password is: `rotate the DB password (currently …)`.

No sign and no "is" stands between the name and the value, only a word for when it holds.
"""

from __future__ import annotations

from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.structural_rule import StructuralRule, any_of, pattern_rule
from ccsync_watch.privacy.heuristics.password_forms import (
    is_numbered_words,
    is_surely_chosen,
    looks_chosen,
)
from ccsync_watch.privacy.heuristics.sentence_values import is_joined, is_reversed_password

_NAMES = any_of((
    r"passw(?:or)?d", "passphrase", "passcode", r"(?<![a-z])(?:pwd|pw|pass)", "passwort",
    "kennwort", "mot de passe", "contraseña", "senha", "wachtwoord", "hasło", "lösenord",
    "parola", "heslo", "пароль",
))  # fmt: skip
_NOW = any_of((
    "currently", "right now", "now", "still", "was", "presently", "today", "at the moment",
    "at present", "for now", "formerly", "previously", "used to be", "aktuell", "derzeit",
    "momentan", "jetzt", "noch", "bisher", "actuellement", "encore", "actualmente", "ahora",
    "atualmente", "agora", "attualmente", "ora", "obecnie", "teraz", "momenteel", "nu",
    "nuvarande", "сейчас", "set to", "changed to", "reset to", "still the old one",
))  # fmt: skip
_AT_PRESENT = (
    "currently|presently|aktuell|derzeit|momentan|actuellement|actualmente|atualmente|attualmente|"
    "obecnie|momenteel|still the old one"
)
"""Few other words follow a name and mean no more."""
_PREFIX = r"(?:[ ](?:set to|is|the old(?: one)?))?:?[ ]{1,2}[(]?\\{0,7}[\"'`]?"
_VALUE = r"(?P<secret>[^\s\"'`()\[\]{},;<>\\]{6,64})"


def _is_chosen(value: str) -> bool:
    return (
        is_joined(value)
        or is_numbered_words(value)
        or is_surely_chosen(value)
        or (looks_chosen(value) and is_reversed_password(value))
    )


RULES: tuple[StructuralRule, ...] = (
    pattern_rule(
        "password",
        "what an aside in brackets says that a password is now, or was",
        rf"(?:{_NAMES})[^\n()\[\].;]{{0,48}}?[ ][(\[](?:{_NOW}){_PREFIX}{_VALUE}"
        r"\\{0,7}[\"'`]?[!.]?[ )\],;]",
        trigger=rf"[(\[](?:{_NOW})[: ]",
        rank=Rank.SENTENCE,
        reach=200,
        accept=_is_chosen,
    ),
    pattern_rule(
        "password",
        "what a password is now, between commas or dashes or at the end",
        rf"(?:{_NAMES})(?:[ ]for[ ][\w -]{{1,24}}?)?[ ]?(?:,|-|\xe2\x80\x93|\xe2\x80\x94|:)?[ ]"
        rf"(?:{_AT_PRESENT}){_PREFIX}{_VALUE}\\{{0,7}}[\"'`]?(?=[.!]?(?:[,; )]|\s|\Z|\"))",
        trigger=rf"[ ](?:{_AT_PRESENT})[: ]",
        rank=Rank.SENTENCE,
        reach=200,
        accept=_is_chosen,
    ),
)

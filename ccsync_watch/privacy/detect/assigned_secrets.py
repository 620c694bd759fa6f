"""Decides whether an assigned value is a secret, from what its name and its syntax prove."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.privacy.heuristics.dummy_values import (
    is_code,
    is_password_of_tests,
    is_word,
)
from ccsync_watch.privacy.heuristics.gibberish import is_drawn, is_gibberish
from ccsync_watch.privacy.heuristics.harmless_forms import unescaped
from ccsync_watch.privacy.heuristics.name_strength import Strength, is_code_name, strength_of
from ccsync_watch.privacy.heuristics.password_forms import (
    is_hyphened_passphrase,
    is_numbered_words,
    is_test_name,
    looks_chosen,
)
from ccsync_watch.privacy.heuristics.thresholds import (
    LEAST_CODE_DIGITS,
    LEAST_OPAQUE,
    LEAST_PASSWORD,
    MOST_CODE_DIGITS,
)
from ccsync_watch.privacy.heuristics.value_characters import has_digit
from ccsync_watch.privacy.heuristics.value_strength import (
    decodes_to_credentials,
    is_app_password,
    is_opaque,
    is_password,
    is_secret,
    is_strict_random,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_LIST_WORD = re.compile(r"[A-Za-z_./|:-]+[0-9]{0,3}(?:[_./|:-][A-Za-z]+[0-9]{0,4})*")
_PHRASE_NAME = re.compile(r"mnemonic|phrase|seed|recovery|backup", re.IGNORECASE)
_KEY_ID = re.compile(r"(?:0x)?(?:[0-9A-F]{8}|[0-9A-F]{16}|[0-9A-F]{40})!?")
"""How GnuPG names the key to sign with."""
_SIGNERS = ("signingkey", "signing_key", "gpg_key", "gpgkey", "pgp_key", "gpg-key", "default-key")
_PIN = re.compile(r"(?:\A|[^A-Za-z])(?:pin|PIN)(?:\Z|[^A-Za-z])")
"""A number of somebody, or what holds something in place."""
_PORT = re.compile(r"[A-Z]{1,4}_?[0-9]{1,3}")
"""Of a microcontroller: `PA5`, `GPIO17`."""
_MEASURE = re.compile(
    r"[0-9]+[.,][0-9]+[a-z%]{0,3}|[0-9]+(?:ms|us|s|m|h|%|x)|"
    r"[0-9]+\.[0-9]+-(?:[0-9]+\.[0-9]+)?"
)
"""Of time or size, or a range of versions."""
_PSEUDO_CLASS = re.compile(r"(?:before|after|hover|focus|active|first|last|not|checked|disabled)\b")
"""What follows the name of a class in CSS: `.codicon-pin:before{`."""
_NOTHING = re.compile(r"(?:null|undefined|nil|None|void 0|!0|!1|true|false)[,;)}\]&|?]")
"""The value of nothing in code, and the code after it, as in scripts without blanks."""
_FLAG_VALUE = re.compile(r"0x[0-9a-fA-F]{1,8}[,;]?")
_CHARACTER_CLASS = re.compile(r"[sSwWdD][*+?]{1,2}[$)'\"]")
"""The rest of a regular expression for a prompt, after its backslash: `password:\\s*$`."""
_NEXT_FIELD = re.compile(r"[A-Z][A-Za-z]*:(?:true|false|nil|<nil>|[0-9]*)")
"""What follows an empty value where Go prints a structure."""
_PAIR = re.compile(r"([A-Za-z][A-Za-z0-9_-]{1,40})=(?=[^=]{4})")
_POSTAL_CODE = re.compile(r"[1-9][0-9]{2} ?[0-9]{3}")
"""India's, which are called "pincode"."""
_CHOSEN_NAME = re.compile(r"secret|psk|shared|salt|pepper|credential|signing", re.IGNORECASE)
_STRONG_SIGN = re.compile(r"\w[!#*?^%&~][\w.!*?-]")
"""In passwords that people choose, and in few names."""
_VARIABLE = re.compile(r"[/:]\$\{?[A-Z][A-Z0-9_]{3}")
"""Within a value: `neo4j/$NEO4J_PASSWORD`."""
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_CITY_CODE = re.compile(r"[1-8][0-9]0 ?0[0-9]{2}")
"""Of India's large cities."""
_NUMBERED_NAME = re.compile(
    r"(?:[a-z]{1,20}_){0,4}(?:password|passwd|passphrase|token|secret|key)[0-9]?", re.IGNORECASE
)


class Assigned(NamedTuple):
    """A value with what its name and syntax say of assigned."""

    name: str
    strength: Strength
    sign: bytes
    is_padded: bool
    is_quoted: bool
    is_name_quoted: bool
    in_query: bool
    is_call: bool
    value: str


@lru_cache(maxsize=1024)
def is_assigned_secret(assigned: Assigned) -> bool:
    """Tell whether a value is a secret, from what its name and its syntax prove."""
    assigned = assigned._replace(value=unescaped(assigned.value))
    if is_code_name(assigned.name) and assigned.value.isdigit():
        return is_code_digits(assigned.value)
    if _is_harmless(assigned):
        return False
    if assigned.sign in _STRICT_SIGNS:
        return _STRICT_SIGNS[assigned.sign](assigned)
    if (
        assigned.strength <= Strength.TOKEN
        and assigned.in_query
        and len(assigned.value) >= LEAST_OPAQUE
    ):
        is_key = assigned.strength is Strength.TOKEN and _UUID.fullmatch(assigned.value) is not None
        return is_key or is_opaque(assigned.value)
    return _is_secret_value(assigned)


def is_code_digits(value: str) -> bool:
    """Tell whether digits are as many as a one-time code or a card's code has."""
    is_dummy = value in "0123456789" or len(set(value)) == 1
    return LEAST_CODE_DIGITS <= len(value) <= MOST_CODE_DIGITS and not is_dummy


def _is_pin(name: str) -> bool:
    """Tell whether nothing but "pin" makes a name a secret's: not `PIN_PASSWORD`."""
    others = _PIN.sub("_", name)
    return others != name and strength_of(others) is Strength.NONE


def _is_harmless(assigned: Assigned) -> bool:
    """Tell whether a name means something else with such a value: a key's id, a postal code."""
    if not assigned.is_quoted and (
        _NEXT_FIELD.fullmatch(assigned.value)
        or _NOTHING.match(assigned.value)
        or _CHARACTER_CLASS.match(assigned.value)
        or _is_next_assignment(assigned)
        or _is_next_name(assigned)
    ):
        return True
    if assigned.strength is Strength.TOKEN and _VARIABLE.search(assigned.value):
        return True
    if _is_pin(assigned.name) and not has_digit(assigned.value):
        return True
    if assigned.strength is Strength.PASSWORD and not assigned.is_quoted:
        is_port = assigned.name.lower().endswith("pin") and _PORT.fullmatch(assigned.value)
        is_style = assigned.sign == b":" and _PSEUDO_CLASS.match(assigned.value)
        if _FLAG_VALUE.fullmatch(assigned.value) or assigned.name.startswith(("ER_", "ERR_")):
            return True
        if is_port or is_style or _MEASURE.fullmatch(assigned.value):
            return True
    return is_key_id(assigned.name, assigned.value) or (
        is_postal_code(assigned.name, assigned.value)
    )


def _is_next_assignment(assigned: Assigned) -> bool:
    """Tell whether a value is a pair of its own, after a heading: `auth: password=…`."""
    pair = _PAIR.match(assigned.value)
    return (
        assigned.strength is not Strength.PASSWORD
        and pair is not None
        and strength_of(pair[1]) >= Strength.TOKEN
    )


def _is_next_name(assigned: Assigned) -> bool:
    """Tell whether a value is the next name of a list: `passphrase= password= scmVersion=`."""
    name = assigned.value[:-1]
    is_name = assigned.value.endswith("=") and name.isalpha() and assigned.is_padded
    return is_name and not is_gibberish(name)


def is_postal_code(name: str, value: str) -> bool:
    """Tell whether a pincode is a postal code, which India calls so."""
    if not value[:3].isdigit():
        return False
    joined = re.sub(r"[ _-]", "", name.lower())
    form = _POSTAL_CODE if name.lower().endswith("pincode") else _CITY_CODE
    return joined.endswith("pincode") and form.fullmatch(value) is not None


def is_key_id(name: str, value: str) -> bool:
    """Tell whether a value names the key to sign with, as `user.signingkey` does."""
    is_key = name.lower().endswith(_SIGNERS)
    return is_key and _KEY_ID.fullmatch(value) is not None


def _is_secret_value(assigned: Assigned) -> bool:
    if assigned.strength is Strength.WEAK:
        is_basic = assigned.name.lower().strip("_") == "auth" and decodes_to_credentials(
            assigned.value
        )
        return is_basic or is_strict_random(assigned.value)
    if assigned.strength is Strength.TOKEN:
        is_prose = " " in assigned.value and not _PHRASE_NAME.search(assigned.name)
        return not is_prose and (
            is_secret(assigned.value, quoted=assigned.is_quoted) or _is_chosen_secret(assigned)
        )
    return _is_secret_password(assigned)


def _is_chosen_secret(assigned: Assigned) -> bool:
    """Tell whether a person chose what other programs generate: words of a passphrase, numbered."""
    if _CHOSEN_NAME.search(assigned.name) is None:
        return False
    is_joined = assigned.is_quoted or assigned.sign == b"="
    return (
        (is_joined and is_hyphened_passphrase(assigned.value))
        or is_numbered_words(assigned.value)
        or (_STRONG_SIGN.search(assigned.value) is not None and looks_chosen(assigned.value))
    )


def _is_secret_argument(assigned: Assigned) -> bool:
    """Tell whether a value is the second argument of a call, and not the next word of a list."""
    if not assigned.is_quoted or assigned.strength is Strength.WEAK:
        return False
    if not (assigned.is_name_quoted or assigned.name.isupper()):
        return False
    if is_password_of_tests(assigned.value):
        return False
    if is_word(assigned.value) or _NUMBERED_NAME.fullmatch(assigned.value) is not None:
        return False  # the next name in a list: `"password1", "password2"`
    if _is_list_word(assigned.value):
        return (
            assigned.strength is Strength.PASSWORD
            and assigned.is_call
            and (has_digit(assigned.value) or is_hyphened_passphrase(assigned.value))
        )
    return _is_secret_value(assigned)


def _is_secret_parameter(assigned: Assigned) -> bool:
    """Tell whether it is `setPassword("value")`, and not a call with a variable or a word."""
    is_plain = assigned.value.isalpha() and not is_gibberish(assigned.value)
    if not assigned.is_quoted or (assigned.strength is Strength.PASSWORD and is_plain):
        return False
    return not is_password_of_tests(assigned.value) and _is_secret_value(assigned)


def _is_secret_compared(assigned: Assigned) -> bool:
    """Tell whether a value in a comparison is a secret, and not a state or a kind."""
    if not assigned.is_quoted or not (has_digit(assigned.value) or is_gibberish(assigned.value)):
        return False
    if assigned.strength is Strength.PASSWORD:
        return is_password(assigned.value, quoted=True)
    return is_secret(assigned.value, quoted=True)


def _is_secret_cell(assigned: Assigned) -> bool:
    """Tell whether a value in a table is a secret; any word may be next to a name there."""
    if is_app_password(assigned.value):
        return True
    if assigned.strength is Strength.PASSWORD and is_hyphened_passphrase(assigned.value):
        return True
    if not has_digit(assigned.value) and not is_gibberish(assigned.value):
        return False
    if "|" in assigned.value and all(map(is_code, assigned.value.split("|"))):
        return False  # more types of a union
    return is_secret(assigned.value, quoted=False) or (
        assigned.strength is Strength.PASSWORD
        and is_password(assigned.value, quoted=assigned.is_quoted)
    )


def _is_secret_password(assigned: Assigned) -> bool:
    """Tell whether a value is a password, and not a count, type, variable or item of a list."""
    value = assigned.value
    is_environment = assigned.sign == b"=" and not assigned.is_padded
    is_plain = value.isalpha() and not is_gibberish(value)
    if len(value) < LEAST_PASSWORD:
        return False
    if (
        assigned.name.lower() == "pass"
        and not is_environment
        and (value.isdigit() or value.isalpha())
    ):
        return False
    if assigned.name.lower() == "pass" and not assigned.is_quoted and is_test_name(value):
        return False
    if not assigned.is_quoted and is_hyphened_passphrase(value):
        return True
    if not assigned.is_quoted and is_plain:
        is_announced = is_environment and (is_drawn(value) or not assigned.name.islower())
        return is_announced and is_password(value, quoted=True)
    return is_password(value, quoted=assigned.is_quoted)


def _is_list_word(value: str) -> bool:
    return _LIST_WORD.fullmatch(value) is not None and not is_gibberish(value)


_STRICT_SIGNS: dict[bytes, Callable[[Assigned], bool]] = {
    b",": _is_secret_argument,
    b"(": _is_secret_parameter,
    b"|": _is_secret_cell,
    b"==": _is_secret_compared,
    b"===": _is_secret_compared,
    b"!=": _is_secret_compared,
    b"!==": _is_secret_compared,
}
"""Signs after a name that separate things more often than they assign them."""

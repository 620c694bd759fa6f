"""Finds passwords and tokens in sentences whose verb is not "is".

"changed the password from … to …", "the DB pass (…)", "log in with bob and …", "I typed … at the
prompt". Little proves that such a word is a value, so that it must look chosen or generated.
"""

from __future__ import annotations

import re
from functools import partial

from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.structural_rule import StructuralRule, pattern_rule, rule_of_all
from ccsync_watch.privacy.heuristics.dummy_values import is_placeholder
from ccsync_watch.privacy.heuristics.gibberish import is_gibberish
from ccsync_watch.privacy.heuristics.password_forms import (
    is_numbered_words,
    is_surely_chosen,
    looks_chosen,
)
from ccsync_watch.privacy.heuristics.sentence_values import (
    is_commit,
    is_joined,
    is_reversed_password,
)
from ccsync_watch.privacy.heuristics.value_characters import has_digit
from ccsync_watch.privacy.heuristics.value_strength import is_random

_HEX = re.compile(r"(?=[0-9]*[a-f])[0-9a-f]{12,64}")
_IDENTIFIER = re.compile(
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[^/]+(?:/[^/]+){2,}"
)
_NOT_LOOKED_UP = "".join(
    rf"(?<!{word}[ ])"
    for word in (
        "cache",
        "primary",
        "partition",
        "sort",
        "hash",
        "idempotency",
        "object",
        "storage",
        "lookup",
        "unique",
        "public",
        "row",
        "index",
    )
)
"""With these words before it, a key is what something is found by."""
_NAMES = r"(?:passw(?:or)?ds?|passphrase|passcode|pwd|pass|pw)"
_WHOLE = rf"(?<![a-z_-]){_NAMES}"
_QUOTE = r"\\{0,3}[\"'`]"
_VALUE = rf"{_QUOTE}?(?P<secret>[!#-&(-_a-~]{{6,128}}?){_QUOTE}?"
_END = r"(?=[.,;)]{0,2}(?:\s|\Z|\\n))"
_ENDS_IN_DIGIT = r"[!-~]{0,40}[0-9@#$%^&*!][!-~]{0,2}"
_ENTERING = (
    r"(?:log(?:ged|ging)?[ -]?in|sign(?:ed|ing)?[ -]?in|ssh(?:ed)?(?:[ ]in(?:to[ ][\w.-]{1,60})?)?|"
    r"connect(?:ed)?|authenticated?)"
)
_PROMPTER = (
    r"(?:sudo|su|doas|pkexec|passw(?:or)?d|passphrase|pw|gpg|keychain|login|ssh|vpn|luks|vault|mysql|"
    r"psql|installer|dialog|prompt)"
)
"""What asks for a password, or what it asks for."""
_ACCOUNT = (
    r"(?:accounts?|wi-?fi|wlan|ssid|zugangsdaten|anmeldedaten|identifiants|credenciales|credenziali|inloggegevens|"
    r"\xd0\xb4\xd0\xbe\xd1\x81\xd1\x82\xd1\x83\xd0\xbf)"
)
_TOKEN = r"(?:api[ -]?key|token|secret|access[ -]?key)"  # noqa: S105 - names of tokens
_AS_TOKEN = rf"[ ]as[ ](?:the|my|our|your|an?)[ ](?:[a-z]{{2,10}}[ ]){{0,2}}{_TOKEN}"
_BASIC = r"[ ](?:for|as|with|via|in)[ ](?:the[ ])?(?:http[ ])?basic[ -]auth"
_REST_OF_VALUE = 192
"""How far past a hit that is in a value, or just before it, a pattern ends, in bytes."""


def _is_changed(value: str) -> bool:
    """Tell whether a value in "to …" is a password: its digits or signs are not a version's."""
    return is_joined(value) or (
        looks_chosen(value)
        and not is_commit(value)
        and (is_reversed_password(value) or is_surely_chosen(value))
    )


def _is_hex(value: str) -> bool:
    return _HEX.fullmatch(value) is not None


_ADDRESS = re.compile(r"(?:@|%40)[\w-]+(?:\.[a-z]{2,12})+\Z")


def _is_account_password(value: str) -> bool:
    is_drawn = (
        looks_chosen(value)
        and _ADDRESS.search(value) is None
        and (not value.islower() or _is_hex(value))
        and value[0] not in "/."
    )
    return is_drawn or is_joined(value)


def _is_to_type(value: str) -> bool:
    is_word = _SIGNED_WORD.fullmatch(value) is not None and not is_placeholder(value)
    return is_word or (is_surely_chosen(value) and not (value.islower() and value.isalnum()))


def _is_to_use(value: str) -> bool:
    """Tell whether it is a password, and not a product of two with a slash between."""
    return _is_administrators(value) and _PRODUCT.fullmatch(value) is None


def _is_unlocking(value: str) -> bool:
    return is_joined(value) or is_surely_chosen(value)


_SIGNED_WORD = re.compile(r"[A-Z][a-z]{2,14}[0-9]{2,6}[!*#$%&@+^?]{1,3}")
"""A word, a number and a sign: `Harbour3215*`."""
_PRODUCT = re.compile(r"[A-Za-z]+v?[0-9]{1,3}(?:\.[0-9]+)*")
"""With its version: `Postgres16`."""


def _is_administrators(value: str) -> bool:
    is_chosen = is_numbered_words(value) or _SIGNED_WORD.fullmatch(value) is not None
    is_chosen = is_chosen and not is_placeholder(value)
    return is_chosen or (is_surely_chosen(value) and not value.islower())


def _is_service_key(value: str) -> bool:
    return is_random(value) and _IDENTIFIER.fullmatch(value) is None


def _is_long_token(value: str) -> bool:
    return has_digit(value) and is_gibberish(value)


_password_rule = partial(
    pattern_rule, "password", rank=Rank.SENTENCE, reach=200, accept=_is_changed
)

RULES: tuple[StructuralRule, ...] = (
    rule_of_all(
        "a password after its name and other words, or in brackets",
        rf"{_NAMES}[ ](?:\({_QUOTE}?[!-~]{{6}}|"
        rf"(?:[a-z]{{2,9}}:?[ ]){{0,4}}{_QUOTE}?{_ENDS_IN_DIGIT})",
        _password_rule(
            "a password that was changed, before the new one",
            rf"{_WHOLE}(?:[ ][a-z]{{2,9}}){{0,3}}?[ ]from[ ]{_VALUE}"
            r"(?=[ ](?:to|into)[ ]|[ ]?(?:->|=>|\xe2\x86\x92))",
            after=_REST_OF_VALUE,
        ),
        _password_rule(
            "what a password is set or changed to",
            rf"{_WHOLE}(?:(?<!pass)|(?=[ ](?:was|is|has|got|set|changed|updated|reset|rotated)))"
            r"[ ](?:(?!same[ ])[a-z]{2,9}[ ]){0,4}?(?:from[ ][^\s]{1,80}[ ])?(?:to|as|"
            rf"be)[ ](?:be[ ])?{_VALUE}{_END}",
        ),
        _password_rule(
            "a password in brackets after its name",
            rf"{_WHOLE}[ ]\({_VALUE}\)",
            after=_REST_OF_VALUE,
            accept=is_surely_chosen,
        ),
        _password_rule(
            "a password after its name, before what is wrong with it",
            rf"{_WHOLE}[ ]{_VALUE}[ ](?:doesn't|does not|didn't|did not|won't|isn't|is not|works|"
            r"worked|fails|failed|no longer|"
            r"is (?:wrong|rejected|accepted|correct|old|expired|still|the))",
            after=_REST_OF_VALUE,
        ),
        _password_rule(
            "a password that an authentication got, in a log",
            r"password[ ](?:attempt(?:ed)?|tried|used|entered|guess|received|typed|provided|"
            rf"supplied|value|candidate):?[ ]{_VALUE}(?=[ .,;)]|\Z|\n)",
            after=_REST_OF_VALUE,
        ),
    ),
    _password_rule(
        "what somebody typed at a prompt for a password",
        rf"(?<![a-z])(?:typed|entered|tried|pasted|typing|entering)[ ]{_VALUE}"
        rf"[ ](?:at|for|as|in|into|on|when)[ ][^\n.]{{0,40}}?{_NAMES}",
        trigger=rf"(?:typed|entered|pasted|tried|typing|entering)[ ]{_QUOTE}?{_ENDS_IN_DIGIT}",
        reach=240,
    ),
    _password_rule(
        "what is to be typed where a program asks for a password",
        rf"(?<![a-z])(?:{_PROMPTER}[^\n]{{0,60}}?(?:asks?|prompts?)(?![a-z])|(?:asks?|prompts?)[ ]"
        rf"(?:you[ ])?for[ ](?:it|(?:the|a|your)[ ]{_PROMPTER}))[^\n]{{0,40}}?"
        rf"(?<![a-z])(?:type|enter|paste|use|give|put|answer)(?:[ ](?:in|it|with))?[ ]{_VALUE}"
        r"(?=[ ](?:there|here|then|at|in|when|and|to)[ .,;)\n]|[ ](?:there|here)\Z|"
        r"[.,;)]{0,2}(?:\s|\Z|\\n))",
        trigger=rf"(?:ask|prompt)[^\n]{{1,100}}(?:type|enter|paste|use|give|put|answer)"
        rf"(?:[ ]in|[ ]it|[ ]with|)[ ]{_QUOTE}?{_ENDS_IN_DIGIT}",
        reach=260,
        after=_REST_OF_VALUE,
        accept=_is_to_type,
    ),
    _password_rule(
        "what is to be typed when a program asks for a password",
        rf"(?<![a-z])(?:type|enter|paste)(?:[ ]in)?[ ]{_VALUE}"
        rf"[ ](?:when|if|once|as soon as|at|into)[ ][^\n.]{{0,30}}?"
        rf"(?:{_PROMPTER}[^\n.]{{0,30}}?(?:asks|prompt)|prompted)",
        trigger=r"(?:type|enter|paste)(?:[ ]in|)[ ][!-~]{6,66}"
        r"[ ](?:when|if|once|as soon as|at|into)[ ]",
        reach=240,
        after=_REST_OF_VALUE,
        accept=_is_to_type,
    ),
    _password_rule(
        "a user and a password after words for entering",
        rf"(?<![a-z]){_ENTERING}[ ](?:with|as|using|via|w/)[ ][\"'`]?[\w.@+-]{{2,60}}[\"'`]?[ ]"
        rf"(?:and|&|\+|w/|with|pw|pass)[ ]{_VALUE}{_END}",
        trigger=r"(?:log|sign|ssh|connect|authenticat)[a-z -]{0,12}(?:to[ ][\w.-]{1,40})?"
        r"[ ](?:with|as|using|via|w/)[ ][\"'`]?[\w.@+-]{2,60}[\"'`]?[ ]"
        r"(?:and|&|\+|w/|with|pw|pass)[ ]",
    ),
    _password_rule(
        "a user and a password before words for basic authentication",
        rf"[ ][\w.@-]{{2,60}}:{_VALUE}{_BASIC}",
        trigger="basic[ -]auth",
        reach=180,
    ),
    _password_rule(
        "an account and its password with a slash between",
        rf"{_ACCOUNT}[^\n|]{{0,24}}?[:=]?[ ][\w.@+-]{{2,60}}[ ]/[ ]{_VALUE}{_END}",
        reach=220,
        accept=_is_account_password,
    ),
    _password_rule(
        "a password that was typed where one was asked for",
        rf"{_NAMES}[ ](?:and|so|then|,)[ ]?I[ ](?:then[ ]|just"
        rf"[ ])?(?:typed|entered|used|tried|gave|"
        rf"pasted)(?:[ ]in)?[ ]{_VALUE}{_END}",
    ),
    _password_rule(
        "a user and a password after a word for both",
        rf"(?<![\w-])(?:creds?|credentials|login|logins)(?:[ ]?(?P<said>[:=]|are:?|is:?))?"
        rf"(?:[ ]|\n[ ]{{0,4}}(?:[-*][ ])?)"
        rf"(?!(?:is|are|was|to|and|or|in|on|at|by|from|for|with|page|form|as|of|"
        rf"(?:failed|failure|error|attempts?|succeeded):?)[ ])"
        rf"{_QUOTE}?[a-z][\w.@+-]{{1,40}}{_QUOTE}?"
        rf"(?:[ ](?:/|\||-|->|\xe2\x80\x94|\xe2\x86\x92)[ ]|/|:[ ]?|"
        rf"(?(said)[ ]|(?!))){_VALUE}{_END}",
        trigger=rf"(?:creds?|credentials|logins?)(?:[ ](?:are|is))?[ ]?[:=]?[ \n]"
        rf"[ *-]{{0,6}}[\"'`]?[a-z][\w.@+-]{{1,40}}[\"'`]?[ ]?"
        rf"(?:[ /:|-]|->|\xe2\x80\x94|\xe2\x86\x92)[ ]?{_QUOTE}?[!-~]{{6}}",
        accept=_is_account_password,
    ),
    _password_rule(
        "a user and a password with a slash between, before what they are for",
        r"(?<![a-z])(?:use|using|with|try|as)[ ][\w.@+-]{2,40}/(?P<secret>[!#-&(-_a-~]{6,64}?)[ ]"
        r"(?:to|for)[ ](?:log|sign|access|auth|connect|enter|get)",
        accept=_is_changed,
    ),
    _password_rule(
        "a user and a password with a slash and blanks between, in a request to use them",
        rf"(?<![a-z])(?:use|using|with|try)[ ](?!(?:the|a|an|this|your|my|our)[ ])"
        rf"(?-i:[a-z])[\w.@+-]{{1,39}}[ ]/[ ]{_VALUE}(?=[ ](?:for|on|at|in|to)[ ]|{_END[3:]}",
        trigger=r"(?:use|using|with|try)[ ][\w.@+-]{2,40}[ ]/[ ][!-~]{6}",
        after=_REST_OF_VALUE,
        accept=_is_to_use,
    ),
    _password_rule(
        "a user and a password after words for basic authentication",
        rf"basic[ -]auth(?:entication)?(?:[ ]cred(?:ential)?s)?(?:[ ]is|[ ]are|[ ]with|:|[ ]=)[ ]"
        rf"[\w.@-]{{2,60}}:{_VALUE}{_END}",
        trigger=r"basic[ -]auth[a-z ]{0,28}[ :=]{1,3}[\w.@-]{2,60}:[!-~]{6}",
        accept=_is_account_password,
    ),
    _password_rule(
        "the new password after the old one",
        rf"{_NAMES}[^\n.;]{{0,100}}[ ]new[ ]one(?:[ ]is|:)[ ]{_VALUE}{_END}",
        trigger=r"[ ]new[ ]one(?:[ ]is|:)[ ]",
        reach=240,
    ),
    _password_rule(
        "an administrator and a password at the end of a line",
        r"(?<![\w/.:@-])(?:admin|root|administrator|superuser|sysadmin)(?:[ ]/[ ]|:)"
        r"(?P<secret>[!#-&(-9;-_a-~]{8,64})(?=[ ]{0,4}(?:\r?\n|\\n|\Z))",
        accept=_is_administrators,
    ),
    pattern_rule(
        "secret",
        "the key for a service, in a sentence",
        rf"{_NOT_LOOKED_UP}(?<![a-z])key[ ]for[ ](?:the[ ])?"
        r"[\w.-]{2,30}(?:[ ][\w.-]{2,20}){0,2}(?:[ ]is|:)[ ]"
        r"[\"'`]?(?P<secret>[A-Za-z0-9_.+/=-]{20,512})(?=[\"'`]?[.,;)]{0,2}(?:\s|\Z))",
        rank=Rank.SENTENCE,
        reach=140,
        accept=_is_service_key,
    ),
    _password_rule(
        "what something is unlocked with, in quotes",
        rf"(?<![a-z])(?:unlock|decrypt|log[ -]?in|sign[ -]?in|authenticate|unseal)(?:s|ed|ing)?"
        rf"[^\n.\"'`]{{0,30}}?[ ]with[ ](?:the[ ])?{_QUOTE}"
        rf"(?P<secret>[!#-&(-_a-~]{{8,64}}?){_QUOTE}",
        accept=_is_unlocking,
    ),
    _password_rule(
        "the answer to a question for security",
        rf"security[ ](?:question|answer)s?[^\n]{{0,40}}?(?:[ ]is|:|=)[ ]{_VALUE}{_END}",
    ),
    _password_rule(
        "the code that unlocks something, in quotes or after a word for is",
        r"(?<![a-z])(?:un)?(?:lock|door|gate|alarm|safe|access|entry|security)[ -]code"
        rf"(?:[ ](?:to|of|for)[ ][\w ]{{2,24}}?)?(?:(?:[ ](?:is|was)|:)[ ]{_QUOTE}?|[ ]{_QUOTE})"
        rf"(?P<secret>[!#-&(-_a-~]{{8,64}}?){_QUOTE}?{_END}",
        accept=is_surely_chosen,
    ),
    pattern_rule(
        "password",
        "the number that opens a door, a safe or an alarm",
        r"(?:(?:(?:door|gate|safe|garage|locker|padlock|lockbox|intercom)(?:'s)?[ ](?:entry[ ])?"
        r"(?:code|combination|pin)|combination[ ](?:to|of|for)[ ]the[ ][a-z]{3,12})"
        r"(?:[ ](?:to|of|for)[ ][\w ]{2,24}?)?(?:[ ]is|:|[ ]=)?|"
        r"(?:alarm|building|entry)(?:'s)?[ ](?:code|pin)(?:[ ](?:to|of|for)[ ][\w ]{2,24}?)?[ ]is)"
        r"[ ](?P<secret>[0-9]{4,8})(?![\w.,:/-]?[0-9])"
        r"(?=[ ]{0,2}(?:[.,;!)\n]|\\n|\Z)|[ ](?:and|but|so|if|for|to)[ ])",
        rank=Rank.SENTENCE,
        reach=140,
    ),
    pattern_rule(
        "password",
        "the number of a card or a device, after words that say which",
        r"(?<![\w-])(?-i:PIN|(?:PIN|Pin)[ -]?(?:code|Code|kode))[ ](?!header|GPIO)"
        r"(?:f\xc3\xbcr|for|der|de|del|della|of|til|voor|do|per|pour|p\xc3\xa5|\xd0\xbe\xd1\x82|"
        r"\xd0\xb4\xd0\xbb\xd1\x8f|na|para)[ ]"
        r"[^\n.:0-9]{2,40}?(?:[ ](?:ist|is|lautet|est|es|\xc3\xa8|\xc3\xa9|\xc3\xa4r|er|on|to|je)"
        r"|:|[ ]=)[ ](?P<secret>[0-9]{4,8})(?![\w.,:/-]?[0-9])",
        trigger=r"(?:PIN|Pin)[ -][^\n0-9]{4,60}[ ][0-9]{4}",
        rank=Rank.SENTENCE,
        reach=140,
        is_caseless=False,
    ),
    pattern_rule(
        "secret",
        "a token before its name",
        rf"(?<![\w/.-])(?P<secret>[A-Za-z0-9_.+/=-]{{20,512}})[\"'`]?{_AS_TOKEN}",
        trigger=_AS_TOKEN,
        rank=Rank.SENTENCE,
        reach=560,
        accept=_is_long_token,
    ),
)

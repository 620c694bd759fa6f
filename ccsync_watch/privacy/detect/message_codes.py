"""Finds the codes of a few digits that a message sends: "your code is 123456", "2FA code 123 456".

Digits are everywhere, and so is the word "code": the words around must be those of such a message.
"""

from __future__ import annotations

from functools import partial

from ccsync_watch.privacy.detect.assigned_secrets import is_code_digits
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.structural_rule import StructuralRule, pattern_rule, rule_of_all
from ccsync_watch.privacy.heuristics.dummy_values import is_placeholder
from ccsync_watch.privacy.heuristics.gibberish import is_mixed_draw
from ccsync_watch.privacy.heuristics.value_characters import has_digit, has_letter


def _is_message_code(value: str) -> bool:
    return is_code_digits(value.replace(" ", "").replace("-", ""))


def _is_license(value: str) -> bool:
    """Tell whether groups are a key, and not a date, a number or an example."""
    is_mixed = has_digit(value) and has_letter(value)
    are_equal = len(set(map(len, value.split("-")))) == 1
    return (
        is_mixed and are_equal and not is_placeholder(value) and len(set(value)) > _LEAST_DISTINCT
    )


_LEAST_DISTINCT = 7
_code_rule = partial(
    pattern_rule, "one-time-code", rank=Rank.SENTENCE, reach=100, accept=_is_message_code
)

_DIGITS = (
    r"(?P<secret>[0-9]{3}[ -][0-9]{3}|[0-9]{4,8})(?![0-9]|[.,:/-][0-9]|%|[ ]?(?:px|ms|kb|mb|bytes))"
)
_END = (
    r"(?=[\"'`*)]{0,3}(?:[.,;!]{0,2}(?:\Z|\n|\\n|[ ]{0,2}\Z)|[.,;!][ ]|[ ](?:and|do|it|for|"
    r"if|expires|valid|to|\()))"
)
_KIND = (
    r"(?:verification|security|log-?in|sign-?in|confirmation|authenticat(?:ion|or)|auth|"
    r"one[- ]time|door|gate|garage|locker|sim|"
    r"2fa|mfa|2-step|two-factor|sms|otp|totp|access|activation|pairing|unlock|reset|"
    r"best\xc3\xa4tigungs|sicherheits)"
)
_THING = r"(?:code|otp|passcode|pin)"
_IS = r"(?:[ ](?:is|was)|[ ]?[:=])?[ ]{1,2}\*{0,2}[\"'`]?"

_AFTER_THING = rf"{_THING}(?:[ ](?:is|was)|[ ]?[:=])?:?[ ]{{1,2}}\*{{0,2}}[\"'`]?[0-9]{{3}}"

RULES: tuple[StructuralRule, ...] = (
    rule_of_all(
        "a code that a message sends",
        _AFTER_THING,
        _code_rule(
            "a code that a message calls one for signing in or verifying",
            rf"(?<![a-z_]){_KIND}[ -]?{_THING}{_IS}{_DIGITS}",
        ),
        _code_rule(
            "what a message calls your code",
            rf"(?<![a-z_])your[ ](?:[\w.-]{{2,20}}[ ]){{0,2}}{_THING}[ ]is:?[ ]\*{{0,2}}"
            rf"{_DIGITS}{_END}",
        ),
        _code_rule(
            "a one-time password that a sentence names",
            rf"(?<![a-z_-])(?:otp|totp)(?:[ ](?:is|was)|:)[ ]\*{{0,2}}[\"'`]?{_DIGITS}{_END}",
        ),
        _code_rule(
            "a one-time password, and how long it counts",
            rf"(?<![a-z_-])(?:otp|totp)[ ]{_DIGITS}[ ](?:is[ ]valid|(?:will[ ])?expires?)(?![a-z])",
        ),
        _code_rule(
            "a code to enter, with the purpose",
            rf"(?<![a-z_])(?:use|enter|type)[ ](?:the[ ]|this[ ])?{_THING}[ ]{_DIGITS}[ ](?:to|for)"
            r"[ ](?:sign|log|verif|confirm|authenticat|reset|unlock|access|activat|"
            r"your[ ](?:login|account))",
        ),
    ),
    _code_rule(
        "a code before the words of its message",
        rf"(?<![\w.,:/-]){_DIGITS}\*{{0,2}}[ ]is[ ]your[ ](?:[\w.-]{{1,20}}[ ]){{0,3}}{_THING}",
        trigger=rf"[ ]is[ ]your[ ](?:[\w.-]{{1,20}}[ ]){{0,3}}{_THING}",
        reach=120,
    ),
    _code_rule(
        "the code that unblocks a card of a telephone",
        rf"(?<![a-z_])puk[12]?(?:[ -]?code)?{_IS}{_DIGITS}",
    ),
    pattern_rule(
        "one-time-code",
        "the code that unblocks a smartcard, after its PIN",
        r"(?<![a-z_])pin[12]?(?:[ ](?:is|was)|[ ]?[:=])?[ ][0-9]{4,12}[ ]?(?:[,;/]|and|\n)?[ ]?"
        r"puk[12]?(?:[ ](?:is|was)|[ ]?[:=])?[ ](?P<secret>[0-9]{4,12})(?![0-9])",
        rank=Rank.SENTENCE,
        reach=60,
    ),
    pattern_rule(
        "password",
        "the key of a wireless network that a sentence names",
        r"(?<![a-z])(?:wi-?fi|wlan|wpa[23]?)[ -](?:key|schl\xc3\xbcssel)"
        r"(?:[ ](?:for|of|in|at)[ ][\w ]{1,32}?)?(?:[ ](?:is|ist)|[ ]?[:=])?[ ][\"'`]?"
        r"(?P<secret>[^\s\"'`,;()<>]{8,63})",
        rank=Rank.SENTENCE,
        reach=120,
        accept=is_mixed_draw,
    ),
    pattern_rule(
        "license-key",
        "the key of a product, in groups",
        r"(?<![a-z])(?:(?:product|cd)[ _-]?key|slmgr(?:\.vbs)?[ ][/-]ipk|"
        r"(?:licen[sc]e|activation|registration)[ _-]?(?:key|code)|"
        r"serial(?:[ _-]?(?:key|number|no))?(?=[^\n]{1,8}(?-i:[A-Z0-9]{5}-){4}))"
        r"\\{0,7}[\"'`]?[ ]{0,2}[:=]?[ ]{0,2}\\{0,7}[\"'`]?"
        r"(?P<secret>(?-i:[A-Z0-9]{4,8}(?:-[A-Z0-9]{4,8}){2,7}))(?![\w-])",
        rank=Rank.NAMED_FIELD,
        reach=140,
        accept=_is_license,
    ),
    pattern_rule(
        "recovery-code",
        "a recovery key in groups",
        r"recovery[ _-]?(?:key|password|code)[^\n]{0,24}?[ :=\"'`]"
        r"(?P<secret>(?-i:(?:[A-Z0-9]{4,8}-){3,11}[A-Z0-9]{4,8}|"
        r"(?:[a-z0-9]{4,8}-){5,11}[a-z0-9]{4,8}))(?![\w-])",
        rank=Rank.NAMED_FIELD,
        reach=140,
        accept=has_digit,
    ),
)

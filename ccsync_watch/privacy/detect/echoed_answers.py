"""Finds what an interpreter echoes that was typed at a question for a secret.

`>>> getpass.getpass()` and the value on the next line. The line before must be what somebody typed
at an interpreter's prompt: in a program nothing is echoed.
"""

from __future__ import annotations

from functools import partial

from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.structural_rule import (
    LINE_BREAK,
    LINE_END,
    StructuralRule,
    pattern_rule,
    rule_of_all,
)
from ccsync_watch.privacy.heuristics.password_forms import is_drawn_or_phrase, is_surely_chosen
from ccsync_watch.privacy.heuristics.value_strength import is_password

_PROMPT = r"(?:>>>|\]:|>)[ ](?:(?:await|echo|print|puts|return)[ (])?"
_HIDDEN = (
    r"(?:getpass\.)?(?:unix_|win_|fallback_)?getpass\([^()\n]{0,120}\)|"
    r"(?:IO\.console|STDIN|\$stdin)\.(?:getpass|noecho)(?:[ ]?[({][^\n]{0,80}[)}])?|"
    r"keyring\.get_password\([^()\n]{1,120}\)"
)
"""Calls that read a secret, whatever they are given."""
_ASKS = (
    r"(?:[\w.$]{1,24}\.)?(?:input|raw_input|prompt|readline|ask|gets|password|secret|text)\("
    r"[ ]?[fru]?[\"'][^\"'\n]{0,60}?"
    r"(?:password|passphrase|passcode|passwd|api[ _-]?key|token|secret)"
    r"(?:[ ](?:for|of)[ ][^\"'\n]{1,40}|[ ]?\([^()\"'\n]{0,24}\)|[ ]again)?"
    r"[ ]?[:?>]{0,2}[ ]{0,2}[\"']"
    r"[^()\n]{0,80}\)"
)
_READ_HOST = r"Read-Host[ ][^\n]{0,60}?(?:password|passphrase|passcode|token|secret)[^\n]{0,24}"
_TYPED = rf"(?:[A-Z][^\n>'\"]{{0,100}}{LINE_BREAK})?"
"""The question and what was typed, or a mask."""
_EXPRESSION = (
    rf"{_PROMPT}(?:{_HIDDEN}|{_ASKS})(?:\.\w{{1,16}}(?:\(\))?){{0,2}};?[ ]{{0,2}}{LINE_BREAK}"
)
_TRIGGER = (
    r"(?:getpass|\.noecho|get_password)[^\w=]|"
    r"(?:input|prompt|readline|ask|gets|password|secret|text)\(|"
    r"[>$][ ]Read-Host[ ]"
)


def _is_typed(value: str) -> bool:
    return is_password(value, quoted=True) and is_drawn_or_phrase(value)


_rule = partial(pattern_rule, "password", rank=Rank.NAMED_FIELD, reach=160, after=640)

RULES: tuple[StructuralRule, ...] = (
    rule_of_all(
        "what an interpreter or a shell echoes that was typed at a question for a secret",
        _TRIGGER,
        _rule(
            "what an interpreter echoes",
            rf"{_EXPRESSION}{_TYPED}(?:Out\[[0-9]{{1,4}}\]:[ ]|=>[ ])?"
            rf"b?(?P<quote>[\"'])(?P<secret>[^\"'\s\\]{{4,256}})(?:\\n)?(?P=quote){LINE_END}",
            trigger=_TRIGGER,
            accept=_is_typed,
        ),
        _rule(
            "what a shell echoes",
            rf"(?:>[ ](?:(?:echo|print)[ (])?(?:{_ASKS});?|[>$][ ]{_READ_HOST}){LINE_BREAK}{_TYPED}"
            rf"(?P<secret>[^\"'\s\\]{{6,256}}){LINE_END}",
            trigger=_TRIGGER,
            accept=is_surely_chosen,
        ),
    ),
)

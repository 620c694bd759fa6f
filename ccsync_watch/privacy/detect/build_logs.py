"""Finds secrets that a build's log shows while it evaluates expressions: `secrets.X` and its value.

A runner masks what it knows as a secret; with a mask that failed, the value stands as a literal on
a line of its own.
"""

from __future__ import annotations

from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.structural_rule import StructuralRule, pattern_rule
from ccsync_watch.privacy.heuristics.dummy_values import is_placeholder, is_reference, is_word

_LINE = r"(?:\r?\n|\\n)[^\n#\\]{0,48}##\[debug\]"
_VARIABLE = (
    r"(?:secrets\.[\w-]{1,80}|(?:env|inputs|vars|steps|needs|matrix)\.[\w.-]{0,80}?"
    r"(?:token|password|passwd|secret|api_?key|private_?key|credential)[\w-]{0,24})"
)


def _is_shown(value: str) -> bool:
    is_literal = not (is_placeholder(value) or is_reference(value) or is_word(value))
    return is_literal and set(value) != {"*"} and not value.isdigit()


RULES: tuple[StructuralRule, ...] = (
    pattern_rule(
        "secret",
        "what an expression with a secret's name is evaluated to, in a build's log",
        rf"##\[debug\][.]{{0,12}}(?:evaluating|expanded)[^:\n]{{0,24}}:[ ][^\n]{{0,80}}?"
        rf"{_VARIABLE}(?![\w.-])(?:{_LINE}[.]{{0,12}}(?!=>|result:)[^\n]{{0,160}}){{0,8}}"
        rf"{_LINE}[.]{{0,12}}(?:=>|result:)[ ]\\{{0,3}}['\"](?P<secret>[^'\"\n\\]{{6,512}})",
        trigger=r"##\[debug\][.]{0,12}(?:=>|result:)[ ]\\{0,3}['\"][^'\"\n\\]{6}",
        rank=Rank.NAMED_FIELD,
        reach=900,
        accept=_is_shown,
    ),
)

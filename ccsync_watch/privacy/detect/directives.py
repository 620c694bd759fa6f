"""Finds secrets in lines that are a name and a value: directives of any configuration.

`hec_token 59b0…`, `set psksecret …`, `Pass …`. That nothing else is on the line says more than the
blanks between: prose continues.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.detect.assigned_secrets import is_key_id
from ccsync_watch.privacy.detect.named_values import WORDS
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import (
    StructuralRule,
    at_each_hit,
    pattern_rule,
    text_of,
)
from ccsync_watch.privacy.heuristics.name_strength import Strength, strength_of
from ccsync_watch.privacy.heuristics.password_forms import (
    has_password_form,
    is_drawn_or_phrase,
    is_positional_secret,
    is_surely_chosen,
)
from ccsync_watch.privacy.heuristics.value_strength import is_random, is_secret

if TYPE_CHECKING:
    from collections.abc import Iterator

_REACH = 160
_LONGEST = 600
_LINE = re.compile(
    rb"[ \t+>|-]{0,24}(?:\d{1,6}(?:\xe2\x86\x92|\t|:))?[ \t]{0,24}"
    rb"(?:set |:|edit |option |-)?(?P<name>[A-Za-z][\w.-]{1,60})[ \t]{1,24}(?:ENC |ascii-text |"
    rb"plain |"
    rb"string )?\\{0,7}(?P<quote>[\"'])?(?P<secret>[^\s\"'\\;]{4,512})\\{0,7}(?(quote)[\"'])"
    rb"[ \t]{0,4};?[ \t]{0,4}(?=\r?\n|\\n|\Z)"
)
_SHORT_NAMES = frozenset({"pass", "pw", "pin"})
"""Of which as many are a verb or a part."""
_VALUE = r"(?P<secret>[A-Za-z0-9+/]{8,4096}={0,2})(?![A-Za-z0-9+/=])"


@at_each_hit
def find_directives(data: bytes, end: int, since: int) -> Iterator[Span]:
    """Yield the value on a line that has only a secret's name besides; each line is read once."""
    low = max(0, end - _REACH)
    start = max(low, data.rfind(b"\n", low, end) + 1)
    escaped = data.rfind(b"\\n", start, end)
    start = escaped + 2 if escaped >= 0 else start
    if since > start or start == low > 0:
        return
    line = _LINE.match(data, start, end + _LONGEST)
    if line is None:
        return
    name = line["name"].decode("latin-1")
    strength = strength_of(name)
    span = line.span("secret")
    if strength and _is_value(name, text_of(data, span), strength):
        kind = "password" if strength is Strength.PASSWORD else "secret"
        yield Span(*span, kind, Rank.NAMED_FIELD)


def _is_value(name: str, value: str, strength: Strength) -> bool:
    if is_key_id(name, value) or not has_password_form(value):
        return False
    if name.lower() in _SHORT_NAMES:
        return is_surely_chosen(value) and not value.isupper()
    if strength is Strength.PASSWORD:
        return is_drawn_or_phrase(value) and is_positional_secret(value)
    return strength is Strength.TOKEN and is_secret(value, quoted=False) and is_random(value)


RULES: tuple[StructuralRule, ...] = (
    StructuralRule(
        "directive",
        "a line that is a secret's name and its value",
        rf"(?:{WORDS}|pw|key)[\w-]{{0,24}}[ \t]{{1,24}}(?:enc |ascii-text |plain |string )?"
        r"\\{0,7}[\"']?[^\s\"'\\;=:]{0,24}[0-9@#$%^&*!+/]",
        find_directives,
    ),
    pattern_rule(
        "password",
        "a password in base64, as LDIF writes it",
        rf"(?:password|passwd|pwd|secret)::[ ]{{0,2}}{_VALUE}",
        rank=Rank.NAMED_FIELD,
        reach=60,
        after=4096,
    ),
)

"""Whether a rule of the price data is met by a name of the model, or of another one like it.

The rules are generous: what begins with `claude-opus-4-1` has its price, so a `claude-opus-4-15`
would. A wrong price is worse than none, so the rest of the name has to be that of the same model.
Used by `price_lookup` alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from genai_prices.types import (
    ClauseAnd,
    ClauseContains,
    ClauseEndsWith,
    ClauseOr,
    ClauseStartsWith,
)

if TYPE_CHECKING:
    from genai_prices.types import MatchLogic

# What may stand before the part that a rule gives: a path, a region, a vendor.
_BEFORE = re.compile(r"(?:.*[-/._:])?")
# And after it: dates, versions of the interface, stages. Other numbers and words name other models.
_AFTER = re.compile(
    r"(?:[-@:._](?:20\d{6}|20\d\d-\d\d-\d\d|\d\d-(?:20)?\d\d|\d{3,4}|v\d+(?::\d+)*(?::\d+k)?"
    r"|0|latest|preview|exp|experimental|default|thinking|reasoning|customtools))*"
)
_SEPARATORS = ("-", "/", ":", ".", "@")
# Where a rule ends inside a number: the beginnings of a date and of a revision, and their rest.
_CUT_NUMBERS = (
    (re.compile(r"[-@]20\d\d$"), re.compile(r"\d{4}(?!\d)")),
    (re.compile(r"[a-z]-0$"), re.compile(r"\d\d(?!\d)")),
)
_COMPACT_DATE = re.compile(r"-(20\d\d)(\d\d)(\d\d)$")


def names_model(rule: MatchLogic, name: str) -> bool:
    """Return whether a name that meets a model's rule is one of this very model."""
    # The library tries this spelling of a date, too.
    return _is_met(rule, name) or _is_met(rule, _COMPACT_DATE.sub(r"-\1-\2-\3", name))


def _is_met(rule: MatchLogic, name: str) -> bool:
    if isinstance(rule, ClauseOr):
        return any(_is_met(part, name) for part in rule.or_)
    if isinstance(rule, ClauseAnd):
        return all(_is_met(part, name) for part in rule.and_)
    if not rule.is_match(name):
        return False
    before = part = rest = ""
    if isinstance(rule, ClauseStartsWith):
        part, rest = rule.starts_with, name[len(rule.starts_with) :]
    elif isinstance(rule, ClauseEndsWith):
        part, before = rule.ends_with, name[: -len(rule.ends_with)]
    elif isinstance(rule, ClauseContains):
        part = rule.contains
        before, _, rest = name.partition(part.lower())
    return _BEFORE.fullmatch(before) is not None and _is_rest(part, rest)


def _is_rest(start: str, rest: str) -> bool:
    """Return whether `start` and `rest` are a name of what `start` is a name of."""
    for beginning, more in _CUT_NUMBERS:
        number = more.match(rest) if beginning.search(start) else None
        if number is not None:
            rest = rest[number.end() :]
    # A rule that ends so is for a whole family.
    return start.endswith(_SEPARATORS) or _AFTER.fullmatch(rest) is not None

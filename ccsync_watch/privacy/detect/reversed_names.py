"""Finds values that stand before the name that says what they are.

Fields in the other order, a comparison that failed, a validation error, a change with its name in
brackets, a label after the value.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.detect.named_values import WORDS
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import (
    LINE_START,
    Hits,
    StructuralRule,
    at_groups_of_hits,
    text_of,
    window,
)
from ccsync_watch.privacy.heuristics.gibberish import is_mixed_draw
from ccsync_watch.privacy.heuristics.name_strength import Strength, strength_of
from ccsync_watch.privacy.heuristics.password_forms import (
    is_drawn_or_phrase,
    is_numbered_words,
    is_surely_chosen,
    is_typed_password,
)
from ccsync_watch.privacy.heuristics.value_strength import is_password, is_random, is_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ccsync_watch.privacy.engine.structural_rule import Finder

_REACH = 400
_QUOTED = r"\\{0,7}[\"'](?P<secret>[^\"'\\\s]{4,512})\\{0,7}[\"']"


def _is_literal(value: str, strength: Strength) -> bool:
    """Tell whether a literal is a secret where its name is certain."""
    if strength is Strength.PASSWORD:
        return is_drawn_or_phrase(value) and is_password(value, quoted=True)
    return strength is Strength.TOKEN and is_secret(value, quoted=True)


def _is_labelled(value: str, strength: Strength) -> bool:
    """Tell whether a word is a secret where what follows is only a label of it."""
    if strength is Strength.PASSWORD:
        return is_surely_chosen(value) or (is_drawn_or_phrase(value) and is_typed_password(value))
    return strength is Strength.TOKEN and is_secret(value, quoted=True) and is_random(value)


def _find(
    pattern: str, accept: Callable[[str, Strength], bool] = _is_literal, reach: int = _REACH
) -> Finder:
    """Return the finder for a pattern with the group `secret` before the group `name`."""
    compiled = re.compile(pattern.encode("latin-1"), re.IGNORECASE)

    @at_groups_of_hits
    def find(data: bytes, hits: Hits) -> Iterator[Span]:
        position, limit = window(data, hits, reach, reach)
        while (
            match := compiled.search(data, position, limit)
        ) is not None and match.start() < hits.end:
            position = match.start() + 1
            strength = strength_of(match["name"].decode("latin-1").replace(" ", "_"))
            kind = "password" if strength is Strength.PASSWORD else "secret"
            for group in ("secret", "again"):
                span = match.span(group) if group in compiled.groupindex else (-1, -1)
                if span[0] >= 0 and strength and accept(text_of(data, span), strength):
                    yield Span(*span, kind, Rank.NAMED_FIELD)

    return find


_VALUE_FIELD = (
    r"(?<![\w-])(?:default(?:_?value)?|initial_?value|value|val|plaintext|content|data|text|secret|"
    r"newvalue|current)\\{0,7}[\"']?[ ]{0,2}[:=][ ]{0,2}"
)
_NAME_FIELD = (
    r"(?:name|key|id|variable|field|property|label|for|parameter|env|envvar|setting|option|title|"
    r"arialabel|placeholder|autocomplete|type)\\{0,7}[\"']?[ ]{0,2}[:=][ ]{0,2}"
)
_BETWEEN = r"(?:[,;]?[ ]|,|\s{0,4}\n[ ]{0,24}|\\n[ ]{0,24})[^{}\[\]<>\n]{0,60}?"
_NAME = r"\\{0,7}[\"']?(?P<name>[\w.-]{2,60})(?![\w.(-])"
_MEMBER = r"[\w.()\[\]'\"]{0,80}?(?:\.|\[[\"'])(?P<name>\w{2,60})(?![\w.(])"

_CELL = r"(?:[|\t]|\xe2\x94[\x82\x83]|\xe2\x95\x91|</t[dh]>[ ]{0,4}<t[dh]>)"
_CELL_PAD = r"[ ]{0,24}[\"'`*]{0,2}"
_CELL_NAMES = r"passw(?:or)?d|passphrase|passcode|pwd|api[ _-]?key|(?:[a-z]{1,12} )?token|passwort"
_CELL_WORDS = r"(?:[\w'.-]{1,20}[ ]){0,3}"


def _is_cell(value: str, strength: Strength) -> bool:
    """Tell whether a cell is a secret: another may hold a name, a number or a commit."""
    is_chosen = is_mixed_draw(value) or (is_numbered_words(value) and not value.isalnum())
    return strength > Strength.WEAK and is_chosen and is_surely_chosen(value)


_LABEL_OPENS = r"(?: \(|(?:<-|\xe2\x86\x90|<=) )"
_LABEL = r"(?:passw(?:or)?d|passphrase|passcode|pwd|api[ _-]?key|token|secret|passwort)"

RULES: tuple[StructuralRule, ...] = (
    StructuralRule(
        "named-value",
        "a cell of a table, of which the next one says that it is a password",
        rf"{_CELL}{_CELL_PAD}{_CELL_WORDS}(?:{_CELL_NAMES})",
        _find(
            rf"(?:{_CELL}|(?<![^\n])|<t[dh]>){_CELL_PAD}(?P<secret>[^\s|\"'`*<>]{{8,128}})"
            rf"[\"'`*]{{0,2}}[ ]{{0,24}}{_CELL}{_CELL_PAD}{_CELL_WORDS}"
            rf"(?P<name>{_CELL_NAMES})[\"'`*]{{0,2}}"
            rf"(?:[ ](?:for|of|on|at|to|in)[ ][^|\n\t<]{{1,60}}|[ ]?\([^|()\n<]{{1,40}}\))?"
            rf"[ ]{{0,24}}(?={_CELL}|</t|\r?\n|\Z)",
            _is_cell,
            reach=200,
        ),
    ),
    StructuralRule(
        "pair",
        "a value and then its name as two fields",
        rf"(?:name|key|id|variable|field|property|label|for|parameter|env|envvar|setting|option|"
        rf"title|"
        rf"arialabel|placeholder|autocomplete|type)\\{{0,7}}[\"']?[ ]{{0,2}}[:=]"
        rf"[ ]{{0,2}}\\{{0,7}}[\"']?"
        rf"[\w.-]{{0,40}}{WORDS}",
        _find(
            _VALUE_FIELD
            + r"\\{0,7}[\"']?(?P<secret>[^\"'\\\s,;{}<>\[\]]{4,512})\\{0,7}[\"']?"
            + _BETWEEN
            + r"(?<![\w-])"
            + _NAME_FIELD
            + _NAME
        ),
    ),
    StructuralRule(
        "named-value",
        "a value that a failed test compares, and the expression that it is",
        r"where \\{0,7}[\"'][^\"'\n]{4,512}\\{0,7}[\"'] = ",
        _find(
            rf"(?:assert {_QUOTED.replace('secret', 'again')}[^\n]{{0,200}}(?:\n|\\n)"
            rf"[^\n]{{0,20}})?"
            rf"where {_QUOTED} = {_MEMBER}"
        ),
    ),
    StructuralRule(
        "named-value",
        "the input that a validation rejects, below its field's name",
        r"input(?:_value|_| value)?[=:] ?\\{0,7}[\"'][^\"'\n]{4}",
        _find(
            rf"{LINE_START}(?:[\w]{{1,40}}\.){{0,6}}(?P<name>[\w-]{{2,60}})"
            r"[ ]{0,2}(?:\n|\\n)[^\n]{1,200}?"
            rf"input(?:_value|_| value)?[=:] ?{_QUOTED}"
        ),
    ),
    StructuralRule(
        "named-value",
        "a value and what it is for, as a build's log explains an expression",
        r"[\"'] for (?:secrets|env|vars|inputs)\.",
        _find(rf"{_QUOTED} for (?:secrets|env|vars|inputs)\.(?P<name>\w{{2,80}})"),
    ),
    StructuralRule(
        "named-value",
        "an old and a new value, with their name in brackets",
        r"[\"'] ?(?:=>|->|\xe2\x86\x92) ?\\{0,7}[\"'][^\"'\n]{4,512}\\{0,7}[\"'] \(",
        _find(
            rf"{_QUOTED} ?(?:=>|->|\xe2\x86\x92) ?{_QUOTED.replace('secret', 'again')} "
            r"\((?P<name>\w{2,80})\)"
        ),
    ),
    StructuralRule(
        "named-value",
        "a word with a label in brackets or after an arrow that calls it a password",
        rf"{_LABEL_OPENS}{_LABEL}|{_LABEL_OPENS}[a-z]{{1,12}} {_LABEL}|"
        rf"{_LABEL_OPENS}[a-z]{{1,12}} [a-z]{{1,12}} {_LABEL}",
        _find(
            r"(?<![^\s\"'`(:=|>,])[\"'`]?(?P<secret>[^\s\"'`()<>,;:=|]{8,256})[\"'`]?"
            r"(?: \(|[ ]{1,4}(?:<-{1,2}|\xe2\x86\x90|<=)[ ]{1,2})(?:[a-z]{1,12} ){0,2}"
            r"(?P<name>password|passphrase|passcode|passwd|pwd|api[ _-]?key|token|secret|passwort)"
            r"(?=[)\n.,]|\Z)",
            _is_labelled,
        ),
    ),
)

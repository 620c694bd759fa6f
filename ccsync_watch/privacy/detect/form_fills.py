"""Finds what a script types into a field that is named like a secret: browsers, forms, tests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.detect.named_values import WORD, WORDS, find_named, is_value_in_code
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import (
    Finder,
    Hits,
    StructuralRule,
    at_groups_of_hits,
    pattern_rule,
    text_of,
    window,
)
from ccsync_watch.privacy.engine.trigger_derivation import trigger_of
from ccsync_watch.privacy.heuristics.name_strength import Strength, strength_of_label

if TYPE_CHECKING:
    from collections.abc import Iterator

_Q = r"\\{0,7}[\"'`]"
_TYPED = _Q + r"(?P<secret>[^\"'`\\\s]{4,256}?)(?=\\{0,7}[\"'`]|\{enter\}|\\n)"
_CLOSE = r"[\"'\]\\)/i}]{1,12}"
_FIELD = r"(?:[ ](?:field|input|box|textbox))?"
_VERBS = (
    r"(?:fill|type|send_?keys|set_?value|val|press_?sequentially|insert_?text|type_?text|"
    r"enter_?text|write|add_?value)"
)
_CHAINED = (
    _FIELD
    + _CLOSE
    + r"[ ]?\}?\)?(?:\.\w{1,24}\([^()\n]{0,30}\)){0,3}(?:;?(?:[ ]|(?:\r?\n|\\n)[^\w\n]{0,24}"
    r"(?:\d{1,6}(?:\xe2\x86\x92|\t|:)[ \t]{0,24})?)(?:await[ ])?[a-z_$][\w$.]{0,30})?\.(?:"
    + _VERBS
    + r"\(|value[ ]?=)[ ]?"
    + _TYPED
)
_SECOND = _FIELD + _CLOSE + r",[ ]?(?:with:[ ]?)?" + _TYPED
_CHANGED = r"\)?,[ ]?\{[ ]?target:[ ]?\{[ ]?value:[ ]?" + _TYPED
_BETWEEN = (
    rf"(?:,[ ]?{_Q}(?:type|ref|role|kind|uid|index|submit|slowly|path|domain){_Q}:[ ]?"
    r"(?:\\{0,7}[\"'])?[\w.-]{0,40}(?:\\{0,7}[\"'])?){0,4}"
)
_MEMBER = (
    rf"{_FIELD}[\"'\]\\]{{1,12}}{_BETWEEN},[ ]?{_Q}(?:value|text|content|input|"
    rf"keys){_Q}:[ ]?{_TYPED}"
)
_VALUE_FIRST = (
    rf"{_Q}(?:value|secret|text){_Q}:[ ]?{_Q}(?P<secret>[^\"'\\\s]{{4,256}}){_Q},"
    rf"[ ]?{_Q}(?:name|key|id|label|field|selector|element){_Q}:[ ]?{_Q}"
)
_FORM_BREAK = r"(?:\r?\n|(?:\\r)?\\n)(?:[^\w\n]{0,12}|[\w./-]{1,60}:\d{1,6}[:-])"
_ATTRIBUTE_FIRST = (
    rf"[ ]value={_Q}(?P<secret>[^\"'\\\s]{{4,256}}){_Q}[^<>\n]{{0,60}}?[ ](?:type|name|id)={_Q}"
)


_OPTION_FIRST = (
    rf"(?:option|argument|flag)\([ ]?{_Q}(?P<secret>[^\"'\\\s]{{4,256}}){_Q},[ ]?"
    rf"(?:{_Q}-[a-z]{_Q},[ ]?)?{_Q}--"
)
_TAGS = (
    r"(?:(?:</[\w:]{1,20}>|:[ ]?<[\w:]{1,20}(?:[ ][^<>]{1,120})?>)"
    r"(?:\s|\\n|&nbsp;|:|<[\w:]{1,20}(?:[ ][^<>]{1,120})?>|</[\w:]{1,20}>){0,12})"
)
"""Between a label and its value: at least a tag after the label."""


def _is_typed_value(value: str) -> bool:
    return is_value_in_code(value, Strength.PASSWORD)


def _find_before_name(before: str) -> Finder:
    """Return the finder for a pattern with the group `secret` that a name follows."""
    pattern = re.compile(rf"{before}(?P<name>[\w #.\[\]-]{{2,60}})".encode(), re.IGNORECASE)

    @at_groups_of_hits
    def find(data: bytes, hits: Hits) -> Iterator[Span]:
        position, limit = window(data, hits, 500, 80)
        for match in pattern.finditer(data, position, limit):
            strength = strength_of_label(match["name"].decode("latin-1"))
            if match.start() < hits.end and is_value_in_code(
                text_of(data, match.span("secret")), strength
            ):
                kind = "password" if strength is Strength.PASSWORD else "secret"
                yield Span(*match.span("secret"), kind, Rank.NAMED_FIELD)

    return find


def _after_name(
    about: str, after: str, *, before: str = "", trigger: str = "", reach: int = 240
) -> StructuralRule:
    """Return the rule for a value after a field's name, and after `before` if that is given.

    `trigger` is simpler than `after`; neither contains `before`, which begins with many words.
    """
    return StructuralRule(
        "typed",
        about,
        rf"{WORDS}[\w-]{{0,24}}{trigger or trigger_of(after)}",
        find_named(WORD, after, reach, before=before),
    )


def _before_name(about: str, before: str) -> StructuralRule:
    """Return the rule for a value that precedes its field's name."""
    return StructuralRule(
        "typed",
        about,
        before.replace("(?P<secret>", "(?:").replace("}?[ ]", "}[ ]")
        + rf"[\w #.\[-]{{0,24}}{WORDS}",
        _find_before_name(before),
    )


_SNAPSHOT = (
    _FIELD + r"\\{0,7}\"(?:[ ]\[[^\]\n]{1,24}\]|[ ][a-z]{3,20}){0,6}(?::[ ]|[ ]value=)\\{0,7}[\"']?"
    r"(?P<secret>[^\s\"'\\]{4,256})(?=\\{0,7}[\"']|[ ]?(?:\n|\\n|\Z))"
)

_FOR_KEY = r",?[ ](?:for_?key|with_?key|for)[ ]?:[ ]?@?"

RULES: tuple[StructuralRule, ...] = (
    StructuralRule(
        "typed",
        "a value that is stored under a name after it",
        rf"(?:for|key):[ ]?@?{_Q}[\w #.-]{{0,24}}(?:{WORDS}|key)",
        _find_before_name(
            rf"{_Q}(?P<secret>[^\"'\\\s]{{4,256}}){_Q}{_FOR_KEY}{_Q}",
        ),
    ),
    _after_name(
        "what a snapshot of a page shows in a field",
        _SNAPSHOT,
        before=r"(?:textbox|input|field)[ ]\\{0,7}\"[^\"\n]{0,60}\Z",
    ),
    _after_name(
        "what is typed into a field that a call finds",
        _CHAINED,
        trigger=rf"[^\w\n][^\n]{{0,40}}\n?[^\n]{{0,60}}\.(?:{_VERBS}\(|value[ ]?=)[ ]?"
        rf"{_Q}[^\"'`\\\s]{{4}}",
    ),
    _after_name(
        "the second argument of a call that fills a field",
        _SECOND,
        before=r"(?:fill|type|send_?keys|set_?value|enter|input)[\w-]{0,16}[ (][^\n]{0,60}\Z",
    ),
    _after_name("the value of a changed field", _CHANGED),
    _after_name(
        "the value next to a field's selector or label",
        _MEMBER,
        trigger=rf"{_FIELD}[\"'\]\\]{{1,8}},[^\n{{}}]{{0,90}}{_Q}(?:value|text|content|input|"
        rf"keys){_Q}:[ ]?{_Q}"
        r"[^\"'`\\\s]{4}",
    ),
    StructuralRule(
        "typed",
        "the value of a part of a form, after its header",
        r"form-data;[ ]name=\\{0,7}\"[\w.\[\]-]{2,40}\\{0,7}\"(?:\r?\n|(?:\\r)?\\n)",
        find_named(
            r"[\w.\[\]-]{2,40}",
            rf"\\{{0,7}}\"(?:{_FORM_BREAK}[\w-]{{2,40}}:[^\n\\]{{1,80}}){{0,3}}"
            rf"{_FORM_BREAK}{_FORM_BREAK}(?P<secret>[^\s\"'\\]{{4,512}})",
            120,
            before=r"form-data;[ ]name=\\{0,7}\"\Z",
        ),
    ),
    pattern_rule(
        "typed",
        "the value of a form's field for a password",
        r"[ ]type=\\{0,7}[\"']password\\{0,7}[\"'][^<>\n]{0,160}?[ ]value=\\{0,7}[\"']"
        r"(?P<secret>[^\"'\\\s]{4,256})\\{0,7}[\"']",
        rank=Rank.NAMED_FIELD,
        reach=240,
        accept=_is_typed_value,
    ),
    StructuralRule(
        "typed",
        "a label in a tag, and the value in or after the next one",
        rf">{WORDS}[\w ]{{0,12}}:?(?:</|:[ ]?<)[\w:]",
        find_named(r"[\w -]{2,40}", rf":?{_TAGS}(?P<secret>[^\s<>\"'&]{{4,512}})(?=[<\s]|\Z)", 260),
    ),
    StructuralRule(
        "typed",
        "an element of XML that has attributes",
        rf"<[\w:-]{{0,40}}{WORDS}[\w-]{{0,24}}[ ][^<>]{{1,200}}>[^\s<>\"']{{4}}",
        find_named(
            r"(?<=[<:])[\w-]{2,40}",
            r"[ ][^<>]{1,200}[\"']>(?P<secret>[^\s<>\"'&]{4,512})(?=</)",
            360,
        ),
    ),
    _before_name("the default of an option before its name", _OPTION_FIRST),
    _before_name("a value before the name that it belongs to", _VALUE_FIRST),
    _before_name("the value of a form's element, before its type", _ATTRIBUTE_FIRST),
)

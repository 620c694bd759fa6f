"""Finds secrets that the words around state in a way of its own, without a name and a sign.

In a call that encodes a user and password, in a section of such, in an element's CDATA, as the
value of a flag near one that says "secret", in the rows of a copied table, as an answer.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from ccsync_watch.privacy.detect.named_values import WORD, WORDS, find_named
from ccsync_watch.privacy.detect.shown_passwords import is_drawn_token
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import (
    StructuralRule,
    at_each_hit,
    pattern_rule,
    text_of,
)
from ccsync_watch.privacy.heuristics.dummy_values import is_passphrase
from ccsync_watch.privacy.heuristics.name_strength import Strength, strength_of
from ccsync_watch.privacy.heuristics.password_forms import (
    is_drawn_or_phrase,
    is_numbered_words,
    is_positional_secret,
    is_surely_chosen,
    is_typed_password,
    looks_chosen,
)
from ccsync_watch.privacy.heuristics.value_characters import has_digit
from ccsync_watch.privacy.heuristics.value_strength import (
    is_password,
    is_random,
    is_secret,
    is_strict_random,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_BYTES = 8192
_BREAK = re.compile(rb"\r?\n|\\n")
_MEMBER = re.compile(
    rb"[ \t]{0,8}[\"']?(?P<name>[\w.@-]{1,60})[\"']?[ \t]{0,16}[=:][ \t]{0,16}"
    rb"\\{0,7}[\"']?(?P<secret>[^\s\"'\\#;,]{6,512})\\{0,7}[\"']?[ \t]{0,8}(?=[#;,]|\r?\n|\\n|\Z)"
)
_OTHER_LINE = re.compile(
    rb"[ \t]{0,8}(?:[#;][^\n]{0,200}|[\w.\"'@-]{1,64}[ \t]{0,16}[=:][^\n\\]{0,400})?"
)
_PASSWORD_SECTION = re.compile(rb"passw|basic|users", re.IGNORECASE)
_NOT_MEMBER = re.compile(
    r"(?:.*[_-])?(?:user(?:name)?|login|name|e?mail|id|url|uri|host|path|file|region|type|kind|issuer|scope|"
    r"version|algorithm|public.*|.*pub(?:lic)?_?key)",
    re.IGNORECASE,
)


@at_each_hit
def find_section_members(data: bytes, end: int, _since: int) -> Iterator[Span]:
    """Yield the values in a section that is named for keys or passwords; a hit ends its heading."""
    heading = data[max(0, data.rfind(b"[", 0, end)) : end]
    is_passwords = _PASSWORD_SECTION.search(heading) is not None
    limit = min(len(data), end + 2048)
    line = _BREAK.match(data, end)
    while line is not None:
        row = _MEMBER.match(data, line.end(), limit)
        if row is not None and not _NOT_MEMBER.fullmatch(row["name"].decode("latin-1")):
            value = text_of(data, row.span("secret"))
            if is_passwords and is_drawn_or_phrase(value) and is_typed_password(value):
                yield Span(*row.span("secret"), "password", Rank.NAMED_FIELD)
            elif is_secret(value, quoted=True) and is_random(value):
                yield Span(*row.span("secret"), "secret", Rank.NAMED_FIELD)
        other = row or _OTHER_LINE.match(data, line.end(), limit)
        line = _BREAK.match(data, other.end(), limit) if other else None


_COPY = re.compile(
    rb"copy[ ][\w.\"]{1,120}[ ]\((?P<columns>[\w, \"]{1,1000})\)[ ]from[ ]stdin;\Z", re.IGNORECASE
)


@partial(at_each_hit, seen=None)
def find_copied(data: bytes, end: int, _since: int) -> Iterator[Span]:
    """Yield the values of secrets' columns in the rows of a dump; a hit ends at its statement."""
    head = _COPY.search(data, max(0, end - 1200), end)
    if head is None:
        return
    names = [name.strip(' "') for name in head["columns"].decode("latin-1").split(",")]
    columns = {i: s for i, n in enumerate(names) if (s := strength_of(n)) >= Strength.TOKEN}
    limit = min(len(data), end + _MOST_BYTES)
    line = _BREAK.match(data, end)
    while columns and line is not None:
        start = line.end()
        following = _BREAK.search(data, start, limit)
        stop = following.start() if following else limit
        cells = data[start:stop].split(b"\t")
        if len(cells) != len(names):
            return
        for index, strength in columns.items():
            first = start + sum(len(cell) + 1 for cell in cells[:index])
            span = (first, first + len(cells[index]))
            if _is_copied(text_of(data, span), strength):
                kind = "password" if strength is Strength.PASSWORD else "secret"
                yield Span(*span, kind, Rank.NAMED_FIELD)
        line = following


def _is_copied(value: str, strength: Strength) -> bool:
    if strength is Strength.PASSWORD:
        return is_drawn_or_phrase(value) and is_password(value, quoted=True)
    return is_secret(value, quoted=True)


def _is_encoded_pair(value: str) -> bool:
    return is_positional_secret(value) or is_surely_chosen(value)


def _is_unlocking(value: str) -> bool:
    is_chosen = looks_chosen(value) and has_digit(value) and _is_mixed(value)
    return is_chosen or is_passphrase(value)


def _is_mixed(value: str) -> bool:
    """Tell whether a value has what a person adds to a word: a capital, or a sign."""
    return not value.islower() or not value.isalnum()


def _is_answer(value: str) -> bool:
    core = value.rstrip(".!")
    return is_drawn_token(core) or is_surely_chosen(core) or is_numbered_words(core)


def _is_section_value(value: str, strength: Strength) -> bool:
    if strength is Strength.PASSWORD:
        return is_password(value, quoted=True)
    return strength is Strength.TOKEN and is_secret(value, quoted=True)


_PAIR = r"[a-z0-9_]{0,2}\\{0,7}[\"'`][\w.@$+-]{1,60}:(?P<secret>[^\"'`\s\\]{5,256})\\{0,7}[\"'`]"
_CDATA = (
    r"(?:\\{0,7}[\"'])?[^<>\n]{0,60}>(?:\s|\\n){0,16}<!\[CDATA\[(?P<secret>[^\]\r\n]{4,512})\]\]>"
)
_HIDING_FLAG = r"--?(?:secret|secure|sensitive|masked?|encrypt(?:ed)?)(?![ =](?:false|no|0)|[\w-])"
_FLAG_VALUE = r"--?value[ =][\"']?(?P<secret>[^\s\"']{4,512})"
_HEADING = (
    r"\[[ ]?\"?(?:[\w.-]{0,24}[._-])?(?:api[_-]?keys?|access[_-]?keys?|tokens?|secrets|credentials|"
    r"passwords|basic[_-]?auth(?:[_-]users)?)\"?[ ]?\]"
)
_ASKED = r"(?:token|api[ -]?key|secret|passw(?:or)?d|passphrase|credentials?)"
_FIELD = r"(?:placeholder|default|hint|help|label|type|name|id|text|title|description)\b"
_OPENED = r"(?:(?:un|de)(?:lock|crypt|seal|zip)(?:s|ed)?|open(?:s|ed)?|mount(?:s|ed)?)"
_OPENING = r"[ ](?:with|using|by typing)[ ](?:the[ ])?(?:password[ ])?[\"'`][^\"'`\n]{6}"

RULES: tuple[StructuralRule, ...] = (
    pattern_rule(
        "password",
        "a user and password that a call encodes in base64",
        r"(?:base64[\w.:]{0,24}|b64_?encode|btoa|encodetostring|tobase64string)\([ ]?"
        r"(?:[\w.:]{1,40}\()?" + _PAIR,
        rank=Rank.ARGUMENT,
        reach=140,
        accept=_is_encoded_pair,
    ),
    pattern_rule(
        "password",
        "a user and password that are encoded in base64 behind them",
        _PAIR + r"[ ]?(?:\.(?:getbytes|encode|bytes|utf8|tobytearray)\b|\|[ ]?(?:openssl )?base64|"
        r"(?:,[ ]?[\"'][a-z0-9-]{3,8}[\"'])?\)\.tostring\([ ]?[\"'`]base64)",
        trigger=r"[\"'`][ ]?(?:\.(?:getbytes|encode|bytes|utf8|tobytearray)|"
        r"\|[ ]?(?:openssl )?base64)|\)\.tostring\([ ]?[\"'`]base64",
        rank=Rank.ARGUMENT,
        reach=360,
        accept=_is_encoded_pair,
    ),
    StructuralRule(
        "named-value",
        "a value in CDATA under a secret's name",
        rf"{WORDS}[\w-]{{0,24}}(?:\\{{0,7}}[\"'])?[^<>\n]{{0,60}}>\s{{0,16}}<!\[CDATA\[",
        find_named(WORD, _CDATA, 260, _is_section_value),
    ),
    StructuralRule(
        "named-value",
        "a preference that a command sets, after its type",
        rf"{WORDS}[\w-]{{0,24}}[ ]-(?:string|data)[ ]",
        find_named(WORD, r"[ ]-(?:string|data)[ ]\\{0,7}[\"']?(?P<secret>[^\s\"'\\]{4,512})", 120),
    ),
    pattern_rule(
        "secret",
        "the value of a flag, before one that says that it is secret",
        _FLAG_VALUE + r"[\"']?[^\n]{0,80}?[ ]" + _HIDING_FLAG,
        rank=Rank.PATTERN,
        reach=640,
        accept=is_positional_secret,
    ),
    pattern_rule(
        "secret",
        "the value of a flag, behind one that says that it is secret",
        _HIDING_FLAG + r"[^\n]{0,80}?[ ]" + _FLAG_VALUE,
        rank=Rank.PATTERN,
        reach=140,
        accept=is_positional_secret,
    ),
    pattern_rule(
        "secret",
        "the data of a secret of Drone",
        r"kind: secret\s{1,8}name: [\w.-]{1,60}\s{1,8}(?:get:[^\n]{0,80}\s{1,8})?"
        r"data: (?P<secret>[^\s\"'|>]{6,4096})",
        rank=Rank.NAMED_FIELD,
        reach=140,
        after=4096,
        accept=is_typed_password,
    ),
    StructuralRule(
        "secret",
        "a member of a section that is named for keys, tokens or passwords",
        _HEADING,
        find_section_members,
    ),
    StructuralRule(
        "secret",
        "a column named like a secret's in a dump of PostgreSQL",
        r"\)[ ]from[ ]stdin;",
        find_copied,
    ),
    pattern_rule(
        "secret",
        "a setting that a statement finds by its name",
        r"value[`\"\]]?[ ]?=[ ]?N?'(?P<secret>[^'\s]{6,512})'(?:,[^;\n]{0,120})?\s{1,4}where\s{1,4}"
        r"[\w.`\"\[\]]{1,60}[ ]?(?:=|like)[ ]?N?'[\w./% -]{0,80}"
        r"(?:secret|passw(?:or)?d|_pass|token|api_?key|private_?key|[/_]key)[\w%]{0,12}'",
        rank=Rank.NAMED_FIELD,
        reach=700,
        accept=is_drawn_or_phrase,
    ),
    pattern_rule(
        "secret",
        "the member of a token or key that an interpreter shows",
        r"(?:token|secret|api_?key|credential)s?\b[^\n]{0,60}\.(?:key|value|secret|token|digest)"
        r"(?:\(\))?[ ]{0,2}(?:\n|\\n)(?:=>[ ]|Out\[\d{1,4}\]:[ ])?\\{0,7}[\"']"
        r"(?P<secret>[^\"'\s\\]{12,512})\\{0,7}[\"']",
        rank=Rank.NAMED_FIELD,
        reach=160,
        accept=is_random,
    ),
    pattern_rule(
        "password",
        "what opens or unlocks something, in quotes",
        rf"(?<![a-z]){_OPENED}[^\n\"'`]{{0,48}}?[ ](?:with|using|by typing)[ ](?:the[ ])?"
        r"(?:password[ ])?(?P<q>[\"'`])(?P<secret>[^\"'`\n]{6,80})(?P=q)",
        # two branches, since Hyperscan overlooks the shortest matches of a single one
        trigger=rf"{_OPENED}{_OPENING}|{_OPENED}[^\n\"'`]{{1,48}}{_OPENING}",
        rank=Rank.SENTENCE,
        reach=120,
        accept=_is_unlocking,
    ),
    pattern_rule(
        "secret",
        "a token in a paragraph of its own, under the words that announce it below",
        rf"{_ASKED}[^\n]{{0,80}}?\b(?:below|follows|following|underneath|here)\b[^\n]{{0,48}}"
        r"(?:\n|\\n){1,3}[ >|]{0,6}[`\"']?(?P<secret>[A-Za-z0-9_.~+/=-]{20,512})[`\"']?"
        r"(?=[ ]{0,4}(?:\r?\n|\\n|\Z))",
        rank=Rank.SENTENCE,
        reach=200,
        accept=is_strict_random,
    ),
    pattern_rule(
        "secret",
        "what a message answers to the question for a token or password",
        rf"(?:{_ASKED}[^\n?]{{0,48}}|[^a-z]pwd?)\?[\"']?(?:\n|\\n)(?![ >-]{{0,4}}{_FIELD})"
        r"(?:[^\n]{0,40}[:>, ][ ]?)?[\"'`]?"
        r"(?P<secret>[^\s\"'`\\:]{8,256})[\"'`]?(?=[ ]{0,4}(?:\r?\n|\\n|\Z))",
        rank=Rank.SENTENCE,
        reach=160,
        accept=_is_answer,
    ),
)
